"""Whether one CRL may follow another: pure. What breaks a rule is never published."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from crl.roll import Roll, difference
from pki.der.crl import Entry, read_entries
from pki.domain.reasons import RevocationReason


class SuccessionRule(Enum):
    """The rules, each with what it protects."""

    ISSUER = "another issuer or key identifier than the predecessor's"
    SCOPE = "another distribution point than the predecessor's"
    NUMBER = "the number does not grow (RFC 5280 5.2.3)"
    TIME = "thisUpdate lies before the predecessor's, or nextUpdate does not follow it"
    LOST = "a revoked certificate is not listed any more"
    DATE = "a revocation date changed, or a hold starts earlier than it did"
    RELEASED = "a revoked certificate is only on hold now: revoking is final"
    REASON = "a reason changed to something else than keyCompromise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A broken rule, with the certificate it is about, if it is about one."""

    rule: SuccessionRule
    serial: int | None = None

    def __str__(self) -> str:
        where = "" if self.serial is None else f" (serial {self.serial:040x})"
        return f"{self.rule.name.lower()}: {self.rule.value}{where}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a complete CRL of a list showed."""

    issuer_der: bytes
    authority_key_id: bytes | None
    distribution_point: str | None
    number: int
    this_update: datetime
    next_update: datetime
    roll: Roll


def findings(previous: Shown, following: Shown) -> tuple[Finding, ...]:
    """Every rule that ``following`` breaks as the successor of ``previous``.

    Only a lifted hold may leave. Expired certificates stay listed as well, so no date is needed.

    Raises:
        Malformed: entries that cannot be read.
    """
    rules = {
        SuccessionRule.ISSUER: (previous.issuer_der, previous.authority_key_id)
        == (following.issuer_der, following.authority_key_id),
        SuccessionRule.SCOPE: previous.distribution_point == following.distribution_point,
        SuccessionRule.NUMBER: previous.number < following.number,
        SuccessionRule.TIME: previous.this_update <= following.this_update < following.next_update,
    }
    whole = (Finding(rule=rule) for rule, holds in rules.items() if not holds)
    return (*whole, *_entry_findings(previous.roll, following.roll))


def _entry_findings(previous: Roll, following: Roll) -> Iterator[Finding]:
    """Compare what differs; most of a million entries are the same octets as before."""
    for key, former in previous.buckets.items():
        bucket = following.buckets.get(key)
        if bucket is not None and bucket.octets == former.octets:
            continue
        removed, added = (former.octets, b"") if bucket is None else difference(former, bucket)
        after = read_entries(added)
        for serial, before in read_entries(removed).items():
            rule = _entry_rule(before, after.get(serial))
            if rule is not None:
                yield Finding(rule=rule, serial=serial)


def _entry_rule(before: Entry, after: Entry | None) -> SuccessionRule | None:
    if before == after:
        return None
    (since, reason) = before
    held = reason is RevocationReason.CERTIFICATE_HOLD
    if after is None:
        return None if held else SuccessionRule.LOST
    (until, new_reason) = after
    if held:
        # A hold may have been lifted and followed by a later one between two CRLs.
        return SuccessionRule.DATE if until < since else None
    if new_reason is RevocationReason.CERTIFICATE_HOLD:
        return SuccessionRule.RELEASED
    if until != since:
        return SuccessionRule.DATE
    return None if new_reason is RevocationReason.KEY_COMPROMISE else SuccessionRule.REASON
