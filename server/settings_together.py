"""Settings that are each in order and make no sense together. The first one found is named."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final

from pki.domain.errors import ConfigurationInvalid
from pki.domain.identifiers import IssuerId
from pki.domain.records import delta_name, part_name

if TYPE_CHECKING:
    from server.setting.issuers import IssuerSettings
    from server.settings import Settings

Finding = tuple[str, str, str]
"""Key, what is wrong with it, what to do."""

_SHORTEST_ANSWER: Final = 60
_LIST_NAME: Final = re.compile(r"-(delta|part-[0-9]+)$")


def check_together(settings: "Settings") -> None:
    """Refuse what no single setting shows.

    Raises:
        ConfigurationInvalid: names the key to correct.
    """
    for rule in _RULES:
        for key, wrong, next_step in rule(settings):
            raise ConfigurationInvalid(
                key=key, message=f"setting {key}: {wrong}", next_step=next_step
            )


def _needed(settings: "Settings") -> Iterator[Finding]:
    if (settings.store.path is None) == (settings.store.postgresql is None):
        yield "store", "give either path or postgresql", "keep one"


def _directories(settings: "Settings") -> Iterator[Finding]:
    ldap = settings.ldap
    if ldap.replicas and ldap.mode != "external":
        yield "ldap.replicas", "are external directories", 'set ldap.mode to "external"'
    if ldap.replicas and ldap.url is not None:
        yield "ldap.url", "stands beside ldap.replicas", "make it one of ldap.replicas"
    for index, (name, each) in enumerate(ldap.external):
        key = f"ldap.replicas.{index}" if name else "ldap"
        for missing in each.missing():
            yield f"{key}.{missing}", "an external directory needs it", f"add {key}.{missing}"
    for field in ("name", "url"):
        values = (
            (f"ldap.replicas.{index}.{field}", getattr(each, field))
            for index, each in enumerate(ldap.replicas)
        )
        yield from _twice(values, "each replica needs its own")


def _api(settings: "Settings") -> Iterator[Finding]:
    api = settings.api
    if api.proxy_protocol and ("proxies" not in api.model_fields_set or not api.proxies):
        step = "name the proxies in api.proxies, and none but them: others there are turned away"
        yield "api.proxy_protocol", "no proxy is named", step


def _status(settings: "Settings") -> Iterator[Finding]:
    status = settings.status
    shortest = max(4 * status.max_age_seconds, _SHORTEST_ANSWER)
    if status.answer_lifetime_seconds < shortest:
        key = "status.answer_lifetime_seconds"
        yield key, "is below four times status.max_age_seconds", f"set it to {shortest} or more"
    if status.blindness_limit_seconds > status.answer_lifetime_seconds:
        key = "status.blindness_limit_seconds"
        highest = status.answer_lifetime_seconds
        yield key, "outlasts status.answer_lifetime_seconds", f"set it to {highest} or less"
    if status.presign and status.certificate_hash:
        wrong = "with status.certificate_hash each answer waits for the certificate's digest"
        yield "status.presign", wrong, "leave presign empty, or certificate_hash false"


def _crl(settings: "Settings") -> Iterator[Finding]:
    crl = settings.crl
    if crl.lifetime_seconds < 2 * crl.interval_seconds:
        key, least = "crl.lifetime_seconds", 2 * crl.interval_seconds
        yield key, "leaves no time to repeat a CRL that failed", f"set it to {least} or more"
    if crl.max_age_seconds > crl.interval_seconds:
        key, highest = "crl.max_age_seconds", crl.interval_seconds
        yield key, "is longer than crl.interval_seconds", f"set it to {highest} or less"
    if crl.delta_in_cards and not crl.delta:
        yield "crl.delta_in_cards", "needs delta CRLs", "set crl.delta to true, or this to false"
    if crl.delta_span_seconds < crl.interval_seconds:
        key, least = "crl.delta_span_seconds", crl.interval_seconds
        yield key, "is shorter than crl.interval_seconds", f"set it to {least} or more"


def _rules(settings: "Settings") -> Iterator[Finding]:
    rules = settings.rules
    if rules.revoke_needs_block and not rules.cards_can_be_blocked:
        wrong = "no card could be ended: none is blocked, and only blocked ones are revoked"
        yield "rules.cards_can_be_blocked", wrong, "set rules.revoke_needs_block to false"
    types = ((f"attributes.{n}.type", each.type) for n, each in enumerate(settings.attributes))
    yield from _twice(types, "give all codes of a type in one place")


def _identity(settings: "Settings") -> Iterator[Finding]:
    if settings.dezi is not None and settings.installation.kind == "production":
        wrong = "statements of Dezi are for trying out: whether one was withdrawn is not asked"
        yield "dezi", wrong, "leave the section [dezi] out"


def _names(settings: "Settings") -> Iterator[Finding]:
    cas: dict[str, IssuerSettings] = {
        f"root.{index}": each for index, each in enumerate(settings.root)
    }
    cas |= dict(settings.keyed_generations)
    cas["services_ca"] = settings.services_ca
    for field in ("id", "certificate"):
        values = ((f"{name}.{field}", getattr(ca, field)) for name, ca in cas.items())
        yield from _twice(values, "each CA needs its own")
    links = (
        (f"root.{index}.links.{number}.published_as", link.published_as)
        for index, root in enumerate(settings.root)
        for number, link in enumerate(root.links)
    )
    names = ((f"{name}.published_as", ca.published_as) for name, ca in cas.items())
    yield from _twice((*names, *links), "each certificate needs its own")
    for field in ("id", "published_as"):
        for name, ca in cas.items():
            if _LIST_NAME.search(getattr(ca, field)):
                yield f"{name}.{field}", "ends as a part or a delta of a CRL does", "choose another"


def _list_names(settings: "Settings") -> Iterator[Finding]:
    """Parts and deltas are kept under names made of the generation's id; those have a length."""
    for name, each in settings.keyed_generations:
        longest = part_name(each.id, each.crl_parts - 1) if each.crl_parts else each.id
        over = len(delta_name(longest) if settings.crl.delta else longest) - IssuerId.LONGEST
        if over > 0:
            key, most = f"{name}.id", len(each.id) - over
            yield key, "leaves no room for its CRLs' own names", f"use at most {most} characters"


def _ports(settings: "Settings") -> Iterator[Finding]:
    listening = {
        "status.listen": settings.status.listen,
        "api.listen": settings.api.listen,
        "metrics.listen": settings.metrics.listen,
    }
    if settings.ldap.mode == "private":
        listening["ldap.listen"] = settings.ldap.listen
    fixed = ((key, address) for key, address in listening.items() if not address.endswith(":0"))
    yield from _twice(fixed, "choose another port")


def _twice(values: Iterable[tuple[str, object]], next_step: str) -> Iterator[Finding]:
    seen: dict[object, str] = {}
    for key, value in values:
        first = seen.setdefault(value, key)
        if first != key:
            yield key, f"is the same as {first}", next_step


def _tracing(settings: "Settings") -> Iterator[Finding]:
    if settings.tracing is not None and settings.log_level in {"warning", "error"}:
        yield "tracing", "spans are made of lines of the level info", 'set log_level to "info"'


_RULES: Final[tuple[Callable[["Settings"], Iterator[Finding]], ...]] = (
    _needed,
    _directories,
    _api,
    _status,
    _crl,
    _rules,
    _identity,
    _names,
    _list_names,
    _ports,
    _tracing,
)
