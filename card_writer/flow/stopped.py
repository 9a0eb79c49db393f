"""The person at the desk does not want to go on."""

from dataclasses import dataclass
from typing import ClassVar

from pki.domain.errors import ZorgidError


@dataclass(kw_only=True, eq=False)
class Stopped(ZorgidError):
    """Ended by the person; what was begun can be gone on with, and lapses by itself otherwise."""

    code: ClassVar[str] = "stopped"
