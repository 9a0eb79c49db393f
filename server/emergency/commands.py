"""`zorgid revoke`: looks, writes the order, or carries it out."""

import asyncio
import time
from collections.abc import Container
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from issuance.emergency.carrying_out import CarriedOut, begin, carry_out
from issuance.emergency.fate import judge
from issuance.emergency.listing import Listing, read_listing
from issuance.emergency.order import RevocationOrder
from issuance.statement.at import read_moment
from pki.domain.errors import ConfigurationInvalid, Conflict, Malformed
from pki.domain.people import Actor
from pki.ports import Clock, SystemClock
from pki.store.reading import ReadSession, ReadStore
from pki.store.writing import Store, WriteSession
from server.emergency.approvals import Approvals
from server.emergency.telling import Progress, Shown, by_line, told
from server.files import write_new
from server.report import Report, progress
from server.restored import refuse_unconfirmed
from server.settings import Settings, load

_PAGE: Final = 500
_CRL_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was typed."""

    file: Path
    reason: str
    compromised_since: str | None
    dry_run: bool
    order: Path | None
    approvals: tuple[Path, ...]
    lines: Path | None = None


def run_revocation(config: Path, asked: Asked) -> Report:
    """Do what was asked with the list.

    Raises:
        ConfigurationInvalid: a file cannot be read, or one that is to be written exists.
        Malformed: the list, the time or an approval cannot be read.
        SignatureBroken, Forbidden: an approval does not count, or one person gave both.
        Conflict: neither an order to write nor approvals to go by; or a restore waits.
        StoreUnavailable: what was done until then stays; give the command again.
    """
    settings, clock = load(config), SystemClock()
    text = _text(asked.file)
    _require_new(asked.lines, "--lines")
    since = _moment(asked.compromised_since, clock.now())
    with ExitStack() as stack:
        reader = ReadStore.open(settings.store.url, threads=1)
        stack.callback(reader.close_sync)
        listing = reader.read_sync(partial(read_listing, text))
        order = _order(reader, settings, (asked.reason, since), listing)
        if not asked.dry_run:
            _require_readable(asked.file, listing)
        if asked.dry_run or asked.order is not None:
            shown = Shown(order=order, listing=listing, done=_look(reader, order, clock))
            return _told(asked, shown, dry=True, written=_written(asked, order))
        refuse_unconfirmed(settings)
        if not asked.approvals:
            raise Conflict(
                message=f"revoking {len(order.serials)} takes the approval of two people",
                next_step="look with --dry-run, write the order with --order FILE, let two of the "
                "ZORG-ID team sign it (docs/emergency.md), then name both files with --approval",
            )
        approvals = Approvals.read(settings, reader, asked.approvals, order)
        shown = Shown(order=order, listing=listing)
        shown = asyncio.run(_carry_out(settings, reader, shown, approvals))
        return _told(asked, shown, dry=False)


def _told(asked: Asked, shown: Shown, *, dry: bool, written: Path | None = None) -> Report:
    if asked.lines is not None:
        write_new(asked.lines, by_line(shown, dry=dry))
    return told(shown, dry=dry, written=written)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationInvalid(
            key="--file",
            message=f"{path} cannot be read: {_why(error)}",
            next_step="name a CSV file in UTF-8 with one certificate in each line",
        ) from error


def _why(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or "") if isinstance(error, OSError) else "not UTF-8 text"


def _moment(text: str | None, now: datetime) -> datetime | None:
    since = None if text is None else read_moment(text)
    if since is not None and since > now:
        raise Malformed(
            what="time",
            message="no key is compromised since a time to come",
            next_step="give --compromised-since a moment that is over",
        )
    return since


def _require_readable(path: Path, listing: Listing) -> None:
    if listing.unreadable:
        lines = ", ".join(map(str, listing.unreadable[:20]))
        raise Malformed(
            what="list of serials",
            message=f"{path.name}: {len(listing.unreadable)} lines name no certificate: {lines}",
            next_step="mend them, or begin them with #; spreadsheets spoil long decimal numbers",
        )


def _order(
    reader: ReadStore, settings: Settings, why: tuple[str, datetime | None], listing: Listing
) -> RevocationOrder:
    found = reader.read_sync(lambda session: session.installation())
    if found is None or found[1] != settings.installation.kind:
        raise ConfigurationInvalid(
            key="installation.kind",
            message="the store is of an installation of another kind, or of none",
            next_step="name the store that belongs to this configuration",
        )
    installation, kind = found
    reason, since = why
    return RevocationOrder(
        installation=installation,
        kind=kind,
        reason=reason,
        compromised_since=since,
        serials=listing.serials,
    )


def _look(reader: ReadStore, order: RevocationOrder, clock: Clock) -> CarriedOut:
    """What would happen now."""
    done, said = CarriedOut(), Progress(len(order.serials), "looked up")
    for start in range(0, len(order.serials), _PAGE):
        page = order.serials[start : start + _PAGE]
        done.take(reader.read_sync(partial(judge, serials=page, now=clock.now())))
        said(done.examined)
    return done


def _written(asked: Asked, order: RevocationOrder) -> Path | None:
    if asked.order is None or asked.dry_run:
        return None
    _require_new(asked.order, "--order")
    write_new(asked.order, order.octets)
    return asked.order


def _require_new(path: Path | None, key: str) -> None:
    if path is not None and path.exists():
        raise ConfigurationInvalid(
            key=key,
            message=f"{path} exists already",
            next_step="name a new file: none is ever replaced",
        )


async def _carry_out(
    settings: Settings, reader: ReadStore, shown: Shown, approvals: Approvals
) -> Shown:
    clock, order = SystemClock(), shown.order
    store = Store.open(settings.store.url, clock=clock)
    try:
        by = await store.write(lambda session: _begin(session, order, approvals, clock))
        progress(f"order {order.sha256[:16]}… recorded; carried out as {by.id}")
        done = await carry_out(store, order, by, Progress(len(order.serials), "done"))
        ended = tuple(sorted({each.id for each in settings.generations if each.state == "ended"}))
        waited = await _until_listed(reader, done, ended)
    finally:
        await store.close()
    return replace(shown, done=done, crl_after=waited, ended=ended)


def _begin(
    session: WriteSession, order: RevocationOrder, approvals: Approvals, clock: Clock
) -> Actor:
    return begin(session, order, approvals.counted(session, order, clock.now()))


async def _until_listed(reader: ReadStore, done: CarriedOut, ended: Container[str]) -> float | None:
    """Seconds until each CA's newest CRL shows its last change; None: not within a minute.

    One that ended makes its last CRL, if any, when a server starts: that is not waited for.
    """
    began = time.monotonic()
    awaited = {each: last for each, last in done.positions.items() if each.value not in ended}

    def behind(session: ReadSession) -> bool:
        latest = ((session.latest_crl(issuer), last) for issuer, last in awaited.items())
        return any(crl is None or crl.upto < last for crl, last in latest)

    if not awaited:
        return 0.0
    progress("waiting for the CRL")
    while await reader.read(behind):
        if time.monotonic() - began > _CRL_SECONDS:
            return None
        await asyncio.sleep(_LOOK_SECONDS)
    return time.monotonic() - began
