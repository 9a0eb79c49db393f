"""Whether this installation believes a pass's certificate or a statement of Dezi, and of whom."""

import asyncio
from pathlib import Path
from typing import Any, Final

from issuance.identity.use import makes_card
from pki.domain.event_codec import encode_time
from pki.domain.identity.record import Identity, Means
from pki.ports import Clock, Entropy, SystemClock, SystemEntropy
from pki.trust.dezi.statement import SIZE_MAX
from server.identity.sources import source_of
from server.report import Report
from server.roles.keys import read_certificate_file
from server.settings import load

_WITHDRAWN: Final = {
    Means.UZI_PASS: "not revoked, says the UZI register",
    Means.DEZI: "whether Dezi withdrew it is not asked",
}


def check_evidence(
    config: Path,
    means: Means,
    file: Path,
    *,
    clock: Clock | None = None,
    entropy: Entropy | None = None,
) -> Report:
    """Verify what is in the file and describe the person it vouches for.

    Raises:
        StatementRejected, Refused, Malformed, ConfigurationInvalid: it is not believed, and why.
        PassStatusUnavailable: the UZI register cannot be heard.
        OSError: the file cannot be read.
    """
    settings = load(config)
    evidence = _read_statement(file) if means is Means.DEZI else read_certificate_file(file)
    source = source_of(settings, means, entropy or SystemEntropy())
    identity = asyncio.run(source.identify(evidence, (clock or SystemClock()).now()))
    result = _result(identity)
    return Report(
        result=result,
        lines=[f"{name.replace('_', ' '):<18} {_shown(value)}" for name, value in result.items()],
    )


def _read_statement(file: Path) -> bytes:
    """Its octets without the line's end, and never more than it takes to see it is too long."""
    with file.open("rb") as opened:
        return opened.read(SIZE_MAX + 2).strip()


def _result(identity: Identity) -> dict[str, Any]:
    return {
        "believed": True,
        "means": identity.means.value,
        "number": identity.number,
        "surname": identity.name.surname,
        "given_names": identity.name.given_names,
        "organisation": identity.organisation.value,
        "organisation_name": identity.organisation_name,
        "role": identity.role,
        "valid_until": encode_time(identity.not_after),
        "revocation": _WITHDRAWN[identity.means],
        "sha256": identity.evidence_sha256.hex(),
        "makes_card": makes_card(identity),
    }


def _shown(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
