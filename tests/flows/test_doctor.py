"""What `zorgid doctor` finds of installations to which things were done, and what it advises."""

import asyncio
import json
import os
import sqlite3
from contextlib import closing, redirect_stdout
from datetime import timedelta
from functools import partial
from io import StringIO
from typing import Any, cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from installed.nursery import Nursery
from installed.practice import Practice
from links import leads_somewhere
from pki.domain.events import ServiceStarted
from pki.domain.people import SYSTEM
from pki.observe.crl import CrlView
from pki.ports import SystemClock
from pki.store.writing import Store, WriteSession
from server.cli import run
from server.commands import outside
from server.settings import load
from status_side.small_pki import PracticeCa, new_key
from stores.samples import SetClock

pytestmark = pytest.mark.slow

Found = list[dict[str, str]]
DAY = timedelta(days=1)


def doctor(practice: Practice) -> tuple[int, Found]:
    """Exit code and findings, as a script sees them."""
    with redirect_stdout(StringIO()) as printed:
        code = run(["doctor", "--json", "--config", str(practice.config)])
    answer: dict[str, Any] = json.loads(printed.getvalue())
    assert answer["ok"] is (code == 0)
    findings: Found = answer["result"]["findings"]
    return code, findings


def seen(found: Found, about: str, text: str) -> dict[str, str]:
    """The one finding that says so."""
    said = [each for each in found if each["about"] == about and text in each["text"]]
    assert len(said) == 1, [each["text"] for each in found if each["about"] == about]
    return said[0]


def pem(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


def from_tomorrow(practice: Practice) -> None:
    """Another node's clock is ahead, and it wrote to the journal."""
    clock = SetClock(at=SystemClock().now() + DAY)
    store = Store.open(load(practice.config).store.url, clock=clock)
    event = ServiceStarted(roles="all", version="1")
    for _ in range(2):
        store.write_sync(partial(WriteSession.record, event=event, actor=SYSTEM))
    store.close_sync()


def tamper(practice: Practice, *statements: str) -> None:
    """Somebody has the database file."""
    with closing(sqlite3.connect(practice.layout.store)) as store, store:
        triggers = store.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            store.execute(f"DROP TRIGGER {name}")
        for each in statements:
            store.execute(each)


HELD = 59
"""Seconds; what is said to be held for more than a minute is not."""

LEASES = "INSERT INTO leases VALUES ('{}', '{}', 1, (strftime('%s') + {}) * 1000000)"
NEGLECTED = (
    ("store", "problem", "says production; the store is of practice", "kinds never mix"),
    ("keys", "problem", "the key of token-ca-g1 is a file", "key ceremony"),
    ("keys", "problem", "spare may be read by others", "chmod 600"),
    ("keys", "problem", "sealing key sealing.key cannot be read", "from the backup"),
    ("chain", "problem", "services-ca-g1 was not signed by a root", "compare the files"),
    ("store", "problem", "the head says", "entries are missing at the end"),
    ("checkpoint", "warning", "the journal's end was never signed", "run the role issuance"),
    ("LDAP", "warning", "no directory is kept", "[ldap]"),
    ("backup", "problem", "none is recorded on this computer", "zorgid backup FILE"),
    ("entropy", "problem", "is not seeded yet", "virtio-rng"),
    ("disk", "problem", "0 MiB of 0 are free", "make room now"),
    ("certificates", "problem", "the API's server certificate is good 2", "Services CA certify"),
    ("nodes", "problem", "have different profiles: one, two", "compare the folders"),
    ("tasks", "warning", "nobody runs crls (no CRL is built)", "start zorgid serve"),
    ("settings", "warning", 'log_level = "debug" fills the disk', "info"),
    ("settings", "warning", "views.interval_seconds is 0", "leave it out"),
    ("settings", "warning", "receipts.watch is false", "leave it out"),
    ("settings", "warning", "keys that are known to others", "key_blocklist"),
    ("settings", "warning", "this computer itself is turned away", "take 127.0.0.0/8"),
    ("settings", "warning", "CRLs are served by this installation alone", "folder or bucket"),
    ("UZI register", "warning", "no UZI register is trusted", "add section [uzi]"),
    ("trust store", "warning", "does not trust the root", "must install"),
    ("OCSP", "problem", "/ocsp cannot be read: Connection refused", "status service runs"),
    ("CRL", "problem", "cannot be read: Connection refused", "status service runs"),
    ("views", "warning", "ocsp-get cannot be compared", "zorgid serve"),
)
"""Subject, level, what is said, and of the next step."""


def neglect(practice: Practice) -> None:
    """All at once: no finding hides another."""
    layout = practice.layout
    practice.change(
        ('kind = "practice"', 'kind = "production"'),
        ("ZORG-ID PRACTICE", "ZORG-ID"),
        ("1.3.6.1.4.1.32473.2026", "1.3.6.1.4.1.54321.1"),
    )
    text = practice.config.read_text("utf-8").partition("[uzi]")[0]
    text += "[views]\ninterval_seconds = 0\n[receipts]\nwatch = false\n"
    proxied = '[api]\nproxies = ["192.0.2.10", "127.0.0.0/8"]\nproxy_protocol = true'
    assert text.count("[api]\n") == 1
    text = text.replace("[api]", proxied)
    practice.config.write_text(f'log_level = "debug"\n{text}', "utf-8")
    layout.secret("spare").write_bytes(b"")
    layout.secret("spare").chmod(0o644)
    layout.secret("sealing.key").unlink()
    other = PracticeCa("ZORG-ID Services CA", new_key("services"))
    layout.certificate("services-ca-g1").write_bytes(pem(other.certificate))
    ended = other.responder(new_key("api"), start=SystemClock().now() - 3 * DAY, days=1)
    layout.certificate("api").write_bytes(pem(ended))
    tamper(
        practice,
        "DELETE FROM journal WHERE position = (SELECT max(position) FROM journal)",
        LEASES.format("profiles/a/1", "one", HELD),
        LEASES.format("profiles/b/2", "two", HELD),
        LEASES.format("crls", "one", -HELD),
    )


@pytest.fixture(scope="module")
def neglected(module_practice: Practice) -> tuple[int, Found]:
    neglect(module_practice)

    def unseeded(*_: object) -> bytes:
        raise BlockingIOError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "getrandom", unseeded)
        patch.setattr(os, "statvfs", lambda _: os.statvfs_result((4096, 4096, *[0] * 8)))
        return doctor(module_practice)


@pytest.mark.parametrize(("about", "level", "text", "step"), NEGLECTED)
def test_what_is_wrong_is_named_with_what_to_do(
    neglected: tuple[int, Found], about: str, level: str, text: str, step: str
) -> None:
    code, found = neglected
    finding = seen(found, about, text)
    assert code == 1
    assert finding["level"] == level
    assert step in finding["next_step"]
    assert leads_somewhere(finding["runbook"])


def test_an_entry_that_was_changed_and_a_clock_that_is_behind(practice: Practice) -> None:
    from_tomorrow(practice)
    _, found = doctor(practice)
    behind = seen(found, "clock", "behind the last journal entry")
    assert (behind["level"], "set the clock right" in behind["next_step"]) == ("problem", True)
    tamper(practice, "UPDATE journal SET payload = '{}' WHERE position = 2")
    code, found = doctor(practice)
    changed = seen(found, "store", "journal entry 2 was changed")
    assert (code, changed["level"]) == (1, "problem")
    assert "stop issuing" in changed["next_step"]


def test_what_keeps_several_from_being_looked_at_is_told_once(practice: Practice) -> None:
    for path in practice.layout.root.joinpath("profiles").iterdir():
        path.unlink()
    for path in practice.layout.store.parent.iterdir():
        path.unlink()
    code, found = doctor(practice)
    assert code == 1
    assert seen(found, "store", "there is no store")["next_step"].startswith("run zorgid init")
    assert seen(found, "generations", "holds no profile")["level"] == "problem"
    texts = [each["text"] for each in found]
    assert len(texts) == len(set(texts))


def test_what_was_published_while_it_looked_is_not_of_the_future(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SetClock(at=SystemClock().now())

    async def published_now(*asked: object) -> CrlView:
        del asked
        clock.forward(5)
        return CrlView(
            number=1,
            this_update=clock.now(),
            next_update=clock.now() + 30 * DAY,
            entries=0,
            octets=700,
            _crl=cast("x509.CertificateRevocationList", None),
        )

    monkeypatch.setattr(outside, "fetch_crl", published_now)
    found = asyncio.run(outside.examine_outside(load(practice.config), clock))
    lists = [each for each in found if each.about == "CRL"]
    assert len(lists) == len(load(practice.config).published)
    assert {each.level for each in lists} == {"ok"}


def test_nothing_is_wrong_with_one_that_runs(practice: Practice, nursery: Nursery) -> None:
    with nursery.serving(practice):
        code, found = doctor(practice)
    assert [each for each in found if each["level"] == "problem"] == []
    assert code == 0
    subjects = {each["about"] for each in found if each["level"] == "ok"}
    assert {"keys", "evidence", "chain", "store", "journal", "OCSP", "CRL", "views"} <= subjects
