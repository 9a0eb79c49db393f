"""What log-ins need of the store."""

from typing import Protocol

from pki.domain.identifiers import SessionId
from pki.domain.logins.records import Login, LoginSession


class LoginReads(Protocol):
    """Log-ins that were not collected yet, and sessions; those that expired may be among them."""

    def login(self, login_id: SessionId, /) -> Login | None: ...
    def login_by_code(self, code_sha256: bytes, /) -> Login | None: ...
    def login_session(self, token_sha256: bytes, /) -> LoginSession | None: ...


class LoginWrites(LoginReads, Protocol):
    """Log-ins that are asked, answered, collected and ended."""

    def put_login(self, login: Login, /) -> None:
        """Insert it, or bring its answer up to date."""

    def remove_login(self, login_id: SessionId, /) -> None: ...
    def put_login_session(self, session: LoginSession, /) -> None: ...
    def remove_login_session(self, session_id: SessionId, /) -> None: ...
