"""What operators ask about the past, with a client certificate."""

from typing import Final, Literal

from aiohttp import web

from issuance.desk import Desk
from issuance.http.bodies import json_response
from issuance.http.peers import AskedByOperators, PeerCertificate
from issuance.http.table.route import Caller, Query, Route
from issuance.rules.permissions import Action
from issuance.statement.at import Question, StatusAt, read_moment
from issuance.statement.content import issuer_of, status_words
from issuance.statement.make import Statements
from pki.api.fields import IssuerIdText, Moment
from pki.api.receipts import StatusAtView
from pki.domain.errors import Malformed
from pki.domain.identifiers import IssuerId, SerialNumber

_QUERY: Final = (
    Query(name="at", kind=Moment, about="The time that is asked about.", required=True),
    Query(name="issuer", kind=IssuerIdText, about="The CA generation, where it is in doubt."),
    Query(
        name="statement",
        kind=Literal["yes", "no"],
        about="Whether a signed statement is wanted (CMS, RFC 5652).",
    ),
)
_ASKED: Final = frozenset(each.name for each in _QUERY)


class StatementRoutes(AskedByOperators):
    """The status at a time in the past."""

    def __init__(
        self, desk: Desk, peer_certificate: PeerCertificate, statements: Statements
    ) -> None:
        super().__init__(desk, peer_certificate)
        self._statements = statements

    def routes(self) -> list[Route]:
        """The lines of the table."""
        return [
            Route(
                method="GET",
                path="/v1/certificates/{serial}/status",
                handler=self._status,
                operation="readStatusAt",
                about="Read what a certificate's status was at a time, and have it signed.",
                caller=Caller.OPERATOR,
                action=Action.READ_HISTORY,
                query=_QUERY,
                answer=StatusAtView,
            )
        ]

    async def _status(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
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
