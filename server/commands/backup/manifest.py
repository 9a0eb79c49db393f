"""What a backup holds, and of which moment it is: the first file in it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any, Final, Self

from pki.domain.errors import Malformed
from pki.domain.journal import JournalHead

NAME: Final = "manifest.json"
FORMAT: Final = "zorgid-backup"
VERSION: Final = 1
ELSEWHERE: Final = "elsewhere"
"""Where files are put that stood outside the installation's folder."""

_NAME_MAX: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """One file: its path inside the installation's folder, octets, SHA-256 in hexadecimal."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The whole of a backup.

    ``made_at`` is UTC, RFC 3339. ``program`` and ``schema`` are the release and the store's
    revision. ``crls`` has the highest CRL number of each issuer at that moment, ``issuing`` among
    them, which is the Token CA; ``store`` and ``configuration`` are names of ``files``.
    """

    made_at: str
    program: str
    installation: str
    kind: str
    schema: str
    position: int
    digest: str
    crls: Mapping[str, int]
    issuing: str
    store: str
    configuration: str
    files: tuple[FileEntry, ...]

    @property
    def head(self) -> JournalHead:
        """The journal's last entry at that moment."""
        return JournalHead(position=self.position, digest=bytes.fromhex(self.digest))

    @property
    def by_name(self) -> Mapping[str, FileEntry]:
        """The files by their names."""
        return {each.name: each for each in self.files}

    def to_json(self) -> bytes:
        """As it stands in the backup."""
        value = {"format": FORMAT, "version": VERSION, **asdict(self)}
        return json.dumps(value, indent=1, sort_keys=True).encode() + b"\n"

    @classmethod
    def from_json(cls, octets: bytes) -> Self:
        """Read and check it.

        Raises:
            Malformed: not a manifest, of another version, or with a name that leads outside.
        """
        try:
            value = json.loads(octets)
            if (value.pop("format"), value.pop("version")) != (FORMAT, VERSION):
                raise _bad("is of another format or version")
            value["files"] = tuple(FileEntry(**each) for each in value["files"])
            made = cls(**value)
            made.check()
        except (ValueError, KeyError, TypeError, AttributeError):
            raise _bad("cannot be read") from None
        return made

    def check(self) -> None:
        """Every name is unique and leads inside; store and configuration are there.

        Raises:
            Malformed: otherwise.
        """
        if len(self.by_name) != len(self.files):
            raise _bad("names a file twice")
        for each in self.files:
            if not safe_name(each.name) or each.name == NAME or each.size < 0:
                raise _bad(f"has an entry that cannot be: {each.name[:80]!r}")
            bytes.fromhex(each.sha256)
        if not {self.store, self.configuration} <= set(self.by_name):
            raise _bad("names no store or no configuration")
        numbers: list[object] = [self.position, self.crls[self.issuing], *self.crls.values()]
        if not all(isinstance(each, int) and each >= 0 for each in numbers):
            raise _bad("has a number that cannot be")
        bytes.fromhex(self.digest)

    def summary(self) -> dict[str, Any]:
        """For reports."""
        value = asdict(self)
        value["files"] = len(self.files)
        return value


def safe_name(name: str) -> bool:
    """Whether it is a relative path that stays inside, in its one spelling."""
    path = PurePosixPath(name)
    return (
        0 < len(name) <= _NAME_MAX
        and str(path) == name
        and not path.is_absolute()
        and not {"..", "."} & set(path.parts)
        and name.isprintable()
    )


def _bad(why: str) -> Malformed:
    return Malformed(
        what="manifest",
        message=f"the manifest of the backup {why}",
        next_step="restore with the release that made it",
    )
