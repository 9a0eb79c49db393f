"""The manifest: what it says comes back, and nothing in it leads outside."""

import json
from dataclasses import replace
from typing import Any

import pytest

from made.backups import CONFIG, SOURCES, STORE, manifest
from pki.domain.errors import Malformed
from server.commands.backup.manifest import FileEntry, Manifest, safe_name

WHOLE = manifest(*(source.entry() for source in SOURCES))


def test_it_comes_back_as_it_was() -> None:
    assert Manifest.from_json(WHOLE.to_json()) == WHOLE
    assert WHOLE.head.digest == bytes.fromhex("ab" * 32)
    assert WHOLE.summary()["files"] == len(SOURCES)


@pytest.mark.parametrize(
    "name",
    ["", "/etc/passwd", "../x", "a/../b", "a//b", "./a", "a/.", "a/", "a\nb", "a\0b", "x" * 2000],
)
def test_a_name_stays_inside(name: str) -> None:
    assert not safe_name(name)
    entry = FileEntry(name=name, size=0, sha256="00")
    with pytest.raises(Malformed):
        Manifest.from_json(manifest(*WHOLE.files, entry).to_json())


@pytest.mark.parametrize("name", ["zorgid.toml", "store/zorgid.sqlite3", "elsewhere/etc/é b.pem"])
def test_ordinary_names(name: str) -> None:
    assert safe_name(name)


def altered(**changes: Any) -> bytes:
    value = json.loads(WHOLE.to_json()) | changes
    return json.dumps({name: each for name, each in value.items() if each is not None}).encode()


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"[]",
        b"\xff",
        altered(format="other"),
        altered(version=2),
        altered(version=None),
        altered(digest="xyz"),
        altered(position=-1),
        altered(extra=1),
        altered(files=[]),
        altered(files=[1]),
        altered(store="elsewhere"),
        altered(configuration="missing.toml"),
        altered(crls={"a": "b"}),
        altered(crls=None),
        altered(crls={"token-ca-g1": -1}),
        altered(issuing="another"),
    ],
)
def test_what_is_not_one_of_ours(octets: bytes) -> None:
    with pytest.raises(Malformed, match="the manifest of the backup"):
        Manifest.from_json(octets)


def test_no_file_twice_and_none_named_as_the_manifest() -> None:
    twice = manifest(*WHOLE.files, WHOLE.files[0])
    own = manifest(*WHOLE.files, replace(CONFIG.entry(), name="manifest.json"))
    negative = manifest(*WHOLE.files, replace(STORE.entry(), name="x", size=-1))
    for each in (twice, own, negative):
        with pytest.raises(Malformed):
            Manifest.from_json(each.to_json())
