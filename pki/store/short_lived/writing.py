"""Writing sessions, log-ins and answers. What expired goes when the next one comes."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from pki.domain.identifiers import IdempotencyKey, PersonId, SessionId
from pki.domain.logins.records import Login, LoginSession
from pki.domain.records import GivenAnswer, Session
from pki.store import schema
from pki.store.columns import read_record, record_columns
from pki.store.reading import ReadSession
from pki.store.short_lived.tables import answers, login_sessions, logins


class ShortLivedWrites(ReadSession):
    """The part of a change that keeps things for a while; `now` is the change's time."""

    now: datetime

    def put_session(self, session: Session) -> None:
        """Insert a session; those that expired before `now` go."""
        table, holder = schema.sessions, session.holder
        self.remove_expired_sessions()
        row = {
            "id": session.id,
            "token_sha256": session.token_sha256,
            "uzi_name": holder.uzi_name.text,
            **asdict(holder.name),
            "organisation_name": holder.organisation_name,
            "certificate_sha256": holder.certificate_sha256,
            "not_after": holder.not_after,
            "expires_at": session.expires_at,
        }
        self._write(sa.insert(table), row)

    def remove_expired_sessions(self) -> None:
        """Delete sessions and log-ins that expired before `now`: they hold names and addresses."""
        for table in (schema.sessions, logins, login_sessions):
            self._write(sa.delete(table).where(table.c.expires_at < self.now))

    def put_login(self, login: Login) -> None:
        """Insert a log-in, for which those that expired go, or bring its answer up to date."""
        answer = {"state": login.state, "certificate_sha256": login.certificate_sha256}
        if self._write(sa.update(logins).where(logins.c.id == login.id), answer).rowcount:
            return
        self._write(sa.delete(logins).where(logins.c.expires_at < self.now))
        self._write(sa.insert(logins), record_columns(login))

    def remove_login(self, login_id: SessionId) -> None:
        """Let it be collected by nobody any more."""
        self._write(sa.delete(logins).where(logins.c.id == login_id))

    def put_login_session(self, session: LoginSession) -> None:
        """Insert a session; those that expired before `now` go."""
        self._write(sa.delete(login_sessions).where(login_sessions.c.expires_at < self.now))
        self._write(sa.insert(login_sessions), record_columns(session))

    def remove_login_session(self, session_id: SessionId) -> None:
        """End it, if it is still there."""
        self._write(sa.delete(login_sessions).where(login_sessions.c.id == session_id))

    def given_answer(self, asker: PersonId, key: IdempotencyKey) -> GivenAnswer | None:
        """What this caller was answered under this key, unless that expired."""
        same = (answers.c.asker == asker, answers.c.key == key, answers.c.expires_at > self.now)
        row = self._row(sa.select(answers).where(*same))
        return None if row is None else read_record(GivenAnswer, row)

    def put_answer(self, answer: GivenAnswer) -> None:
        """Keep an answer; those that expired go.

        Raises:
            Conflict: this caller has an answer under this key.
        """
        self._write(sa.delete(answers).where(answers.c.expires_at <= self.now))
        self._write(sa.insert(answers), record_columns(answer))

    def _write(
        self,
        statement: sa.Insert | sa.Update | sa.Delete,
        values: Mapping[str, object] | None = None,
    ) -> sa.CursorResult[Any]:
        return self._run(statement, values)
