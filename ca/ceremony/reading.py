"""Reading a plan: the one reviewed input, TOML, checked whole before anything happens."""

import binascii
import hashlib
import json
import tomllib
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from ca.ceremony.custody import custody_problems
from ca.ceremony.plan import KeyPlace, People, Plan, PlanKind
from ca.settings import CaSettings, Installation
from pki.domain.errors import ConfigurationInvalid
from pki.domain.journal import canonical_json
from pki.domain.reasons import RevocationReason

WINDOW_MAX: Final = timedelta(days=3)
_PLAN_LIMIT: Final = 64 * 1024
_OPERATORS_MIN: Final = 2
_SHARES_MIN: Final = 2
_SHARES_MAX: Final = 16
"""SLIP-39's most members of a group."""

_PLAN: Final = TypeAdapter(Plan)


def read_plan(octets: bytes, *, practice: bool) -> Plan:
    """Read a plan; one of a practice installation is practised whether asked for or not.

    Raises:
        ConfigurationInvalid: not TOML, an unknown or missing key, or a plan that breaks a rule.
    """
    if len(octets) > _PLAN_LIMIT:
        raise invalid("file", "is too large")
    try:
        table = tomllib.loads(octets.decode("utf-8"))
        unknown = set(table.get("ca", {})) - {field.name for field in fields(CaSettings)}
        plan = _PLAN.validate_json(json.dumps(table, default=_moment))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise invalid(".".join(str(part) for part in first["loc"]), first["msg"]) from None
    except (ValueError, TypeError, RecursionError) as error:
        raise invalid("file", f"is not a plan in TOML: {error}") from None
    if unknown:
        raise invalid(f"ca.{min(unknown)}", "unknown key")
    if plan.sha256 or plan.practice:
        raise invalid("file", "sets sha256 or practice, which are not for a plan to say")
    for key, problem in _problems(plan):
        raise invalid(key, problem)
    plan = replace(plan, sha256=hashlib.sha256(octets).hexdigest())
    is_practice = practice or plan.ca.installation is Installation.PRACTICE
    return plan.practised() if is_practice else plan


def manifest_digest(plan: Plan, profiles: dict[str, str]) -> bytes:
    """What the spoken words stand for: the plan's file, practice or not, each profile's digest."""
    return hashlib.sha256(
        canonical_json({"plan": plan.sha256, "practice": plan.practice, "profiles": dict(profiles)})
    ).digest()


def invalid(key: str, problem: str) -> ConfigurationInvalid:
    """A plan that cannot be used."""
    return ConfigurationInvalid(
        key=f"plan.{key}",
        message=f"plan: {key}: {problem}",
        next_step="correct the plan, have it reviewed again, and print its script anew",
    )


def _moment(value: Any) -> str:  # noqa: ANN401 -- whatever TOML has and JSON has not
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.isoformat()
    raise TypeError("a time needs a date and a zone, as in 2027-01-12T09:00:00Z")


_PARTS: Final = {
    PlanKind.ROOT: {"key", "crl"},
    PlanKind.KEY: {"key"},
    PlanKind.CERTIFICATE: {"issuer", "certificate"},
    PlanKind.LINK: {"issuer", "link"},
    PlanKind.CRL: {"issuer", "crl"},
    PlanKind.BACKUP: {"hsm"},
    PlanKind.RESTORE: {"hsm"},
    PlanKind.DESTRUCTION: {"destroy"},
}


def _problems(plan: Plan) -> list[tuple[str, str]]:
    parts = {
        name
        for name in ("key", "issuer", "certificate", "link", "crl", "hsm", "destroy")
        if getattr(plan, name) is not None
    }
    found: list[tuple[str, str]] = []
    if parts != _PARTS[plan.kind]:
        wanted = ", ".join(sorted(_PARTS[plan.kind]))
        found.append(("kind", f"a plan of kind {plan.kind.value} has the parts {wanted}"))
    if not timedelta(0) < plan.window.end - plan.window.start <= WINDOW_MAX:
        found.append(("window", f"must end after it starts, within {WINDOW_MAX.days} days"))
    if (plan.token is None) != (plan.keys is KeyPlace.FILE):
        found.append(("token", "is named exactly when keys are in a PKCS#11 token"))
    if ".." in plan.folder.split("/") or plan.folder.startswith("/"):
        found.append(("folder", "must lie beside the plan"))
    found += [*_people_problems(plan.people), *_key_problems(plan), *_crl_problems(plan)]
    return [*found, *_custody_problems(plan)]


def _custody_problems(plan: Plan) -> list[tuple[str, str]]:
    if plan.hsm is None:
        return []
    found = custody_problems(plan.hsm, restore=plan.kind is PlanKind.RESTORE)
    if plan.keys is KeyPlace.FILE:
        found.append(("keys", 'is "pkcs11": the backup is of a token'))
    return found


def _people_problems(people: People) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if (
        len(set(people.operators)) != len(people.operators)
        or len(people.operators) < _OPERATORS_MIN
    ):
        found.append(("people.operators", "two different people are needed"))
    names = [each.name for each in people.witnesses]
    if len(set(names)) != len(names) or set(names) & set(people.operators):
        found.append(("people.witnesses", "a witness is nobody else of this ceremony"))
    if len(names) < people.witnesses_needed:
        found.append(("people.witnesses_needed", "is more than there are witnesses"))
    try:
        keys = {each.spki for each in people.witnesses}
    except (binascii.Error, ValueError):
        return [*found, ("people.witnesses", "a public key is not base64")]
    if len(keys) != len(names):
        found.append(("people.witnesses", "two witnesses have one key"))
    return found


def _key_problems(plan: Plan) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if plan.key is not None:
        holders, threshold = plan.key.holders, plan.key.threshold
        if plan.keys is KeyPlace.PKCS11:
            if holders or threshold is not None:
                found.append(("key.holders", "a key in a token has no shares"))
        elif threshold is None or not (_SHARES_MIN <= threshold <= len(holders) <= _SHARES_MAX):
            found.append(("key.threshold", "2 to 16 holders, and at least 2 of them to open it"))
        if len(set(holders)) != len(holders):
            found.append(("key.holders", "each share has a holder of its own"))
    if plan.destroy and plan.keys is KeyPlace.FILE and plan.destroy.sha256 is None:
        found.append(("destroy.sha256", "is the digest of the key file that is to go"))
    return found


def _crl_problems(plan: Plan) -> list[tuple[str, str]]:
    crl = plan.crl
    if crl is None:
        return []
    found: list[tuple[str, str]] = []
    if (crl.previous is None) != (crl.previous_sha256 is None):
        found.append(("crl.previous", "a file and its digest go together"))
    if (crl.previous is None) != (crl.number == 1):
        found.append(("crl.previous", "every CRL but number 1 follows one"))
    if plan.kind is PlanKind.ROOT and (crl.number != 1 or crl.revoked):
        found.append(("crl", "a new root's first CRL is number 1 and empty"))
    if len({each.serial for each in crl.revoked}) != len(crl.revoked):
        found.append(("crl.revoked", "a certificate is listed twice"))
    if any(each.at > plan.window.start for each in crl.revoked):
        found.append(("crl.revoked", "a certificate was revoked before the ceremony, not after"))
    known = {each.name for each in RevocationReason}
    if any(each.reason not in known | {None} for each in crl.revoked):
        found.append(("crl.revoked", f"a reason is one of {', '.join(sorted(known))}"))
    return found
