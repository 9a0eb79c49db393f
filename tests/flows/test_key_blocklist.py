"""The setting key_blocklist: what stands in it is not certified, and a bad list stops the start."""

import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from fixtures.signers import signer
from installed.practice import Practice
from pki.domain.algorithms import KeyType
from pki.domain.errors import KeyRejected
from pki.ports import SystemEntropy
from server.commands.backup.contents import sources_of
from server.generation.authorities import open_generations
from server.settings import load

LISTED = signer(KeyType.P256, "known to others").public_key
OTHER = signer(KeyType.P256, "known to nobody").public_key


@pytest.fixture
def blocklist(practice: Practice) -> Path:
    """A list with one key, named by the configuration."""
    key = load_der_public_key(LISTED)
    assert isinstance(key, EllipticCurvePublicKey)
    x = key.public_numbers().x
    digest = hashlib.sha256(x.to_bytes((x.bit_length() + 7) // 8)).digest()
    path = practice.layout.root / "lists" / "blocklist.dat"
    path.parent.mkdir()
    path.write_bytes(digest[:15] + b"\x01")
    practice.change(
        ('profiles = "profiles"', 'profiles = "profiles"\nkey_blocklist = "lists/blocklist.dat"')
    )
    return path


@pytest.mark.usefixtures("blocklist")
def test_a_listed_key_is_refused_and_the_list_is_in_no_backup(practice: Practice) -> None:
    settings = load(practice.config)
    (authority,) = open_generations(settings, SystemEntropy()).all
    authority.check_key(OTHER)
    with pytest.raises(KeyRejected) as refused:
        authority.check_key(LISTED)
    assert refused.value.rule == "known key"
    assert not [each.name for each in sources_of(practice.config, settings) if "list" in each.name]


def test_a_missing_list_stops_the_start(practice: Practice, blocklist: Path) -> None:
    blocklist.unlink()
    ran = practice.zorgid("serve", "--config", str(practice.config), "--role", "all")
    assert ran.returncode == 2
    assert "key_blocklist" in ran.stderr
    assert "  next: put a current list there" in ran.stderr
