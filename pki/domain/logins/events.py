"""What the journal says of log-ins: from the moment on that somebody known to us answers them.

Asking is not recorded: anybody can. The actor is who answered.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from pki.domain.events import Event
from pki.domain.identifiers import SessionId


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginApproved(Event):
    """The browser that asked may collect its session."""

    KIND: ClassVar[str] = "login.approved"
    session: SessionId


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRefused(Event):
    """It may not: somebody said no, or copied another number than the browser shows."""

    KIND: ClassVar[str] = "login.refused"
    session: SessionId


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginOpened(Event):
    """The browser has its session."""

    KIND: ClassVar[str] = "login.opened"
    session: SessionId


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginEnded(Event):
    """Somebody logged out, before the session's time was over."""

    KIND: ClassVar[str] = "login.ended"
    session: SessionId


LOGIN_EVENTS: Final[tuple[type[Event], ...]] = (
    LoginApproved,
    LoginRefused,
    LoginOpened,
    LoginEnded,
)
