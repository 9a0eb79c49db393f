"""Those who manage cards for an organisation: appointed, blocked, listed."""

from datetime import datetime
from http import HTTPStatus
from typing import Final

from aiohttp import web

from issuance.http.bodies import body_of, json_response
from issuance.http.once import REPLAYED, answered, once_of
from issuance.http.peers import AskedByOperators
from issuance.http.table.route import Again, Caller, Key, Query, Route
from issuance.http.views import operator_view
from issuance.operators.appoint import (
    Appointed,
    NewAppointment,
    appoint_operator,
    code_of,
    withdraw_appointment,
)
from issuance.operators.block import OperatorChange, block_operator, unblock_operator
from issuance.operators.listing import operators_for
from issuance.operators.take_up import take_up_appointment
from issuance.rules.permissions import Action
from issuance.rules.representation import is_inactive
from issuance.steps.callers import organisation_asked
from issuance.steps.once import AnsweredBefore
from pki.api.fields import UraText
from pki.api.registration import (
    AppointedView,
    AppointmentMadeView,
    AppointmentRequest,
    BlockOperatorRequest,
    OperatorChangedView,
    OperatorStandingView,
    OperatorsView,
    PendingView,
    TakeUpRequest,
    UnblockOperatorRequest,
)
from pki.api.wire import ChangeView, OperatorView
from pki.domain.identifiers import AppointmentId, PersonId, Ura
from pki.domain.people import Operator
from pki.domain.registration.records import Appointment

QR_PREFIX: Final = "ZORGID:1:"
"""Before the code in a QR code: what it is, and the version. All of it is alphanumeric to QR."""


class OperatorRoutes(AskedByOperators):
    """For administrators of an organisation, and the ZORG-ID team for any."""

    def routes(self) -> list[Route]:
        """The lines of the table."""
        return [*self._appointing(), *self._managing()]

    def _appointing(self) -> list[Route]:
        return [
            Route(
                method="POST",
                path="/v1/appointments",
                handler=self._appoint,
                operation="appointOperator",
                about="Appoint an administrator or beheerder; the code is shown once.",
                caller=Caller.OPERATOR,
                action=Action.APPOINT_OPERATOR,
                body=AppointmentRequest,
                answer=AppointedView,
                status=HTTPStatus.CREATED,
                key=Key.MAY,
            ),
            Route(
                method="POST",
                path="/v1/appointments/take-up",
                handler=self._take_up,
                operation="takeUpAppointment",
                about="Become operator, with the code and one's own client certificate.",
                again=Again.ONE_USE,
                caller=Caller.CERTIFICATE,
                body=TakeUpRequest,
                answer=OperatorView,
                status=HTTPStatus.CREATED,
                refusals=(HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS),
            ),
            Route(
                method="DELETE",
                path="/v1/appointments/{appointment_id}",
                handler=self._withdraw,
                operation="withdrawAppointment",
                about="Let the code of an appointment be good for nothing.",
                caller=Caller.OPERATOR,
                action=Action.APPOINT_OPERATOR,
                answer=PendingView,
                key=Key.MAY,
            ),
        ]

    def _managing(self) -> list[Route]:
        return [
            Route(
                method="GET",
                path="/v1/operators",
                handler=self._list,
                operation="listOperators",
                about="Read who manages cards for an organisation, and who is inactive.",
                caller=Caller.OPERATOR,
                action=Action.READ_OPERATORS,
                query=(Query(name="ura", kind=UraText, about="The ZORG-ID team says which."),),
                answer=OperatorsView,
            ),
            Route(
                method="POST",
                path="/v1/operators/{operator_id}/block",
                handler=self._block,
                operation="blockOperator",
                about="Let an operator do nothing for an organisation until the block is lifted.",
                caller=Caller.OPERATOR,
                action=Action.BLOCK_OPERATOR,
                body=BlockOperatorRequest,
                answer=OperatorChangedView,
                key=Key.MAY,
                refusals=(HTTPStatus.CONFLICT,),
            ),
            Route(
                method="POST",
                path="/v1/operators/{operator_id}/unblock",
                handler=self._unblock,
                operation="unblockOperator",
                about="Lift the block of an operator.",
                caller=Caller.OPERATOR,
                action=Action.BLOCK_OPERATOR,
                body=UnblockOperatorRequest,
                answer=OperatorChangedView,
                key=Key.MAY,
                refusals=(HTTPStatus.CONFLICT,),
            ),
        ]

    async def _appoint(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, AppointmentRequest)
        new = NewAppointment(
            role=body.role,
            ura=organisation_asked(operator, Action.APPOINT_OPERATOR, body.ura),
            person=body.person.known,
            supplier=body.supplier,
        )
        once = once_of(request, operator, body, _made_view)
        try:
            appointed = await appoint_operator(self._desk_of(operator), operator, new, once)
        except AnsweredBefore as before:
            made = AppointmentMadeView.from_json(before.text)
            response = json_response(
                _with_code(made, code_of(self._desk, made.appointment_id)), 201
            )
            response.headers[REPLAYED] = "true"
            return response
        return json_response(appointed_view(appointed), 201)

    async def _take_up(self, request: web.Request) -> web.Response:
        self._desk.restraint.peer(request.remote, "session")
        body = await body_of(request, TakeUpRequest)
        certificate = self._peer_certificate(request)
        operator = await take_up_appointment(self._desk, certificate, body.code)
        return json_response(operator_view(operator), 201)

    async def _withdraw(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        appointment_id = AppointmentId(request.match_info["appointment_id"])
        once = once_of(request, operator, None, _pending_view)
        change = withdraw_appointment(self._desk_of(operator), operator, appointment_id, once)
        return await answered(change, _pending_view)

    async def _list(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        asked = request.query.get("ura")
        wanted = None if asked is None else Ura(asked)
        ura = organisation_asked(operator, Action.READ_OPERATORS, wanted)
        found = await operators_for(self._desk, operator, ura)
        now = self._desk.clock.now()
        return json_response(
            OperatorsView(
                operators=[_standing_view(each, now) for each in found.operators],
                appointments=[_pending_view(each) for each in found.appointments],
            )
        )

    async def _block(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, BlockOperatorRequest)
        ura = operator.ura if body.ura is None else body.ura
        person, once = _person(request), once_of(request, operator, body, _changed_view)
        change = block_operator(self._desk_of(operator), operator, person, ura, body.reason, once)
        return await answered(change, _changed_view)

    async def _unblock(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, UnblockOperatorRequest)
        ura = operator.ura if body.ura is None else body.ura
        person, once = _person(request), once_of(request, operator, body, _changed_view)
        change = unblock_operator(self._desk_of(operator), operator, person, ura, once)
        return await answered(change, _changed_view)


def appointed_view(appointed: Appointed) -> AppointedView:
    """An appointment with its code."""
    return _with_code(_made_view(appointed), appointed.code)


def _made_view(appointed: Appointed) -> AppointmentMadeView:
    """What is kept of an answer, to be given again: all but the code."""
    appointment = appointed.appointment
    return AppointmentMadeView(
        appointment_id=appointment.id,
        operator_id=appointment.person_id,
        role=appointment.role,
        ura=appointment.ura,
        expires_at=appointment.expires_at,
    )


def _with_code(made: AppointmentMadeView, code: str) -> AppointedView:
    return AppointedView(**dict(made), code=code, qr=QR_PREFIX + code)


def _changed_view(change: OperatorChange) -> OperatorChangedView:
    return OperatorChangedView(
        operator=_standing_view(change.operator, change.entry.at),
        change=ChangeView(position=change.entry.position, at=change.entry.at),
    )


def _person(request: web.Request) -> PersonId:
    return PersonId(request.match_info["operator_id"])


def _pending_view(appointment: Appointment) -> PendingView:
    return PendingView(
        appointment_id=appointment.id,
        operator_id=appointment.person_id,
        role=appointment.role,
        supplier=appointment.supplier,
        expires_at=appointment.expires_at,
    )


def _standing_view(operator: Operator, now: datetime) -> OperatorStandingView:
    return OperatorStandingView(
        operator=operator_view(operator),
        supplier=operator.supplier,
        blocked_at=operator.blocked_at,
        seen_at=operator.seen_at,
        inactive=is_inactive(operator, now),
    )
