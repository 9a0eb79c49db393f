"""A log-in that is asked at a browser and answered at a telephone, and the session it becomes."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from pki.domain.errors import Malformed
from pki.domain.identifiers import SessionId


class LoginState(Enum):
    """A log-in is answered once; an approved one is gone once it was collected."""

    WAITING = "wacht"
    APPROVED = "goedgekeurd"
    REFUSED = "geweigerd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Somebody at a browser asks to be let in; a telephone that is shown the code says yes or no.

    ``secret_sha256``: of what only the browser knows. ``number``: the two digits that the browser
    shows, and that whoever approves has to copy. ``origin``: the browser's address, as far as it
    is known. ``certificate_sha256``: the telephone that answered; there is one unless it waits.
    """

    id: SessionId
    code_sha256: bytes
    secret_sha256: bytes
    number: str
    origin: str | None
    asked_at: datetime
    expires_at: datetime
    state: LoginState = LoginState.WAITING
    certificate_sha256: bytes | None = None

    def __post_init__(self) -> None:
        """Refuse an answer by nobody, and somebody without an answer.

        Raises:
            Malformed: they contradict each other.
        """
        if (self.state is LoginState.WAITING) is (self.certificate_sha256 is not None):
            raise Malformed(what="log-in", message="an answered log-in has who answered it")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginSession:
    """A short time in which a browser speaks for the operator whose telephone let it in.

    Who that is, and whether they still may, is asked of the certificate at each request. ``id`` is
    that of the log-in; ``token_sha256`` the bearer token's digest.
    """

    id: SessionId
    token_sha256: bytes
    certificate_sha256: bytes
    expires_at: datetime
