"""The entries that carry the others: the base, one per CA generation, and fillers. Pure.

A directory that refuses bulk searches does it by counting candidates: an exact search has a few, a
presence or substring search has every entry under its base (slapd.conf(5), ``limits …
size.unchecked``). One UZI number may have several certificates over the years, so the limit is
`CANDIDATES` and not 1; and while there are fewer cards than that, fillers under each CA keep a
search for everything above it.
"""

from dataclasses import dataclass
from typing import Final

from ldap_publish.entry import PERSON_CLASSES, Entry, Keeping, Values, ca_dn, ca_entry, rdn
from pki.domain.errors import ConfigurationInvalid
from pki.domain.identifiers import IssuerId

CANDIDATES: Final = 16
"""The most certificates one exact search may find, and the number of fillers."""

DEFAULT_BASE: Final = "o=ZORG-ID,c=NL"

_BASE_CLASSES: Final = {
    "o": "organization",
    "c": "country",
    "ou": "organizationalUnit",
    "dc": "domain",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedCa:
    """A CA whose CRL is published, and its certificates (DER, every one of this key)."""

    issuer: IssuerId
    certificates: tuple[bytes, ...]
    is_root: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """Where everything stands. ``base`` is an LDAP name in the form of RFC 4514."""

    base: str
    cas: tuple[PublishedCa, ...]
    fillers: int = CANDIDATES

    def __post_init__(self) -> None:
        """Refuse a base whose entry could not be made.

        Raises:
            ConfigurationInvalid: the first relative name is not one plain o, ou, c or dc.
        """
        base_entry(self.base)

    def ca(self, issuer: IssuerId) -> PublishedCa | None:
        """The CA of this name, if it is published."""
        return next((ca for ca in self.cas if ca.issuer == issuer), None)


def tree_entries(tree: Tree) -> tuple[Entry, ...]:
    """Every entry that must stand before a card can be published, parents first."""
    entries = [base_entry(tree.base)]
    for ca in tree.cas:
        entries.append(ca_entry(ca.issuer, tree.base, ca.certificates))
        entries.extend(_filler(ca.issuer, tree.base, number) for number in range(tree.fillers))
    return tuple(entries)


def base_entry(base: str) -> Entry:
    """The entry of the base itself.

    Raises:
        ConfigurationInvalid: its first relative name is not one plain o, ou, c or dc.
    """
    attribute, equals, value = base.partition(",")[0].partition("=")
    object_class = _BASE_CLASSES.get(attribute.strip().lower())
    if not equals or object_class is None or any(each in value for each in '\\"+#;<>'):
        raise ConfigurationInvalid(
            key="ldap.base",
            message="the base must begin with one plain o, ou, c or dc",
            next_step=f"use for example {DEFAULT_BASE}",
        )
    own = Values(
        attribute=attribute.strip().lower(),
        values=(value.strip().encode(),),
        keeping=Keeping.PRESENT,
    )
    return Entry(dn=base, object_classes=(object_class,), attributes=(own,), foreign=True)


def _filler(issuer: IssuerId, base: str, number: int) -> Entry:
    name = f"filler-{number:02d}"
    return Entry(
        dn=f"{rdn('cn', name)},{ca_dn(issuer, base)}",
        object_classes=PERSON_CLASSES,
        attributes=tuple(
            Values(attribute=attribute, values=(name.encode(),), keeping=Keeping.PRESENT)
            for attribute in ("cn", "sn")
        ),
    )
