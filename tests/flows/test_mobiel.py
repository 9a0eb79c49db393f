"""ZORG-ID Mobiel against the running program: openssl makes the telephone's key and checks us."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki.api.client import IssuanceClient
from pki.api.errors import ServiceUnreachable
from pki.api.fields import to_pem
from pki.api.people.mobiel import InviteRequest, RedeemedMobielView, RedeemMobielRequest
from pki.api.registration import AppointmentRequest, TakeUpRequest
from pki.api.wire import OperatorPerson
from pki.domain.event_codec import encode_time
from pki.domain.identifiers import IssuerId, MobielId, SerialNumber, UziNumber
from pki.domain.mobiel.records import MobielState
from pki.domain.people import Role
from pki.domain.reasons import BlockReason, RevokeReason
from practice import Practice, refused
from program import fetched
from server.initialise import ADMINISTRATOR

pytestmark = pytest.mark.openssl

WHOM = OperatorPerson(
    uzi_number=UziNumber("900054321"), surname="Jansen", given_names="A.", common_name="A. Jansen"
)
_PATIENCE_SECONDS = 60.0
TICK = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class Telephone:
    """A key that openssl made, in a folder, and what was made of it."""

    practice: Practice
    folder: Path
    name: str

    def openssl(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ("openssl", *words),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def request(self) -> bytes:
        """The PKCS #10 of a new key, DER; its subject is nobody's."""
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout")
        out = ("-out", f"{self.name}.p10", "-subj", "/CN=somebody else")
        made = self.openssl("req", "-new", *key, f"{self.name}.key", *out)
        assert made.returncode == 0, made.stderr
        request = x509.load_pem_x509_csr((self.folder / f"{self.name}.p10").read_bytes())
        return request.public_bytes(Encoding.DER)

    def take(self, redeemed: RedeemedMobielView) -> None:
        """Keep the certificate and the chain."""
        self.certificate.write_text(to_pem(redeemed.certificate))
        (self.folder / "chain.pem").write_text("".join(map(to_pem, redeemed.chain)))

    @property
    def certificate(self) -> Path:
        return self.folder / f"{self.name}.pem"

    @property
    def serial(self) -> SerialNumber:
        read = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        return SerialNumber(read.serial_number)

    def client(self) -> IssuanceClient:
        """The API, as this telephone reaches it."""
        context = self.practice.tls()
        context.load_cert_chain(self.certificate, self.folder / f"{self.name}.key")
        return IssuanceClient(self.practice.api_url, tls=context, timeout_seconds=30)

    def ocsp(self) -> str:
        """What `openssl ocsp` says of it."""
        return self.practice.openssl_ocsp(self.serial.hex, issuer="mobiel-ca-g1")

    def verified(self) -> str:
        """What `openssl verify` says, with the CRLs that are served now."""
        lists: list[str] = []
        for name in ("zorg-id-mobiel-ca", "zorg-id-root-ca"):
            served = fetched(f"{self.practice.base_url}/crl/{name}.crl")
            (self.folder / f"{name}.crl").write_bytes(served)
            read = ("-inform", "DER", "-in", f"{name}.crl", "-out", f"{name}.crl.pem")
            assert self.openssl("crl", *read).returncode == 0
            lists += ("-CRLfile", f"{name}.crl.pem")
        anchor = str(self.practice.layout.certificate("root"))
        trust = ("-x509_strict", "-purpose", "sslclient", "-CAfile", anchor)
        between = ("-untrusted", "chain.pem", "-crl_check_all", *lists)
        said = self.openssl("verify", *trust, *between, self.certificate.name)
        return "good" if said.returncode == 0 else said.stdout + said.stderr


async def until(says: Callable[[], str], wanted: str) -> None:
    """A CRL follows a change within a second or so."""
    deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
    while wanted not in (said := says()):
        assert asyncio.get_running_loop().time() < deadline, said
        await asyncio.sleep(0.2)


async def test_a_telephone_is_certified_manages_cards_is_replaced_and_ended(
    practice: Practice, tmp_path: Path
) -> None:
    first = Telephone(practice=practice, folder=tmp_path, name="first")
    second = Telephone(practice=practice, folder=tmp_path, name="second")
    practice.add_mobiel_ca()
    with practice.serving():
        async with practice.client(ADMINISTRATOR) as administrator, practice.client() as nobody:
            code = (await administrator.invite_mobiel(InviteRequest(person=WHOM))).code
            asked = RedeemMobielRequest(code=code, pkcs10=first.request())
            redeemed = await nobody.redeem_mobiel(asked)
            assert await nobody.redeem_mobiel(asked) == redeemed
            first.take(redeemed)
            await until(first.verified, "good")
            assert first.ocsp() == "good"
            mobiel = redeemed.mobiel.mobiel_id
            appointed = await administrator.appoint(
                AppointmentRequest(role=Role.ADMINISTRATOR, person=WHOM)
            )
            async with first.client() as phone:
                await phone.take_up(TakeUpRequest(code=appointed.code))
                (known,) = (await phone.mobiel()).mobiel
                assert (known.mobiel_id, known.state) == (mobiel, MobielState.REGISTERED)
                await told_of_the_last_change(administrator, first, ("mobiel.registered", "good"))
                await administrator.block_mobiel(mobiel, BlockReason.LOSS)
                assert (await refused(phone.mobiel())).problem_code == "forbidden"
            assert first.ocsp() == "hold"
            await until(first.verified, "certificate revoked")
            await told_of_the_last_change(administrator, first, ("mobiel.blocked", "on-hold"))
            await administrator.unblock_mobiel(mobiel)
            assert first.ocsp() == "good"
            await until(first.verified, "good")
            await replace_and_end(mobiel, (first, second), (administrator, nobody))


async def replace_and_end(
    mobiel: MobielId,
    telephones: tuple[Telephone, Telephone],
    clients: tuple[IssuanceClient, IssuanceClient],
) -> None:
    """The second telephone takes the place of the first one, and is ended."""
    (first, second), (administrator, nobody) = telephones, clients
    again = (await administrator.invite_mobiel_again(mobiel)).code
    asked = RedeemMobielRequest(code=again, pkcs10=second.request())
    second.take(await nobody.redeem_mobiel(asked))
    assert (first.ocsp(), second.ocsp()) == ("revoked", "good")
    await until(first.verified, "certificate revoked")
    assert second.verified() == "good"
    await told_of_the_last_change(administrator, first, ("mobiel.superseded", "revoked"))
    await told_of_the_last_change(administrator, second, ("mobiel.renewed", "good"))
    async with first.client() as old, second.client() as new:
        assert (await refused(old.mobiel())).problem_code == "forbidden"
        assert [each.mobiel_id for each in (await new.mobiel()).mobiel] == [mobiel]
        await administrator.block_mobiel(mobiel, BlockReason.LOSS)
        await administrator.end_mobiel(mobiel, RevokeReason.LOSS_OR_THEFT)
        assert (await refused(new.mobiel())).problem_code == "forbidden"
    assert second.ocsp() == "revoked"
    await until(second.verified, "certificate revoked")
    await told_of_the_last_change(administrator, second, ("mobiel.ended", "revoked"))
    await stated_for_ever(administrator, second)


async def told_of_the_last_change(
    administrator: IssuanceClient, phone: Telephone, of: tuple[str, str]
) -> None:
    """Its status now, and who shows it since when."""
    kind, status = of
    known = await administrator.certificate(phone.serial)
    assert (known.status, known.card_id) == (status, None)
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            found = await administrator.change(known.change.position)
            if [each.sink for each in found.shown if each.shown_at is not None] == ["crl", "ocsp"]:
                break
            await asyncio.sleep(0.1)
    assert found.change == known.change
    assert (found.kind, found.serial, found.mobiel_id) == (kind, phone.serial, known.mobiel_id)


async def stated_for_ever(administrator: IssuanceClient, phone: Telephone) -> None:
    """What the telephone was at each moment of its life, signed so that openssl believes it."""
    ended = (await administrator.certificate(phone.serial)).change.at
    signed = phone.folder / "statement.p7m"
    roots = ("-CAfile", str(phone.practice.layout.certificate("root")), "-purpose", "any")
    entries = None
    for moment, status in ((ended, "revoked"), (ended - TICK, "on-hold")):
        told = await administrator.status_at(phone.serial, moment, statement=True)
        assert (told.status, told.valid) == (status, False)
        assert told.issuer == IssuerId("mobiel-ca-g1")
        signed.write_bytes(told.statement or b"")
        read = ("-verify", "-cades", "-binary", "-inform", "DER", "-in", str(signed))
        said = phone.openssl("cms", *read, *roots)
        assert said.returncode == 0, said.stderr
        entries = [each["kind"] for each in json.loads(said.stdout)["entries"]]
    assert entries == ["mobiel.intended", "mobiel.renewed", "mobiel.blocked", "mobiel.ended"]
    at = ("--serial", phone.serial.hex, "--time", encode_time(ended), "--issuer", "mobiel-ca-g1")
    said_here = phone.practice.zorgid("status", "at", *at)
    assert (said_here.returncode, "CRL                listed" in said_here.stdout) == (0, True)


async def test_another_ca_of_the_same_root_lets_no_telephone_in(
    practice: Practice, tmp_path: Path
) -> None:
    """What openssl signs with the root's key itself is no client here."""
    stranger = Telephone(practice=practice, folder=tmp_path, name="stranger")
    stranger.request()
    signed = stranger.openssl(
        *("req", "-x509", "-key", "stranger.key", "-subj", "/CN=stranger", "-days", "2"),
        *("-addext", "extendedKeyUsage=clientAuth", "-out", "stranger.pem"),
    )
    assert signed.returncode == 0, signed.stderr
    practice.add_mobiel_ca()
    with practice.serving():
        async with stranger.client() as phone:
            with pytest.raises(ServiceUnreachable):
                await phone.mobiel()
