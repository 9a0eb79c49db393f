"""Where an organisation wants its notices: one e-mail address that ASCII can carry."""

import re
from dataclasses import dataclass
from typing import Final

from pki.domain.errors import Malformed

LONGEST: Final = 254
"""Characters (RFC 5321 4.5.3.1.3: a path of 256 octets holds the angle brackets too)."""

_LONGEST_LOCAL: Final = 64
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS: Final = re.compile(
    rf"(?P<local>{_ATOM}(?:\.{_ATOM})*)@(?P<domain>{_LABEL}(?:\.{_LABEL})+)", re.ASCII
)
_READ_APART: Final = frozenset("ßς\u200c\u200d")
"""What IDNA 2003 and 2008 turn into different names (UTS 46 section 7)."""


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """A dot-atom before the at sign and a domain name behind it (RFC 5321 4.1.2), ASCII only.

    Quoted local parts, comments, address literals and local parts beyond ASCII (RFC 6531) are not
    taken: every mail server on the way would have to know them. Nothing of it can end a line or a
    command of SMTP.
    """

    value: str

    def __post_init__(self) -> None:
        """Refuse any other form.

        Raises:
            Malformed: the text, which is not repeated, is no such address.
        """
        match = _ADDRESS.fullmatch(self.value)
        if match is None or len(self.value) > LONGEST or len(match["local"]) > _LONGEST_LOCAL:
            raise _malformed()

    @classmethod
    def parse(cls, text: str) -> "EmailAddress":
        """Read an address as people write it: the domain in lower case, and beyond ASCII as IDNA.

        Raises:
            Malformed: see the class.
        """
        local, at, domain = text.rpartition("@")
        if not at or len(text) > LONGEST or _READ_APART & set(domain):
            raise _malformed()
        try:
            name = domain.encode("idna").decode("ascii").lower()
        except UnicodeError:
            raise _malformed() from None
        return cls(f"{local}@{name}")

    @property
    def domain(self) -> str:
        """The domain name."""
        return self.value.rpartition("@")[2]

    def __str__(self) -> str:
        return self.value


def _malformed() -> Malformed:
    return Malformed(
        what="e-mail address",
        message="this is not an e-mail address that notices can be sent to",
        next_step="give an address such as beheer@praktijk.example, at most 254 characters",
    )
