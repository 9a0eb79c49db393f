"""What organisations can be looked for by."""

from dataclasses import dataclass

from pki.domain.identifiers import Ura
from pki.domain.people import OrganisationKind, OrganisationState
from pki.domain.search.cards import MOST_FOUND


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationSearch:
    """Organisations for which all that is not None holds; at most ``limit`` of them.

    ``name``: what theirs holds somewhere, both as `pki.domain.search.cards.folded` sees them.
    """

    ura: Ura | None = None
    name: str | None = None
    state: OrganisationState | None = None
    kind: OrganisationKind | None = None
    limit: int = MOST_FOUND
