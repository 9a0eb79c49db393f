"""Organisations: registered or prepared, finished, closed, merged, read and found."""

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
from pki.api.search import OrganisationFoundView, OrganisationSearchRequest, OrganisationsView
from pki.api.transport import Transport, of_seen, under
from pki.api.wire import OrganisationRequest, OrganisationView
from pki.domain.identifiers import IdempotencyKey, Ura


class OrganisationCalls(Transport):
    """For the ZORG-ID team; finishing is for anyone who has the proof, reading for the own one."""

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
        self,
        request: CloseRequest,
        key: IdempotencyKey | None = None,
        *,
        seen: OrganisationView | None = None,
    ) -> OrganisationChangedView:
        """Say that an organisation no longer exists (ZORG-ID team).

        With ``seen`` only if the organisation is still as it was then.
        """
        path = "/v1/organisations/close"
        headers = under(key) | of_seen(seen)
        return await self._post(path, request, OrganisationChangedView, headers)

    async def merge_organisations(
        self,
        request: MergeRequest,
        key: IdempotencyKey | None = None,
        *,
        seen: OrganisationView | None = None,
    ) -> OrganisationChangedView:
        """Let an organisation go into another one, operators and cards (ZORG-ID team).

        With ``seen`` only if the one that goes is still as it was then.
        """
        path = "/v1/organisations/merge"
        headers = under(key) | of_seen(seen)
        return await self._post(path, request, OrganisationChangedView, headers)

    async def organisation(self, ura: Ura) -> OrganisationFoundView:
        """Read an organisation (its operators; ZORG-ID team)."""
        return await self._call("GET", f"/v1/organisations/{ura}", OrganisationFoundView)

    async def search_organisations(self, request: OrganisationSearchRequest) -> OrganisationsView:
        """A page of the organisations that this operator may see; the next one by its cursor."""
        return await self._post("/v1/organisations/search", request, OrganisationsView)
