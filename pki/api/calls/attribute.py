"""What people do for organisations: given, read, withdrawn."""

from pki.api.people.attributes import (
    AttributeRequest,
    AttributeSearchRequest,
    AttributesView,
    AttributeView,
)
from pki.api.transport import Transport, under
from pki.domain.identifiers import AttributeId, IdempotencyKey


class AttributeCalls(Transport):
    """For administrators, of their own organisation; for the ZORG-ID team, of any it names."""

    async def give_attribute(
        self, request: AttributeRequest, key: IdempotencyKey | None = None
    ) -> AttributeView:
        """Give somebody of the organisation an attribute; once more changes nothing."""
        return await self._post("/v1/attributes", request, AttributeView, under(key))

    async def attributes(self, request: AttributeSearchRequest) -> AttributesView:
        """Read what a person has at the organisation (a beheerder may as well)."""
        return await self._post("/v1/attributes/search", request, AttributesView)

    async def withdraw_attribute(
        self, attribute_id: AttributeId, key: IdempotencyKey | None = None
    ) -> AttributeView:
        """Take an attribute back."""
        path = f"/v1/attributes/{attribute_id}"
        return await self._call("DELETE", path, AttributeView, headers=under(key))
