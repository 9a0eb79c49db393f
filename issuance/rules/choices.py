"""Where the public texts contradict each other, or are silent: which reading holds here. Pure."""

from collections.abc import Collection
from dataclasses import dataclass

from issuance.rules.unlinked import MONTHS_UNLINKED
from pki.domain.identifiers import Ura
from pki.domain.people import Actor, Operator
from pki.domain.reasons import RefusalReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """One field for each question; the defaults are what docs/eligibility.md argues for.

    ``revoke_needs_block``: only a blocked card is revoked (MAN 8.3), or an active one as well (FAQ,
    of a broken card). ``cards_can_be_blocked``: they can (FAQ), or holders without ZORG-ID Mobiel
    cannot (MAN 8.2, read of smartcards). ``blocker_unblocks``: who set a block lifts it, or any
    organisation that the card is linked to. ``months_unlinked``, ``unlinked_end``: how long a card
    may be without an organisation, and whether it is revoked then.
    """

    revoke_needs_block: bool = True
    cards_can_be_blocked: bool = True
    blocker_unblocks: bool = False
    months_unlinked: int = MONTHS_UNLINKED
    unlinked_end: bool = True


def block_refusal(choices: Choices) -> RefusalReason | None:
    """Why no card is blocked here."""
    return None if choices.cards_can_be_blocked else RefusalReason.CARDS_NOT_BLOCKED


def unblock_refusal(
    choices: Choices, operator: Operator, blocker: Actor, links: Collection[Ura]
) -> RefusalReason | None:
    """Why this operator does not lift a block that ``blocker`` set on a card with these links.

    The ZORG-ID team may always. A block of an organisation that manages the card no more is
    anybody's: else nobody who knows the holder could lift it.
    """
    if not choices.blocker_unblocks or operator.ura is None or operator.ura == blocker.ura:
        return None
    left = blocker.ura is not None and blocker.ura not in links
    return None if left else RefusalReason.BLOCKED_BY_ANOTHER
