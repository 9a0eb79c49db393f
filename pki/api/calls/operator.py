"""Those who manage cards: registered, appointed, listed, blocked and taken back."""

from urllib.parse import urlencode

from pki.api.registration import (
    AppointedView,
    AppointmentRequest,
    BlockOperatorRequest,
    OperatorChangedView,
    OperatorsView,
    PendingView,
    TakeUpRequest,
    UnblockOperatorRequest,
)
from pki.api.transport import Transport, under
from pki.api.wire import OperatorRemovedView, OperatorRequest, OperatorView
from pki.domain.identifiers import AppointmentId, IdempotencyKey, PersonId, Ura


class OperatorCalls(Transport):
    """For administrators, of their own organisation; for the ZORG-ID team, of any it names."""

    async def register_operator(
        self, request: OperatorRequest, key: IdempotencyKey | None = None
    ) -> OperatorView:
        """Map a client certificate to a role (ZORG-ID team)."""
        return await self._post("/v1/operators", request, OperatorView, under(key))

    async def take_back_operator(
        self, operator_id: PersonId, key: IdempotencyKey | None = None
    ) -> OperatorRemovedView:
        """Take back every mapping of an operator that the caller reaches."""
        path = f"/v1/operators/{operator_id}"
        return await self._call("DELETE", path, OperatorRemovedView, headers=under(key))

    async def operators(self, ura: Ura | None = None) -> OperatorsView:
        """Read who manages cards for an organisation, and who is appointed to."""
        query = "" if ura is None else "?" + urlencode({"ura": ura.value})
        return await self._call("GET", f"/v1/operators{query}", OperatorsView)

    async def block_operator(
        self,
        operator_id: PersonId,
        request: BlockOperatorRequest,
        key: IdempotencyKey | None = None,
    ) -> OperatorChangedView:
        """Let an operator do nothing for an organisation until the block is lifted."""
        path = f"/v1/operators/{operator_id}/block"
        return await self._post(path, request, OperatorChangedView, under(key))

    async def unblock_operator(
        self, operator_id: PersonId, ura: Ura | None = None, key: IdempotencyKey | None = None
    ) -> OperatorChangedView:
        """Lift the block of an operator."""
        path = f"/v1/operators/{operator_id}/unblock"
        body = UnblockOperatorRequest(ura=ura)
        return await self._post(path, body, OperatorChangedView, under(key))

    async def appoint(
        self, request: AppointmentRequest, key: IdempotencyKey | None = None
    ) -> AppointedView:
        """Appoint an administrator or beheerder; whoever sees the code can become it."""
        return await self._post("/v1/appointments", request, AppointedView, under(key))

    async def take_up(self, request: TakeUpRequest) -> OperatorView:
        """Become operator, with a client certificate that is nobody's yet."""
        return await self._post("/v1/appointments/take-up", request, OperatorView)

    async def withdraw(
        self, appointment_id: AppointmentId, key: IdempotencyKey | None = None
    ) -> PendingView:
        """Let the code of an appointment be good for nothing."""
        path = f"/v1/appointments/{appointment_id}"
        return await self._call("DELETE", path, PendingView, headers=under(key))
