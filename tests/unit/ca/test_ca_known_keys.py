"""A key whose private half is known to others is refused wherever it would be certified."""

from dataclasses import replace

import pytest

from ca.authority import CertificationAuthority
from fixtures.signers import EPOCH, HOLDER, signer
from pki.domain.algorithms import KeyType
from pki.domain.errors import KeyRejected

KNOWN = signer(KeyType.RSA_2048, "known").public_key
OTHER = signer(KeyType.RSA_2048, "card").public_key


class Known:
    def lists(self, public_key: bytes, /) -> bool:
        return public_key == KNOWN


def test_a_known_key_is_never_certified(token_ca: CertificationAuthority) -> None:
    wary = replace(token_ca, known_keys=Known())
    wary.check_key(OTHER)
    assert wary.prepare_card(HOLDER, OTHER, EPOCH).tbs
    with pytest.raises(KeyRejected) as refused:
        wary.check_key(KNOWN)
    assert refused.value.rule == "known key"
    with pytest.raises(KeyRejected):
        wary.prepare_card(HOLDER, KNOWN, EPOCH)
    with pytest.raises(KeyRejected):
        wary.prepare_responder(KNOWN, EPOCH)
