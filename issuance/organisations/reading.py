"""Organisations as they are now, as far as the caller may see them."""

import base64
import hashlib
from dataclasses import dataclass, replace
from typing import Final

from issuance.desk import Desk
from issuance.ports import Enquiry
from issuance.rules.permissions import Action, Reach, require, require_for_organisation
from issuance.search.cursors import PLACE_OCTETS, opened, sealed
from pki.domain.errors import NotFound
from pki.domain.identifiers import Ura
from pki.domain.people import Operator, Organisation
from pki.domain.search.organisations import OrganisationSearch

_VERSION_OCTETS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownOrganisation:
    """An organisation; ``successor`` is the URA of the one that it went into."""

    organisation: Organisation
    successor: Ura | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundOrganisations:
    """A page in the order of URAs; ``cursor`` stands for where the next one begins, if any."""

    organisations: tuple[KnownOrganisation, ...]
    cursor: str | None


def organisation_version(organisation: Organisation) -> str:
    """A name for the organisation as it is now."""
    digest = hashlib.sha256(repr(organisation).encode()).digest()
    return base64.urlsafe_b64encode(digest[:_VERSION_OCTETS]).decode()


async def read_organisation(desk: Desk, operator: Operator, ura: Ura) -> KnownOrganisation:
    """One organisation: the operator's own, or any for the ZORG-ID team.

    Raises:
        Forbidden: the role may see none, or only another one.
        NotFound: there is no such organisation.
        StoreUnavailable: the store cannot be read.
    """
    require_for_organisation(operator, Action.READ_ORGANISATION, ura)

    def look(snapshot: Enquiry) -> KnownOrganisation:
        found = snapshot.organisation_by_ura(ura)
        if found is None:
            raise NotFound(what="organisation", message=f"no organisation {ura}")
        return _known(snapshot, found)

    return await desk.reader.read(look)


async def search_organisations(
    desk: Desk, operator: Operator, search: OrganisationSearch, cursor: str | None = None
) -> FoundOrganisations:
    """The next ``search.limit`` organisations that the operator may see.

    Raises:
        Forbidden: the role may see none.
        Malformed: the cursor was not given to this operator for this search.
        StoreUnavailable: the store cannot be read.
    """
    if require(operator, Action.READ_ORGANISATION) is not Reach.EVERYWHERE:
        search = replace(search, ura=operator.ura)
    question = replace(search, limit=1)
    after = None if cursor is None else _ura(opened(desk, operator, question, cursor))

    def look(snapshot: Enquiry) -> tuple[KnownOrganisation, ...]:
        found = snapshot.organisations_found(replace(search, limit=search.limit + 1), after)
        return tuple(_known(snapshot, each) for each in found)

    found = await desk.reader.read(look)
    page = found[: search.limit]
    more = len(found) > len(page)
    last = _place(page[-1].organisation.ura) if more else None
    return FoundOrganisations(
        organisations=page,
        cursor=None if last is None else sealed(desk, operator, question, last),
    )


def _known(snapshot: Enquiry, organisation: Organisation) -> KnownOrganisation:
    into = organisation.successor
    successor = None if into is None else snapshot.organisation(into)
    return KnownOrganisation(
        organisation=organisation, successor=None if successor is None else successor.ura
    )


def _place(ura: Ura) -> bytes:
    return ura.value.encode().rjust(PLACE_OCTETS, b"\0")


def _ura(place: bytes) -> Ura:
    return Ura(place.lstrip(b"\0").decode())
