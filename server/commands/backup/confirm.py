"""`zorgid restore-confirm`: brings back what the last published CRL says, then lets services start.

The next CRL's number is above the highest that was published (RFC 5280 5.2.3 allows gaps). A card
that the CRL lists and the restored store calls good is put on hold at once; a certificate that the
store has never heard of can only be reported.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiohttp

from crl.build import CrlIssuer, read_verified
from issuance.steps.card_change import certificate_of, write_change
from pki.der.crl import Crl
from pki.domain.cards import Active, Card, blocked
from pki.domain.errors import ConfigurationInvalid, Conflict, Malformed
from pki.domain.event_codec import encode_time
from pki.domain.events import CardBlocked, RestoreConfirmed
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.people import SYSTEM
from pki.domain.reasons import BlockReason
from pki.domain.status import Good, Unconfirmed
from pki.observe.http import Limits, fetch
from pki.ports import Clock
from pki.store.writing import Store, WriteSession
from pki.trust.signatures import verify_signature
from server.commands.findings import Finding, ok, problem, report, warning
from server.process.locks import exclusive_role
from server.process.roles import EXCLUSIVE
from server.report import Report
from server.restored import Restored, marker_path, read_marker, write_marker
from server.roles.keys import read_certificate_file
from server.roles.write_ports import crl_floor
from server.settings import Settings, load

Say = Callable[[str], None]

_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class LastCrl:
    """Where the last CRL before the restore is found: one of the three; none is our own address."""

    file: Path | None = None
    url: str | None = None
    number: int | None = None


@dataclass(slots=True, kw_only=True)
class _Brought:
    """What the CRL said that the store did not know."""

    held: list[SerialNumber] = field(default_factory=list)
    unknown: list[int] = field(default_factory=list)
    unconfirmed: list[SerialNumber] = field(default_factory=list)


def confirm(config: Path, last: LastCrl, *, say: Say, clock: Clock) -> Report:
    """Confirm a restore; every service must be stopped.

    Raises:
        Conflict: the store was not restored, is confirmed already, or the CRL is an older one.
        AlreadyRunning: a service runs.
        Unavailable: the CRL cannot be fetched.
        Malformed, SignatureBroken: it is not one of the Token CA.
    """
    settings = load(config)
    restored = read_marker(settings)
    path = marker_path(settings)
    if restored is None or restored.confirmed:
        raise Conflict(
            message="this store has no restore that waits to be confirmed",
            next_step="nothing is to be done; zorgid doctor shows a restore that was confirmed",
        )
    number, crl = _last(settings, last, say)
    if number < restored.crl_number:
        raise Conflict(
            message=f"CRL {number} is not the last: the backup itself has {restored.crl_number}",
            next_step="find the last one that was published: a status node, a cache, a relying "
            "party",
        )
    locks = [exclusive_role(settings.locks, role.value) for role in EXCLUSIVE]
    with locks[0], locks[1]:
        brought = asyncio.run(_write(settings, restored, number, crl, clock))
        now = encode_time(clock.now())
        write_marker(path, replace(restored, confirmed_number=number, confirmed_at=now))
    return _report(restored, number, crl, brought)


def _last(settings: Settings, last: LastCrl, say: Say) -> tuple[int, Crl | None]:
    given = [each for each in (last.file, last.url, last.number) if each is not None]
    if len(given) > 1:
        raise ConfigurationInvalid(
            key="restore-confirm", message="give one of --crl, --url, --number", next_step="choose"
        )
    if last.number is not None:
        return last.number, None
    issuer = CrlIssuer.of(
        IssuerId(settings.token_ca[0].id), read_certificate_file(settings.token_ca[0].certificate)
    )
    crl = read_verified(issuer, _octets(settings, last, say), verify_signature)
    return crl.number, crl


def _octets(settings: Settings, last: LastCrl, say: Say) -> bytes:
    if last.file is not None:
        try:
            return last.file.read_bytes()
        except OSError as error:
            raise Malformed(
                what="CRL",
                message=f"{last.file} cannot be read: {error.strerror}",
                next_step="name the file of the last CRL, DER",
            ) from error
    url = last.url or f"{settings.status.public_url}/crl/{settings.token_ca[0].published_as}.crl"
    say(f"asking {url} for the last CRL")
    return asyncio.run(_fetched(url))


async def _fetched(url: str) -> bytes:
    async with aiohttp.ClientSession() as session:
        return await fetch(session, url, Limits())


async def _write(
    settings: Settings, restored: Restored, number: int, crl: Crl | None, clock: Clock
) -> _Brought:
    issuer = IssuerId(settings.token_ca[0].id)
    event = RestoreConfirmed(
        issuer=issuer, crl_number=number, position=restored.position, digest=restored.digest
    )

    def work(session: WriteSession) -> _Brought:
        session.record(event, SYSTEM)
        session.set_cursor(crl_floor(issuer), max(number, session.cursor(crl_floor(issuer))))
        return _bring_back(session, issuer, () if crl is None else crl.entries)

    store = Store.open(settings.store.url, clock=clock)
    try:
        return await store.write(work)
    finally:
        await store.close()


def _bring_back(session: WriteSession, issuer: IssuerId, listed: Iterable[int]) -> _Brought:
    brought = _Brought()
    for value in listed:
        try:
            serial = SerialNumber(value)
        except Malformed:
            brought.unknown.append(value)
            continue
        match session.status(issuer, serial):
            case None:
                brought.unknown.append(value)
            case Unconfirmed():
                # Not good anywhere; it lapses, or its intent is closed, as revoked.
                brought.unconfirmed.append(serial)
            case Good():
                card = session.card_by_serial(serial)
                if card is None:
                    brought.unknown.append(value)
                else:
                    _hold(session, card)
                    brought.held.append(serial)
            case _:
                continue
    return brought


def _hold(session: WriteSession, card: Card) -> None:
    """Put a good card on hold: whether it was blocked or revoked, it is not trusted again."""
    if not isinstance(card.phase, Active):
        raise Conflict(message=f"card {card.id} is good and not active: examine the store")
    reason = BlockReason.SECURITY_INCIDENT
    held = blocked(card, reason=reason, at=session.now)
    certificate = certificate_of(session, held)
    event = CardBlocked(
        card=card.id, issuer=certificate.issuer, serial=certificate.serial, reason=reason
    )
    write_change(session, held, certificate, event, SYSTEM)


def _report(restored: Restored, number: int, crl: Crl | None, brought: _Brought) -> Report:
    findings = [ok("CRL number", f"the next one is above {number}"), *_about(crl, brought)]
    findings.append(
        warning(
            "certificates",
            f"what was issued after {restored.backup_made_at} is unknown to this store",
            "follow docs/backup.md: compare with desks, caches and the last journal export",
        )
    )
    told = report(findings, "restore confirmed: services may start")
    result = {
        **told.result,
        "crl_number": number,
        "held": [each.hex for each in brought.held],
        "unconfirmed": [each.hex for each in brought.unconfirmed],
        "unknown": [f"{each:040x}" for each in brought.unknown],
    }
    return Report(result=result, lines=told.lines, code=told.code)


def _about(crl: Crl | None, brought: _Brought) -> Iterable[Finding]:
    if crl is None:
        yield problem(
            "revocations",
            "only a number was given: cards blocked or revoked since the backup are good again",
            "block each of them by the records of the desk, before care relies on them",
        )
        return
    if brought.held:
        shown = ", ".join(each.hex for each in brought.held[:_SHOWN])
        yield warning(
            "revocations",
            f"{len(brought.held)} cards that the CRL lists are on hold again: {shown}",
            "revoke those that were revoked",
        )
    if brought.unknown:
        shown = ", ".join(f"{each:040x}" for each in brought.unknown[:_SHOWN])
        yield problem(
            "revocations",
            f"{len(brought.unknown)} serials of the CRL are unknown here, and on no CRL to come: "
            f"{shown}",
            "tell the relying parties; OCSP says unknown (docs/backup.md)",
        )
    if not brought.held and not brought.unknown:
        yield ok("revocations", f"all {len(crl.entries)} of the last CRL are known")
