"""Writing sessions and answers. What expired goes when the next one comes."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from pki.domain.identifiers import IdempotencyKey, PersonId, SessionId
from pki.domain.records import GivenAnswer, Session
from pki.store import schema
from pki.store.reading import ReadSession
from pki.store.short_lived.tables import answers


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
        """Delete the sessions that expired before `now`: they hold names."""
        self._write(sa.delete(schema.sessions).where(schema.sessions.c.expires_at < self.now))

    def remove_session(self, session_id: SessionId) -> None:
        """End a session, if it is still there."""
        self._write(sa.delete(schema.sessions).where(schema.sessions.c.id == session_id))

    def given_answer(self, asker: PersonId, key: IdempotencyKey) -> GivenAnswer | None:
        """What this caller was answered under this key, unless that expired."""
        same = (answers.c.asker == asker, answers.c.key == key, answers.c.expires_at > self.now)
        row = self._row(sa.select(answers).where(*same))
        return None if row is None else GivenAnswer(**dict(zip(row._fields, row, strict=True)))

    def put_answer(self, answer: GivenAnswer) -> None:
        """Keep an answer; those that expired go.

        Raises:
            Conflict: this caller has an answer under this key.
        """
        self._write(sa.delete(answers).where(answers.c.expires_at <= self.now))
        row = {field.name: getattr(answer, field.name) for field in fields(answer)}
        self._write(sa.insert(answers), row)

    def _write(
        self,
        statement: sa.Insert | sa.Update | sa.Delete,
        values: Mapping[str, object] | None = None,
    ) -> sa.CursorResult[Any]:
        return self._run(statement, values)
