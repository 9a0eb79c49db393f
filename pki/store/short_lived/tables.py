"""The tables of answers and log-ins; the other short-lived ones stand in `pki.store.schema`."""

from typing import Final

from sqlalchemy import Column, Index, LargeBinary, Table, Text

from pki.domain.identifiers import IdempotencyKey, PersonId, SessionId
from pki.domain.logins.records import LoginState
from pki.store.columns import Choice, Id, Moment
from pki.store.schema import metadata

answers: Final = Table(
    "answers",
    metadata,
    Column("asker", Id(PersonId), primary_key=True),
    Column("key", Id(IdempotencyKey), primary_key=True),
    Column("request_sha256", LargeBinary, nullable=False),
    Column("text", Text, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index("answers_by_expiry", "expires_at"),
)

logins: Final = Table(
    "logins",
    metadata,
    Column("id", Id(SessionId), primary_key=True),
    Column("code_sha256", LargeBinary, nullable=False, unique=True),
    Column("secret_sha256", LargeBinary, nullable=False),
    Column("number", Text, nullable=False),
    Column("origin", Text),
    Column("asked_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("state", Choice(LoginState), nullable=False),
    Column("certificate_sha256", LargeBinary),
    Index("logins_by_expiry", "expires_at"),
)

login_sessions: Final = Table(
    "login_sessions",
    metadata,
    Column("id", Id(SessionId), primary_key=True),
    Column("token_sha256", LargeBinary, nullable=False, unique=True),
    Column("certificate_sha256", LargeBinary, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index("login_sessions_by_expiry", "expires_at"),
)
