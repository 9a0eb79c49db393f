"""`zorgid store move`: from SQLite into PostgreSQL, with the journal verified on both sides.

The order makes any interruption harmless: the database is committed whole, then the configuration
names it, then the old file gets another name. Repeated, the command goes on where it stopped.
"""

import os
import re
import shutil
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from pki.domain.errors import (
    ConfigurationInvalid,
    Conflict,
    EnvironmentMissing,
    IntegrityBroken,
)
from pki.store.moving.counts import row_counts
from pki.store.moving.held import held_alone
from pki.store.postgres.dump import has_password
from pki.store.reading import ReadSession
from server.commands.backup.stored import StoreState, issuers_of, state_of
from server.files import replace_file
from server.report import Report
from server.restored import marker_path, read_marker, refuse_unconfirmed, write_marker
from server.settings import Settings, check, load

Say = Callable[[str], None]

_PATH_LINE: Final = re.compile(r'^path *= *(".*"|\'.*\') *(#.*)?$', re.MULTILINE)


def move_store(config: Path, url: str, say: Say) -> Report:
    """Copy every row into the empty database at ``url``, and use it from now on.

    Raises:
        ConfigurationInvalid: the store is not in SQLite, or the URL is not one that may be used.
        AlreadyRunning: a process has the store open.
        Conflict: the database holds something else, or this store waits for `restore-confirm`.
        ChainBroken: the journal does not verify, here or there.
        StoreUnavailable: either cannot be reached; nothing was changed.
    """
    settings = load(config)
    store = settings.store.path
    if store is None:
        raise ConfigurationInvalid(
            key="store.path",
            message="the store is in PostgreSQL already",
            next_step="to move a database, use PostgreSQL's own programs, or backup and restore",
        )
    _refuse_password(url)
    refuse_unconfirmed(settings)
    kept = _kept_name(store)
    changed = _renamed(config, settings, url)
    with held_alone(store) as here:
        before = _verified(here, settings, say)
        with _filled(here, url, say) as (there, filled):
            if _verified(there, settings, say) != before:
                raise IntegrityBroken(
                    message="the journal in the database is not the one that was copied",
                    next_step="nothing is kept; the old store is as it was",
                )
            rows = sum(row_counts(there).values())
        _hand_over(config, changed, settings)
        store.rename(kept)
        _sync_folder(store.parent)
    return _report(before, rows, config, kept, filled=filled)


@contextmanager
def _filled(here: Connection, url: str, say: Say) -> Iterator[tuple[Connection, bool]]:
    try:
        from pki.store.moving.copying import filled_with
    except ModuleNotFoundError as error:
        raise EnvironmentMissing(
            message=f"{error.name} is not installed, and the store is to be in PostgreSQL",
            next_step="install this program with its extra: postgres",
        ) from error
    with filled_with(here, url, say) as filled:
        yield filled


def _refuse_password(url: str) -> None:
    if has_password(url):
        raise ConfigurationInvalid(
            key="--to",
            message="a password on the command line can be read by everyone on this computer",
            next_step="leave it out of the URL: libpq takes it from ~/.pgpass or PGPASSFILE",
        )


def _kept_name(store: Path) -> Path:
    kept = store.with_name(f"{store.name}.moved")
    if kept.exists():
        raise Conflict(
            message=f"{kept} exists: a store was moved from here before",
            next_step="put that file elsewhere; none is ever replaced",
        )
    return kept


def _renamed(config: Path, settings: Settings, url: str) -> bytes:
    """The configuration that names the database; checked before anything is copied."""
    text = config.read_text("utf-8")
    quoted = url.replace("\\", "\\\\").replace('"', '\\"')
    head, section, rest = text.partition("[store]")
    changed, count = _PATH_LINE.subn(lambda _: f'postgresql = "{quoted}"', rest, count=1)
    result = head + section + changed
    try:
        named = check(tomllib.loads(result), directory=config.resolve().parent)
    except (tomllib.TOMLDecodeError, ConfigurationInvalid):
        named = settings
    if count != 1 or named.store.url != url:
        raise ConfigurationInvalid(
            key="store.path",
            message="the configuration names its store in a way that is not understood",
            next_step='write [store] and below it path = "…" on a line of its own',
        )
    return result.encode()


def _verified(connection: Connection, settings: Settings, say: Say) -> StoreState:
    return state_of(ReadSession(connection), issuers_of(settings), say)


def _hand_over(config: Path, changed: bytes, settings: Settings) -> None:
    """Name the database in the configuration, whose owner and mode stay; keep a restore's mark."""
    restored = read_marker(settings)
    status = config.stat()
    replace_file(config, changed)
    shutil.chown(config, status.st_uid, status.st_gid)
    config.chmod(status.st_mode)
    if restored is not None:
        write_marker(marker_path(load(config)), restored)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _report(state: StoreState, rows: int, config: Path, kept: Path, *, filled: bool) -> Report:
    digest = state.head.digest.hex()
    return Report(
        result={
            "position": state.head.position,
            "digest": digest,
            "rows": rows,
            "filled": filled,
            "kept": str(kept),
        },
        lines=[
            f"{rows} rows moved, read back and compared"
            if filled
            else f"the database held all {rows} rows already",
            f"journal verifies on both sides: {state.head.position} entries, head {digest}",
            f"{config} names the database; the old store is {kept}",
            "next: name it in other nodes' configuration, start the services, make a backup",
        ],
    )
