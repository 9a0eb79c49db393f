"""What relying parties see of this installation: OCSP, CRLs and LDAP, asked over the network."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Final

import aiohttp

from crl.ending import is_last
from pki.domain.errors import ZorgidError
from pki.domain.identifiers import ISSUED_SERIAL_MIN, SerialNumber
from pki.observe.crl import fetch_crl
from pki.observe.ocsp import OcspObserver
from pki.ports import Clock, SystemEntropy
from pki.store.reading import ReadStore
from server.commands.findings import Finding, ok, problem, warning
from server.directory.examining import ask_directories
from server.examining.ends import RESPONDER_SOON
from server.roles.keys import read_certificate_file
from server.setting.issuers import GenerationSettings, IssuerSettings
from server.settings import Settings
from server.views.comparing import verify_once
from server.views.telling import findings_of

_START: Final = "start it with: zorgid serve"
_SECONDS: Final = 10.0
_DUE: Final = timedelta(days=14)

Check = Callable[[Settings, aiohttp.ClientSession, Clock], AsyncIterator[Finding]]


async def examine_outside(settings: Settings, clock: Clock) -> list[Finding]:
    """Ask the services as the LSP would; what cannot be reached is a finding.

    The time is read when an answer is there: one made since the question is not of the future.
    """
    findings: list[Finding] = []
    checks: tuple[tuple[str, Check], ...] = (
        ("OCSP", _ocsp),
        ("CRL", _crls),
        ("LDAP", _ldap),
        ("views", _views),
    )
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        for about, check in checks:
            try:
                findings += [each async for each in check(settings, session, clock)]
            except ZorgidError as error:
                findings.append(problem(about, error.message, error.next_step or _START))
    return findings


async def _ocsp(
    settings: Settings, session: aiohttp.ClientSession, clock: Clock
) -> AsyncIterator[Finding]:
    for each in settings.generations:
        if each.state != "ended":
            async for finding in _ocsp_of(settings, each, session, clock):
                yield finding


async def _ocsp_of(
    settings: Settings,
    generation: GenerationSettings,
    session: aiohttp.ClientSession,
    clock: Clock,
) -> AsyncIterator[Finding]:
    entropy = SystemEntropy()
    certificate = read_certificate_file(generation.certificate)
    observer = OcspObserver(
        session, f"{settings.status.public_url}/ocsp", certificate, clock=clock, entropy=entropy
    )
    random = int.from_bytes(entropy.octets(16), "big")
    never_issued = SerialNumber(ISSUED_SERIAL_MIN + random)
    view = await observer.ask(never_issued)
    now = clock.now()
    if view.status is None:
        yield ok("OCSP", f"{generation.id} answers by its own responder; never issued is unknown")
    else:
        yield problem("OCSP", "a serial that was never issued is not unknown", "stop the responder")
    if now - view.responder_not_after > -RESPONDER_SOON:
        yield problem(
            "certificates",
            f"the responder certificate of {generation.id} ends in "
            f"{(view.responder_not_after - now).days} days and was not renewed",
            "look in the log of the status node and of issuance for why; it is tried again",
        )
    if abs(view.produced_at - now) > timedelta(minutes=1):
        yield problem("clock", "the responder's clock differs from this one", "set both by NTP")


async def _crls(
    settings: Settings, session: aiohttp.ClientSession, clock: Clock
) -> AsyncIterator[Finding]:
    for each in settings.published:
        yield await _crl(settings, each, session, clock)


async def _crl(
    settings: Settings, issuer: IssuerSettings, session: aiohttp.ClientSession, clock: Clock
) -> Finding:
    url = f"{settings.status.public_url}/crl/{issuer.published_as}.crl"
    view = await fetch_crl(session, url, read_certificate_file(issuer.certificate))
    now = clock.now()
    text = f"{issuer.id}: number {view.number}, {view.entries} entries, {view.octets} octets"
    if not view.is_current(now):
        return problem("CRL", f"{text}: out of date", "publish a new one; care stops without it")
    if issuer not in settings.generations:
        left = None if view.next_update is None else view.next_update - now
        if left is not None and left < _DUE:
            return warning("CRL", f"{text}: ends in {left.days} days", "hold the next ceremony")
        return ok("CRL", text)
    if view.next_update is not None and is_last(view.next_update):
        return ok("CRL", f"{text}: the last, good for ever")
    late = timedelta(seconds=2 * settings.crl.interval_seconds)
    if now - view.this_update > late:
        return problem("CRL", f"{text}: older than two intervals", "see the log of issuance")
    return ok("CRL", text)


async def _views(
    settings: Settings, session: aiohttp.ClientSession, clock: Clock
) -> AsyncIterator[Finding]:
    """One round of what the publisher compares all along."""
    del session
    store = ReadStore.open(settings.store.url, threads=1)
    try:
        found = await verify_once(settings, store, clock, SystemEntropy())
    finally:
        await store.close()
    for finding in findings_of(found):
        yield finding


async def _ldap(
    settings: Settings, session: aiohttp.ClientSession, clock: Clock
) -> AsyncIterator[Finding]:
    del session, clock
    async for finding in ask_directories(settings):
        yield finding
