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
    Entry,
    ca_dn,
    card_entry,
)
from ldap_publish.plan import Actual
from ldap_publish.ports import CardCertificate, Directory
from ldap_publish.tree import Tree
from pki.domain.errors import Malformed
from pki.domain.identifiers import IssuerId

_OURS: Final = (OBJECT_CLASS, UID, CERTIFICATE, *PERSON_NAMES)
_CLASSES: Final = frozenset(each.lower().encode() for each in PERSON_CLASSES)
_DIGEST_OCTETS: Final = 16


class Holdings:
    """The cards' entries below each CA, by serial."""

    def __init__(self, base: str, seen: Mapping[IssuerId, Mapping[int, bytes]]) -> None:
        self._base = base
        self._seen = seen

    def agrees(self, card: CardCertificate) -> bool:
        """Whether the directory was seen to show this card just as it must."""
        certificate = card.certificate
        of_ca = self._seen.get(certificate.issuer)
        if of_ca is None:
            return False
        seen = of_ca.get(certificate.serial.value)
        if not card.is_public:
            return seen is None
        if seen is None:
            return False
        try:
            return seen == _expected(card_entry(certificate, self._base))
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
    return Holdings(tree.base, seen)


def _digests(entries: Sequence[tuple[str, Actual]]) -> Iterable[tuple[int, bytes]]:
    for _, held in entries:
        names = held.get(UID, ())
        digest = _digest(held) if len(names) == 1 else b""
        for name in names:
            if name.isdigit():
                yield int(name), digest


def _digest(held: Actual) -> bytes:
    """Of all that is ours, in one order; what others added makes it another."""
    classes = {each.lower() for each in held.get(OBJECT_CLASS.lower(), ())}
    pieces = [b"1" if classes >= _CLASSES else b"0"]
    for name in _COMPARED:
        values = sorted(held.get(name, ()))
        pieces.append(b"%d" % len(values))
        for value in values:
            pieces += (b"%d" % len(value), value)
    return hashlib.blake2b(b",".join(pieces), digest_size=_DIGEST_OCTETS).digest()


_COMPARED: Final = tuple(each.lower() for each in _OURS if each != OBJECT_CLASS)


def _expected(entry: Entry) -> bytes:
    held = {each.attribute.lower(): each.values for each in entry.attributes}
    return _digest(held | {OBJECT_CLASS.lower(): tuple(each.encode() for each in PERSON_CLASSES)})
