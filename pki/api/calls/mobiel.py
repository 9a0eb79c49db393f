"""ZORG-ID Mobiel: invited, registered, managed."""

from urllib.parse import urlencode

from pki.api.people.mobiel import (
    BlockMobielRequest,
    ChangeMobielRequest,
    InvitationView,
    InvitedView,
    InviteRequest,
    MobielChangedView,
    MobielListView,
    MobielView,
    RegisterMobielRequest,
)
from pki.api.transport import Transport
from pki.domain.identifiers import MobielId, Ura
from pki.domain.reasons import BlockReason


class MobielCalls(Transport):
    """For those who manage an organisation's people; the ZORG-ID team names the organisation."""

    async def invite_mobiel(self, request: InviteRequest) -> InvitedView:
        """Invite a person; whoever sees the code can register a ZORG-ID Mobiel as theirs."""
        return await self._post("/v1/mobiel/invitations", request, InvitedView)

    async def withdraw_invitation(self, mobiel_id: MobielId) -> InvitationView:
        """Let the code of an invitation be good for nothing."""
        path = f"/v1/mobiel/invitations/{mobiel_id}"
        return await self._call("DELETE", path, InvitationView)

    async def register_mobiel(self, request: RegisterMobielRequest) -> MobielView:
        """Register the ZORG-ID Mobiel whose certificate this connection has."""
        return await self._post("/v1/mobiel/register", request, MobielView)

    async def mobiel(self, ura: Ura | None = None) -> MobielListView:
        """Read what an organisation manages, and who was not seen for long (administrator)."""
        query = "" if ura is None else "?" + urlencode({"ura": ura.value})
        return await self._call("GET", f"/v1/mobiel{query}", MobielListView)

    async def block_mobiel(self, mobiel_id: MobielId, reason: BlockReason) -> MobielChangedView:
        """Let it let nobody in until it is unblocked (administrator)."""
        body = BlockMobielRequest(reason=reason)
        return await self._post(f"/v1/mobiel/{mobiel_id}/block", body, MobielChangedView)

    async def unblock_mobiel(self, mobiel_id: MobielId) -> MobielChangedView:
        """Lift the block (administrator)."""
        body = ChangeMobielRequest()
        return await self._post(f"/v1/mobiel/{mobiel_id}/unblock", body, MobielChangedView)

    async def end_mobiel(self, mobiel_id: MobielId) -> MobielChangedView:
        """End a blocked one for ever (administrator)."""
        return await self._post(
            f"/v1/mobiel/{mobiel_id}/end", ChangeMobielRequest(), MobielChangedView
        )
