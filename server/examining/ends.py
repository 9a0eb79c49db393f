"""Certificates that this node itself presents: when they end."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from pki.der.certificate import read_certificate
from server.commands.findings import Finding, ok, problem, warning
from server.process.roles import Role
from server.roles.keys import read_certificate_file
from server.settings import Settings

_log: Final = logging.getLogger(__name__)

_SERVICES: Final = "have the Services CA certify another one (docs/ceremony.md)"
_CEREMONY: Final = "hold the ceremony of the next one (docs/ceremony.md)"
SOON: Final = timedelta(days=30)
RESPONDER_SOON: Final = timedelta(days=14)
"""It is renewed at half of its 30 days; with fewer left, that failed."""


def examine_ends(settings: Settings, now: datetime) -> Iterator[Finding]:
    """The API's server certificate, and the one that a status node enrols with."""
    yield _end("the API's server certificate", settings.api.certificate, now)
    if settings.enrolment is not None:
        yield _end("the enrolment certificate", settings.enrolment.certificate, now)


def tell_ends(settings: Settings, roles: frozenset[Role], now: datetime) -> None:
    """Log which certificates that these roles present or issue by have ended, or end soon.

    Nothing is refused: whoever still trusts them is served, and status goes on.
    """
    found: list[Finding] = []
    if Role.ISSUANCE in roles:
        found.append(_end("the API's server certificate", settings.api.certificate, now))
    elif Role.STATUS in roles and settings.enrolment is not None:
        found.append(_end("the enrolment certificate", settings.enrolment.certificate, now))
    ended = {each.id for each in settings.generations if each.state == "ended"}
    found += (
        _end(f"the certificate of {each.id}", each.certificate, now, step=_CEREMONY)
        for each in settings.published
        if each.id not in ended
    )
    for each in found:
        if each.level != "ok":
            level = logging.ERROR if each.level == "problem" else logging.WARNING
            fields = {"why": each.text, "next_step": each.next_step}
            _log.log(level, "a certificate ended, or ends soon", extra=fields)


def _end(what: str, path: Path, now: datetime, *, step: str = _SERVICES) -> Finding:
    content = read_certificate(read_certificate_file(path)).content
    return judge_end(what, (content.not_before, content.not_after), now, soon=SOON, step=step)


def judge_end(
    what: str, life: tuple[datetime, datetime], now: datetime, *, soon: timedelta, step: str
) -> Finding:
    """Both ends of a validity are inside (RFC 5280 4.1.2.5)."""
    begins, ends = life
    if not begins <= now <= ends:
        text = f"{what} is good {begins:%Y-%m-%d %H:%M} – {ends:%Y-%m-%d %H:%M} UTC only"
        return problem("certificates", text, step)
    if ends - now < soon:
        return warning("certificates", f"{what} ends in {(ends - now).days} days", step)
    return ok("certificates", f"{what} is good until {ends:%Y-%m-%d}")
