"""`zorgid doctor`: examines this installation and this computer, and says what to do."""

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from pki.der.certificate import read_certificate
from pki.domain.errors import ZorgidError
from pki.ports import SystemClock
from pki.store.reading import ReadSession, ReadStore
from pki.trust.os_store import OsTrust, operating_system_trusts
from server.backups.examine import examine_backups
from server.checkpoints.examine import examine_checkpoints
from server.commands.findings import Finding, ok, problem, report, warning
from server.commands.generations import examine_generations
from server.commands.journal import verify_store
from server.commands.outside import examine_outside
from server.crls.examine import examine_sinks
from server.directory.examining import examine_positions
from server.examining.database import examine_database, require_kind
from server.examining.ends import examine_ends
from server.examining.keys import (
    examine_evidence,
    examine_keys,
    examine_responder_key,
    examine_secrets,
)
from server.examining.machine import examine_clock, examine_disk, examine_entropy
from server.examining.nodes import examine_nodes
from server.examining.smells import examine_settings
from server.generation.authorities import names_of, profiles_of
from server.generation.roots import root_of, signed_by
from server.leases.examine import examine_leases
from server.notices.examine import examine_notices
from server.report import Report, of_system, progress
from server.restored import read_marker
from server.roles.issuance_desk import trust_settings
from server.roles.keys import read_certificate_file
from server.settings import Settings, load

Check = Callable[[Settings, datetime], Iterator[Finding]]

_CLOCK_TOLERANCE: Final = timedelta(seconds=60)


def examine(config: Path) -> Report:
    """Examine everything; a check that fails does not stop the others.

    Raises:
        ConfigurationInvalid: without a configuration there is nothing to examine.
    """
    settings = load(config)
    now = SystemClock().now()
    findings = [ok("configuration", f"{config} ({settings.installation.kind})")]
    told: set[str] = set()
    for about, check in _CHECKS:
        progress(f"examining {about}")
        findings += _guarded(about, check, settings, now, told)
    progress("asking OCSP, CRL and LDAP from outside")
    outside = asyncio.run(examine_outside(settings, SystemClock()))
    findings += [each for each in outside if each.text not in told]
    return report(findings, f"examined {settings.installation.kind} installation")


def _guarded(
    about: str, check: Check, settings: Settings, now: datetime, told: set[str]
) -> Iterator[Finding]:
    """All that is found until the examination itself fails, and then why, unless that was told."""
    try:
        yield from check(settings, now)
    except (ZorgidError, OSError) as error:
        failure = error if isinstance(error, ZorgidError) else of_system(error)
        if failure.message not in told:
            told.add(failure.message)
            yield problem(about, failure.message, failure.next_step or "see the log")


def _chain(settings: Settings, now: datetime) -> Iterator[Finding]:
    for each in settings.published:
        certificate = read_certificate_file(each.certificate)
        content = read_certificate(certificate).content
        root = root_of(settings, certificate)
        if not signed_by(certificate, read_certificate_file(root.certificate)):
            yield problem("chain", f"{each.id} was not signed by a root", "compare the files")
        elif each in settings.generations:
            yield ok("chain", f"{each.id} was signed by {root.id}")
        elif not content.not_before <= now <= content.not_after:
            yield problem(
                "chain", f"{each.id} is not valid now", "check the clock; roll the CA over"
            )
        else:
            yield ok("chain", f"{each.id} is valid until {content.not_after:%Y-%m-%d}")


def _profiles(settings: Settings, now: datetime) -> Iterator[Finding]:
    del now
    for each in settings.generations:
        profiles = profiles_of(settings, each)
        digest = profiles[names_of(settings, each).person].digest
        what = "cards" if each in settings.token_ca else "telephones"
        yield ok("profiles", f"{each.id}: {len(profiles)} profiles; {what} by {digest[:30]}…")


def _kind(settings: Settings, now: datetime) -> Iterator[Finding]:
    del now
    store = ReadStore.open(settings.store.url, threads=1)
    try:
        found = store.read_sync(ReadSession.installation)
    finally:
        store.close_sync()
    kind = settings.installation.kind
    require_kind(None if found is None else found[1], kind)
    yield ok("store", f"is of a {kind} installation, as the configuration")


def _store(settings: Settings, now: datetime) -> Iterator[Finding]:
    store = ReadStore.open(settings.store.url, threads=1)
    try:
        position = verify_store(store).position
        last = store.read_sync(ReadSession.head_at)
    finally:
        store.close_sync()
    written = "never" if last is None else f"{last:%Y-%m-%d %H:%M:%S} UTC"
    yield ok("journal", f"verifies: {position} entries, the last of {written}")
    if last is not None and last - now > _CLOCK_TOLERANCE:
        yield problem(
            "clock",
            "the clock is behind the last journal entry",
            "set the clock right before anything is issued",
        )


def _restore(settings: Settings, now: datetime) -> Iterator[Finding]:
    del now
    restored = read_marker(settings)
    if restored is None:
        return
    since = f"restored to {restored.backup_made_at}: what was issued or revoked since is unknown"
    if restored.confirmed:
        yield warning(
            "restore", since, "finish the list in docs/backup.md, then remove restored.json"
        )
    else:
        yield problem("restore", f"{since}; nothing is served yet", "zorgid restore-confirm")


def _uzi(settings: Settings, now: datetime) -> Iterator[Finding]:
    del now
    if settings.uzi is None:
        yield warning(
            "UZI register", "no UZI register is trusted: no card can be made", "add section [uzi]"
        )
        return
    trusted = trust_settings(settings.uzi)
    kinds = ", ".join(sorted(each.pass_type.value for each in trusted.issuers))
    yield ok("UZI register", f"trusted roots: {len(trusted.roots)}; issuing CAs for {kinds}")


def _trust_store(settings: Settings, now: datetime) -> Iterator[Finding]:
    del now
    root = settings.root[-1]
    digest = hashlib.sha256(read_certificate_file(root.certificate)).digest()
    found = operating_system_trusts(digest)
    if found.trust is OsTrust.KNOWN:
        yield ok("trust store", f"this computer trusts the root ({found.reason})")
    elif settings.installation.kind == "practice":
        yield ok("trust store", "this computer does not trust the practice root, as it should")
    else:
        yield warning(
            "trust store",
            f"this computer does not trust the root: {found.reason}",
            f"relying parties must install {root.certificate}",
        )


_CHECKS: Final[tuple[tuple[str, Check], ...]] = (
    ("keys", examine_keys),
    ("keys", examine_secrets),
    ("evidence", examine_evidence),
    ("keys", examine_responder_key),
    ("chain", _chain),
    ("generations", examine_generations),
    ("profiles", _profiles),
    ("store", _kind),
    ("store", _store),
    ("checkpoints", examine_checkpoints),
    ("LDAP", examine_positions),
    ("restore", _restore),
    ("backup", examine_backups),
    ("CRL sinks", examine_sinks),
    ("notices", examine_notices),
    ("clock", examine_clock),
    ("entropy", examine_entropy),
    ("disk", examine_disk),
    ("certificates", examine_ends),
    ("database", examine_database),
    ("nodes", examine_nodes),
    ("tasks", examine_leases),
    ("settings", examine_settings),
    ("UZI register", _uzi),
    ("trust store", _trust_store),
)
"""In the order in which they are told."""
