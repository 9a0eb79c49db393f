"""The part of the store in memory that keeps log-ins."""

from datetime import datetime
from typing import TYPE_CHECKING

from pki.domain.identifiers import SessionId
from pki.domain.logins.records import Login, LoginSession

if TYPE_CHECKING:
    from fakes.issuance_store import Tables


class FakeLogins:
    """Log-ins and their sessions, on the tables of one transaction."""

    tables: "Tables"
    now: datetime

    def login(self, login_id: SessionId, /) -> Login | None:
        return self.tables.logins.get(login_id)

    def login_by_code(self, code_sha256: bytes, /) -> Login | None:
        kept = self.tables.logins.values()
        return next((each for each in kept if each.code_sha256 == code_sha256), None)

    def login_session(self, token_sha256: bytes, /) -> LoginSession | None:
        return self.tables.login_sessions.get(token_sha256)

    def put_login(self, login: Login, /) -> None:
        kept = {k: each for k, each in self.tables.logins.items() if each.expires_at >= self.now}
        self.tables.logins = kept | {login.id: login}

    def remove_login(self, login_id: SessionId, /) -> None:
        self.tables.logins.pop(login_id, None)

    def put_login_session(self, session: LoginSession, /) -> None:
        self.tables.login_sessions[session.token_sha256] = session

    def remove_login_session(self, session_id: SessionId, /) -> None:
        kept = {k: each for k, each in self.tables.login_sessions.items() if each.id != session_id}
        self.tables.login_sessions = kept
