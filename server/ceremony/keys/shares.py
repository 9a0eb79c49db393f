"""Shares of a key file's passphrase: SLIP-39 words, any k of n of which give it back.

Why words of SLIP-39: each share carries its own checksum, its number, and an identifier of the
set that it belongs to, so a slip of the pen is told from a share of another key.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from shamir_mnemonic import MnemonicError, combine_mnemonics, generate_mnemonics
from shamir_mnemonic.constants import CUSTOMIZATION_STRING_EXTENDABLE
from shamir_mnemonic.rs1024 import verify_checksum
from shamir_mnemonic.share import Share
from shamir_mnemonic.wordlist import WORDLIST

from pki.domain.errors import BadInput

SECRET_OCTETS: Final = 32
SHARE_WORDS: Final = 33
"""What a share of 32 octets has: 20 words of overhead and value for 16, 13 more for 16 more."""

_PREFIX: Final = 4
_BY_PREFIX: Final = {word[:_PREFIX]: word for word in WORDLIST}
_INDEX: Final = {word: index for index, word in enumerate(WORDLIST)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareSet:
    """Which shares belong together: nothing of this is secret."""

    identifier: int
    threshold: int
    holders: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NewShares:
    """Freshly split: a share for each holder, in their order. Has no text form."""

    about: ShareSet
    words: tuple[tuple[str, ...], ...]


def split(secret: bytes, *, threshold: int, holders: tuple[str, ...]) -> NewShares:
    """Split a secret of 32 octets for these holders."""
    ((*mnemonics,),) = generate_mnemonics(1, [(threshold, len(holders))], secret)
    first = Share.from_mnemonic(mnemonics[0])
    about = ShareSet(identifier=first.identifier, threshold=threshold, holders=holders)
    return NewShares(about=about, words=tuple(tuple(each.split()) for each in mnemonics))


def words_of(text: str) -> tuple[str, ...]:
    """Typed words in full: the first four letters of each suffice."""
    return tuple(_BY_PREFIX.get(word[:_PREFIX], word) for word in text.lower().split())


def check(words: Sequence[str], *, holder: str, about: ShareSet) -> None:
    """Make sure that these are this holder's words of this set.

    Raises:
        BadInput: names the holder, and the word where that can be told.
    """
    for place, word in enumerate(words, 1):
        if word not in _INDEX:
            raise _wrong(holder, f"word {place} is none of the list")
    if len(words) != SHARE_WORDS:
        raise _wrong(holder, f"has {SHARE_WORDS} words, {len(words)} were typed")
    try:
        share = Share.from_mnemonic(" ".join(words))
    except MnemonicError:
        raise _wrong(holder, f"its checksum does not hold{_suspect(words)}") from None
    if share.identifier != about.identifier:
        raise _wrong(holder, "belongs to another key or another ceremony")
    if share.index != about.holders.index(holder):
        raise _wrong(holder, f"is the share of {about.holders[share.index]}")


def combine(shares: Sequence[Sequence[str]]) -> bytes:
    """The secret again, from as many checked shares as it needs.

    Raises:
        BadInput: too few, twice the same, or not of one set.
    """
    try:
        secret: bytes = combine_mnemonics([" ".join(words) for words in shares])
    except MnemonicError:
        raise BadInput(
            message="these shares do not give the key's passphrase",
            next_step="type in different shares of this key, as many as it needs",
        ) from None
    return secret


def _suspect(words: Sequence[str]) -> str:
    """Where a single wrong word would explain the checksum: it corrects one of three errors."""
    indices = [_INDEX[word] for word in words]
    for place, index in enumerate(indices):
        for other in range(len(WORDLIST)):
            indices[place] = other
            if verify_checksum(indices, CUSTOMIZATION_STRING_EXTENDABLE):
                return f"; look at word {place + 1}"
        indices[place] = index
    return ""


def _wrong(holder: str, why: str) -> BadInput:
    return BadInput(
        message=f"the share of {holder}: {why}", next_step="compare with the paper and type again"
    )
