"""Any octets into every other parser that meets the outside: a value, or a refusal of ours.

The first octet says which parser; so one corpus serves all, and a find in one is tried in others.
"""

import contextlib
import importlib
import json
import pkgutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from ca.ceremony.reading import read_plan
from ca.profiles import read_profile
from ca.settings import CaSettings, Installation
from card_writer.card_edge import CardRefused
from card_writer.piv import tlv
from pki import api
from pki.api.base import Wire
from pki.der.certificate import read_certificate
from pki.der.cms import read_signed_content
from pki.der.crl.whole import read_crl
from pki.der.names import read_name
from pki.der.ocsp import read_response
from pki.der.pkcs10 import read_pkcs10
from pki.der.uzi_names import read_subject_alt_name
from pki.domain.errors import ZorgidError
from pki.domain.evidence.checkpoints import Checkpoint
from pki.domain.evidence.exports import ExportStatement
from pki.domain.evidence.published import month_json, months_json, read_month, read_months
from pki.settings.file import parse_toml
from pki.telemetry.trace_context import Trace, read_traceparent
from pki.trust.dezi.claims import read_claims
from pki.trust.path import read_pass_certificate
from pki.trust.registration.signed_xml import SignedXml
from server.settings import check

ROOT: Final = Path(__file__).resolve().parents[2]


for _found in pkgutil.walk_packages(api.__path__, "pki.api."):
    importlib.import_module(_found.name)


def _kinds(kind: type[Wire]) -> list[type[Wire]]:
    return [kind, *(each for below in kind.__subclasses__() for each in _kinds(below))]


_BODIES: Final = sorted(_kinds(Wire), key=lambda each: each.__qualname__)
"""Every body of the API: those of answers are read by our clients."""

SETTINGS: Final = CaSettings(
    installation=Installation.PRACTICE,
    operator="ZORG-ID PRACTICE",
    oid_arc="1.3.6.1.4.1.32473.2026",
    base_url="http://status.example.com",
)


def _bodies(octets: bytes) -> None:
    for each in _BODIES:
        with contextlib.suppress(ValidationError, ZorgidError):
            each.from_json(octets)


def _configuration(octets: bytes) -> None:
    check(parse_toml(octets, ROOT, missing=""), directory=ROOT / "config")


def _trace(octets: bytes) -> None:
    """Whatever it is told, what a request tells others can be read."""
    trace = Trace.of("a", octets.decode("latin-1"))
    if read_traceparent(trace.traceparent) != (trace.trace_id, trace.span_id):
        raise AssertionError


PARSERS: Final[tuple[Callable[[bytes], object], ...]] = (
    read_certificate,
    read_pkcs10,
    read_subject_alt_name,
    read_crl,
    read_signed_content,
    read_response,
    read_pass_certificate,
    read_name,
    SignedXml,
    Checkpoint.read,
    ExportStatement.read,
    read_months,
    read_month,
    _trace,
    tlv.decode,
    _bodies,
    _configuration,
    read_claims,
    partial(read_profile, settings=SETTINGS),
    partial(read_plan, practice=True),
)
REFUSALS: Final = (ZorgidError, CardRefused)

WORDS: Final = (
    b"\x30\x80",
    b"\x30\x82\xff\xff",
    b"\x02\x01\x00",
    b"\x06\x03\x55\x1d\x11",
    b"2.16.528.1.1007",
    b"<!DOCTYPE a [",
    b"<ds:Signature",
    b'{"type":',
    b"[[token_ca]]",
    b'"months":["2026-11"]',
    b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
)


class Target:
    """All parsers."""

    def __call__(self, data: bytes) -> None:
        """Whatever else is raised is a find."""
        if data:
            with contextlib.suppress(*REFUSALS):
                PARSERS[data[0] % len(PARSERS)](data[1:])


def seeds() -> list[bytes]:
    """One thing that each parser reads, and each of them for all parsers of its kind."""
    der = _der()
    xml = b'<r xmlns="urn:x"><a>1</a></r>'
    text = json.dumps({"card_number": "CARD-1", "birth_date": "1988-02-29", "type": "x"}).encode()
    toml = (ROOT / "config/zorgid.example.toml").read_bytes()[:900]
    profile = (ROOT / "config/profiles/card-p256.toml").read_bytes()[:900]
    plan = (ROOT / "config/ceremony/evidence-key.toml").read_bytes()[:900]
    listed = months_json(["2026-11"]), month_json("2026-11", [])
    things = [*der, xml, text, toml, b"\x53\x04\x70\x02\x30\x00", *listed, profile, plan]
    return [bytes([index]) + thing for index in range(len(PARSERS)) for thing in things]


def _der() -> list[bytes]:
    """A certificate, a request, a CRL and a name, made by another library."""
    key = ec.derive_private_key(7, ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a")])
    at = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 7, at, at + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("a.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    request = x509.CertificateSigningRequestBuilder(name).sign(key, hashes.SHA256())
    entry = x509.RevokedCertificateBuilder(9, at).build()
    crl = (
        x509.CertificateRevocationListBuilder(name, at, at + timedelta(days=1))
        .add_revoked_certificate(entry)
        .add_extension(x509.CRLNumber(1), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.DER
    made = [each.public_bytes(encoding) for each in (certificate, request, crl)]
    return [*made, name.public_bytes()]
