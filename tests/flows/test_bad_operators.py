"""Who may not act as an operator: no certificate, one that does not hold, one of nobody's."""

import socket
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from installed.practice import Practice, employee, refused
from pki.api.client import IssuanceClient
from pki.api.wire import BlockRequest, OrganisationRequest, RevokeRequest
from pki.domain.identifiers import Ura, UziNumber
from pki.domain.reasons import BlockReason, RefusalReason, RevokeReason
from pki.ports import SystemClock
from server.initialise import ADMINISTRATOR, TEAM

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Bad:
    """A client certificate that the API must not take, as one PEM file."""

    pem: Path

    def tls(self, practice: Practice) -> ssl.SSLContext:
        context = practice.tls()
        context.load_cert_chain(self.pem)
        return context


def client_certificate(
    path: Path,
    issuer: x509.Certificate | None,
    issuer_key: ec.EllipticCurvePrivateKey,
    start: datetime,
) -> Bad:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "team")])
    made = (
        x509.CertificateBuilder()
        .serial_number(x509.random_serial_number())
        .issuer_name(name if issuer is None else issuer.subject)
        .subject_name(name)
        .not_valid_before(start)
        .not_valid_after(start + 5 * DAY)
        .public_key(key.public_key())
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(pem + made.public_bytes(Encoding.PEM))
    return Bad(path)


def services_ca(practice: Practice) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    layout = practice.layout
    passphrase = layout.secret("passphrase").read_bytes().strip()
    key = load_pem_private_key(layout.key("services-ca-g1").read_bytes(), passphrase)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    pem = layout.certificate("services-ca-g1").read_bytes()
    return x509.load_pem_x509_certificate(pem), key


def answered(practice: Practice, bad: Bad, version: ssl.TLSVersion) -> bytes:
    """The status line of the API's answer to this client; nothing when TLS ended before."""
    context = bad.tls(practice)
    context.minimum_version = context.maximum_version = version
    address = ("127.0.0.1", practice.ports.base + 1)
    try:
        with (
            socket.create_connection(address, timeout=60) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as connection,
        ):
            connection.sendall(b"GET /v1/certificates/01 HTTP/1.1\r\nHost: x\r\n\r\n")
            return connection.recv(12)
    except (ssl.SSLError, ConnectionError):
        return b""


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_certificate_that_does_not_hold_ends_tls(
    running_practice: Practice, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    practice, bad = running_practice, tmp_path / "bad.pem"
    issuer, key = services_ca(practice)
    now, other_key = SystemClock().now(), ec.generate_private_key(ec.SECP256R1())
    sound = client_certificate(bad, issuer, key, now - DAY)
    assert answered(practice, sound, version) == b"HTTP/1.1 403"
    expired = client_certificate(bad, issuer, key, now - 10 * DAY)
    assert answered(practice, expired, version) == b""
    early = client_certificate(bad, issuer, key, now + DAY)
    assert answered(practice, early, version) == b""
    foreign = client_certificate(bad, None, other_key, now - DAY)
    assert answered(practice, foreign, version) == b""
    # The name of the real CA with another key: only the signature tells.
    forged = client_certificate(bad, issuer, other_key, now - DAY)
    assert answered(practice, forged, version) == b""


async def test_a_card_of_the_token_ca_opens_no_operators_door(
    running_practice: Practice, tmp_path: Path
) -> None:
    await running_practice.make_card(employee(1))
    folder = running_practice.layout.root / "cards" / employee(1).label
    pem = tmp_path / "card.pem"
    chain = (folder / "certificates.pem").read_bytes()
    pem.write_bytes((folder / "key.pem").read_bytes() + chain)
    assert answered(running_practice, Bad(pem), ssl.TLSVersion.TLSv1_3) == b""


async def test_an_unknown_certificate_of_our_own_ca_is_nobody(
    running_practice: Practice, tmp_path: Path
) -> None:
    issuer, key = services_ca(running_practice)
    start = SystemClock().now() - DAY
    known = client_certificate(tmp_path / "unknown.pem", issuer, key, start)
    async with IssuanceClient(
        running_practice.api_url, tls=known.tls(running_practice)
    ) as stranger:
        problem = await refused(stranger.cards_of(UziNumber("900000101")))
    assert (problem.problem_code, problem.problem.status) == ("forbidden", 403)


async def test_without_certificate_nobody_is_an_operator(running_practice: Practice) -> None:
    made = await running_practice.make_card(employee(2))
    card = made.card.card_id
    async with running_practice.client() as client:
        for asked in (
            client.cards_of(employee(2).uzi_number),
            client.block(card, BlockRequest(reason=BlockReason.LOSS)),
            client.unblock(card),
            client.revoke(card, RevokeRequest(reason=RevokeReason.DEFECT)),
            client.register_organisation(OrganisationRequest(ura=Ura("90000399"), name="x")),
        ):
            problem = await refused(asked)
            assert (problem.problem_code, problem.problem.status) == ("unauthenticated", 401)
        assert (await client.card(card, made.session.token)).state == "actief"


async def test_revoking_needs_a_block(running_practice: Practice) -> None:
    made = await running_practice.make_card(employee(3))
    async with running_practice.client(ADMINISTRATOR) as administrator:
        asked = administrator.revoke(made.card.card_id, RevokeRequest(reason=RevokeReason.DEFECT))
        assert (await refused(asked)).reason is RefusalReason.REVOKE_NEEDS_BLOCK
        assert (await administrator.card(made.card.card_id)).state == "actief"
        problem = await refused(
            administrator.register_organisation(OrganisationRequest(ura=Ura("90000398"), name="x"))
        )
        assert (problem.problem_code, problem.problem.status) == ("forbidden", 403)


async def test_the_team_alone_registers_an_organisation(running_practice: Practice) -> None:
    async with running_practice.client(TEAM) as team:
        made = await team.register_organisation(
            OrganisationRequest(ura=Ura("90000397"), name="Apotheek De Iep")
        )
        assert made.ura == Ura("90000397")
        problem = await refused(
            team.register_organisation(OrganisationRequest(ura=Ura("90000397"), name="Weer"))
        )
        assert problem.problem_code == "conflict"
