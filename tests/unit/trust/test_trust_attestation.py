"""Proofs that a key was made on a card: what counts, and what does not."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from pki.domain.errors import ConfigurationInvalid, Refused
from pki.domain.reasons import RefusalReason
from pki.trust.attestation.chain import AttestationTrust
from virtual_card.maker import FIRST, PIN_NEVER, CardMaker, new_key

NOW = datetime(2026, 11, 22, 13, tzinfo=UTC)
MAKER, OTHER = CardMaker("Maker"), CardMaker("Another maker")
KEY = new_key().public_key()
SPKI = KEY.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
GOOD = MAKER.chain(KEY)
TRUST = AttestationTrust([OTHER.root, MAKER.root])


def refused(chain: tuple[bytes, ...], at: datetime = NOW, trust: AttestationTrust = TRUST) -> str:
    with pytest.raises(Refused) as raised:
        trust.judge(chain, SPKI, at)
    assert raised.value.reason is RefusalReason.ATTESTATION_NOT_TRUSTED
    return raised.value.message


def test_a_proof_of_a_trusted_maker_holds() -> None:
    TRUST.judge(GOOD, SPKI, NOW)
    TRUST.judge((MAKER.proof(KEY, pin=None), MAKER.of_card), SPKI, NOW)


def test_what_stands_below_a_root_may_be_what_is_trusted() -> None:
    AttestationTrust([MAKER.of_card]).judge(GOOD, SPKI, NOW)
    AttestationTrust([MAKER.of_card]).judge(GOOD[:1], SPKI, NOW)


def test_the_root_may_be_sent_along() -> None:
    TRUST.judge((*GOOD, MAKER.root), SPKI, NOW)


@pytest.mark.parametrize(
    ("chain", "why"),
    [
        (MAKER.chain(new_key().public_key()), "another key"),
        (GOOD[:1], "no valid path"),
        (GOOD[::-1], "another key"),
        (CardMaker("Maker").chain(KEY), "no valid path"),
        ((GOOD[0], CardMaker("Maker").of_card), "no valid path"),
        ((MAKER.proof(KEY, pin=PIN_NEVER), MAKER.of_card), "without a PIN"),
        ((MAKER.proof(KEY, last=FIRST.replace(year=2025)), MAKER.of_card), "no valid path"),
        ((*GOOD, *GOOD, MAKER.root), "more certificates"),
        ((GOOD[0], b"\x30\x00"), "cannot be read"),
        ((b"\x30" * 9000, GOOD[1]), "too large"),
    ],
)
def test_others_do_not(chain: tuple[bytes, ...], why: str) -> None:
    assert why in refused(chain)


def test_a_card_that_is_no_ca_proves_nothing() -> None:
    public = MAKER.card_key.public_key()
    no_ca = MAKER.ca("Maker Attestation", public, path_length=0, is_ca=False)
    assert "no valid path" in refused((GOOD[0], no_ca))


def test_a_card_whose_own_certificate_ended_proves_nothing() -> None:
    public = MAKER.card_key.public_key()
    ended = MAKER.ca("Maker Attestation", public, path_length=0, last=FIRST.replace(year=2020))
    assert "no valid path" in refused((GOOD[0], ended))


def test_a_key_that_is_proven_proves_no_other() -> None:
    """A key on a card may sign what looks like a proof; its own certificate makes it no CA."""
    attacker = CardMaker("Maker", root_key=MAKER.root_key)
    stolen = MAKER.proof(attacker.card_key.public_key())
    forged = attacker.proof(KEY)
    assert "no valid path" in refused((forged, stolen, MAKER.of_card))


@given(st.binary(max_size=300))
def test_arbitrary_octets_are_refused(octets: bytes) -> None:
    refused((octets, GOOD[1]))


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@given(st.integers(0, len(GOOD[0]) - 1), st.integers(1, 255))
def test_one_changed_octet_is_refused(place: int, bits: int) -> None:
    changed = bytearray(GOOD[0])
    changed[place] ^= bits
    refused((bytes(changed), GOOD[1]))


@pytest.mark.parametrize("roots", [[], [b"none"], [MAKER.proof(KEY)]], ids=["none", "odd", "leaf"])
def test_unusable_roots_are_named(roots: list[bytes]) -> None:
    with pytest.raises(ConfigurationInvalid) as raised:
        AttestationTrust(roots)
    assert raised.value.key == "attestation.roots"


def test_the_proofs_made_here_are_chained_as_they_say() -> None:
    chain = [x509.load_der_x509_certificate(each) for each in (*GOOD, MAKER.root)]
    for issued, issuer in pairwise(chain):
        issued.verify_directly_issued_by(issuer)
