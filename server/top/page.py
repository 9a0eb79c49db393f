"""The page: lines of text from readings; pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Final

from server.top.samples import Samples

_LATE_CHECKPOINT: Final = 7200.0
_LATE_OCSP: Final = 60.0
_LATE_LIST: Final = 600.0
_DAY: Final = 86_400.0
_UNITS: Final = ((_DAY, "d"), (3600.0, "h"), (60.0, "min"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """``attention``: somebody should look at it."""

    text: str
    attention: bool = False


def page(now: Samples, before: Samples | None) -> list[Line]:
    """What is to be seen; a part of which nothing is known is left out."""
    parts = (
        _ready(now),
        _part("OCSP", _ocsp(now, before)),
        _part("CRL", _crls(now)),
        _part("Journal", _journal(now, before)),
        _part("Issued", _certificates(now)),
        _part("Shown", _shown(now)),
        _part("LDAP", _directories(now)),
        _part("Sinks", _sinks(now)),
        _part("HSM", _modules(now, before)),
        _part("Ends", _ends(now)),
    )
    return list(chain.from_iterable(parts))


def span(seconds: float) -> str:
    """A length of time as people say it."""
    for size, unit in _UNITS:
        if abs(seconds) >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.1f} s"


def _part(title: str, lines: Iterable[Line]) -> Iterator[Line]:
    first = f"{title:<9}"
    for each in lines:
        yield Line(text=first + each.text, attention=each.attention)
        first = " " * 9


def _ready(now: Samples) -> Iterator[Line]:
    moment = datetime.fromtimestamp(now.at, UTC)
    yield Line(text=f"{moment:%Y-%m-%d %H:%M:%S} UTC")
    for why in now.failing:
        yield Line(text=f"not ready: {why}", attention=True)
    for source, up in now.by("zorgid_source_up", "source"):
        if not up:
            yield Line(text=f"metrics of {source} cannot be read", attention=True)
    for role, age in now.by("zorgid_store_contact_age_seconds", "role"):
        yield Line(text=f"store last read {span(age)} ago, by the {role}", attention=age > 2)  # noqa: PLR2004 -- seconds: the bound that docs/status.md promises


def _ocsp(now: Samples, before: Samples | None) -> Iterator[Line]:
    kept = now.one("zorgid_ocsp_cache_entries")
    if kept is None:
        return
    given, of = (_given(now, before, label) for label in ("cache", "status"))
    yield Line(text=f"{kept:.0f} answers kept; {given}")
    yield Line(text=f"given: {of}")
    errors = now.rates(before, "zorgid_ocsp_errors_total", "error")
    if errors:
        ours = errors.keys() & {"try_later", "internal_error"}
        yield Line(text=f"negative: {_rates(errors)}", attention=bool(ours))


def _given(now: Samples, before: Samples | None, label: str) -> str:
    """How many a second; of a single reading, how many since the process started."""
    name = "zorgid_ocsp_responses_total"
    if before is not None:
        return _rates(now.rates(before, name, label))
    sums = now.sums(name, label)
    return ", ".join(f"{key} {value:.0f}" for key, value in sums.items() if value) or "none yet"


def _rates(rates: Mapping[str, float]) -> str:
    return ", ".join(f"{key} {rate:.1f}/s" for key, rate in rates.items()) or "none now"


def _crls(now: Samples) -> Iterator[Line]:
    for issuer, made in now.by("zorgid_crl_this_update_timestamp_seconds", "issuer"):
        ends = (now.one("zorgid_crl_next_update_timestamp_seconds", issuer=issuer) or 0) - now.at
        entries = now.one("zorgid_crl_entries", issuer=issuer) or 0
        late = bool(now.one("zorgid_crl_late", issuer=issuer))
        yield Line(
            text=f"{issuer}: {entries:.0f} entries, {span(now.at - made)} old, ends in {span(ends)}"
            + (", LATE" if late else ""),
            attention=late or ends < _DAY,
        )


def _journal(now: Samples, before: Samples | None) -> Iterator[Line]:
    position = now.one("zorgid_journal_position")
    if position is not None:
        was = None if before is None else before.one("zorgid_journal_position")
        new = "" if was is None or was == position else f", {position - was:.0f} new"
        yield Line(text=f"{position:.0f} entries{new}")
    if now.one("zorgid_audit_chain_ok") == 0:
        yield Line(text="THE CHAIN DOES NOT HOLD: stop issuing", attention=True)
    signed = now.one("zorgid_journal_checkpoint_timestamp_seconds")
    if signed is not None:
        age = now.at - signed
        yield Line(text=f"signed {span(age)} ago", attention=age > _LATE_CHECKPOINT)


def _certificates(now: Samples) -> Iterator[Line]:
    for name, label, what in (
        ("zorgid_certificates_issued_total", "profile", "issued"),
        ("zorgid_certificates_revoked_total", "reason", "blocked or revoked"),
        ("zorgid_refusals_total", "reason", "refused"),
    ):
        found = ", ".join(f"{key} {value:.0f}" for key, value in now.by(name, label))
        if found:
            yield Line(text=f"{what} since the start: {found}")
    held = now.one("zorgid_cards_held_too_long")
    if held:
        yield Line(text=f"{held:.0f} blocked for too long", attention=True)


def _shown(now: Samples) -> Iterator[Line]:
    """What relying parties are shown, looked at from outside."""
    for sink, age in now.by("zorgid_changes_awaited_oldest_seconds", "sink"):
        count = now.one("zorgid_changes_awaited", sink=sink) or 0.0
        waits = f"{count:.0f} changes to show, the oldest of {span(age)} ago"
        late = age > (_LATE_OCSP if sink == "ocsp" else _LATE_LIST)
        yield Line(text=f"{sink}: {waits if count else 'shows every change'}", attention=late)


def _directories(now: Samples) -> Iterator[Line]:
    for replica, up in now.by("zorgid_ldap_connected", "replica"):
        behind = now.one("zorgid_ldap_outbox_oldest_seconds", replica=replica) or 0.0
        aside = now.one("zorgid_ldap_set_aside", replica=replica) or 0.0
        words = "answers" if up else "DOES NOT ANSWER"
        yield Line(
            text=f"{replica}: {words}, {span(behind)} behind, {aside:.0f} set aside",
            attention=not up or behind > 60 or aside > 0,  # noqa: PLR2004 -- seconds, as the alert has it
        )


def _sinks(now: Samples) -> Iterator[Line]:
    for sink, up in now.by("zorgid_crl_sink_up", "sink"):
        waiting = now.one("zorgid_crl_sink_waiting", sink=sink) or 0.0
        words = "takes CRLs" if up else "TAKES NONE"
        yield Line(text=f"{sink}: {words}, {waiting:.0f} wait", attention=not up)


def _modules(now: Samples, before: Samples | None) -> Iterator[Line]:
    rates = now.rates(before, "zorgid_hsm_signatures_total", "module")
    errors = now.rates(before, "zorgid_hsm_errors_total", "module")
    for module, pending in now.by("zorgid_hsm_pending", "module"):
        made = rates.get(module, 0.0)
        failed = errors.get(module, 0.0)
        yield Line(
            text=f"{module}: {made:.1f} signatures/s, {pending:.0f} wait, {failed:.1f} errors/s",
            attention=failed > 0,
        )


def _ends(now: Samples) -> Iterator[Line]:
    found = [
        (end - now.at, f"{what} {name}".strip())
        for metric, what, label in (
            ("zorgid_ca_certificate_expiry_timestamp_seconds", "CA", "issuer"),
            ("zorgid_ocsp_responder_expiry_timestamp_seconds", "responder of", "issuer"),
            ("zorgid_evidence_certificate_expiry_timestamp_seconds", "evidence", ""),
        )
        for name, end in now.by(metric, label)
    ]
    for left, name in sorted(found)[:3]:
        yield Line(text=f"{name} in {span(left)}", attention=left < 14 * _DAY)
