"""ZORG-ID Mobiel: invited, certified, managed."""

from datetime import datetime
from urllib.parse import urlencode

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
    RedeemedMobielView,
    RedeemMobielRequest,
)
from pki.api.transport import Transport, under
from pki.domain.identifiers import IdempotencyKey, MobielId, Ura
from pki.domain.reasons import BlockReason, RevokeReason


class MobielCalls(Transport):
    """For those who manage an organisation's people; the ZORG-ID team names the organisation."""

    async def invite_mobiel(
        self, request: InviteRequest, key: IdempotencyKey | None = None
    ) -> InvitedView:
        """Invite a person; whoever sees the code can have a ZORG-ID Mobiel as theirs."""
        return await self._post("/v1/mobiel/invitations", request, InvitedView, under(key))

    async def withdraw_invitation(
        self, mobiel_id: MobielId, key: IdempotencyKey | None = None
    ) -> InvitationView:
        """Let the code of an invitation be good for nothing."""
        path = f"/v1/mobiel/invitations/{mobiel_id}"
        return await self._call("DELETE", path, InvitationView, headers=under(key))

    async def invite_mobiel_again(
        self, mobiel_id: MobielId, key: IdempotencyKey | None = None
    ) -> InvitedView:
        """Invite to another certificate, for a lost, new or wiped telephone (administrator)."""
        path = f"/v1/mobiel/{mobiel_id}/invitations"
        return await self._post(path, InviteAgainRequest(), InvitedView, under(key))

    async def redeem_mobiel(self, request: RedeemMobielRequest) -> RedeemedMobielView:
        """Have the key of a telephone certified: the code is the right; no certificate needed."""
        return await self._post("/v1/mobiel/redeem", request, RedeemedMobielView)

    async def mobiel(self, ura: Ura | None = None) -> MobielListView:
        """Read what an organisation manages, and who was not seen for long (administrator)."""
        query = "" if ura is None else "?" + urlencode({"ura": ura.value})
        return await self._call("GET", f"/v1/mobiel{query}", MobielListView)

    async def block_mobiel(
        self, mobiel_id: MobielId, reason: BlockReason, key: IdempotencyKey | None = None
    ) -> MobielChangedView:
        """Let it let nobody in until it is unblocked (administrator)."""
        body = BlockMobielRequest(reason=reason)
        path = f"/v1/mobiel/{mobiel_id}/block"
        return await self._post(path, body, MobielChangedView, under(key))

    async def unblock_mobiel(
        self, mobiel_id: MobielId, key: IdempotencyKey | None = None
    ) -> MobielChangedView:
        """Lift the block (administrator)."""
        body = ChangeMobielRequest()
        path = f"/v1/mobiel/{mobiel_id}/unblock"
        return await self._post(path, body, MobielChangedView, under(key))

    async def end_mobiel(
        self,
        mobiel_id: MobielId,
        reason: RevokeReason,
        key: IdempotencyKey | None = None,
        *,
        compromised_since: datetime | None = None,
    ) -> MobielChangedView:
        """End a blocked one for ever (administrator)."""
        body = EndMobielRequest(reason=reason, compromised_since=compromised_since)
        path = f"/v1/mobiel/{mobiel_id}/end"
        return await self._post(path, body, MobielChangedView, under(key))
