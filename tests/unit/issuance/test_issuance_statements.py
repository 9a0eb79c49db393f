"""Who may ask about the past, and what it takes to state it."""

import hashlib
from datetime import datetime

import pytest

from fakes.issuance import APOTHEEK, HUISARTS
from issuance.statement.at import Question
from issuance.statement.content import described
from issuance.statement.make import Statements
from pki.domain.errors import Forbidden, NotFound, Refused, StoreUnavailable
from pki.domain.identifiers import PersonId, Ura
from pki.domain.mobiel.records import MobielCertificate
from pki.domain.people import Operator, Role
from status_side.past import BLOCKED_AGAIN, NEVER, NOW, REVOKED, SERIAL, asked, lived
from stores.phones import mobiel


async def test_operators_read_the_past_of_cards_they_may_see() -> None:
    statements = Statements(reader=lived(), evidence=None, clock=FixedClock())
    question = Question(serial=SERIAL, at=REVOKED)
    for role, ura in ((Role.BEHEERDER, APOTHEEK), (Role.ZORGID_TEAM, None)):
        found = await statements.for_operator(operator(role, ura), question)
        assert found.interval is not None
    with pytest.raises(Refused):
        await statements.for_operator(operator(Role.BEHEERDER, HUISARTS), question)
    with pytest.raises(Forbidden):
        await statements.for_operator(operator(Role.STATUS_NODE, None), question)


async def test_of_a_telephone_those_read_the_past_who_manage_it() -> None:
    past = lived()
    assert past.issued is not None
    past.telephone = mobiel(1)
    past.issued = MobielCertificate(
        serial=SERIAL,
        issuer=past.issued.issuer,
        mobiel_id=past.telephone.id,
        der=b"in a telephone",
        not_before=past.issued.not_before,
        not_after=past.issued.not_after,
        key_sha256=bytes(32),
    )
    statements = Statements(reader=past, evidence=None, clock=FixedClock())
    question = Question(serial=SERIAL, at=BLOCKED_AGAIN)
    for role, ura in ((Role.ADMINISTRATOR, past.telephone.ura), (Role.ZORGID_TEAM, None)):
        found = await statements.for_operator(operator(role, ura), question)
        told = described(found)["certificate"]
        assert isinstance(told, dict)
        assert told["sha256"] == hashlib.sha256(b"in a telephone").hexdigest()
    for role, ura in ((Role.BEHEERDER, past.telephone.ura), (Role.ADMINISTRATOR, HUISARTS)):
        with pytest.raises(Forbidden):
            await statements.for_operator(operator(role, ura), question)


async def test_only_the_team_learns_that_a_serial_was_never_issued() -> None:
    statements = Statements(reader=lived(), evidence=None, clock=FixedClock())
    question = Question(serial=NEVER, at=REVOKED)
    found = await statements.for_operator(operator(Role.ZORGID_TEAM, None), question)
    assert found.interval is None
    with pytest.raises(NotFound):
        await statements.for_operator(operator(Role.BEHEERDER, APOTHEEK), question)


async def test_a_replica_that_is_behind_knows_nothing_of_the_past() -> None:
    past = lived()
    past.behind = True
    statements = Statements(reader=past, evidence=None, clock=FixedClock())
    with pytest.raises(StoreUnavailable):
        await statements.for_operator(
            operator(Role.ZORGID_TEAM, None), Question(serial=SERIAL, at=REVOKED)
        )


async def test_without_an_evidence_key_nothing_is_stated() -> None:
    statements = Statements(reader=lived(), evidence=None, clock=FixedClock())
    with pytest.raises(NotFound, match="evidence key"):
        await statements.signed(asked(lived(), REVOKED))


def operator(role: Role, ura: Ura | None) -> Operator:
    return Operator(id=PersonId("11" * 16), role=role, ura=ura, certificate_sha256=bytes(32))


class FixedClock:
    def now(self) -> datetime:
        return NOW
