"""What people do for organisations: given, read, withdrawn."""

from pki.api.people.attributes import (
    AttributeRequest,
    AttributeSearchRequest,
    AttributesView,
    AttributeView,
)
from pki.api.transport import Transport
from pki.domain.identifiers import AttributeId


class AttributeCalls(Transport):
    """For administrators, of their own organisation; for the ZORG-ID team, of any it names."""

    async def give_attribute(self, request: AttributeRequest) -> AttributeView:
        """Give somebody of the organisation an attribute; once more changes nothing."""
        return await self._post("/v1/attributes", request, AttributeView)

    async def attributes(self, request: AttributeSearchRequest) -> AttributesView:
        """Read what a person has at the organisation (a beheerder may as well)."""
        return await self._post("/v1/attributes/search", request, AttributesView)

    async def withdraw_attribute(self, attribute_id: AttributeId) -> AttributeView:
        """Take an attribute back."""
        return await self._call("DELETE", f"/v1/attributes/{attribute_id}", AttributeView)
