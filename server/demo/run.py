"""`zorgid demo`: from options to an exit code."""

import asyncio
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
from ldap3.core.exceptions import LDAPException

from pki.domain.errors import ConfigurationInvalid, Conflict, EnvironmentMissing, ZorgidError
from server.demo.scene import Play
from server.demo.stage import own_pid, published_file
from server.demo.story import DEMO_FILE, outcome, playing, tell, tell_end
from server.demo.telling.narrator import DemoFailed, Narrator
from server.demo.telling.texts import LANGUAGES, Texts
from server.demo.telling.tools import require_tools
from server.report import DONE, Report, show

INTERRUPTED: Final = 130
_PLAIN_COLUMNS: Final = 100
_BROKEN: Final = (OSError, ValueError, TimeoutError, aiohttp.ClientError, LDAPException)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """How the demo is told.

    ``directory``: keep everything there (None: a temporary folder); ``hold``: keep the servers
    running until interrupted; ``as_json``: the outcome on standard output, the story on standard
    error; ``readers``: a program that holds a pass and a blank card in card readers.
    """

    directory: Path | None
    hold: bool
    port_base: int | None
    lang: str
    as_json: bool
    readers: Path | None = None


def run_demo(options: DemoOptions) -> int:
    """Tell the whole story and give the exit code.

    Raises:
        ConfigurationInvalid: no such language.
        EnvironmentMissing: a foreign tool is not installed.
        Conflict: the folder is not empty, or a port is taken.
        DemoFailed: a step did not come out as it should.
    """
    if options.lang not in LANGUAGES:
        raise ConfigurationInvalid(
            key="lang",
            message=f"no such language: {options.lang}",
            next_step=f"give --lang {' or '.join(LANGUAGES)}",
        )
    require_tools()
    width = shutil.get_terminal_size((_PLAIN_COLUMNS, 24)).columns
    stream = sys.stderr if options.as_json else sys.stdout
    narrator = Narrator.on(stream, Texts(options.lang), width)
    with _folder(options.directory) as directory:
        telling = _Telling(options=options, directory=directory, narrator=narrator)
        try:
            code = asyncio.run(telling.whole())
        except DemoFailed as failed:
            narrator.failure(failed)
            raise
        if telling.interrupted:
            narrator.say("interrupted")
        return code


@dataclass(slots=True, kw_only=True)
class _Telling:
    """The story under signals: the first ends it in order, later ones change nothing."""

    options: DemoOptions
    directory: Path
    narrator: Narrator
    interrupted: bool = False
    holding: bool = False

    async def whole(self) -> int:
        """Play, tell, report, hold; every way it can go wrong is a `ZorgidError`."""
        self._on_signals()
        try:
            await self._play()
        except asyncio.CancelledError:
            if not self.interrupted:
                raise
            return DONE if self.holding else INTERRUPTED
        except (ExceptionGroup, ZorgidError, *_BROKEN) as error:
            raise self._as_failure(error) from error
        return DONE

    async def _play(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        options = self.options
        async with playing(self.directory, self.narrator, options.port_base) as play:
            play.readers = None if options.readers is None else options.readers.resolve()
            interface = await tell(play)
            with published_file(play.directory / DEMO_FILE, interface):
                seconds = loop.time() - began
                tell_end(play, seconds, kept=options.directory is not None, hold=options.hold)
                if options.as_json:
                    result = outcome(play, interface, seconds)
                    show(Report(result=result, lines=[]), as_json=True)
                if options.hold:
                    await self._hold(play)

    async def _hold(self, play: Play) -> None:
        """Until interrupted; a server that ends by itself is a failure."""
        self.narrator.say("holding", pid=own_pid())
        self.holding = True
        code = await play.scene.server.wait()
        self.holding = False
        raise self.narrator.failed("a server that runs until interrupted", f"exit {code}")

    def _as_failure(self, error: BaseException) -> ZorgidError:
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        if isinstance(error, DemoFailed | EnvironmentMissing):
            return error
        if isinstance(error, ZorgidError) and not self.narrator.current:
            return error
        said = f"{type(error).__name__}: {error}"
        return self.narrator.failed("a step without errors", said)

    def _on_signals(self) -> None:
        task = asyncio.current_task()

        def interrupt() -> None:
            if not self.interrupted and task is not None:
                self.interrupted = True
                task.cancel()

        for each in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(each, interrupt)


@contextmanager
def _folder(asked: Path | None) -> Iterator[Path]:
    """The folder that was asked for, new or empty; else a temporary one, removed at the end."""
    if asked is None:
        with tempfile.TemporaryDirectory(prefix="zorgid-demo-") as name:
            yield Path(name).resolve()
        return
    directory = asked.resolve()
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise Conflict(
            message=f"{directory} is not an empty folder",
            next_step="give --dir a new folder, or remove that one first: nothing is overwritten",
        )
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    yield directory
