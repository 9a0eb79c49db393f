"""An operator whose client certificate a ceremony revoked is nobody at the API."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from pki.domain.identifiers import UziNumber
from pki.ports import SystemClock
from practice import Practice, refused
from server.initialise import ADMINISTRATOR, TEAM

pytestmark = pytest.mark.slow

NOBODY = UziNumber("900000101")


def revoke(practice: Practice, name: str) -> None:
    """Put a ceremony's next CRL of the Services CA in place."""
    layout = practice.layout
    key = load_pem_private_key(
        layout.key("services-ca-g1").read_bytes(),
        layout.secret("passphrase").read_bytes().strip(),
    )
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    ca = x509.load_pem_x509_certificate(layout.certificate("services-ca-g1").read_bytes())
    revoked = x509.load_pem_x509_certificate(layout.operator(name)[0].read_bytes())
    former = x509.load_der_x509_crl(layout.crl("services-ca-g1").read_bytes())
    now = SystemClock().now()
    made = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ca.subject)
        .last_update(now)
        .next_update(now + timedelta(days=90))
        .add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(revoked.serial_number)
            .revocation_date(now)
            .build()
        )
    )
    for extension in former.extensions:
        known = isinstance(extension.value, x509.CRLNumber)
        value = x509.CRLNumber(2) if known else extension.value
        made = made.add_extension(value, critical=extension.critical)
    crl = made.sign(key, hashes.SHA256())
    layout.crl("services-ca-g1").write_bytes(crl.public_bytes(Encoding.DER))


async def test_a_lost_operator_key_is_shut_out(practice: Practice) -> None:
    with practice.serving():
        async with practice.client(TEAM) as team:
            await team.cards_of(NOBODY)
    revoke(practice, TEAM)
    with practice.serving():
        async with practice.client(TEAM) as team:
            problem = await refused(team.cards_of(NOBODY))
            assert (problem.problem_code, problem.problem.status) == ("forbidden", 403)
        async with practice.client(ADMINISTRATOR) as other:
            await other.cards_of(NOBODY)
