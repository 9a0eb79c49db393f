"""Where published checkpoints stand, and the indexes by which all of them are found.

Below an address or a folder: the newest at `NEWEST`; each of them, for ever, at `checkpoint_path`;
a list for each month, and at `INDEX` the list of months. Nothing of a list is signed: what it names
is, and one that is missing shows as a gap between the times.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pki.domain.errors import Malformed
from pki.domain.journal import canonical_json

NEWEST: Final = "journal/checkpoint.p7m"
INDEX: Final = "journal/checkpoints/index.json"
_FOLDER: Final = "journal/checkpoints"
_TYPE: Final = "zorg-id-journal-checkpoints"
_VERSION: Final = 1
_MONTH: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_TIME: Final = "%Y%m%dT%H%M%S%fZ"
_NAME: Final = re.compile(r"[0-9]{8}T[0-9]{12}Z")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Listed:
    """One checkpoint in the list of its month."""

    at: datetime
    position: int


def month_of(at: datetime) -> str:
    """The month of UTC in which a checkpoint is listed, as ``2026-11``."""
    return f"{at.astimezone(UTC):%Y-%m}"


def month_bounds(month: str) -> tuple[datetime, datetime]:
    """Its first moment, and the first one after it.

    Raises:
        Malformed: no month as `month_of` gives it, or the last one that time has.
    """
    year, number = _month(month)
    following = (year + 1, 1) if number == 12 else (year, number + 1)  # noqa: PLR2004 -- December
    try:
        return datetime(year, number, 1, tzinfo=UTC), datetime(*following, 1, tzinfo=UTC)
    except ValueError as error:
        raise _malformed() from error


def month_path(month: str) -> str:
    """Where the list of a month stands."""
    return f"{_FOLDER}/{month}/index.json"


def checkpoint_path(at: datetime) -> str:
    """Where the checkpoint of this moment stands."""
    at = at.astimezone(UTC)
    return f"{_FOLDER}/{month_of(at)}/{at.strftime(_TIME)}.p7m"


def moment_of(path: str) -> datetime | None:
    """The inverse of `checkpoint_path`; None for any other path."""
    name = path.rpartition("/")[2].removesuffix(".p7m")
    if _NAME.fullmatch(name) is None:
        return None
    try:
        at = datetime.strptime(name, _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None
    return at if checkpoint_path(at) == path else None


def months_json(months: Iterable[str]) -> bytes:
    """The list of months, the oldest first."""
    return _encoded({"months": sorted(set(months))})


def read_months(octets: bytes) -> Sequence[str]:
    """The inverse of `months_json`.

    Raises:
        Malformed: anything else.
    """
    months = _read(octets).get("months")
    if not isinstance(months, list):
        raise _malformed()
    for each in months:
        _month(each)
    return sorted(set(months))


def month_json(month: str, listed: Iterable[Listed]) -> bytes:
    """The list of one month, the oldest checkpoint first."""
    found = sorted(set(listed))
    rows = [{"at": each.at.strftime(_TIME), "position": each.position} for each in found]
    return _encoded({"month": month, "checkpoints": rows})


def read_month(octets: bytes) -> tuple[str, Sequence[Listed]]:
    """The inverse of `month_json`: all of them are of that month.

    Raises:
        Malformed: anything else.
    """
    value = _read(octets)
    month, rows = value.get("month"), value.get("checkpoints")
    _month(month)
    if not isinstance(month, str) or not isinstance(rows, list):
        raise _malformed()
    listed = sorted({_listed(month, row) for row in rows})
    return month, listed


def is_list_of_months(octets: bytes) -> bool:
    """Whether these octets are meant as the list of months, and not as that of one month.

    Raises:
        Malformed: they are no list at all.
    """
    return "months" in _read(octets)


def _listed(month: str, row: Any) -> Listed:  # noqa: ANN401 -- JSON, checked here
    if not isinstance(row, dict) or not isinstance(row.get("at"), str):
        raise _malformed()
    at = moment_of(f"{_FOLDER}/{month}/{row['at']}.p7m")
    position = row.get("position")
    if at is None or isinstance(position, bool) or not isinstance(position, int) or position < 0:
        raise _malformed()
    return Listed(at=at, position=position)


def _encoded(members: dict[str, Any]) -> bytes:
    return canonical_json({"type": _TYPE, "version": _VERSION, **members}) + b"\n"


def _read(octets: bytes) -> dict[str, Any]:
    try:
        value = json.loads(octets)
    except (ValueError, RecursionError) as error:
        raise _malformed() from error
    if not isinstance(value, dict) or (value.get("type"), value.get("version")) != (
        _TYPE,
        _VERSION,
    ):
        raise _malformed()
    return value


def _month(month: Any) -> tuple[int, int]:  # noqa: ANN401 -- JSON, checked here
    if not isinstance(month, str) or _MONTH.fullmatch(month) is None:
        raise _malformed()
    return int(month[:4]), int(month[5:])


def _malformed() -> Malformed:
    return Malformed(
        what="list of checkpoints",
        message="this is no list of checkpoints that this program knows",
        next_step="name the address or folder where journal/checkpoints/index.json stands",
    )
