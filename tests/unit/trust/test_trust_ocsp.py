"""The register's OCSP, asked when there is no CRL: believed only when the answer is proven."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from fixtures.uzi import FakeStatusHttp
from made.uzi import CRL_URL, DAY, NOW, OCSP_URL, Ca, PassPlan, Register, new_key, usage
from pki.domain.errors import PassStatusUnavailable, Refused
from pki.domain.reasons import RefusalReason
from pki.ports import SystemClock, SystemEntropy
from pki.trust.pass_status import PassStatus
from pki.trust.path import Issuer

GOOD, REVOKED, UNKNOWN = (
    ocsp.OCSPCertStatus.GOOD,
    ocsp.OCSPCertStatus.REVOKED,
    ocsp.OCSPCertStatus.UNKNOWN,
)
KEY = new_key()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a responder does; the defaults are what the register's responder does."""

    says: ocsp.OCSPCertStatus = GOOD
    about: x509.Certificate | None = None
    issuer: Ca | None = None
    responder: Ca | None = None
    include: bool = True
    nonce: Callable[[bytes], bytes | None] = lambda asked: asked
    age: timedelta = timedelta(0)
    lasts: timedelta = timedelta(hours=1)
    digest: hashes.SHA256 | hashes.SHA512 = field(default_factory=hashes.SHA256)
    change: Callable[[bytes], bytes] = lambda body: body


def responder(
    register: Register,
    *,
    by: Ca | None = None,
    purpose: x509.ObjectIdentifier | None = ExtendedKeyUsageOID.OCSP_SIGNING,
    no_check: bool = True,
    key_usage: str = "digital_signature",
    start: datetime = NOW - DAY,
    end: datetime = NOW + DAY,
    critical: bool = False,
) -> Ca:
    ca = by or register.n
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "OCSP responder TEST UZI CA N")])
    builder = (
        x509.CertificateBuilder()
        .serial_number(x509.random_serial_number())
        .issuer_name(ca.certificate.subject)
        .subject_name(name)
        .not_valid_before(start)
        .not_valid_after(end)
        .public_key(KEY.public_key())
        .add_extension(usage(key_usage), critical=True)
    )
    if purpose:
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    if no_check:
        builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
    if critical:
        unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.999.1"), b"\x05\x00")
        builder = builder.add_extension(unknown, critical=True)
    return Ca(certificate=builder.sign(ca.key, hashes.SHA256()), key=KEY)


@dataclass(kw_only=True)
class Responder(FakeStatusHttp):
    """Has no CRL; answers OCSP requests by cryptography's builder, whose producedAt is now."""

    register: Register
    answer: Answer
    certificate: x509.Certificate
    at: datetime = field(default_factory=lambda: SystemClock().now())
    requests: list[ocsp.OCSPRequest] = field(default_factory=list)

    async def post(self, url: str, body: bytes, content_type: str, limit: int) -> bytes:
        assert (url, content_type) == (OCSP_URL, "application/ocsp-request")
        request = ocsp.load_der_ocsp_request(body)
        self.requests.append(request)
        answer = self.answer
        signer = answer.responder or responder(self.register)
        asked = request.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
        revoked = answer.says is REVOKED
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=answer.about or self.certificate,
                issuer=(answer.issuer or self.register.n).certificate,
                algorithm=hashes.SHA1(),  # noqa: S303 -- identifies, proves nothing
                cert_status=answer.says,
                this_update=self.at - answer.age,
                next_update=self.at - answer.age + answer.lasts,
                revocation_time=self.at - DAY if revoked else None,
                revocation_reason=None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
        )
        if answer.include:
            builder = builder.certificates([signer.certificate])
        nonce = answer.nonce(asked)
        if nonce is not None:
            builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
        response = builder.sign(signer.key, answer.digest)
        return answer.change(response.public_bytes(Encoding.DER))


async def ask(register: Register, n_issuer: Issuer, answer: Answer) -> Responder:
    certificate = register.issue()
    http = Responder(register=register, answer=answer, certificate=certificate)
    asked = PassStatus(register.settings, http, SystemEntropy())
    await asked.require_good(certificate, n_issuer, http.at)
    return http


async def test_ocsp_is_asked_when_there_is_no_crl(uzi_register: Register, n_issuer: Issuer) -> None:
    http = await ask(uzi_register, n_issuer, Answer())
    [request] = http.requests
    assert http.asked == [CRL_URL]
    assert request.serial_number == http.certificate.serial_number
    assert isinstance(request.hash_algorithm, hashes.SHA1)
    nonce = request.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    assert len(nonce) == 32


async def test_every_question_has_its_own_nonce(uzi_register: Register, n_issuer: Issuer) -> None:
    bodies = [
        (await ask(uzi_register, n_issuer, Answer())).requests[0].extensions[0].value
        for _ in range(3)
    ]
    assert len({repr(each) for each in bodies}) == 3


async def test_ocsp_is_not_asked_when_the_crl_has_answered(
    uzi_register: Register, n_issuer: Issuer
) -> None:
    certificate = uzi_register.issue()
    http = Responder(register=uzi_register, answer=Answer(), certificate=certificate)
    http.answers[CRL_URL] = uzi_register.crl()
    await PassStatus(uzi_register.settings, http, SystemEntropy()).require_good(
        certificate, n_issuer, NOW
    )
    assert http.requests == []


@pytest.mark.parametrize(
    ("says", "reason"),
    [(REVOKED, RefusalReason.PASS_REVOKED), (UNKNOWN, RefusalReason.PASS_STATUS_UNKNOWN)],
)
async def test_what_is_not_good_is_refused_as_what_it_is(
    says: ocsp.OCSPCertStatus, reason: RefusalReason, uzi_register: Register, n_issuer: Issuer
) -> None:
    with pytest.raises(Refused) as caught:
        await ask(uzi_register, n_issuer, Answer(says=says))
    assert caught.value.reason is reason


async def test_the_ca_itself_may_answer(uzi_register: Register, n_issuer: Issuer) -> None:
    for include in (True, False):
        await ask(uzi_register, n_issuer, Answer(responder=uzi_register.n, include=include))


async def test_an_answer_without_nonce_is_believed_while_it_is_fresh(
    uzi_register: Register, n_issuer: Issuer
) -> None:
    await ask(uzi_register, n_issuer, Answer(nonce=lambda _: None))
    fresh, old = timedelta(minutes=9), timedelta(minutes=11)
    await ask(uzi_register, n_issuer, Answer(nonce=lambda _: None, age=fresh))
    await ask(uzi_register, n_issuer, Answer(age=old))
    with pytest.raises(PassStatusUnavailable):
        await ask(uzi_register, n_issuer, Answer(nonce=lambda _: None, age=old))


def unproven(register: Register) -> dict[str, Answer]:
    z_ca = next(ca for kind, ca in register.issuing.items() if kind.value == "Z")
    stranger = Ca(certificate=responder(register, by=z_ca).certificate, key=KEY)
    return {
        "a stranger": Answer(responder=stranger),
        "appointed by the CA above": Answer(responder=responder(register, by=register.level2)),
        "certificate missing": Answer(include=False),
        "no OCSPSigning": Answer(
            responder=responder(register, purpose=ExtendedKeyUsageOID.CLIENT_AUTH)
        ),
        "no purpose at all": Answer(responder=responder(register, purpose=None)),
        "without nocheck": Answer(responder=responder(register, no_check=False)),
        "wrong key usage": Answer(responder=responder(register, key_usage="content_commitment")),
        "unknown critical extension": Answer(responder=responder(register, critical=True)),
        "responder expired": Answer(
            responder=responder(register, start=NOW - 2 * DAY, end=NOW - DAY)
        ),
        "responder not yet valid": Answer(
            responder=responder(register, start=NOW + DAY, end=NOW + 2 * DAY)
        ),
        "a pass that answers for itself": Answer(
            responder=Ca(certificate=register.issue(), key=register.pass_key)
        ),
        "about another pass": Answer(about=register.issue()),
        "under another CA": Answer(issuer=z_ca),
        "another nonce": Answer(nonce=lambda _: b"x" * 32),
        "past its nextUpdate": Answer(age=DAY, lasts=DAY),
        "from the future": Answer(age=timedelta(minutes=-6)),
        "algorithm not allowed": Answer(digest=hashes.SHA512()),
        "truncated": Answer(change=lambda body: body[:-1]),
        "a bit flipped": Answer(change=lambda body: _flipped(body, len(body) // 3)),
        "try later": Answer(change=lambda _: bytes.fromhex("30030a0103")),
        "unauthorized": Answer(change=lambda _: bytes.fromhex("30030a0106")),
        "not OCSP": Answer(change=lambda _: b"<html>"),
        "empty": Answer(change=lambda _: b""),
    }


def _flipped(body: bytes, position: int) -> bytes:
    return body[:position] + bytes([body[position] ^ 1]) + body[position + 1 :]


async def test_what_is_not_proven_is_not_believed(
    uzi_register: Register, n_issuer: Issuer, subtests: pytest.Subtests
) -> None:
    for name, answer in unproven(uzi_register).items():
        with subtests.test(name), pytest.raises(PassStatusUnavailable):
            await ask(uzi_register, n_issuer, answer)


async def test_any_flipped_octet_is_noticed(uzi_register: Register, n_issuer: Issuer) -> None:
    certificate = uzi_register.issue(PassPlan())
    for position in range(0, 1200, 7):
        answer = Answer(change=lambda body, at=position: _flipped(body, at % len(body)))  # type: ignore[misc]  # bound now
        http = Responder(register=uzi_register, answer=answer, certificate=certificate)
        asked = PassStatus(uzi_register.settings, http, SystemEntropy())
        try:
            await asked.require_good(certificate, n_issuer, http.at)
        except PassStatusUnavailable:
            continue
        # Only what nobody signed may change without harm: certificates beside the one that counts.
        raise AssertionError(position)
