"""Which bytes count as linted: those that passed, once, and no others."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

import ca.authority
from ca.authority import CertificationAuthority
from ca.lint import Linted, check_tbs
from ca.profile import Profile
from fixtures.signers import EPOCH, HOLDER, signer
from pki.domain.algorithms import KeyType

CARD_KEY = signer(KeyType.RSA_2048, "linted card").public_key


def test_bytes_are_taken_once(profiles: Mapping[str, Profile]) -> None:
    card, responder = profiles["card-rsa2048"], profiles["ocsp-responder"]
    linted = Linted()
    linted.remember(b"tbs", card)
    assert not linted.take(b"other", (card,))
    assert linted.take(b"tbs", (card, responder))
    assert not linted.take(b"tbs", (card, responder))
    linted.remember(b"tbs", card)
    assert not linted.take(b"tbs", (responder,))


def test_only_the_newest_are_remembered(profiles: Mapping[str, Profile]) -> None:
    card, linted = profiles["card-rsa2048"], Linted()
    for each in range(5000):
        linted.remember(b"%d" % each, card)
    assert not linted.take(b"0", (card,))
    assert linted.take(b"4999", (card,))


async def test_what_was_prepared_elsewhere_or_signed_before_is_linted_again(
    token_ca: CertificationAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []

    def watched(tbs: bytes, **rest: object) -> None:
        seen.append(tbs)
        check_tbs(tbs, **rest)  # type: ignore[arg-type] # handed on as it came

    monkeypatch.setattr(ca.authority, "check_tbs", watched)
    mine = token_ca.prepare_card(HOLDER, CARD_KEY, EPOCH).tbs
    await token_ca.sign(mine)
    assert not seen
    await token_ca.sign(mine)
    assert seen == [mine]
    other = replace(token_ca, linted=Linted())
    theirs = other.prepare_card(HOLDER, CARD_KEY, EPOCH + timedelta(days=1)).tbs
    await token_ca.sign(theirs)
    assert seen == [mine, theirs]
