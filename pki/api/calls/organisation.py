"""Organisations: registered or prepared, finished by their representative, closed, merged."""

from pki.api.registration import (
    CloseRequest,
    FinishByDocumentRequest,
    FinishByPassRequest,
    FinishedByDocumentView,
    FinishedByPassView,
    MergeRequest,
    OrganisationChangedView,
    PreparationRequest,
)
from pki.api.transport import Transport, under
from pki.api.wire import OrganisationRequest, OrganisationView
from pki.domain.identifiers import IdempotencyKey


class OrganisationCalls(Transport):
    """For the ZORG-ID team; finishing is for anyone who has the proof."""

    async def register_organisation(
        self, request: OrganisationRequest, key: IdempotencyKey | None = None
    ) -> OrganisationView:
        """Register an organisation at once (ZORG-ID team)."""
        return await self._post("/v1/organisations", request, OrganisationView, under(key))

    async def prepare_organisation(
        self, request: PreparationRequest, key: IdempotencyKey | None = None
    ) -> OrganisationView:
        """Prepare a registration, for its representative to finish (ZORG-ID team)."""
        return await self._post("/v1/registrations", request, OrganisationView, under(key))

    async def finish_by_pass(self, request: FinishByPassRequest) -> FinishedByPassView:
        """Finish it with a UZI pass, and get the code that appoints its first administrator.

        The challenge is one for ``finish-registration``.
        """
        return await self._post("/v1/registrations/pass", request, FinishedByPassView)

    async def finish_by_document(self, request: FinishByDocumentRequest) -> FinishedByDocumentView:
        """Finish it with XML that names the first administrator's client certificate."""
        return await self._post("/v1/registrations/document", request, FinishedByDocumentView)

    async def close_organisation(
        self, request: CloseRequest, key: IdempotencyKey | None = None
    ) -> OrganisationChangedView:
        """Say that an organisation no longer exists (ZORG-ID team)."""
        path = "/v1/organisations/close"
        return await self._post(path, request, OrganisationChangedView, under(key))

    async def merge_organisations(
        self, request: MergeRequest, key: IdempotencyKey | None = None
    ) -> OrganisationChangedView:
        """Let an organisation go into another one, operators and cards (ZORG-ID team)."""
        path = "/v1/organisations/merge"
        return await self._post(path, request, OrganisationChangedView, under(key))
