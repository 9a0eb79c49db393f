"""A clock that cannot be believed certifies nothing; what protects people goes on."""

import logging
from datetime import timedelta

import pytest
from cryptography import x509

from installed.practice import Practice, employee
from installed.program import readiness, until
from installed.sound import Change, Requests, check_sound
from pki.api.errors import ServiceUnavailable
from pki.domain.events import ServiceStarted
from pki.domain.people import SYSTEM
from pki.ports import SystemClock
from pki.store.writing import Store
from server.examining.ends import tell_ends
from server.process.roles import Role
from server.settings import load
from stores.samples import SetClock

pytestmark = [pytest.mark.openssl, pytest.mark.slow]

AHEAD = timedelta(hours=1)


def written_ahead(practice: Practice) -> None:
    """An entry of somebody whose clock was ahead."""
    clock = SetClock(at=SystemClock().now() + AHEAD)
    store = Store.open(f"sqlite:///{practice.layout.store}", clock=clock)
    event = ServiceStarted(roles="issuance", version="1")
    store.write_sync(lambda session: session.record(event, SYSTEM))
    store.close_sync()


async def test_a_clock_behind_the_journal_certifies_nothing_and_blocks_all_the_same(
    practice: Practice,
) -> None:
    requests = Requests()
    with practice.serving() as server:
        made = await practice.make_card(employee(900))
        serial = f"{x509.load_der_x509_certificate(made.certificate).serial_number:040x}"
        written_ahead(practice)
        metrics = practice.metrics_port
        until(lambda: "the journal's last" in (readiness(metrics) or ""), "it says so")
        assert "nothing is certified by this clock" in server.log
        with pytest.raises(ServiceUnavailable) as refused:
            await practice.make_card(employee(901))
        assert refused.value.retry_after
        assert "NTP" in (refused.value.problem.next_step or "")
        assert await requests.once(practice, Change.BLOCK, made.card.card_id)
        assert practice.openssl_ocsp(serial) == "hold"
        assert await requests.once(practice, Change.UNBLOCK, made.card.card_id)
        assert practice.openssl_ocsp(serial) == "good"
        told = practice.zorgid("doctor", "--config", str(practice.config))
        assert "the clock is behind the last journal entry" in told.stdout
        await check_sound(practice, requests)


@pytest.mark.parametrize(
    ("days", "levels", "says"),
    [
        (0, set(), ""),
        (3, {"WARNING"}, "the API's server certificate ends in"),
        (-1, {"ERROR"}, "the API's server certificate is good"),
    ],
)
def test_what_ends_is_told_at_the_start(
    practice: Practice, caplog: pytest.LogCaptureFixture, days: int, levels: set[str], says: str
) -> None:
    settings = load(practice.config)
    api = x509.load_pem_x509_certificate(settings.api.certificate.read_bytes())
    now = api.not_valid_after_utc - timedelta(days=days) if days else SystemClock().now()
    tell_ends(settings, frozenset({Role.ISSUANCE}), now)
    told = [each for each in caplog.records if says in getattr(each, "why", "")]
    assert {each.levelname for each in told} == levels
    assert all("certify another one" in getattr(each, "next_step", "") for each in told)
    tell_ends(settings, frozenset({Role.PUBLISHER}), now)
    assert logging.ERROR not in {each.levelno for each in caplog.records if each not in told}
