"""`zorgid restore-confirm`: brings back what the last published CRL says, then lets services start.

The next CRL's number is above the highest that was published (RFC 5280 5.2.3 allows gaps). A card
that the CRL lists and the restored store calls good is put on hold at once; a certificate that the
store has never heard of can only be reported.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiohttp

from crl.build import CrlIssuer, read_verified
from crl.ending import is_last
from issuance.steps.hold_again import hold_again
from pki.domain.errors import ConfigurationInvalid, Conflict, Malformed, SignatureBroken
from pki.domain.event_codec import decode_time, encode_time
from pki.domain.events import RestoreConfirmed
from pki.domain.identifiers import IssuerId, SerialNumber
from pki.domain.people import SYSTEM
from pki.domain.status import Good, Unconfirmed
from pki.observe.http import Limits, fetch
from pki.ports import Clock
from pki.store.history.guard import Confirming
from pki.store.writing import Store, WriteSession
from pki.trust.signatures import verify_signature
from server.commands.findings import Finding, ok, problem, report, warning
from server.generation.lists import raise_numbers
from server.process.locks import exclusive_role
from server.process.roles import EXCLUSIVE
from server.report import Report
from server.restored import Restored, marker_path, read_marker, write_marker
from server.roles.keys import read_certificate_file
from server.settings import Settings, load
from server.store.taken_over import taken_over

Say = Callable[[str], None]

_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class LastCrl:
    """Where the last CRLs before the restore are found: one of the three; none: our own addresses.

    There is one for each generation of each CA. ``number`` is above all of theirs.
    """

    files: tuple[Path, ...] = ()
    urls: tuple[str, ...] = ()
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The last CRL of one generation; ``listed`` is None where only its number is known."""

    issuer: IssuerId
    number: int
    listed: tuple[int, ...] | None

    def and_part(self, other: "_Found") -> "_Found":
        """Two CRLs of one generation: each lists a part."""
        return replace(
            self,
            number=max(self.number, other.number),
            listed=(*(self.listed or ()), *(other.listed or ())),
        )


@dataclass(slots=True, kw_only=True)
class _Brought:
    """What the CRL said that the store did not know."""

    held: list[SerialNumber] = field(default_factory=list)
    unknown: list[int] = field(default_factory=list)
    unconfirmed: list[SerialNumber] = field(default_factory=list)


def confirm(config: Path, last: LastCrl, *, say: Say, clock: Clock) -> Report:
    """Confirm a restore, or that a database took over which lacks what was acknowledged.

    Every service of this computer must be stopped.

    Raises:
        Conflict: neither happened, it is confirmed already, or the CRL is an older one.
        AlreadyRunning: a service runs.
        Unavailable: the CRL cannot be fetched.
        Malformed, SignatureBroken: it is not one of ours.
    """
    settings = load(config)
    restored = read_marker(settings)
    path = marker_path(settings)
    if restored is None or restored.confirmed:
        restored = taken_over(settings, clock.now())
    if restored is None:
        raise Conflict(
            message="this store has no restore that waits to be confirmed",
            next_step="nothing is to be done; zorgid doctor shows a restore that was confirmed",
        )
    found = _last(settings, last, say)
    locks = [exclusive_role(settings.locks, role.value) for role in EXCLUSIVE]
    with locks[0], locks[1]:
        brought = asyncio.run(_write(settings, restored, found, clock))
        now = encode_time(clock.now())
        number = max(each.number for each in found)
        write_marker(path, replace(restored, confirmed_number=number, confirmed_at=now))
    return _report(restored, found, brought)


def _last(settings: Settings, last: LastCrl, say: Say) -> list[_Found]:
    given = [each for each in (last.files, last.urls, last.number) if each not in ((), None)]
    if len(given) > 1:
        raise ConfigurationInvalid(
            key="restore-confirm", message="give one of --crl, --url, --number", next_step="choose"
        )
    issuers = [
        CrlIssuer.of(IssuerId(each.id), read_certificate_file(each.certificate))
        for each in settings.generations
    ]
    if last.number is not None:
        return [_Found(issuer=each.issuer, number=last.number, listed=None) for each in issuers]
    found: dict[IssuerId, _Found] = {}
    for octets in _octets(settings, last, say):
        each = _of_one(issuers, octets)
        before = found.get(each.issuer)
        found[each.issuer] = each if before is None else before.and_part(each)
    return list(found.values())


def _of_one(issuers: Sequence[CrlIssuer], octets: bytes) -> _Found:
    """Whose CRL it is; names may be alike, so the signature tells."""
    for issuer in issuers:
        try:
            crl = read_verified(issuer, octets, verify_signature)
        except SignatureBroken:
            continue
        return _Found(issuer=issuer.issuer, number=crl.number, listed=tuple(crl.entries))
    raise SignatureBroken(
        message="a CRL is signed by no generation of a CA in the configuration",
        next_step="name the CRLs of this installation's Token CA and Mobiel CA, DER",
    )


def _octets(settings: Settings, last: LastCrl, say: Say) -> Iterator[bytes]:
    for file in last.files:
        try:
            yield file.read_bytes()
        except OSError as error:
            raise Malformed(
                what="CRL",
                message=f"{file} cannot be read: {error.strerror}",
                next_step="name the file of the last CRL, DER",
            ) from error
    if last.files:
        return
    own = (
        f"{settings.status.public_url}/crl/{each.published_as}.crl" for each in settings.generations
    )
    for url in last.urls or own:
        say(f"asking {url} for the last CRL")
        yield asyncio.run(_fetched(url))


async def _fetched(url: str) -> bytes:
    async with aiohttp.ClientSession() as session:
        return await fetch(session, url, Limits())


async def _write(
    settings: Settings, restored: Restored, found: Sequence[_Found], clock: Clock
) -> _Brought:
    def work(session: WriteSession) -> _Brought:
        _refuse_missing(session, settings, {each.issuer for each in found})
        brought = _Brought()
        for each in found:
            _refuse_older(session, each)
            event = RestoreConfirmed(
                issuer=each.issuer,
                crl_number=each.number,
                position=restored.position,
                digest=restored.digest,
            )
            session.record(event, SYSTEM)
            since = decode_time(restored.backup_made_at)
            raise_numbers(session, settings, (each.issuer, each.number), since)
            _bring_back(session, brought, each)
        session.confirm_history()
        return brought

    store = Store.open(settings.store.url, clock=clock, guard=Confirming())
    try:
        return await store.write(work)
    finally:
        await store.close()


def _refuse_missing(session: WriteSession, settings: Settings, found: set[IssuerId]) -> None:
    for generation in settings.generations:
        issuer = IssuerId(generation.id)
        latest = session.latest_crl(issuer)
        if issuer not in found and latest is not None and not is_last(latest.next_update):
            raise Conflict(
                message=f"no last CRL of {issuer} was given, and its numbers would repeat",
                next_step="give the last CRL of every generation: --crl FILE --crl FILE",
            )


def _refuse_older(session: WriteSession, found: _Found) -> None:
    known = session.latest_crl_number(found.issuer)
    if found.number < known:
        raise Conflict(
            message=f"CRL {found.number} is not the last: the backup itself has {known}",
            next_step="find the last one that was published: a status node, a cache, a relying "
            "party",
        )


def _bring_back(session: WriteSession, brought: _Brought, found: _Found) -> None:
    for value in found.listed or ():
        try:
            serial = SerialNumber(value)
        except Malformed:
            brought.unknown.append(value)
            continue
        match session.status(found.issuer, serial):
            case None:
                brought.unknown.append(value)
            case Unconfirmed():
                # Not good anywhere; it lapses, or its intent is closed, as revoked.
                brought.unconfirmed.append(serial)
            case Good():
                if hold_again(session, serial):
                    brought.held.append(serial)
                else:
                    brought.unknown.append(value)
            case _:
                continue


def _report(restored: Restored, found: Sequence[_Found], brought: _Brought) -> Report:
    findings = [
        ok("CRL number", f"the next one of {each.issuer} is above {each.number}") for each in found
    ]
    findings += _about(found, brought)
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
        "crl_numbers": {each.issuer.value: each.number for each in found},
        "held": [each.hex for each in brought.held],
        "unconfirmed": [each.hex for each in brought.unconfirmed],
        "unknown": [f"{each:040x}" for each in brought.unknown],
    }
    return Report(result=result, lines=told.lines, code=told.code)


def _about(found: Sequence[_Found], brought: _Brought) -> Iterable[Finding]:
    if any(each.listed is None for each in found):
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
        yield ok("revocations", "all that the last CRL lists are known")
