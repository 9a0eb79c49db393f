"""The text that is stored and hashed when an entry is made is the canonical one."""

from datetime import UTC, datetime

import pytest

from pki.domain.events import CardOrdered, CertificateIntended, Event
from pki.domain.identifiers import CardId, IssuerId, PersonId, SerialNumber, Ura
from pki.domain.journal import (
    GENESIS,
    JournalHead,
    append_stored,
    canonical_json,
    entry_digest,
    to_raw,
    verify_chain,
)
from pki.domain.people import SYSTEM, Actor, Role

CARD = CardId("a" * 32)
EVENTS: list[Event] = [
    CardOrdered(card=CARD, person=PersonId("b" * 32), ura=Ura("90000382")),
    CertificateIntended(
        card=CARD,
        issuer=IssuerId("token-ca-g1"),
        serial=SerialNumber(1 << 157),
        tbs_sha256="0" * 64,
        profile='card "één"\\@\n',
    ),
]
ACTORS = [SYSTEM, Actor(role=Role.HOLDER, id='"\\é\u2028', ura=Ura("90000382"))]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.KIND)
@pytest.mark.parametrize("actor", ACTORS, ids=["system", "odd"])
def test_it_is_the_canonical_text(event: Event, actor: Actor) -> None:
    start = JournalHead(position=0, digest=GENESIS)
    at = datetime(2026, 3, 1, 1, 2, 3, tzinfo=UTC)
    entry, payload = append_stored(start, at=at, actor=actor, event=event)
    raw = to_raw(entry)
    assert payload == canonical_json(raw.payload).decode()
    assert raw.at == "2026-03-01T01:02:03.000000Z"
    assert entry.digest == entry_digest(raw)
    assert verify_chain([raw]).digest == entry.digest
