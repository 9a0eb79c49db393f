"""Counts of what the journal says."""

from datetime import UTC, datetime
from typing import TypedDict

from pki.domain.events import (
    CardBlocked,
    CardLapsed,
    CardRevoked,
    CertificateIntended,
    CertificateIssued,
    Event,
    IntentClosed,
    RequestRefused,
    ServiceStarted,
)
from pki.domain.identifiers import CardId, IssuerId, MobielId, PersonId, SerialNumber, Ura
from pki.domain.journal import GENESIS, JournalHead, append
from pki.domain.mobiel.events import (
    MobielBlocked,
    MobielEnded,
    MobielIntended,
    MobielIntentClosed,
    MobielRegistered,
    MobielRenewed,
    MobielSuperseded,
)
from pki.domain.people import SYSTEM
from pki.domain.reasons import BlockReason, RefusalReason, RevokeReason
from server.process.counts import JournalCounts

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CARD, CA = CardId("a" * 32), IssuerId("token-ca-g1")
A, B = SerialNumber(1 << 156), SerialNumber(1 << 157)

EVENTS: tuple[Event, ...] = (
    ServiceStarted(roles="all", version="1"),
    CertificateIntended(card=CARD, issuer=CA, serial=A, tbs_sha256="", profile="card@ab12"),
    CertificateIssued(card=CARD, issuer=CA, serial=A, certificate_sha256=""),
    CertificateIssued(card=CARD, issuer=CA, serial=B, certificate_sha256=""),
    CardBlocked(card=CARD, issuer=CA, serial=A, reason=BlockReason.LOSS),
    CardRevoked(card=CARD, issuer=CA, serial=A, reason=RevokeReason.LOSS_OR_THEFT, revoked_at=NOON),
    IntentClosed(card=CARD, issuer=CA, serial=B, revoked_at=NOON),
    RequestRefused(reason=RefusalReason.PASS_REVOKED, pass_digest=None, card=None),
    RequestRefused(reason=RefusalReason.PASS_REVOKED, pass_digest=None, card=None),
)


def test_each_is_counted_under_its_name() -> None:
    counts = JournalCounts(40)
    head = JournalHead(position=40, digest=GENESIS)
    entries = []
    for event in EVENTS:
        entries.append(append(head, at=NOON, actor=SYSTEM, event=event))
        head = JournalHead(position=entries[-1].position, digest=entries[-1].digest)
    counts.apply(entries[:5])
    counts.apply(entries[5:])
    found = {(each.name, *each.labels.values()): each.value for each in counts.readings()}
    assert found == {
        ("zorgid_journal_position",): 49,
        ("zorgid_certificates_issued_total", "card"): 1,
        ("zorgid_certificates_issued_total", "unknown"): 1,
        ("zorgid_certificates_revoked_total", "hold:loss"): 1,
        ("zorgid_certificates_revoked_total", "loss_or_theft"): 1,
        ("zorgid_certificates_revoked_total", "intent_closed"): 1,
        ("zorgid_refusals_total", "pass_revoked"): 2,
    }


C = SerialNumber(1 << 158)


class Whose(TypedDict):
    mobiel: MobielId
    person: PersonId
    ura: Ura
    issuer: IssuerId


WHOSE: Whose = {
    "mobiel": MobielId("b" * 32),
    "person": PersonId("c" * 32),
    "ura": Ura("90000001"),
    "issuer": IssuerId("mobiel-ca-g1"),
}
OF_TELEPHONES: tuple[Event, ...] = (
    MobielIntended(
        mobiel=WHOSE["mobiel"],
        issuer=WHOSE["issuer"],
        serial=A,
        tbs_sha256="",
        profile="zorgid-mobiel@0",
    ),
    MobielRegistered(**WHOSE, serial=A, certificate_sha256=""),
    MobielBlocked(**WHOSE, serial=A, reason=BlockReason.LOSS),
    MobielSuperseded(mobiel=WHOSE["mobiel"], issuer=WHOSE["issuer"], serial=A, revoked_at=NOON),
    MobielRenewed(**WHOSE, serial=B, certificate_sha256=""),
    MobielEnded(**WHOSE, serial=B, reason=RevokeReason.LOSS_OR_THEFT, revoked_at=NOON),
    MobielIntentClosed(mobiel=WHOSE["mobiel"], issuer=WHOSE["issuer"], serial=C, revoked_at=NOON),
)


def test_telephones_are_counted_as_cards_are() -> None:
    counts = JournalCounts(0)
    head = JournalHead(position=0, digest=GENESIS)
    counts.apply([append(head, at=NOON, actor=SYSTEM, event=each) for each in OF_TELEPHONES])
    found = {(each.name, *each.labels.values()): each.value for each in counts.readings()}
    assert found == {
        ("zorgid_journal_position",): 1,
        ("zorgid_certificates_issued_total", "zorgid-mobiel"): 1,
        ("zorgid_certificates_issued_total", "unknown"): 1,
        ("zorgid_certificates_revoked_total", "hold:loss"): 1,
        ("zorgid_certificates_revoked_total", "superseded"): 1,
        ("zorgid_certificates_revoked_total", "loss_or_theft"): 1,
        ("zorgid_certificates_revoked_total", "intent_closed"): 1,
    }


def test_a_lapsed_order_counts_if_it_had_a_certificate() -> None:
    counts = JournalCounts(0)
    head = JournalHead(position=0, digest=GENESIS)
    for issuer, serial in ((None, None), (CA, A)):
        event = CardLapsed(card=CARD, issuer=issuer, serial=serial, revoked_at=NOON)
        counts.apply([append(head, at=NOON, actor=SYSTEM, event=event)])
    found = {(each.name, *each.labels.values()): each.value for each in counts.readings()}
    assert found["zorgid_certificates_revoked_total", "lapsed"] == 1
