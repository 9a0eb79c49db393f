"""What happens moves the metrics that say so: those of a running installation, as scraped."""

import asyncio
import base64
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from prometheus_client.parser import text_string_to_metric_families

from installed.nursery import Nursery
from installed.practice import Practice, employee, refused
from installed.program import exchanged, fetched, until
from pki.api.wire import BlockRequest, RevokeRequest
from pki.domain.reasons import BlockReason, RevokeReason
from pki.ports import SystemClock
from server.initialise import ADMINISTRATOR

pytestmark = [pytest.mark.slapd, pytest.mark.slow]

Labels = frozenset[tuple[str, str]]
MOST_SERIES: Final = 60
"""Of one metric: labels have few values, whatever clients send."""


@dataclass(frozen=True, kw_only=True)
class Scrape:
    """What a process said at once: a type for each family, a value for each series."""

    types: Mapping[str, str]
    values: Mapping[tuple[str, Labels], float]

    def of(self, name: str, labels: Mapping[str, str]) -> float:
        """All series with these labels among theirs, added up; 0 without any."""
        wanted = frozenset(labels.items())
        found = self.values.items()
        return sum(value for (each, given), value in found if each == name and wanted <= given)


def scrape(practice: Practice) -> Scrape:
    text = fetched(f"http://127.0.0.1:{practice.metrics_port}/metrics").decode()
    families = list(text_string_to_metric_families(text))
    return Scrape(
        types={each.name: each.type for each in families},
        values={
            (each.name, frozenset(each.labels.items())): each.value
            for family in families
            for each in family.samples
        },
    )


def issuing(practice: Practice) -> x509.Certificate:
    return x509.load_pem_x509_certificate(practice.layout.certificate("token-ca-g1").read_bytes())


def question(practice: Practice, der: bytes) -> bytes:
    """With SHA-1, as nobody else here asks."""
    card = x509.load_der_x509_certificate(der)
    digest = hashes.SHA1()  # noqa: S303 -- asked by many
    built = ocsp.OCSPRequestBuilder().add_certificate(card, issuing(practice), digest).build()
    return built.public_bytes(Encoding.DER)


def ask(practice: Practice, body: bytes, status: str) -> None:
    """By POST once, and by GET until one that is kept is given: the journal must have been seen."""
    path = f"{practice.ocsp_url}/{quote(base64.b64encode(body), safe='')}"
    assert exchanged(practice.ocsp_url, body, "application/ocsp-request")[0] == 200

    def kept() -> bool:
        assert exchanged(path)[0] == 200
        hit = answered(status, "GET", "hit")
        return scrape(practice).of("zorgid_ocsp_responses_total", hit) > 0

    until(kept, "an answer is kept")


def shown(practice: Practice) -> float:
    return scrape(practice).of("zorgid_change_shown_seconds_count", {"sink": "ocsp"})


async def live(practice: Practice) -> None:
    """A card is made, asked for, blocked, asked for again, and revoked; one thing is refused."""
    made = await practice.make_card(employee(1))
    body, card = question(practice, made.certificate), made.card.card_id
    await asyncio.to_thread(ask, practice, body, "good")
    # Of changes that follow each other too soon only the last is looked for.
    until_shown = partial(until, lambda: shown(practice) > 0, "OCSP is seen to show the card")
    await asyncio.to_thread(until_shown)
    async with practice.client(ADMINISTRATOR) as administrator:
        revoke = RevokeRequest(reason=RevokeReason.LOSS_OR_THEFT)
        await refused(administrator.revoke(card, revoke))
        await administrator.block(card, BlockRequest(reason=BlockReason.LOSS))
        await asyncio.to_thread(ask, practice, body, "onhold")
        await administrator.revoke(card, revoke)
    await asyncio.to_thread(exchanged, practice.ocsp_url, b"?", "application/ocsp-request")


@pytest.fixture(scope="module")
def scrapes(module_practice: Practice, nursery: Nursery) -> Iterator[tuple[Scrape, Scrape]]:
    """Before and after."""
    practice = module_practice
    practice.change(('mode = "off"', 'mode = "private"'))

    with nursery.serving(practice):
        before = scrape(practice)
        asyncio.run(live(practice))

        def lagging() -> list[str]:
            """What moves by itself, some time after what moved it."""
            now = scrape(practice)
            late = [
                name
                for name, labels, by in FOLLOWED
                if now.of(name, labels) < before.of(name, labels) + by
            ]
            awaited = ("zorgid_ldap_outbox_pending", "zorgid_changes_awaited")
            return late + [name for name in awaited if now.of(name, {}) != 0]

        until(lambda: not lagging(), "CRL and directory show all", lambda: str(lagging()))
        yield before, scrape(practice)


def answered(status: str, method: str, cache: str) -> dict[str, str]:
    return {"status": status, "hash": "sha1", "method": method, "cache": cache}


CARDS: Final = {"issuer": "token-ca-g1"}
FOLLOWED: Final[tuple[tuple[str, dict[str, str], int], ...]] = (
    ("zorgid_crl_entries", CARDS, 1),
    ("zorgid_crl_size_bytes", CARDS, 20),
    ("zorgid_crl_publications_total", CARDS, 1),
    ("zorgid_ldap_changes_total", {"replica": "directory"}, 1),
    ("zorgid_journal_position", {}, 8),
    ("zorgid_follower_position", {"follower": "ldap"}, 8),
    ("zorgid_change_shown_seconds_count", {"sink": "ocsp"}, 2),
    ("zorgid_change_shown_seconds_count", {"sink": "crl"}, 1),
)
GROWS: Final = (
    ("zorgid_certificates_issued_total", {"profile": "card-p256"}, 1),
    ("zorgid_certificates_revoked_total", {"reason": "hold:loss"}, 1),
    ("zorgid_certificates_revoked_total", {"reason": "loss_or_theft"}, 1),
    ("zorgid_signatures_total", {"key": "token-ca-g1", "purpose": "certificate"}, 1),
    ("zorgid_sign_duration_seconds_count", {"key": "token-ca-g1"}, 2),
    ("zorgid_ocsp_responses_total", answered("good", "GET", "miss"), 1),
    ("zorgid_ocsp_responses_total", answered("good", "GET", "hit"), 1),
    ("zorgid_ocsp_responses_total", answered("good", "POST", "miss"), 1),
    ("zorgid_ocsp_responses_total", answered("onhold", "GET", "miss"), 1),
    ("zorgid_ocsp_responses_total", answered("onhold", "GET", "hit"), 1),
    ("zorgid_ocsp_responses_total", answered("onhold", "POST", "miss"), 1),
    ("zorgid_ocsp_errors_total", {"error": "malformed_request"}, 1),
    ("zorgid_ocsp_duration_seconds_count", {}, 4),
    ("zorgid_signatures_total", {"key": "ocsp-responder", "purpose": "ocsp"}, 4),
    ("zorgid_status_connections_total", {"outcome": "opened"}, 7),
    *FOLLOWED,
)
"""Name, labels, and by how much at least."""

EXACT: Final = frozenset({"zorgid_certificates_issued_total"})
TYPES: Final = {
    "zorgid_certificates_issued": "counter",
    "zorgid_certificates_revoked": "counter",
    "zorgid_certificates_expiring": "gauge",
    "zorgid_crl_next_update_timestamp_seconds": "gauge",
    "zorgid_crl_this_update_timestamp_seconds": "gauge",
    "zorgid_crl_size_bytes": "gauge",
    "zorgid_crl_entries": "gauge",
    "zorgid_ocsp_responses": "counter",
    "zorgid_ocsp_duration_seconds": "histogram",
    "zorgid_signatures": "counter",
    "zorgid_lint_findings": "counter",
    "zorgid_ldap_outbox_pending": "gauge",
    "zorgid_ldap_outbox_oldest_seconds": "gauge",
    "zorgid_ca_certificate_expiry_timestamp_seconds": "gauge",
    "zorgid_audit_chain_ok": "gauge",
}


@pytest.mark.parametrize(("name", "labels", "by"), GROWS)
def test_it_moves(
    scrapes: tuple[Scrape, Scrape], name: str, labels: dict[str, str], by: int
) -> None:
    before, after = (each.of(name, labels) for each in scrapes)
    assert after - before >= by
    assert name not in EXACT or after - before == by


def test_each_has_its_type(scrapes: tuple[Scrape, Scrape]) -> None:
    _, after = scrapes
    assert {name: after.types.get(name) for name in TYPES} == TYPES


def test_what_stands_says_what_is_so(
    module_practice: Practice, scrapes: tuple[Scrape, Scrape]
) -> None:
    before, after = scrapes
    now = SystemClock().now().timestamp()
    made, ends = (
        after.of(f"zorgid_crl_{each}_update_timestamp_seconds", CARDS) for each in ("this", "next")
    )
    assert before.of("zorgid_crl_this_update_timestamp_seconds", CARDS) <= made <= now + 1
    assert ends - made == 172_800
    end = issuing(module_practice).not_valid_after_utc.timestamp()
    assert after.of("zorgid_ca_certificate_expiry_timestamp_seconds", CARDS) == end
    for name in ("zorgid_audit_chain_ok", "zorgid_ldap_connected", "zorgid_clock_right"):
        assert after.of(name, {}) == 1
    for days in ("30", "90"):
        counted = ("zorgid_certificates_expiring", frozenset({("within_days", days)}))
        assert after.values[counted] == 0
    assert after.values["zorgid_lint_findings_total", frozenset({("severity", "error")})] == 0
    assert after.of("zorgid_signature_errors_total", {}) == 0
    down = {given for (name, given), up in after.values.items() if not up and "_up" in name}
    assert not {given for given in down if "source" in dict(given)}


def test_no_metric_grows_with_what_clients_send(
    module_practice: Practice, scrapes: tuple[Scrape, Scrape]
) -> None:
    for number in range(50):
        exchanged(f"{module_practice.ocsp_url}/{number}")
        exchanged(f"{module_practice.base_url}/nothing/{number}")
    before, after = scrapes[1], scrape(module_practice)
    counted = Counter(name for name, _ in after.values if not name.endswith("_bucket"))
    assert max(counted.values()) <= MOST_SERIES
    fresh = after.values.keys() - before.values.keys()
    assert len(fresh) <= 2, fresh
