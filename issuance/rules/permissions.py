"""Who may do what, in one table: role × action → at which organisations."""

from collections.abc import Collection
from enum import Enum, auto
from typing import Final

from pki.domain.errors import Forbidden, Refused
from pki.domain.identifiers import Ura
from pki.domain.people import Actor, Operator, Role
from pki.domain.reasons import RefusalReason


class Action(Enum):
    """What an operator can ask for."""

    READ_CARD = auto()
    READ_HISTORY = auto()
    BLOCK_CARD = auto()
    UNBLOCK_CARD = auto()
    REVOKE_CARD = auto()
    LINK_CARD = auto()
    UNLINK_CARD = auto()
    REGISTER_ORGANISATION = auto()
    CLOSE_ORGANISATION = auto()
    MERGE_ORGANISATIONS = auto()
    REGISTER_OPERATOR = auto()
    READ_ORGANISATION = auto()
    READ_OPERATORS = auto()
    APPOINT_OPERATOR = auto()
    BLOCK_OPERATOR = auto()
    REMOVE_OPERATOR = auto()
    READ_ATTRIBUTES = auto()
    GIVE_ATTRIBUTE = auto()
    READ_NOTICES = auto()
    """And to say that they were seen."""
    SET_CONTACT = auto()
    INVITE_MOBIEL = auto()
    MANAGE_MOBIEL = auto()
    CERTIFY_RESPONDER = auto()
    REVOKE_MANY = auto()
    """To order it, as one of two."""


class Reach(Enum):
    """Where a role may do it."""

    LINKED = auto()
    """For cards that are linked to the operator's own organisation; linking only to that one."""
    OWN = auto()
    """For the operator's own organisation and its people."""
    EVERYWHERE = auto()


_CARD_ACTIONS: Final = (
    Action.READ_CARD,
    Action.READ_HISTORY,
    Action.BLOCK_CARD,
    Action.UNBLOCK_CARD,
    Action.REVOKE_CARD,
    Action.LINK_CARD,
    Action.UNLINK_CARD,
)

_OPERATOR_ACTIONS: Final = (
    Action.READ_OPERATORS,
    Action.APPOINT_OPERATOR,
    Action.BLOCK_OPERATOR,
    Action.REMOVE_OPERATOR,
    Action.GIVE_ATTRIBUTE,
    Action.SET_CONTACT,
    Action.MANAGE_MOBIEL,
)

_EVERY_MANAGERS: Final = (
    Action.READ_ORGANISATION,
    Action.READ_ATTRIBUTES,
    Action.READ_NOTICES,
    Action.INVITE_MOBIEL,
)

MAY: Final[dict[Role, dict[Action, Reach]]] = {
    Role.HOLDER: {},
    Role.REPRESENTATIVE: {},
    Role.BEHEERDER: dict.fromkeys(_CARD_ACTIONS, Reach.LINKED)
    | dict.fromkeys(_EVERY_MANAGERS, Reach.OWN),
    Role.ADMINISTRATOR: dict.fromkeys(_CARD_ACTIONS, Reach.LINKED)
    | dict.fromkeys((*_OPERATOR_ACTIONS, *_EVERY_MANAGERS), Reach.OWN),
    Role.ZORGID_TEAM: dict.fromkeys(set(Action) - {Action.CERTIFY_RESPONDER}, Reach.EVERYWHERE),
    Role.STATUS_NODE: {Action.CERTIFY_RESPONDER: Reach.EVERYWHERE},
    Role.SYSTEM: {},
}
"""What is absent is forbidden."""

OPERATOR_ROLES: Final = frozenset(
    {Role.BEHEERDER, Role.ADMINISTRATOR, Role.ZORGID_TEAM, Role.STATUS_NODE}
)
"""Roles that a client certificate can be mapped to."""

ROLES_WITHOUT_ORGANISATION: Final = frozenset({Role.ZORGID_TEAM, Role.STATUS_NODE})
"""Every other operator belongs to one organisation."""

CARDLESS_ROLES: Final = frozenset({Role.BEHEERDER, Role.ADMINISTRATOR})
"""Roles that rest on ZORG-ID Mobiel, whose bearers can have no smartcard."""


def require(operator: Operator, action: Action) -> Reach:
    """How far this operator's role reaches for the action.

    Raises:
        Forbidden: not at all.
    """
    reach = MAY[operator.role].get(action)
    if reach is None:
        raise Forbidden(message=f"role {operator.role.value} may not {_words(action)}")
    return reach


def require_for_card(operator: Operator, action: Action, links: Collection[Ura]) -> None:
    """Let the operator act on a card that is linked to these organisations.

    Raises:
        Forbidden: the role may not do this to any card.
        Refused: the role may, but the card is not linked to the operator's organisation.
    """
    if require(operator, action) is Reach.EVERYWHERE or operator.ura in links:
        return
    raise Refused(
        reason=RefusalReason.CARD_NOT_LINKED,
        message="the card is not linked to the operator's organisation",
        next_step="link the card to the organisation first, or ask one that it is linked to",
    )


def require_for_organisation(operator: Operator, action: Action, ura: Ura | None) -> None:
    """Let the operator act on this organisation or its operators (None: those of ZORG-ID).

    Raises:
        Forbidden: the role may not, or only at another organisation.
    """
    if require(operator, action) is Reach.EVERYWHERE or operator.ura == ura is not None:
        return
    raise Forbidden(message=f"an operator may {_words(action)} of their own organisation only")


def actor(operator: Operator) -> Actor:
    """The operator as the journal names them."""
    return Actor(role=operator.role, id=operator.id.value, ura=operator.ura)


def _words(action: Action) -> str:
    return action.name.lower().replace("_", " ")
