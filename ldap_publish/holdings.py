"""What a directory was seen to hold, as digests, so that what is in line need not be read again.

A directory gives its entries by the thousand in a hundredth of the time that it takes to ask for
each. Nothing but a digest of each is kept. What does not agree is looked at alone, as if nothing
had been seen: agreeing is a shortcut, disagreeing no verdict.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from ldap_publish.entry import (
    CERTIFICATE,
    OBJECT_CLASS,
    PERSON_CLASSES,
    PERSON_NAMES,
    UID,
    ca_dn,
    card_values,
)
from ldap_publish.plan import Actual
from ldap_publish.ports import CardCertificate, Directory
from ldap_publish.tree import Tree
from pki.domain.errors import Malformed
from pki.domain.identifiers import IssuerId
from pki.domain.records import IssuedCertificate

_OURS: Final = (OBJECT_CLASS, UID, CERTIFICATE, *PERSON_NAMES)
_CLASSES: Final = frozenset(each.lower().encode() for each in PERSON_CLASSES)
_DIGEST_OCTETS: Final = 16


class Holdings:
    """The cards' entries below each CA, by serial."""

    def __init__(self, seen: Mapping[IssuerId, Mapping[int, bytes]]) -> None:
        self._seen = seen

    def lacks(self, card: CardCertificate) -> bool:
        """Whether the directory was seen to hold nothing under this card's serial."""
        certificate = card.certificate
        return certificate.serial.value not in self._seen.get(certificate.issuer, {})

    def agrees(self, card: CardCertificate) -> bool:
        """Whether the directory was seen to show this card just as it must."""
        certificate = card.certificate
        of_ca = self._seen.get(certificate.issuer)
        if of_ca is None:
            return False
        seen = of_ca.get(certificate.serial.value)
        if not card.is_public or seen is None:
            return seen is None and not card.is_public
        try:
            return seen == _expected(certificate)
        except Malformed:
            return False


async def look(directory: Directory, tree: Tree) -> Holdings | None:
    """See everything below the CAs of the tree; None: the directory does not give it in bulk.

    Raises:
        DirectoryUnavailable: it cannot be read.
    """
    seen: dict[IssuerId, dict[int, bytes]] = {}
    for ca in tree.cas:
        entries = seen[ca.issuer] = {}
        after, more = b"", True
        while more:
            page = await directory.page_below(ca_dn(ca.issuer, tree.base), _OURS, after)
            if page is None:
                return None
            entries.update(_digests(page.entries))
            after = page.after
            more = bool(after)
    return Holdings(seen)


def _digests(entries: Sequence[tuple[str, Actual]]) -> Iterable[tuple[int, bytes]]:
    """Of each entry, under every serial that it may stand for."""
    for dn, held in entries:
        names = held.get(UID, ())
        digest = _digest(held) if len(names) == 1 else b""
        for name in {*names, dn.partition(",")[0].partition("=")[2].encode()}:
            if name.isdigit():
                yield int(name), digest


def _digest(held: Actual) -> bytes:
    """Of all that is ours, in one order; what others added makes it another."""
    classes = {each.lower() for each in held.get(_CLASS, ())}
    return _digest_of(held, ours=classes >= _CLASSES)


def _digest_of(held: Actual, *, ours: bool) -> bytes:
    """No two contents have the same sizes and the same octets after each other."""
    sizes, octets = [int(ours)], b""
    for name in _COMPARED:
        values = held.get(name, ())
        if len(values) > 1:
            values = tuple(sorted(values))
        sizes += (-1, *map(len, values))
        octets += b"".join(values)
    return hashlib.blake2b(repr(sizes).encode() + octets, digest_size=_DIGEST_OCTETS).digest()


_CLASS: Final = OBJECT_CLASS.lower()
_COMPARED: Final = tuple(each.lower() for each in _OURS if each != OBJECT_CLASS)


def _expected(certificate: IssuedCertificate) -> bytes:
    held = {name.lower(): values for name, values in card_values(certificate).items()}
    return _digest_of(held, ours=True)
