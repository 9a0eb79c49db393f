"""Which files belong to an installation: what its configuration names, and the folders of that."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from pki.domain.errors import ConfigurationInvalid
from server.backups.record import RECORD
from server.commands.backup.archive import Source
from server.commands.backup.manifest import ELSEWHERE, NAME, safe_name
from server.restored import MARKER
from server.settings import Settings

FILE_MAX: Final = 64 << 20
"""Octets of one file other than the store; all of them are held in memory."""


def sources_of(config: Path, settings: Settings) -> list[Source]:
    """Every file but the store, read now, by name.

    That is the configuration, each file that it names, the folders of secrets, profiles and LDAP
    schema, and, inside the installation's folder, the folders that the named files stand in. Not:
    locks, the private directory (it is made from the store), and the store itself.

    Raises:
        ConfigurationInvalid: a file cannot be read, or has a size or name that is not expected.
    """
    root = config.resolve().parent
    named = {path for path in _named(settings) if path != settings.store.path}
    paths = {config.resolve(), *(path for path in named if path.is_file())}
    left_out = (settings.locks, settings.ldap.directory)
    for folder in _folders(named - set(left_out), root):
        paths.update(path for path in _beside(folder) if not _below(path, left_out))
    return [_source(path, root) for path in sorted(paths) if not _of_store(path, settings)]


def archived_name(path: Path, root: Path) -> str:
    """Where a file stands in the backup: relative to the installation, or below `ELSEWHERE`.

    Raises:
        ConfigurationInvalid: its name cannot be kept.
    """
    inside = path.is_relative_to(root)
    name = path.relative_to(root) if inside else Path(ELSEWHERE, *path.parts[1:])
    if not safe_name(name.as_posix()) or name.as_posix() == NAME:
        raise _unusable(path, "has a name that a backup cannot hold")
    return name.as_posix()


def _named(section: BaseModel) -> Iterator[Path]:
    """Every path in a configuration, but libraries (PKCS#11 modules) and lists of others."""
    for name in set(type(section).model_fields) - {"module", "key_blocklist"}:
        value = getattr(section, name)
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, BaseModel):
                yield from _named(each)
            elif isinstance(each, Path):
                yield each.resolve()


def _folders(named: Iterable[Path], root: Path) -> set[Path]:
    """Folders that are named, and those of named files if they are inside the installation."""
    found = {path for path in named if path.is_dir()}
    parents = {path.parent for path in named if path.is_file()}
    return found | {folder for folder in parents if root in folder.parents}


def _beside(folder: Path) -> Iterator[Path]:
    """Files in a folder and below it, without hidden ones, which are drafts."""
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.is_file():
            yield path


def _below(path: Path, folders: Iterable[Path]) -> bool:
    return any(folder in path.parents for folder in folders)


def _of_store(path: Path, settings: Settings) -> bool:
    """The store, its write-ahead log, and what stands beside it of restores and backups."""
    store = settings.store.path
    if store is None or path.parent != store.parent:
        return False
    return path.name in {MARKER, RECORD} or path.name.startswith(store.name)


def _source(path: Path, root: Path) -> Source:
    try:
        if path.stat().st_size > FILE_MAX:
            raise _unusable(path, f"is larger than {FILE_MAX} octets: it is not expected here")
        return Source(name=archived_name(path, root), content=path.read_bytes())
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror}") from error


def _unusable(path: Path, why: str) -> ConfigurationInvalid:
    return ConfigurationInvalid(
        key=str(path),
        message=f"{path} {why}",
        next_step="a backup without it would be worthless: correct it, then start again",
    )
