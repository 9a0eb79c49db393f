"""The record of the last backup, beside the store, so that somebody notices when none is made."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from pki.domain.errors import IntegrityBroken, Malformed
from pki.domain.event_codec import decode_time
from server.files import replace_file
from server.restored import marker_path
from server.settings import Settings

RECORD: Final = "last-backup.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class LastBackup:
    """A backup as it was made: which file, and how far the journal was. Times are RFC 3339, UTC."""

    file: str
    size: int
    sha256: str
    made_at: str
    position: int
    digest: str

    @property
    def moment(self) -> datetime:
        """When it was made."""
        return decode_time(self.made_at)


def record_path(settings: Settings) -> Path:
    """Where it stands: with the store, so that a restored one does not claim the old one's."""
    return marker_path(settings).with_name(RECORD)


def write_record(settings: Settings, backup: LastBackup) -> None:
    """Write or replace it.

    Raises:
        OSError: it cannot be written; the backup is there all the same.
    """
    content = json.dumps(asdict(backup), indent=1).encode() + b"\n"
    replace_file(record_path(settings), content)


def read_record(settings: Settings) -> LastBackup | None:
    """The last backup, or None when none was made here.

    Raises:
        IntegrityBroken: the record cannot be read.
    """
    path = record_path(settings)
    if not path.exists():
        return None
    try:
        found = LastBackup(**json.loads(path.read_bytes()))
        found.moment  # noqa: B018 -- raises where it is no time
    except (OSError, ValueError, TypeError, AttributeError, RecursionError, Malformed):
        raise IntegrityBroken(
            message=f"{path} cannot be read: when the last backup was made is not known",
            next_step="make one: zorgid backup writes it anew",
        ) from None
    return found
