"""ZORG-ID Mobiel: invited, certified, managed."""

from collections.abc import Awaitable
from http import HTTPStatus

from aiohttp import web

from issuance.desk import Desk
from issuance.http.bodies import body_of, json_response
from issuance.http.once import REPLAYED, answered, once_of
from issuance.http.peers import AskedByOperators, PeerCertificate
from issuance.http.routes.operator import QR_PREFIX
from issuance.http.table.route import Again, Caller, Handler, Key, Query, Route
from issuance.mobiel.invite import (
    Invited,
    code_under,
    invite,
    invite_again,
    withdraw_invitation,
)
from issuance.mobiel.manage import (
    MobielChange,
    block_mobiel,
    end_mobiel,
    mobiel_for,
    unblock_mobiel,
)
from issuance.mobiel.redeem import TelephoneCertifier
from issuance.rules.permissions import Action
from issuance.rules.representation import is_inactive
from issuance.steps.callers import organisation_asked
from issuance.steps.once import AnsweredBefore, Once
from pki.api.base import Wire
from pki.api.fields import UraText
from pki.api.people.mobiel import (
    BlockMobielRequest,
    ChangeMobielRequest,
    EndMobielRequest,
    InvitationView,
    InviteAgainRequest,
    InvitedView,
    InviteRequest,
    MobielChangedView,
    MobielListView,
    MobielView,
    RedeemedMobielView,
    RedeemMobielRequest,
)
from pki.api.wire import ChangeView
from pki.domain.identifiers import MobielId, Ura
from pki.domain.mobiel.records import MobielIdentity, MobielInvitation


class MobielRoutes(AskedByOperators):
    """For those who manage an organisation's people, and for who was invited."""

    def __init__(self, desk: Desk, peer_certificate: PeerCertificate) -> None:
        super().__init__(desk, peer_certificate)
        self._certifier = TelephoneCertifier(desk)

    def routes(self) -> list[Route]:
        """The lines of the table."""
        about = {
            "block": "Let a ZORG-ID Mobiel let nobody in; its certificate is on hold.",
            "unblock": "Lift the block of a ZORG-ID Mobiel; its certificate is good again.",
            "end": "End a blocked ZORG-ID Mobiel for ever; its certificate is revoked.",
        }
        changing: dict[str, tuple[Handler, type[Wire]]] = {
            "block": (self._block, BlockMobielRequest),
            "unblock": (self._unblock, ChangeMobielRequest),
            "end": (self._end, EndMobielRequest),
        }
        changes = [
            Route(
                method="POST",
                path=f"/v1/mobiel/{{mobiel_id}}/{verb}",
                handler=handler,
                operation=f"{verb}Mobiel",
                about=about[verb],
                caller=Caller.OPERATOR,
                action=Action.MANAGE_MOBIEL,
                body=body,
                answer=MobielChangedView,
                key=Key.MAY,
            )
            for verb, (handler, body) in changing.items()
        ]
        return [*self._inviting(), *self._having(), *changes]

    def _inviting(self) -> list[Route]:
        return [
            Route(
                method="POST",
                path="/v1/mobiel/invitations",
                handler=self._invite,
                operation="inviteMobiel",
                about="Invite a person to get a ZORG-ID Mobiel; the code is shown once.",
                caller=Caller.OPERATOR,
                action=Action.INVITE_MOBIEL,
                body=InviteRequest,
                answer=InvitedView,
                status=HTTPStatus.CREATED,
                key=Key.MAY,
            ),
            Route(
                method="POST",
                path="/v1/mobiel/{mobiel_id}/invitations",
                handler=self._invite_again,
                operation="inviteMobielAgain",
                about="Invite to another certificate for a lost, new or wiped telephone.",
                caller=Caller.OPERATOR,
                action=Action.MANAGE_MOBIEL,
                body=InviteAgainRequest,
                answer=InvitedView,
                status=HTTPStatus.CREATED,
                key=Key.MAY,
            ),
            Route(
                method="DELETE",
                path="/v1/mobiel/invitations/{mobiel_id}",
                handler=self._withdraw,
                operation="withdrawInvitation",
                about="Let the code of an invitation be good for nothing.",
                caller=Caller.OPERATOR,
                action=Action.INVITE_MOBIEL,
                answer=InvitationView,
                key=Key.MAY,
            ),
        ]

    def _having(self) -> list[Route]:
        return [
            Route(
                method="POST",
                path="/v1/mobiel/redeem",
                handler=self._redeem,
                operation="redeemMobiel",
                about="Have the key of a telephone certified, with the code of an invitation.",
                again=Again.SO_ALREADY,
                caller=Caller.ANYONE,
                body=RedeemMobielRequest,
                answer=RedeemedMobielView,
                status=HTTPStatus.CREATED,
                refusals=(
                    HTTPStatus.UNAUTHORIZED,
                    HTTPStatus.FORBIDDEN,
                    HTTPStatus.CONFLICT,
                    HTTPStatus.TOO_MANY_REQUESTS,
                ),
            ),
            Route(
                method="GET",
                path="/v1/mobiel",
                handler=self._list,
                operation="listMobiel",
                about="Read each ZORG-ID Mobiel of an organisation, and which are inactive.",
                caller=Caller.OPERATOR,
                action=Action.MANAGE_MOBIEL,
                query=(Query(name="ura", kind=UraText, about="The ZORG-ID team says which."),),
                answer=MobielListView,
            ),
        ]

    async def _invite(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, InviteRequest)
        ura = organisation_asked(operator, Action.INVITE_MOBIEL, body.ura)
        once = once_of(request, operator, body, _made_view)
        change = invite(self._desk_of(operator), operator, body.person.known, ura, once)
        return await self._invited(change, once)

    async def _invite_again(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, InviteAgainRequest)
        once = once_of(request, operator, body, _made_view)
        change = invite_again(self._desk_of(operator), operator, _mobiel_id(request), once)
        return await self._invited(change, once)

    async def _invited(
        self, change: Awaitable[Invited], once: Once[Invited] | None
    ) -> web.Response:
        """The answer with the code, which is not kept: the second time it is made again."""
        try:
            invited = await change
        except AnsweredBefore as before:
            made = InvitationView.from_json(before.text)
            code = "" if once is None else code_under(self._desk, once, made.mobiel_id)
            response = json_response(_with_code(made, code), HTTPStatus.CREATED)
            response.headers[REPLAYED] = "true"
            return response
        view = _with_code(_invitation_view(invited.invitation), invited.code)
        return json_response(view, HTTPStatus.CREATED)

    async def _withdraw(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        once = once_of(request, operator, None, _invitation_view)
        change = withdraw_invitation(self._desk_of(operator), operator, _mobiel_id(request), once)
        return await answered(change, _invitation_view)

    async def _redeem(self, request: web.Request) -> web.Response:
        self._desk.restraint.peer(request.remote, "session")
        body = await body_of(request, RedeemMobielRequest)
        redeemed = await self._certifier.redeem(body.code, body.pkcs10)
        view = RedeemedMobielView(
            mobiel=self._view(redeemed.identity),
            certificate=redeemed.certificate,
            chain=list(redeemed.chain),
        )
        return json_response(view, HTTPStatus.CREATED)

    async def _list(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        asked = request.query.get("ura")
        wanted = None if asked is None else Ura(asked)
        ura = organisation_asked(operator, Action.MANAGE_MOBIEL, wanted)
        found = await mobiel_for(self._desk, operator, ura)
        view = MobielListView(
            mobiel=[self._view(each) for each in found.identities],
            invitations=[_invitation_view(each) for each in found.invitations],
        )
        return json_response(view)

    async def _block(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, BlockMobielRequest)
        once = once_of(request, operator, body, self._changed_view)
        change = block_mobiel(
            self._desk_of(operator), operator, _mobiel_id(request), body.reason, once
        )
        return await answered(change, self._changed_view)

    async def _unblock(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, ChangeMobielRequest)
        once = once_of(request, operator, body, self._changed_view)
        change = unblock_mobiel(self._desk_of(operator), operator, _mobiel_id(request), once)
        return await answered(change, self._changed_view)

    async def _end(self, request: web.Request) -> web.Response:
        operator = await self._operator_of(request)
        body = await body_of(request, EndMobielRequest)
        once = once_of(request, operator, body, self._changed_view)
        since = body.compromised_since
        change = end_mobiel(
            self._desk_of(operator), operator, _mobiel_id(request), body.reason, since, once
        )
        return await answered(change, self._changed_view)

    def _changed_view(self, change: MobielChange) -> MobielChangedView:
        moment = ChangeView(position=change.entry.position, at=change.entry.at)
        return MobielChangedView(mobiel=self._view(change.identity), change=moment)

    def _view(self, identity: MobielIdentity) -> MobielView:
        return MobielView(
            mobiel_id=identity.id,
            person_id=identity.person_id,
            ura=identity.ura,
            serial=identity.serial,
            state=identity.state,
            since=identity.state_at,
            registered_at=identity.registered_at,
            seen_at=identity.seen_at,
            inactive=is_inactive(identity, self._desk.clock.now()),
        )


def _mobiel_id(request: web.Request) -> MobielId:
    return MobielId(request.match_info["mobiel_id"])


def _invitation_view(invitation: MobielInvitation) -> InvitationView:
    return InvitationView(
        mobiel_id=invitation.id,
        person_id=invitation.person_id,
        ura=invitation.ura,
        expires_at=invitation.expires_at,
    )


def _made_view(invited: Invited) -> InvitationView:
    """What is kept of an answer, to be given again: all but the code."""
    return _invitation_view(invited.invitation)


def _with_code(invitation: InvitationView, code: str) -> InvitedView:
    return InvitedView(invitation=invitation, code=code, qr=QR_PREFIX + code)
