"""The rows of the table in docs/status.md: what is asked."""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from fakes.listener import exchange, listening
from fakes.status import START, FakeClock
from ocsp.policy import ResponderPolicy
from pki.der import codec, oids
from pki.der.extensions import Extension, encode_extensions
from pki.der.ocsp import (
    PreferredSignature,
    encode_request,
)
from pki.domain.algorithms import SignatureAlgorithm
from pki.domain.errors import SignatureBroken
from pki.domain.identifiers import SerialNumber
from pki.domain.reasons import RevocationReason
from pki.domain.status import Good, OnHold, Revoked, Unconfirmed
from server.status_http.reading import Limits
from status_side.bench import OTHER_CA, Bench, FakeDigests, cert_id, request_for
from status_side.cells import COMPROMISED, cells
from status_side.small_pki import SERIALS

GOOD, HELD, REVOKED, PLAIN, NEW, STOLEN, *_ = SERIALS
NEVER: Final = SerialNumber(GOOD.value + 1000)
ID: Final = cert_id(GOOD)
EXTENSIONS: Final = codec.constructed(2)


@dataclass(frozen=True, kw_only=True)
class Row:
    """``twice``: asked once before `change`. ``request`` is made from the answer to that."""

    request: Callable[[bytes], bytes]
    bench: Callable[[], Bench] = Bench
    twice: bool = False
    change: Callable[[Bench], object] = lambda bench: None
    limits: Limits = field(default_factory=Limits)


def http(
    body: bytes = b"",
    *,
    method: bytes = b"POST",
    target: bytes = b"/ocsp",
    headers: Mapping[bytes, bytes] | None = None,
) -> Callable[[bytes], bytes]:
    lines = {b"Host": b"x", b"Connection": b"close", **(headers or {})}
    if method == b"POST":
        lines = {b"Content-Type": b"application/ocsp-request", **lines}
        lines[b"Content-Length"] = b"%d" % len(body)
    head = b"".join(b"%s: %s\r\n" % line for line in lines.items())
    whole = b"%s %s HTTP/1.1\r\n%s\r\n%s" % (method, target, head, body)
    return lambda _: whole


def conditional(condition: bytes, validator: bytes) -> Callable[[bytes], bytes]:
    """A GET that names what an earlier answer had in a header."""

    def made(earlier: bytes) -> bytes:
        headers = {}
        if earlier:
            found = re.search(rb"^" + validator + rb": (.*?)\r$", earlier, re.MULTILINE)
            assert found
            headers = {condition: found[1]}
        return http(method=b"GET", target=PATH, headers=headers)(earlier)

    return made


def with_extension(*extensions: Extension) -> bytes:
    listed = codec.tlv(EXTENSIONS, encode_extensions(extensions))
    return codec.sequence(codec.sequence(codec.sequence(codec.sequence(ID.der)), listed))


def nonce(size: int) -> Extension:
    return Extension(oid=oids.OCSP_NONCE, critical=False, value=codec.octet_string(bytes(size)))


def other(*, critical: bool) -> Extension:
    return Extension(oid="1.2.3.4", critical=critical, value=b"")


def signed() -> bytes:
    algorithm = codec.sequence(codec.oid(oids.SHA256_WITH_RSA), codec.NULL)
    signature = codec.sequence(algorithm, codec.bit_string(b"whatever"))
    inner = request_for(GOOD)[2:]
    return codec.sequence(inner, codec.explicit(0, signature))


def md5() -> bytes:
    algorithm = codec.sequence(codec.oid("1.2.840.113549.2.5"), codec.NULL)
    hashed = codec.octet_string(bytes(16))
    asked = codec.sequence(algorithm, hashed, hashed, codec.integer(7))
    return codec.sequence(codec.sequence(codec.sequence(codec.sequence(asked))))


def blind(bench: Bench) -> None:
    bench.store.broken = True


def too_long_blind(bench: Bench) -> None:
    bench.store.broken = True
    bench.store.age = bench.policy.blindness + 1


def break_signer(bench: Bench) -> None:
    bench.signer.fail = SignatureBroken(message="bits fell over")


def end_certificate(bench: Bench) -> None:
    bench.clock.advance(31 * 86400)


def years_later() -> Bench:
    return Bench(clock=FakeClock(START.replace(year=START.year + 5)))


def two_keys() -> Bench:
    return Bench(key_kind="rsa", other_kind="ec")


def showing_hashes() -> Bench:
    return Bench(digests=FakeDigests(known={GOOD: bytes(32)}))


def with_policy(**settings: object) -> Callable[[], Bench]:
    return lambda: Bench(ResponderPolicy(**settings))  # type: ignore[arg-type] # as named


def wishes() -> bytes:
    wish = PreferredSignature(algorithm=SignatureAlgorithm.ECDSA_SHA256, key=None)
    return encode_request([ID], None, [wish])


PATH: Final = b"/ocsp/" + base64.b64encode(request_for(GOOD))
LONG: Final = b"x" * 20_000
MIXED: Final = encode_request([ID, cert_id(GOOD, ca=OTHER_CA)])

ROWS: Final[dict[str, Row]] = {
    "a confirmed certificate": Row(request=http(request_for(GOOD))),
    "blocked": Row(request=http(request_for(HELD))),
    "revoked": Row(request=http(request_for(REVOKED))),
    "revoked, compromised since a known time": Row(request=http(request_for(STOLEN))),
    "revoked, reason unspecified": Row(request=http(request_for(PLAIN))),
    "revoked, and expired since": Row(request=http(request_for(REVOKED)), bench=years_later),
    "signed, not yet confirmed": Row(request=http(request_for(NEW))),
    "never issued": Row(request=http(request_for(NEVER))),
    'never issued, with `never_issued = "revoked"`': Row(
        request=http(request_for(NEVER)), bench=with_policy(extended_revoke=True)
    ),
    "with `archive_cutoff`": Row(
        request=http(request_for(REVOKED)), bench=with_policy(archive_years=7)
    ),
    "with `certificate_hash`": Row(request=http(request_for(GOOD)), bench=showing_hashes),
    "several, all ours": Row(request=http(request_for(GOOD, HELD))),
    "several, one of them never issued": Row(request=http(request_for(GOOD, NEVER))),
    "several, one of another CA": Row(request=http(MIXED)),
    "a nonce of 1 to 128 octets": Row(request=http(request_for(GOOD, nonce=b"n" * 128))),
    "an empty nonce": Row(request=http(with_extension(nonce(0)))),
    "a nonce of more than 128 octets": Row(request=http(with_extension(nonce(129)))),
    "an unknown extension, not critical": Row(request=http(with_extension(other(critical=False)))),
    "an unknown extension, critical": Row(request=http(with_extension(other(critical=True)))),
    "preferred signatures, one of them ours": Row(request=http(wishes()), bench=two_keys),
    "preferred signatures, none of them ours": Row(
        request=http(wishes()), bench=lambda: Bench(key_kind="rsa")
    ),
    "signed by the client": Row(request=http(signed())),
    "another CA's certificate": Row(
        request=http(encode_request([cert_id(GOOD, ca=OTHER_CA)])),
    ),
    "a digest other than SHA-1, -256, -384, -512": Row(request=http(md5())),
    "more than 64 certificates": Row(request=http(encode_request([ID] * 65))),
    "not a request": Row(request=http(b"\x30\x80")),
    "the store cut off, asked before": Row(
        request=http(request_for(GOOD)), twice=True, change=blind
    ),
    "the same, for more than 5 minutes": Row(
        request=http(request_for(GOOD)), twice=True, change=too_long_blind
    ),
    "the store cut off, not asked before": Row(request=http(request_for(GOOD)), change=blind),
    "no valid responder certificate": Row(request=http(request_for(GOOD)), change=end_certificate),
    "a signature that does not verify": Row(request=http(request_for(GOOD)), change=break_signer),
    "GET": Row(request=http(method=b"GET", target=PATH)),
    "HEAD": Row(request=http(method=b"HEAD", target=PATH)),
    "GET with the `ETag` in If-None-Match": Row(
        request=conditional(b"If-None-Match", b"ETag"), twice=True
    ),
    "GET with the `Last-Modified` in If-Modified-Since": Row(
        request=conditional(b"If-Modified-Since", b"Last-Modified"), twice=True
    ),
    "the same, changed within that second": Row(
        request=conditional(b"If-Modified-Since", b"Last-Modified"),
        twice=True,
        change=lambda bench: bench.store.change(GOOD, OnHold(since=START)),
    ),
    "GET, not base64 of a request": Row(request=http(method=b"GET", target=b"/ocsp/@@")),
    "GET without a request": Row(request=http(method=b"GET")),
    "POST with another type": Row(
        request=http(request_for(GOOD), headers={b"Content-Type": b"text/plain"})
    ),
    "POST of more than 16 KiB": Row(request=http(LONG)),
    "a target of more than 8 KiB": Row(request=http(method=b"GET", target=b"/ocsp/" + LONG)),
    "headers of more than 16 KiB, or over 100": Row(request=http(headers={b"X": LONG})),
    "another method": Row(request=http(method=b"DELETE")),
    "not HTTP/1": Row(request=lambda _: b"\x16\x03\x01\x02\x00"),
    "a request not whole after 10 s": Row(
        request=lambda _: b"POST /ocsp HTTP/1.1\r\nHost: x\r\n", limits=Limits(request_seconds=0.1)
    ),
}


async def asked(row: Row) -> str:
    """The row's cells, from an answer that came over a real connection."""
    bench = row.bench()
    bench.store.statuses.update(
        {
            GOOD: Good(),
            HELD: OnHold(since=START),
            REVOKED: Revoked(at=START, reason=RevocationReason.KEY_COMPROMISE),
            PLAIN: Revoked(at=START, reason=None),
            STOLEN: Revoked(
                at=START, reason=RevocationReason.KEY_COMPROMISE, compromised_since=COMPROMISED
            ),
            NEW: Unconfirmed(since=START),
        }
    )
    earlier = b""
    async with listening({b"/ocsp": bench.handler}, row.limits) as (_, port):
        if row.twice:
            earlier = await exchange(port, row.request(b""))
        row.change(bench)
        bench.responder.beat()
        return cells(await exchange(port, row.request(earlier)), bench.signer.algorithm)
