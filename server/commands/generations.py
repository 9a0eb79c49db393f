"""What `zorgid doctor` says of the generations of CAs: which issues, and until when."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ca.validity import Period
from pki.der.certificate import read_certificate
from server.commands.findings import Finding, ok, problem, warning
from server.generation.authorities import names_of, profiles_of
from server.roles.keys import read_certificate_file
from server.setting.issuers import GenerationSettings
from server.settings import Settings

SOON: Final = timedelta(days=90)
"""A ceremony has to be planned, held and told to the relying parties."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """One generation: its life, and the last moment at which a certificate's fits into it."""

    settings: GenerationSettings
    start: datetime
    end: datetime
    last_start: datetime


def examine_generations(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Each generation, and whether each CA can issue now and for the next months."""
    yield from _of_one_ca(settings, settings.token_ca, "cards", now)
    if settings.mobiel_ca:
        yield from _of_one_ca(settings, settings.mobiel_ca, "telephones", now)


def _of_one_ca(
    settings: Settings, generations: Sequence[GenerationSettings], what: str, now: datetime
) -> Iterator[Finding]:
    spans = [_span(settings, each) for each in generations]
    for each in spans:
        yield _alone(each, now)
    yield _issuing([each for each in spans if each.settings.state == "issues"], what, now)


def _span(settings: Settings, generation: GenerationSettings) -> _Span:
    content = read_certificate(read_certificate_file(generation.certificate)).content
    profile = profiles_of(settings, generation)[names_of(settings, generation).person]
    return _Span(
        settings=generation,
        start=content.not_before,
        end=content.not_after,
        last_start=_before(content.not_after, profile.validity.period),
    )


def _before(end: datetime, period: Period) -> datetime:
    """The latest start whose period ends by ``end``, to a day: leap days make it no exact sum."""
    life = period.after(end) - end
    return end - life


def _alone(span: _Span, now: datetime) -> Finding:
    name, state = span.settings.id, span.settings.state
    if now < span.start:
        return ok("generations", f"{name} is not valid before {span.start:%Y-%m-%d %H:%M} UTC")
    if now > span.end and state != "ended":
        return problem(
            "generations",
            f"{name} {state}, and its certificate ended on {span.end:%Y-%m-%d}",
            "it can make no answer that counts: set its state to ended (docs/operations.md)",
        )
    if state == "answers" and span.end - now < SOON:
        return warning(
            "generations",
            f"{name} answers, and its certificate ends on {span.end:%Y-%m-%d}: then its last CRL "
            "is made",
            "to answer for longer, let the root certify the same key again before that day",
        )
    return ok("generations", f"{name} {state}, until {span.end:%Y-%m-%d}")


def _issuing(spans: list[_Span], what: str, now: datetime) -> Finding:
    able = [each for each in spans if each.start <= now < each.last_start]
    if not able:
        return problem(
            "generations",
            f"issuing has stopped for {what}: no generation is valid now and outlives one",
            "hold the ceremony of the next generation (docs/operations.md)",
        )
    newest = max(able, key=lambda each: each.start)
    lasts = max(each.last_start for each in spans if each.start <= newest.last_start)
    if lasts - now < SOON:
        return warning(
            "generations",
            f"{newest.settings.id} issues; after {lasts:%Y-%m-%d} none can",
            "plan the ceremony of the next generation now",
        )
    return ok(
        "generations", f"{newest.settings.id} issues; {what} can be certified to {lasts:%Y-%m-%d}"
    )
