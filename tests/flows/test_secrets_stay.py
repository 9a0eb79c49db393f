"""After a card was made, blocked and looked for: no secret stands where others may read."""

import asyncio
import base64
import hashlib
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from fixtures_backup import answered, asked
from nursery import Nursery
from pki.api.wire import BlockRequest
from pki.domain.reasons import BlockReason
from practice import BIRTH_DATE, Practice, employee
from program import fetched
from server.initialise import ADMINISTRATOR

pytestmark = pytest.mark.slow

PERSON = employee(7)
LONG_WORD = re.compile(rb"[A-Za-z0-9_\-+/=]{20,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """An installation after its use; what it said and what it keeps, by name."""

    practice: Practice
    said: dict[str, bytes]
    kept: dict[str, bytes]


@pytest.fixture(scope="module")
def lived(module_practice: Practice, nursery: Nursery) -> Lived:
    practice = module_practice
    with nursery.serving(practice):
        asyncio.run(use(practice))
        health = f"http://127.0.0.1:{practice.metrics_port}"
        said = {name: fetched(f"{health}/{name}") for name in ("metrics", "readyz")}
    export = practice.layout.root / "audit.jsonl"
    asked("journal", "export", str(export), "-c", str(practice.config))
    said["log"] = practice.layout.root.joinpath("servers.log").read_bytes()
    said["doctor"] = answered("doctor", "-c", str(practice.config)).stdout.encode()
    kept = {"journal export": export.read_bytes()}
    store = practice.layout.store
    kept |= {each.name: each.read_bytes() for each in store.parent.iterdir() if each.is_file()}
    return Lived(practice=practice, said=said, kept=kept)


async def use(practice: Practice) -> None:
    """A card is made, blocked, and a wrong request refused."""
    made = await practice.make_card(PERSON)
    async with practice.client(ADMINISTRATOR) as administrator:
        await administrator.block(made.card.card_id, BlockRequest(reason=BlockReason.LOSS))


def spellings(secret: bytes) -> Iterator[bytes]:
    """As octets, hexadecimal and base64 of both kinds."""
    yield secret
    yield secret.hex().encode()
    for encoded in (base64.b64encode(secret), base64.urlsafe_b64encode(secret)):
        yield encoded.rstrip(b"=")


def secrets(practice: Practice) -> dict[str, list[bytes]]:
    day = BIRTH_DATE.value
    forms = ("%Y-%m-%d", "%d-%m-%Y", "%Y%m%d", "%d%m%Y", "%d/%m/%Y")
    found = {"birth date": [day.strftime(each).encode() for each in forms]}
    for path in sorted(practice.layout.secret("passphrase").parent.iterdir()):
        found[path.name] = list(spellings(path.read_bytes().strip()))
    for path in practice.layout.root.glob("keys/*.pem"):
        body = b"".join(path.read_bytes().splitlines()[1:-1])
        found[path.name] = [body[:60]]
    return found


def test_no_secret_is_said_or_kept(lived: Lived) -> None:
    places = lived.said | lived.kept
    assert all(places.values())
    wanted = secrets(lived.practice)
    assert {"birth date", "passphrase", "sealing.key", "pass-digest-salt"} <= wanted.keys()
    found = [
        (name, place)
        for name, forms in wanted.items()
        for place, octets in places.items()
        if any(len(form) >= 8 and form in octets for form in forms)
    ]
    assert not found


def test_no_name_or_number_of_a_person_is_said(lived: Lived) -> None:
    """The store keeps them, in rows that can be erased; the journal and the log never do."""
    forms = [PERSON.surname.encode(), PERSON.uzi_number.value.encode(), b"Chlo", b"Chlo\\u00eb"]
    told = lived.said | {"journal export": lived.kept["journal export"]}
    assert not [(form, place) for form in forms for place, octets in told.items() if form in octets]
    assert any(PERSON.surname.encode() in octets for octets in lived.kept.values())


def test_no_session_token_is_said_or_kept(lived: Lived) -> None:
    """Tokens are nowhere, so every word that could be one is held against the digests kept."""
    with closing(sqlite3.connect(lived.practice.layout.store)) as store:
        digests = {row[0] for row in store.execute("SELECT token_sha256 FROM sessions")}
    assert digests
    words = {
        word
        for octets in (*lived.said.values(), *lived.kept.values())
        for word in LONG_WORD.findall(octets)
    }
    assert len(words) > 100
    assert not digests & {hashlib.sha256(word).digest() for word in words}


def test_what_is_secret_is_for_its_owner_alone(lived: Lived) -> None:
    root: Path = lived.practice.layout.root
    private = [*root.glob("secrets/*"), *root.glob("keys/*"), *root.glob("store/*")]
    assert len(private) > 5
    assert not [path for path in private if path.is_file() and path.stat().st_mode & 0o077]
    assert not list(root.rglob("core*.dump"))
