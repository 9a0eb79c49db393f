"""ZORG-ID Mobiel against the running program: openssl makes the telephone's key and checks us."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from desks.telephone import PATIENCE_SECONDS, WHOM, Telephone, until
from installed.practice import Practice, refused
from pki.api.client import IssuanceClient
from pki.api.errors import ServiceUnreachable
from pki.api.people.mobiel import InviteRequest, RedeemMobielRequest
from pki.api.registration import AppointmentRequest, TakeUpRequest
from pki.domain.event_codec import encode_time
from pki.domain.identifiers import IssuerId, MobielId
from pki.domain.mobiel.records import MobielState
from pki.domain.people import Role
from pki.domain.reasons import BlockReason, RevokeReason
from server.initialise import ADMINISTRATOR

pytestmark = pytest.mark.openssl
TICK = timedelta(microseconds=1)


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
    async with asyncio.timeout(PATIENCE_SECONDS):
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
