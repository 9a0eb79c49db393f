"""What operators ask about the past, with a client certificate."""

from typing import Final

from aiohttp import web

from issuance.desk import Desk
from issuance.http.bodies import json_response
from issuance.http.peers import PeerCertificate
from issuance.statement.at import Question, StatusAt, read_moment
from issuance.statement.content import issuer_of, status_words
from issuance.statement.make import Statements
from issuance.steps.callers import operator_of
from pki.api.wire import StatusAtView
from pki.domain.errors import Malformed
from pki.domain.identifiers import IssuerId, SerialNumber

_ASKED: Final = frozenset(("at", "issuer", "statement"))


class StatementRoutes:
    """The status at a time in the past."""

    def __init__(
        self, desk: Desk, peer_certificate: PeerCertificate, statements: Statements
    ) -> None:
        self._desk = desk
        self._peer_certificate = peer_certificate
        self._statements = statements

    def routes(self) -> list[web.RouteDef]:
        """What to add to the application."""
        return [web.get("/v1/certificates/{serial}/status", self._status)]

    async def _status(self, request: web.Request) -> web.Response:
        operator = await operator_of(self._desk, self._peer_certificate(request))
        found = await self._statements.for_operator(operator, _question(request))
        wanted = request.query.get("statement") == "yes"
        signed = await self._statements.signed(found) if wanted else None
        return json_response(_view(found, signed))


def _question(request: web.Request) -> Question:
    """The question in path and query.

    Raises:
        Malformed: a serial, time or issuer of another form, or a query that is not understood.
    """
    query = request.query
    if not set(query) <= _ASKED or len(query) != len(set(query)):
        raise Malformed(what="query", message="the query may hold at, issuer and statement, once")
    if query.get("statement", "yes") not in {"yes", "no"}:
        raise Malformed(what="query", message="statement is yes or no")
    issuer = query.get("issuer")
    return Question(
        serial=SerialNumber.parse(request.match_info["serial"]),
        at=read_moment(query.get("at", "")),
        issuer=None if issuer is None else IssuerId(issuer),
    )


def _view(found: StatusAt, signed: bytes | None) -> StatusAtView:
    interval = found.interval
    words = status_words(None if interval is None else interval.status)
    return StatusAtView(
        serial=found.question.serial,
        issuer=issuer_of(found),
        at=found.question.at,
        valid=found.valid,
        status=words.name,
        validity=found.validity,
        since=None if interval is None else interval.since,
        position=None if interval is None else interval.position,
        revoked_at=words.revoked_at,
        reason=words.reason,
        compromised_since=found.compromised_since,
        statement=signed,
    )
