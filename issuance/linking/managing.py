"""Which organisation manages the cards that were made with passes of another."""

from typing import Protocol

from issuance.linking.ports import LinkReads
from pki.domain.identifiers import Ura
from pki.domain.people import Organisation


class Organisations(LinkReads, Protocol):
    """Organisations by URA and by id."""

    def organisation_by_ura(self, ura: Ura, /) -> Organisation | None: ...


def managing_organisation(session: Organisations, ura: Ura) -> Organisation | None:
    """The organisation of this URA, or the one that it went into, however many mergers ago.

    None: there is none, or it is only prepared. A merger never leads back: what has merged takes
    in no other.
    """
    organisation = session.organisation_by_ura(ura)
    while organisation is not None and organisation.successor is not None:
        organisation = session.organisation(organisation.successor)
    return organisation if organisation is not None and organisation.makes_cards else None
