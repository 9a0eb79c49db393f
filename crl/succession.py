"""Whether one CRL may follow another: pure. What breaks a rule is never published."""

from dataclasses import dataclass
from enum import Enum

from pki.der.crl import Crl, Entry
from pki.domain.reasons import RevocationReason


class SuccessionRule(Enum):
    """The rules, each with what it protects."""

    ISSUER = "another issuer or key identifier than the predecessor's"
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


def findings(previous: Crl, following: Crl) -> tuple[Finding, ...]:
    """Every rule that ``following`` breaks as the successor of ``previous``.

    Only a lifted hold may leave. Expired certificates stay listed as well, so no date is needed.
    """
    broken: list[Finding] = []
    if (previous.issuer_der, previous.authority_key_id) != (
        following.issuer_der,
        following.authority_key_id,
    ):
        broken.append(Finding(rule=SuccessionRule.ISSUER))
    if following.number <= previous.number:
        broken.append(Finding(rule=SuccessionRule.NUMBER))
    if not previous.this_update <= following.this_update < following.next_update:
        broken.append(Finding(rule=SuccessionRule.TIME))
    for serial, before in previous.entries.items():
        rule = _entry_rule(before, following.entries.get(serial))
        if rule is not None:
            broken.append(Finding(rule=rule, serial=serial))
    return tuple(broken)


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
