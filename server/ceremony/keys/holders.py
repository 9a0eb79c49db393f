"""Share holders at the screen: each sees their words once, and types them back."""

import json
from pathlib import Path
from typing import Final

from ca.ceremony.outputs import Role
from pki.domain.errors import BadInput, KeyMismatch, NotFound
from pki.domain.journal import canonical_json
from pki.keys.checked import CheckedSigner
from pki.keys.soft import SoftSigner
from pki.ports import Signer
from server.ceremony.keys.shares import (
    SHARE_WORDS,
    NewShares,
    ShareSet,
    check,
    combine,
    words_of,
)
from server.ceremony.terminal import Dialogue

_ROW: Final = 5


def hand_out(dialogue: Dialogue, shares: NewShares) -> None:
    """Show each holder their words, once, until they can be typed in from paper."""
    about = shares.about
    dialogue.say(f"    {len(about.holders)} shares; any {about.threshold} of them open the key")
    for holder, words in zip(about.holders, shares.words, strict=True):
        dialogue.ask(f"{holder}, come to the screen, all others look away. Enter:")
        while not _shown(dialogue, holder, words):
            dialogue.say("    not the same words: they are shown once more")
        dialogue.say(f"    the share of {holder} was typed back correctly")


def open_key(dialogue: Dialogue, path: Path) -> tuple[Signer, bytes, list[str]]:
    """Open a key file with its holders: the key, its passphrase, and who came.

    Raises:
        NotFound: there is no such key file, or no share card beside it.
        KeyMismatch: its share card tells of another key.
        ConfigurationInvalid: the file does not open: not the key that these shares are of.
    """
    card = path.name.removesuffix(Role.KEY.value) + Role.SHARES.value
    about, public_key = _read_card(path.with_name(card))
    dialogue.say(f"    {path.name} opens with {about.threshold} shares")
    given = _collect(dialogue, about)
    passphrase = combine([words for _, words in given]).hex().encode()
    signer = CheckedSigner(SoftSigner.load(path, passphrase))
    if signer.public_key != public_key:
        raise KeyMismatch(
            message=f"{path.name} is not the key that its share card tells of",
            next_step="find the files of one ceremony",
        )
    return signer, passphrase, sorted(holder for holder, _ in given)


def share_card(about: ShareSet, public_key: bytes) -> bytes:
    """What is kept beside a key file: which shares open it. Nothing of it is secret."""
    return canonical_json(
        {
            "identifier": about.identifier,
            "threshold": about.threshold,
            "holders": list(about.holders),
            "public_key": public_key.hex(),
        }
    )


def _shown(dialogue: Dialogue, holder: str, words: tuple[str, ...]) -> bool:
    with dialogue.private():
        dialogue.say(f"Share of {holder}. Write it down, each word with its number.\n")
        for start in range(0, len(words), _ROW):
            row = enumerate(words[start : start + _ROW], start + 1)
            dialogue.say("   ".join(f"{place:2}. {word:<9}" for place, word in row))
        dialogue.ask_private("\nEnter when it is on paper; it is wiped then:")
    return _typed(dialogue, holder) == words


def _typed(dialogue: Dialogue, holder: str) -> tuple[str, ...]:
    """Words as typed, over as many lines as it takes; wiped from the screen afterwards."""
    typed: tuple[str, ...] = ()
    with dialogue.private():
        dialogue.say(f"Share of {holder}: type its {SHARE_WORDS} words.")
        dialogue.say("The first four letters of a word suffice; an empty line ends.")
        while len(typed) < SHARE_WORDS:
            line = dialogue.ask_private(f"from word {len(typed) + 1}:")
            if not line:
                break
            typed += words_of(line)
    return typed


def _collect(dialogue: Dialogue, about: ShareSet) -> list[tuple[str, tuple[str, ...]]]:
    given: list[tuple[str, tuple[str, ...]]] = []
    while len(given) < about.threshold:
        left = [each for each in about.holders if each not in {name for name, _ in given}]
        for place, holder in enumerate(left, 1):
            dialogue.say(f"    {place}. {holder}")
        answer = dialogue.ask(f"Share {len(given) + 1} of {about.threshold}: number of")
        if not answer.isdecimal() or not 1 <= int(answer) <= len(left):
            continue
        holder = left[int(answer) - 1]
        typed = _typed(dialogue, holder)
        try:
            check(typed, holder=holder, about=about)
        except BadInput as error:
            dialogue.say(f"    {error.message}")
            continue
        given.append((holder, typed))
    return given


def _read_card(path: Path) -> tuple[ShareSet, bytes]:
    try:
        table = json.loads(path.read_bytes())
        about = ShareSet(
            identifier=table["identifier"],
            threshold=table["threshold"],
            holders=tuple(table["holders"]),
        )
        return about, bytes.fromhex(table["public_key"])
    except (OSError, ValueError, KeyError, TypeError):
        raise NotFound(
            what="share card",
            message=f"{path.name} is missing or cannot be read",
            next_step="bring the key file and its share card together",
        ) from None
