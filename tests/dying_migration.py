"""Changes a schema, or moves a store, in a process that dies or stops at the n-th thing it does.

The modules are loaded once; each change is a process forked from this one. It reads one JSON object
a line and answers each with one: how many things were done is in the file ``count``.

    {"do": "upgrade", "url": "sqlite:///…", "scripts": "folder", "at": 3, "count": "file"}
    {"do": "move", "config": "zorgid.toml", "to": "postgresql+psycopg://…", "at": null, …}

A thing is a statement, a COMMIT, a line of progress, or a file that gets another name, which ``at``
may name: `replace_file` or `rename`. ``signal`` says by which one the process ends there, SIGKILL
unless it is given; null lets it finish. The answer is ``{"pid": 1, "code": -9}``; a process that
stopped has no code.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy import Engine, event

from pki.store import migrate
from pki.store.moving import copying
from server.store import move
from stores.later_release import PATCHES, REVISION

LOADED = copying
"""Here, so that no fork needs to."""


class Counted:
    """Counts, and ends this process at one."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._at = order["at"]
        self._signal = order.get("signal", signal.SIGKILL)
        self._file = Path(order["count"])
        self._done = 0

    def __call__(self, *_what: object) -> None:
        self.do("")

    def do(self, name: str) -> None:
        self._done += 1
        self._file.write_text(str(self._done))
        if self._at in {self._done, name}:
            os.kill(os.getpid(), self._signal)

    def around(self, owner: Any, name: str) -> None:
        """Count right before each call of this function."""
        inner: Callable[..., Any] = getattr(owner, name)

        def outer(*given: object) -> object:
            self.do(name)
            return inner(*given)

        setattr(owner, name, outer)


def change(order: dict[str, Any], counted: Counted) -> None:
    """What was ordered."""
    event.listen(Engine, "before_cursor_execute", lambda *_: counted())
    event.listen(Engine, "commit", lambda _: counted())
    if order["do"] == "upgrade":
        for module, name in PATCHES:
            setattr(module, name, REVISION)
        setattr(migrate, "_SCRIPTS", Path(order["scripts"]))  # noqa: B010 -- as the other names
        migrate.migrate(order["url"])
        return
    counted.around(move, "replace_file")
    counted.around(Path, "rename")
    move.move_store(Path(order["config"]), order["to"], counted)


def forked(order: dict[str, Any]) -> NoReturn:
    """Be that process."""
    try:
        change(order, Counted(order))
    except BaseException as error:  # noqa: BLE001 -- whoever asked reads it
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork() or forked(order)
        status = os.waitpid(pid, os.WUNTRACED)[1]
        code = None if os.WIFSTOPPED(status) else os.waitstatus_to_exitcode(status)
        sys.stdout.write(json.dumps({"pid": pid, "code": code}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
