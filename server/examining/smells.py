"""Settings that are allowed, and should not stay so where it is for real."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from ipaddress import ip_network
from typing import Final

from server.commands.findings import Finding, ok, warning
from server.settings import Settings

ABOUT: Final = "settings"

Smell = tuple[Callable[[Settings], bool], str, str]

SMELLS: Final[tuple[Smell, ...]] = (
    (
        lambda each: each.log_level == "debug",
        'log_level = "debug" fills the disk',
        'set it to "info"',
    ),
    (
        lambda each: not each.views.interval_seconds,
        "what relying parties see is not compared: views.interval_seconds is 0",
        "leave it out; the default is a minute",
    ),
    (
        lambda each: not each.receipts.watch,
        "nobody can say since when a block is seen: receipts.watch is false",
        "leave it out",
    ),
    (
        lambda each: each.key_blocklist is None,
        "keys that are known to others are not looked up",
        "name a list in key_blocklist (docs/keys.md)",
    ),
    (
        lambda each: each.ldap.mode == "off",
        "no directory is kept: relying parties that look there find no card",
        "see the section [ldap]",
    ),
    (
        lambda each: any(
            (external.url or "").startswith("ldap://") and not _local(external.url or "")
            for _, external in each.ldap.external
        ),
        "an external directory is written without TLS",
        "use ldaps://, with ldap.ca_file",
    ),
    (
        lambda each: each.api.proxy_protocol and _loopback_beside_others(each.api.proxies),
        "who connects to the API from this computer itself is turned away: it is in api.proxies",
        "take 127.0.0.0/8 and ::1 out of api.proxies, unless a proxy is here too",
    ),
    (
        lambda each: each.crl_folder is None and each.crl_bucket is None,
        "CRLs are served by this installation alone",
        "put them in a folder or bucket elsewhere too (docs/operations.md)",
    ),
)


def examine_settings(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Nothing for practice: what is asked here costs more than practice needs."""
    del now
    if settings.installation.kind == "practice":
        return
    found = [warning(ABOUT, text, step) for smells, text, step in SMELLS if smells(settings)]
    yield from found or [ok(ABOUT, "none that should not stay as it is")]


def _loopback_beside_others(proxies: Sequence[str]) -> bool:
    """With loopback alone the proxy is on this computer, and that is meant."""
    return {ip_network(each).is_loopback for each in proxies} == {True, False}


def _local(url: str) -> bool:
    host = url.partition("://")[2].partition("/")[0].rpartition(":")[0]
    return host in {"127.0.0.1", "localhost", "[::1]"}
