"""Log-ins by telephone, on the desk of fakes."""

import hashlib

from fakes.issuance import APOTHEEK, Surroundings
from issuance.logins.answer import approve_login
from issuance.logins.ask import AskedLogin, ask_login
from issuance.logins.collect import Collecting, OpenedLogin, collect_login
from issuing.people import telephone
from pki.domain.identifiers import PersonId
from pki.domain.people import Operator, Role
from pki.domain.reasons import BlockReason

ORIGIN = "192.0.2.7"
LOSS = BlockReason.LOSS
PHONE, ANOTHERS = b"MOBIEL of a beheerder", b"MOBIEL of another"


def manager(around: Surroundings, phone: bytes = PHONE) -> Operator:
    """A beheerder with ZORG-ID Mobiel."""
    known, now = hashlib.sha256(phone).digest(), around.clock.now()
    operator = Operator(
        id=PersonId(known[:16].hex()),
        role=Role.BEHEERDER,
        ura=APOTHEEK,
        certificate_sha256=known,
        seen_at=now,
    )
    around.store.tables.operators[known] = operator
    telephone(around, operator.id, APOTHEEK, known)
    return operator


async def asked(around: Surroundings) -> AskedLogin:
    return await ask_login(around.desk, ORIGIN)


def of(login: AskedLogin, secret: str | None = None) -> Collecting:
    return Collecting(login_id=login.login.id, secret=secret or login.secret, origin=ORIGIN)


async def opened(around: Surroundings, phone: bytes = PHONE) -> OpenedLogin:
    login = await asked(around)
    await approve_login(around.desk, phone, login.code, login.login.number)
    found = await collect_login(around.desk, of(login))
    assert isinstance(found, OpenedLogin)
    return found


def other_number(login: AskedLogin) -> str:
    return f"{(int(login.login.number) + 1) % 100:02}"
