"""What a ceremony leaves behind: file names and their roles."""

from enum import Enum

from ca.ceremony.plan import KeyPlace, Plan, PlanKind


class Role(Enum):
    """What a file is, and what ends its name."""

    KEY = ".key.pem"
    SHARES = ".shares.json"
    REQUEST = ".p10.pem"
    CERTIFICATE = ".pem"
    CRL = ".crl"


TRANSCRIPT = "transcript.jsonl"


def file_name(plan: Plan, name: str, role: Role) -> str:
    """The name of a file that this plan makes."""
    return f"{plan.stamp}{name}{role.value}"


def transcript_name(plan: Plan) -> str:
    """The transcript's file name."""
    return f"{plan.stamp}{TRANSCRIPT}"


def outputs(plan: Plan) -> dict[Role, str]:
    """Every file that the plan makes, the transcript apart."""
    found: dict[Role, str] = {}
    if plan.key is not None:
        roles = [Role.KEY, Role.SHARES] if plan.keys is KeyPlace.FILE else []
        roles.append(Role.CERTIFICATE if plan.kind is PlanKind.ROOT else Role.REQUEST)
        found |= {role: file_name(plan, plan.key.name, role) for role in roles}
    if plan.certificate is not None:
        found[Role.CERTIFICATE] = file_name(plan, plan.certificate.name, Role.CERTIFICATE)
    if plan.link is not None:
        found[Role.CERTIFICATE] = file_name(plan, plan.link.name, Role.CERTIFICATE)
    if plan.crl is not None:
        found[Role.CRL] = file_name(plan, plan.crl.name, Role.CRL)
    return found
