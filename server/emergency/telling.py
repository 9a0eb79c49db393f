"""What is said of a revocation of many: while it goes on, and at its end."""

import csv
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any, Final

from issuance.emergency.carrying_out import CarriedOut
from issuance.emergency.fate import Fate, Judged
from issuance.emergency.listing import Listing
from issuance.emergency.order import RevocationOrder
from server.report import DONE, FINDING, Report, progress

_SAY_SECONDS: Final = 2.0
_LISTED: Final = 1000
_SHOWN: Final = 20

_NAMED: Final = (Fate.UNKNOWN, Fate.UNSIGNED, Fate.EXPIRED)
"""Serials for which nothing was done although somebody meant them."""

_FUTURE: Final = {Fate.REVOKE: "to be revoked", Fate.END: "to be ended (never confirmed)"}
_PAST: Final = {Fate.REVOKE: "revoked", Fate.END: "ended (never confirmed)"}


class Progress:
    """Says every two seconds how far it is, and how long it may take."""

    def __init__(self, total: int, verb: str) -> None:
        self._total = total
        self._verb = verb
        self._began = self._said = time.monotonic()

    def __call__(self, count: int) -> None:
        """So many were dealt with."""
        now = time.monotonic()
        if now - self._said < _SAY_SECONDS:
            return
        self._said = now
        left = (now - self._began) / count * (self._total - count)
        progress(f"{count} of {self._total} {self._verb}; about {left:.0f} s left")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """``crl_after``: seconds until the CRLs showed the last change; None: they did not yet.

    ``ended``: CAs of which no CRL was awaited.
    """

    order: RevocationOrder
    listing: Listing
    done: CarriedOut = field(default_factory=CarriedOut)
    crl_after: float | None = None
    ended: tuple[str, ...] = ()


def told(shown: Shown, *, dry: bool, written: Path | None = None) -> Report:
    """The report; a finding where something that was listed could not be done."""
    fates = shown.done.fates
    doubtful = bool(shown.listing.unreadable) or any(fates[each] for each in _NAMED)
    late = not dry and shown.crl_after is None
    return Report(
        result=_result(shown, dry=dry, written=written),
        lines=[*_lines(shown, dry=dry), *_next(shown, dry=dry, written=written)],
        code=FINDING if doubtful or late else DONE,
    )


def by_line(shown: Shown, *, dry: bool) -> bytes:
    """What each line of the list means and what becomes of it, as CSV in UTF-8."""
    words = _FUTURE if dry else _PAST
    judged = {each.serial: each for found in shown.done.fates.values() for each in found}
    text = StringIO()
    rows = csv.writer(text)
    rows.writerow(("line", "said", "serial", "kind", "becomes"))
    for line in shown.listing.lines:
        found = None if line.serial is None else judged.get(line.serial)
        if found is None:
            rows.writerow((line.number, line.said, "", "", "no certificate"))
            continue
        kind = "" if found.kind is None else found.kind.value
        becomes = words.get(found.fate, found.fate.value)
        rows.writerow((line.number, line.said, found.serial.hex, kind, becomes))
    return text.getvalue().encode()


def _kinds(judged: Sequence[Judged]) -> list[tuple[str, int]]:
    """How many of them are on cards, and how many in telephones."""
    found = Counter(each.kind.value for each in judged if each.kind is not None)
    return sorted(found.items())


def _result(shown: Shown, *, dry: bool, written: Path | None) -> dict[str, Any]:
    order, listing, fates = shown.order, shown.listing, shown.done.fates
    counts = {each.name.lower(): len(fates[each]) for each in Fate}
    named = {
        each.name.lower(): [judged.serial.hex for judged in fates[each][:_LISTED]]
        for each in (*_NAMED, Fate.REVOKED)
    }
    kinds = {each.name.lower(): of for each in Fate if (of := dict(_kinds(fates[each])))}
    doubled = [{"line": each.line, "serial": each.serial.hex} for each in listing.doubled]
    return {
        "order_sha256": order.sha256,
        "reason": order.reason,
        "dry_run": dry,
        "listed": len(order.serials),
        "counts": counts,
        "kinds": kinds,
        "serials": named,
        "doubled": doubled[:_LISTED],
        "unreadable_lines": list(listing.unreadable[:_LISTED]),
        "order": None if written is None else str(written),
        "crl_seconds": None if shown.crl_after is None else round(shown.crl_after, 3),
    }


def _lines(shown: Shown, *, dry: bool) -> Iterator[str]:
    order, listing, fates = shown.order, shown.listing, shown.done.fates
    words = _FUTURE if dry else _PAST
    yield f"{len(order.serials)} serials, {order.reason}, {order.kind} installation"
    for fate in Fate:
        if fates[fate] or fate is Fate.REVOKE:
            kinds = ", ".join(f"{n} {kind}{'s' * (n > 1)}" for kind, n in _kinds(fates[fate]))
            of_what = f": {kinds}" if kinds else ""
            yield f"  {len(fates[fate]):>7}  {words.get(fate, fate.value)}{of_what}"
    for fate in _NAMED:
        for judged in fates[fate][:_SHOWN]:
            yield f"  {fate.value}: {judged.serial}"
    for each in listing.doubled[:_SHOWN]:
        yield f"  line {each.line}: {each.serial} stands there twice, and counts once"
    for line in listing.unreadable[:_SHOWN]:
        yield f"  line {line}: no certificate"
    more = max(map(len, (*(fates[each] for each in _NAMED), listing.doubled, listing.unreadable)))
    if more > _SHOWN:
        yield f"  at most {_SHOWN} of each are shown: --json lists {_LISTED}"


def _next(shown: Shown, *, dry: bool, written: Path | None) -> Iterator[str]:
    if written is not None:
        yield f"order written to {written}, SHA-256 {shown.order.sha256}"
        yield "next: two of the ZORG-ID team sign it (docs/emergency.md), then give both --approval"
    elif dry:
        yield "nothing was changed"
        yield "next: the same with --order FILE in place of --dry-run"
    elif shown.crl_after is None:
        yield "the CRLs do not show it yet: is the role issuance running? see zorgid doctor"
        return
    changed = {each.value for each in shown.done.positions}
    if changed - set(shown.ended):
        yield f"the CRLs show it, {shown.crl_after:.1f} s after the last batch"
    for each in shown.ended:
        if each in changed:
            yield f"{each} has ended: its next CRL is its last, if its key is here"
