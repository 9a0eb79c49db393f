"""People with ZORG-ID Mobiel, on the desk of fakes."""

from collections.abc import Coroutine
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from fakes.issuance import (
    APOTHEEK,
    FakeAuthority,
    FakePrepared,
    Surroundings,
    fake_request,
    person_name,
)
from issuance.mobiel.invite import Invited, invite
from issuance.mobiel.redeem import Redeemed, TelephoneCertifier
from pki.domain.errors import Refused
from pki.domain.identifiers import IssuerId, Ura, UziNumber
from pki.domain.mobiel.records import MobielIdentity
from pki.domain.people import Person
from pki.domain.reasons import BlockReason, RefusalReason, RevokeReason
from pki.domain.registration.records import KnownPerson

NUMBER = "900012345"
LOSS = BlockReason.LOSS
LOST = RevokeReason.LOSS_OR_THEFT
KEY = b"key in the holder's telephone"
MOBIEL_CA = IssuerId("mobiel-ca-g1")


class FakeMobielCa(FakeAuthority):
    """Certifies telephones; its certificates name the person."""

    def prepare_mobiel(self, person: Person, public_key: bytes, now: datetime, /) -> FakePrepared:
        prepared = self._prepared("zorgid-mobiel", public_key, now)
        return replace(prepared, tbs=prepared.tbs + person.uzi_number.value.encode())

    def issuing_mobiel(self, now: datetime, /) -> "FakeMobielCa":
        del now
        return self


def with_mobiel_ca(around: Surroundings) -> FakeMobielCa:
    """From now on the desk has one."""
    ca = FakeMobielCa(around.entropy, MOBIEL_CA)
    around.authorities.authorities.insert(0, ca)
    around.desk = replace(around.desk, mobiel=ca)
    return ca


def person(number: str = NUMBER) -> KnownPerson:
    return KnownPerson(uzi_number=UziNumber(number), name=person_name("Jansen"))


async def invited(around: Surroundings, number: str = NUMBER, ura: Ura = APOTHEEK) -> Invited:
    return await invite(around.desk, around.team, person(number), ura)


async def redeemed(around: Surroundings, code: str, key: bytes = KEY) -> Redeemed:
    return await TelephoneCertifier(around.desk).redeem(code, fake_request(key))


async def certified(around: Surroundings, number: str = NUMBER, key: bytes = KEY) -> Redeemed:
    """Somebody with a ZORG-ID Mobiel, and the certificate in their telephone."""
    return await redeemed(around, (await invited(around, number)).code, key)


async def registered(
    around: Surroundings, number: str = NUMBER, key: bytes = KEY
) -> MobielIdentity:
    return (await certified(around, number, key)).identity


async def refused(what: Coroutine[Any, Any, object]) -> RefusalReason:
    with pytest.raises(Refused) as raised:
        await what
    return raised.value.reason
