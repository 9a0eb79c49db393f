"""Log-ins asked, answered, collected, blocked and left alone in any order."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fakes.issuance import Surroundings
from issuance.logins.answer import approve_login, refuse_login
from issuance.logins.ask import AskedLogin
from issuance.logins.collect import Collecting, OpenedLogin, collect_login, end_login
from issuance.steps.callers import operator_by_token
from issuing.logins import ANOTHERS, PHONE, asked, manager, of, other_number
from pki.domain.errors import ZorgidError
from pki.domain.identifiers import PersonId, SessionId
from pki.domain.logins.events import LoginOpened

T = TypeVar("T")
PHONES: Final = (PHONE, ANOTHERS)
LASTS: Final = timedelta(minutes=5)
which = st.integers(min_value=0, max_value=3)
mostly = st.sampled_from([True, True, True, False])
phones = st.sampled_from(range(len(PHONES)))


@dataclass
class Told:
    """What somebody who only looks on knows of a log-in."""

    login: AskedLogin
    until: datetime
    yes: int | None = None
    over: bool = False
    opened: OpenedLogin | None = None


class LoginMachine(RuleBasedStateMachine):
    """``told`` is kept beside the store, from answers alone."""

    def __init__(self) -> None:
        super().__init__()
        self.around = Surroundings()
        self.people = [manager(self.around, each) for each in PHONES]
        self.blocked = [False for _ in PHONES]
        self.told: list[Told] = []

    def attempt(self, what: Coroutine[Any, Any, T]) -> T | None:
        try:
            return asyncio.run(what)
        except ZorgidError:
            return None

    def one(self, number: int) -> Told:
        return self.told[-1 - number % len(self.told)]

    def alive(self, told: Told) -> bool:
        return self.around.clock.now() < told.until

    @rule()
    def ask(self) -> None:
        login = asyncio.run(asked(self.around))
        self.told.append(Told(login=login, until=self.around.clock.now() + LASTS))

    @rule(phone=phones)
    def log_in(self, phone: int) -> None:
        """What mostly happens."""
        self.ask()
        self.approve(0, phone, right=True)
        self.collect(0, right=True)

    @precondition(lambda self: self.told)
    @rule(number=which, phone=phones, right=mostly)
    def approve(self, number: int, phone: int, right: bool) -> None:
        told = self.one(number)
        shown = told.login.login.number if right else other_number(told.login)
        done = self.attempt(approve_login(self.around.desk, PHONES[phone], told.login.code, shown))
        able = self.alive(told) and not self.blocked[phone] and told.opened is None
        mine = told.yes in {None, phone}
        assert (done is not None) is (right and able and mine and not told.over)
        told.over = told.over or (able and mine and not right)
        told.yes = phone if done is not None else told.yes

    @precondition(lambda self: self.told)
    @rule(number=which, phone=phones)
    def refuse(self, number: int, phone: int) -> None:
        told = self.one(number)
        if self.attempt(refuse_login(self.around.desk, PHONES[phone], told.login.code)):
            assert told.opened is None
            told.over = True

    @precondition(lambda self: self.told)
    @rule(number=which, right=mostly)
    def collect(self, number: int, right: bool) -> None:
        told = self.one(number)
        wanted = of(told.login) if right else of(told.login, "x" * 43)
        found = self.attempt(collect_login(self.around.desk, wanted))
        approved = told.yes is not None and not told.over and not self.blocked[told.yes]
        may = right and approved and self.alive(told) and told.opened is None
        assert isinstance(found, OpenedLogin) is may
        if isinstance(found, OpenedLogin):
            told.opened = found

    @precondition(lambda self: any(each.opened for each in self.told))
    @rule()
    def collect_once_more(self) -> None:
        for told in self.told:
            if told.opened is not None:
                wanted = of(told.login)
                assert self.attempt(collect_login(self.around.desk, wanted)) is None

    @precondition(lambda self: self.told)
    @rule(number=which)
    def collect_as_another(self, number: int) -> None:
        """With a secret of one's own, somebody else's log-in."""
        told, other = self.one(number), self.one(number + 1)
        if told is not other:
            wanted = Collecting(
                login_id=told.login.login.id, secret=other.login.secret, origin=None
            )
            assert self.attempt(collect_login(self.around.desk, wanted)) is None

    @precondition(lambda self: self.told)
    @rule(number=which)
    def log_out(self, number: int) -> None:
        opened = self.one(number).opened
        if opened is not None:
            self.attempt(end_login(self.around.desk, opened.token))
            assert self.attempt(operator_by_token(self.around.desk, opened.token)) is None
            self.one(number).opened = replace(
                opened, session=replace(opened.session, expires_at=self.around.clock.now())
            )

    @rule(phone=phones)
    def block_or_unblock(self, phone: int) -> None:
        self.blocked[phone] = not self.blocked[phone]
        since = self.around.clock.now() if self.blocked[phone] else None
        operator = replace(self.people[phone], blocked_at=since)
        self.around.store.tables.operators[operator.certificate_sha256] = operator

    @rule(minutes=st.sampled_from([1, 1, 1, 4, 40]))
    def wait(self, minutes: int) -> None:
        self.around.clock.advance(minutes=minutes)

    @invariant()
    def a_session_is_good_for_who_said_yes_while_they_may(self) -> None:
        for told in self.told:
            if told.opened is None or told.yes is None:
                continue
            found = self.attempt(operator_by_token(self.around.desk, told.opened.token))
            in_time = self.around.clock.now() < told.opened.session.expires_at
            good = in_time and not self.blocked[told.yes]
            assert (found.id if found else None) == (self.people[told.yes].id if good else None)

    @invariant()
    def each_was_opened_at_most_once(self) -> None:
        opened: list[tuple[SessionId, PersonId]] = [
            (entry.event.session, PersonId(entry.actor.id))
            for entry in self.around.store.events(LoginOpened)
            if isinstance(entry.event, LoginOpened)
        ]
        assert len(opened) == len(set(opened)) == sum(each.opened is not None for each in self.told)


TestLogins = LoginMachine.TestCase
TestLogins.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)
