"""The mark that a restore leaves: nothing is served until someone confirmed what came after it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from pki.domain.errors import Conflict, IntegrityBroken
from server.files import replace_file
from server.settings import Settings

MARKER: Final = "restored.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """Which moment the store was put back to. Times are UTC, RFC 3339.

    ``crl_number`` is the Token CA's highest one in the backup; ``confirmed_number`` the highest
    that was published before the restore, as confirmed, and None until then.
    """

    backup_made_at: str
    restored_at: str
    position: int
    digest: str
    crl_number: int
    confirmed_number: int | None = None
    confirmed_at: str | None = None

    @property
    def confirmed(self) -> bool:
        """Whether services may start."""
        return self.confirmed_number is not None


def marker_path(settings: Settings) -> Path:
    """Where the mark is: beside the store, so that it goes where the old store goes.

    For a store in PostgreSQL it is beside the folder of secrets, which belongs to that store.
    """
    store = settings.store.path
    return (settings.secrets if store is None else store).parent / MARKER


def read_marker(settings: Settings) -> Restored | None:
    """The mark; None when this store was never restored, or the mark was removed since.

    Raises:
        IntegrityBroken: there is one that cannot be read.
    """
    path = marker_path(settings)
    if not path.exists():
        return None
    try:
        return Restored(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        raise IntegrityBroken(
            message=f"{path} cannot be read: whether this store is an old one is not known",
            next_step="restore again, or write the mark anew as docs/backup.md says",
        ) from None


def write_marker(path: Path, restored: Restored) -> None:
    """Write or replace the mark."""
    replace_file(path, json.dumps(asdict(restored), indent=1).encode() + b"\n")


def refuse_unconfirmed(settings: Settings) -> None:
    """Refuse to serve from a store that was put back and not yet confirmed.

    Raises:
        Conflict: an old store would repeat CRL numbers and call revoked cards good.
    """
    restored = read_marker(settings)
    if restored is not None and not restored.confirmed:
        raise Conflict(
            message=f"the store was restored to {restored.backup_made_at} and not yet confirmed: "
            "what was issued, blocked or revoked since is unknown to it",
            next_step="zorgid restore-confirm, with the last CRL that was published "
            "(docs/backup.md)",
        )
