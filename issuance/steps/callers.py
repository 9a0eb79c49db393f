"""Who is asking: a holder with a token, or an operator with a client certificate."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol, TypeVar

from issuance.desk import Desk
from issuance.ports import Eligibility, Enquiry, Store, WholeSession
from issuance.rules.permissions import Action, require
from issuance.rules.representation import is_to_be_seen
from issuance.steps.codes import token_digest
from pki.domain.cards import Card
from pki.domain.errors import (
    Conflict,
    Forbidden,
    Malformed,
    NotFound,
    StoreUnavailable,
    Unauthenticated,
)
from pki.domain.identifiers import CardId, PersonId, Ura
from pki.domain.logins.records import LoginSession
from pki.domain.mobiel.records import MobielIdentity, MobielState
from pki.domain.people import Actor, Operator, Role
from pki.domain.records import Session

T = TypeVar("T")

LOGIN_TOKEN: Final = "login."
"""How bearer tokens of log-ins begin; no holder's holds a full stop."""


async def session_of(desk: Desk, token: str) -> Session:
    """The open session of a bearer token.

    Raises:
        Unauthenticated: no such session, or it has ended.
    """
    digest = token_digest(token)
    session = await desk.reader.read(lambda snapshot: snapshot.session_by_token(digest))
    if session is None or desk.clock.now() >= session.expires_at:
        raise Unauthenticated(
            message="no open session has this token", next_step="open a session with the UZI pass"
        )
    return session


async def login_session_of(desk: Desk, token: str) -> LoginSession:
    """The open session of a log-in's bearer token.

    Raises:
        Unauthenticated: no such session, or it has ended.
    """
    return await desk.reader.read(_login_session(desk, token))


async def operator_by_token(desk: Desk, token: str) -> Operator:
    """The operator whose telephone let this browser in, while they may do anything.

    Raises:
        Unauthenticated: no such session, or it has ended.
        Forbidden: as `operator_of`.
    """
    logged_in = _login_session(desk, token)
    return await _operator(desk, lambda snapshot: logged_in(snapshot).certificate_sha256)


async def operator_of(desk: Desk, certificate: bytes | None) -> Operator:
    """The operator of a client certificate that TLS has verified.

    Raises:
        Unauthenticated: there is no certificate.
        Forbidden: it belongs to nobody here, or to an operator who is blocked.
    """
    if certificate is None:
        raise Unauthenticated(
            message="no client certificate was given", next_step="use a certificate of an operator"
        )
    digest = hashlib.sha256(certificate).digest()
    return await _operator(desk, lambda _: digest)


class Standing(Protocol):
    """What tells whether the one with a certificate may do anything."""

    def operator_by_certificate(self, sha256: bytes, /) -> Operator | None: ...
    def mobiel_by_certificate(self, sha256: bytes, /) -> MobielIdentity | None: ...


def require_able(known: Standing, certificate_sha256: bytes) -> Operator:
    """Whose certificate it is.

    Raises:
        Forbidden: nobody's here, or that of an operator or ZORG-ID Mobiel that is blocked.
    """
    operator = known.operator_by_certificate(certificate_sha256)
    if operator is None:
        raise Forbidden(
            message="the client certificate is mapped to no operator",
            next_step="have the ZORG-ID team register it",
        )
    if operator.blocked_at is not None:
        raise Forbidden(
            message="the operator is blocked",
            next_step="ask another administrator of the organisation to lift the block",
        )
    mobiel = known.mobiel_by_certificate(certificate_sha256)
    if mobiel is not None and mobiel.state is not MobielState.REGISTERED:
        raise Forbidden(
            message=f"the operator's ZORG-ID Mobiel is {mobiel.state.value}",
            next_step="ask an administrator of the organisation that manages it",
        )
    return operator


class WhileAble:
    """A store that an operator changes only as who they were when they asked.

    A request may take long to arrive, and waits for those before it: one of them may have taken
    away the right to what it asks.
    """

    def __init__(self, store: Store, operator: Operator) -> None:
        self._store = store
        self._operator = operator

    async def write(self, work: Callable[[WholeSession], T], /) -> T:
        """As `Store.write`.

        Raises:
            Forbidden: the operator may do nothing any more, or is another one now.
        """

        def change(session: WholeSession) -> T:
            require_same(session, self._operator)
            return work(session)

        return await self._store.write(change)


def require_same(known: Standing, operator: Operator) -> None:
    """Go on only while the operator is who they were when they asked.

    Raises:
        Forbidden: they may do nothing any more, or are another one now.
    """
    able = require_able(known, operator.certificate_sha256)
    if (able.id, able.role, able.ura) != (operator.id, operator.role, operator.ura):
        raise Forbidden(
            message="the client certificate was mapped to another operator meanwhile",
            next_step="read again what is to be changed, and decide again",
        )


def _login_session(desk: Desk, token: str) -> Callable[[Enquiry], LoginSession]:
    digest = token_digest(token)

    def find(snapshot: Enquiry) -> LoginSession:
        session = snapshot.login_session(digest)
        if session is None or desk.clock.now() >= session.expires_at:
            raise Unauthenticated(
                message="no open session has this token", next_step="log in with ZORG-ID Mobiel"
            )
        return session

    return find


async def _operator(desk: Desk, certificate_of: Callable[[Enquiry], bytes]) -> Operator:
    """Whose certificate it is, of which ``certificate_of`` finds the SHA-256."""
    operator = await desk.reader.read(
        lambda snapshot: require_able(snapshot, certificate_of(snapshot))
    )
    await _see(desk, operator)
    return operator


def organisation_asked(operator: Operator, action: Action, asked: Ura | None) -> Ura:
    """The organisation that is meant: the operator's own, or the one the ZORG-ID team names.

    Whether they may do it there is for whoever does it to say.

    Raises:
        Forbidden: the role may not do this anywhere.
        Malformed: the team names none.
    """
    require(operator, action)
    ura = operator.ura if asked is None else asked
    if ura is None:
        raise Malformed(what="URA", message="the ZORG-ID team must name an organisation")
    return ura


async def _see(desk: Desk, operator: Operator) -> None:
    """Write down that the operator was here, now and then; nobody is turned away for want of it."""
    now = desk.clock.now()
    if not is_to_be_seen(operator, now):
        return
    with suppress(StoreUnavailable):
        await desk.store.write(
            lambda session: session.see_operator(operator.certificate_sha256, now)
        )


def own_card(snapshot: Eligibility, card: Card | None, holder: Session) -> Card:
    """The card, when the session's pass belongs to its person and its organisation.

    Raises:
        NotFound: no such card, or another person's: nobody learns which.
        Conflict: the person's, but ordered with the pass of another organisation.
    """
    name = holder.holder.uzi_name
    person = snapshot.person_by_uzi_number(name.uzi_number)
    if card is None or person is None or card.person_id != person.id:
        raise NotFound(what="card", message="no such card")
    if card.ura != name.ura:
        raise Conflict(
            message="the card was ordered with the pass of another organisation",
            next_step="open the session with the pass that ordered the card",
        )
    return card


def holder_actor(session: Session, person_id: PersonId | None = None) -> Actor:
    """The holder as the journal names them: by person once known, else by session."""
    known = session.id.value if person_id is None else person_id.value
    return Actor(role=Role.HOLDER, id=known, ura=session.holder.uzi_name.ura)


def missing(card_id: CardId, card: Card | None) -> Card:
    """The card.

    Raises:
        NotFound: there is none.
    """
    if card is None:
        raise NotFound(what="card", message=f"no card {card_id}")
    return card
