"""Which roles a process has."""

from enum import Enum
from typing import Final

from pki.domain.errors import Malformed


class Role(Enum):
    """What a process does; ``exclusive`` ones run once per installation and host."""

    ISSUANCE = "issuance"
    STATUS = "status"
    PUBLISHER = "publisher"


EXCLUSIVE: Final = (Role.ISSUANCE, Role.PUBLISHER)


def parse_roles(text: str) -> frozenset[Role]:
    """Read ``all`` or role names with commas between.

    Raises:
        Malformed: an unknown name.
    """
    if text.strip() == "all":
        return frozenset(Role)
    try:
        return frozenset(Role(name.strip()) for name in text.split(","))
    except ValueError:
        raise Malformed(
            what="role",
            message=f"{text!r} is not a role",
            next_step="give all, issuance, status or publisher; several with commas",
        ) from None
