"""The day the Mobiel CA's key is somebody else's, or nobody's: docs/emergency.md, by its steps."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from ca.practice import make_crl
from desks.telephone import WHOM, Telephone, until
from emergencies.drill import Drill
from emergencies.rehearsal import second_person
from installed.next_generation import add_mobiel_generation, practice_root, set_state
from installed.nursery import Nursery
from installed.practice import MOBIEL_CA, Practice, employee, refused
from installed.program import fetched
from pki.api.client import IssuanceClient
from pki.api.people.mobiel import InviteRequest, RedeemMobielRequest
from pki.api.registration import AppointmentRequest, TakeUpRequest
from pki.domain.errors import ConfigurationInvalid
from pki.domain.identifiers import MobielId, SerialNumber
from pki.domain.people import Role
from pki.domain.reasons import RefusalReason, RevocationReason
from pki.ports import SystemClock
from server.commands.certificates import list_certificates
from server.initialise import ADMINISTRATOR, TEAM
from server.report import DONE, USAGE

pytestmark = [pytest.mark.openssl, pytest.mark.slow]

G1, G2 = "mobiel-ca-g1", "mobiel-ca-g2"
KEY = MOBIEL_CA.splitlines()[5]


@pytest.fixture
def practice(practice: Practice) -> Practice:
    practice.add_mobiel_ca()
    second_person(practice.layout)
    return practice


async def certify(administrator: IssuanceClient, practice: Practice, phone: Telephone) -> Telephone:
    """Invited, redeemed, and appointed administrator."""
    code = (await administrator.invite_mobiel(InviteRequest(person=WHOM))).code
    async with practice.client() as nobody:
        asked = RedeemMobielRequest(code=code, pkcs10=phone.request())
        phone.take(await nobody.redeem_mobiel(asked))
    wanted = AppointmentRequest(role=Role.ADMINISTRATOR, person=WHOM)
    appointed = await administrator.appoint(wanted)
    async with phone.client() as theirs:
        await theirs.take_up(TakeUpRequest(code=appointed.code))
        assert [each.serial for each in (await theirs.mobiel()).mobiel][:1] == [phone.serial]
    return phone


def forged(practice: Practice, like: Telephone) -> Telephone:
    """What whoever has the CA's key can sign: another key, for the same person."""
    layout, thief = practice.layout, Telephone(practice=practice, folder=like.folder, name="thief")
    request = x509.load_der_x509_csr(thief.request())
    key = load_pem_private_key(
        layout.key(G1).read_bytes(), layout.secret("passphrase").read_bytes().strip()
    )
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    genuine = x509.load_pem_x509_certificate(like.certificate.read_bytes())
    now = SystemClock().now()
    builder = x509.CertificateBuilder(
        issuer_name=genuine.issuer,
        subject_name=genuine.subject,
        public_key=request.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - timedelta(minutes=5),
        not_valid_after=now + timedelta(days=30),
    )
    for each in genuine.extensions:
        if not isinstance(each.value, x509.SubjectKeyIdentifier):
            builder = builder.add_extension(each.value, critical=each.critical)
    own = x509.SubjectKeyIdentifier.from_public_key(request.public_key())
    made = builder.add_extension(own, critical=False).sign(key, hashes.SHA256())
    assert (
        ExtendedKeyUsageOID.CLIENT_AUTH
        in made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    )
    thief.certificate.write_bytes(made.public_bytes(Encoding.PEM))
    return thief


def revoke_all(practice: Practice, reason: str) -> Mapping[str, object]:
    """What `cert list` names, by the word of two."""
    path = practice.layout.root / "telephones.csv"
    path.write_text("\n".join(list_certificates(practice.config, G1).lines), "utf-8")
    drill = Drill(practice, path, reason)
    code, told = drill.run(*drill.by_two())
    assert code == DONE, told
    assert list_certificates(practice.config, G1).result["certificates"] == []
    return told


def root_revokes(practice: Practice, reason: RevocationReason) -> None:
    """As the ceremony of `root-crl.toml` does."""
    pem = practice.layout.certificate(G1).read_bytes()
    serial = SerialNumber(x509.load_pem_x509_certificate(pem).serial_number)
    now = SystemClock().now()
    revoked = {serial: (now, reason)}
    made = make_crl(practice_root(practice), number=2, now=now, revoked=revoked)
    practice.layout.crl("root").write_bytes(asyncio.run(made))


async def test_the_key_is_somebody_elses(
    practice: Practice, nursery: Nursery, tmp_path: Path
) -> None:
    phone = Telephone(practice=practice, folder=tmp_path, name="first")
    with nursery.serving(practice):
        async with practice.client(ADMINISTRATOR) as administrator:
            await certify(administrator, practice, phone)
        thief = forged(practice, phone)
        assert thief.verified() == "good", "whoever looks at chain and CRL alone is deceived"
        assert thief.ocsp() == "unknown"
        async with thief.client() as stolen:
            assert (await refused(stolen.mobiel())).problem_code == "forbidden"
    set_state(practice, G1, "answers")
    with nursery.serving(practice):
        async with practice.client(ADMINISTRATOR) as administrator, phone.client() as theirs:
            code = (await administrator.invite_mobiel_again(await only(administrator))).code
            new = Telephone(practice=practice, folder=tmp_path, name="new")
            asked = RedeemMobielRequest(code=code, pkcs10=new.request())
            stopped = await refused(administrator.redeem_mobiel(asked))
            assert stopped.reason is RefusalReason.ISSUING_STOPPED
            told = await asyncio.to_thread(revoke_all, practice, "keyCompromise")
            assert told["kinds"] == {"revoke": {"telephone": 1}}
            assert (await refused(theirs.mobiel())).problem_code == "forbidden"
            assert phone.ocsp() == "revoked"
            assert (await administrator.mobiel()).invitations == []
        assert thief.verified() == "good"
        await asyncio.to_thread(root_revokes, practice, RevocationReason.CA_COMPROMISE)
        await until(thief.verified, "certificate revoked")
        assert "unknown" in thief.ocsp()
    await asyncio.to_thread(add_mobiel_generation, practice, 2)
    practice.change(('state = "answers"', 'state = "ended"'))
    with nursery.serving(practice):
        await begins_anew(practice, tmp_path)
        served = fetched(f"{practice.base_url}/crl/zorg-id-mobiel-ca.crl")
        listed = x509.load_der_x509_crl(served)
        assert listed.get_revoked_certificate_by_serial_number(phone.serial.value) is not None


async def only(administrator: IssuanceClient) -> MobielId:
    [known] = (await administrator.mobiel()).mobiel
    return known.mobiel_id


async def begins_anew(practice: Practice, folder: Path) -> None:
    """Telephones of the next generation, and cards all along."""
    phone = Telephone(practice=practice, folder=folder, name="next")
    await practice.make_card(employee(1))
    async with practice.client(TEAM) as team, practice.client(ADMINISTRATOR) as administrator:
        await certify(administrator, practice, phone)
        known = await team.certificate(phone.serial)
    assert (known.issuer.value, known.status) == (G2, "good")
    assert practice.openssl_ocsp(phone.serial.hex, issuer=G2) == "good"


async def test_the_key_is_nobodys(practice: Practice, nursery: Nursery, tmp_path: Path) -> None:
    phone = Telephone(practice=practice, folder=tmp_path, name="first")
    with nursery.serving(practice):
        async with practice.client(ADMINISTRATOR) as administrator:
            await certify(administrator, practice, phone)
    with pytest.raises(ConfigurationInvalid, match="no CA of cards or telephones"):
        list_certificates(practice.config, "mobiel-ca-g9")
    practice.layout.key(G1).unlink()
    started = practice.zorgid("serve")
    assert (started.returncode, f"keys/{G1}.pem" in started.stderr) == (USAGE, True)
    set_state(practice, G1, "ended")
    practice.change((f"{KEY}\n", ""))
    too_soon = practice.zorgid("serve")
    assert f"{G1} has a good telephone until" in too_soon.stderr
    told = await asyncio.to_thread(revoke_all, practice, "cessationOfOperation")
    assert told["kinds"] == {"revoke": {"telephone": 1}}
    await asyncio.to_thread(root_revokes, practice, RevocationReason.CESSATION_OF_OPERATION)
    await asyncio.to_thread(add_mobiel_generation, practice, 2)
    with nursery.serving(practice):
        await begins_anew(practice, tmp_path)
