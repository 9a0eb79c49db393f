"""Reading log-ins and their sessions."""

import sqlalchemy as sa

from pki.domain.identifiers import SessionId
from pki.domain.logins.records import Login, LoginSession
from pki.store.columns import read_record
from pki.store.registry_reads import RegistryReads
from pki.store.short_lived.tables import login_sessions, logins


class LoginReads(RegistryReads):
    """Adds log-ins; those that expired are there until they are looked for."""

    def login(self, login_id: SessionId) -> Login | None:
        """One that was not collected yet."""
        return self._login(logins.c.id == login_id)

    def login_by_code(self, code_sha256: bytes) -> Login | None:
        """The same, by the digest of its code."""
        return self._login(logins.c.code_sha256 == code_sha256)

    def login_session(self, token_sha256: bytes) -> LoginSession | None:
        """The session with this token."""
        same = login_sessions.c.token_sha256 == token_sha256
        row = self._row(sa.select(login_sessions).where(same))
        return None if row is None else read_record(LoginSession, row)

    def _login(self, which: sa.ColumnElement[bool]) -> Login | None:
        row = self._row(sa.select(logins).where(which))
        return None if row is None else read_record(Login, row)
