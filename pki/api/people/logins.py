"""Bodies about log-ins of browsers by telephones."""

from typing import Annotated

from pydantic import Field

from pki.api.base import Wire
from pki.api.fields import Moment, PersonIdText, SessionIdText, UraText
from pki.api.registration import CODE_PATTERN
from pki.domain.logins.records import LoginState
from pki.domain.people import Role

CodeText = Annotated[str, Field(pattern=CODE_PATTERN)]
SecretText = Annotated[str, Field(repr=False, pattern=r"^[A-Za-z0-9_-]{43}$")]
"""Base64url (RFC 4648 5) of 32 octets, without padding."""


class LoginRequest(Wire):
    """POST /v1/logins: nothing more to say."""


class LoginAskedView(Wire):
    """A log-in that was begun.

    ``code`` is what the telephone scans or is told, ``qr`` the text of the QR code that holds it.
    ``number`` is shown beside it, and never in it: whoever approves copies it by hand. ``secret``
    stays with the browser.
    """

    login_id: SessionIdText
    code: str = Field(repr=False, pattern=CODE_PATTERN)
    qr: str = Field(repr=False)
    number: str = Field(repr=False, pattern=r"^[0-9]{2}$")
    secret: SecretText
    expires_at: Moment


class LoginView(Wire):
    """What a telephone is asked to let in: at which service, since when, from where if known."""

    service: str
    asked_at: Moment
    expires_at: Moment
    origin: str | None
    state: LoginState


class ApproveLoginRequest(Wire):
    """POST /v1/logins/{code}/approve. ``number`` is what the browser shows."""

    number: str = Field(repr=False, pattern=r"^[0-9]{2}$")


class RefuseLoginRequest(Wire):
    """POST /v1/logins/{code}/refuse: nothing more to say."""


class CollectLoginRequest(Wire):
    """POST /v1/logins/collect."""

    login_id: SessionIdText
    secret: SecretText


class LoginSessionView(Wire):
    """For whom the bearer token ``token`` speaks, and until when."""

    token: str = Field(repr=False)
    expires_at: Moment
    operator_id: PersonIdText
    role: Role
    ura: UraText | None


class LoginCollectedView(Wire):
    """What became of a log-in. ``session`` is there once, and only if it was approved."""

    state: LoginState
    session: LoginSessionView | None = None


class LoginEndedView(Wire):
    """The session that is over."""

    login_id: SessionIdText
