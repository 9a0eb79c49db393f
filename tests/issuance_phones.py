"""People with ZORG-ID Mobiel, on the desk of fakes."""

from collections.abc import Coroutine
from datetime import datetime
from typing import Any

import pytest

from fakes_issuance import APOTHEEK, Surroundings, person_name
from issuance.mobiel.invite import Invited, invite
from issuance.mobiel.register import register_mobiel
from pki.domain.errors import Refused
from pki.domain.identifiers import Ura, UziNumber
from pki.domain.mobiel.records import MobielIdentity
from pki.domain.reasons import BlockReason, RefusalReason
from pki.domain.registration.records import KnownPerson

NUMBER = "900012345"
LOSS = BlockReason.LOSS
PHONE = b"MOBIEL of the holder"


class FakeMobiel:
    """Trusts what says that it is of ZORG-ID Mobiel."""

    def verify_mobiel(self, certificate: bytes, at: datetime, /) -> None:
        del at
        if not certificate.startswith(b"MOBIEL"):
            raise Refused(reason=RefusalReason.MOBIEL_NOT_TRUSTED, message="not of Mobiel")


def person(number: str = NUMBER) -> KnownPerson:
    return KnownPerson(uzi_number=UziNumber(number), name=person_name("Jansen"))


async def invited(around: Surroundings, number: str = NUMBER, ura: Ura = APOTHEEK) -> Invited:
    return await invite(around.desk, around.team, person(number), ura)


async def registered(
    around: Surroundings, number: str = NUMBER, phone: bytes = PHONE
) -> MobielIdentity:
    return await register_mobiel(around.desk, phone, (await invited(around, number)).code)


async def refused(what: Coroutine[Any, Any, object]) -> RefusalReason:
    with pytest.raises(Refused) as raised:
        await what
    return raised.value.reason
