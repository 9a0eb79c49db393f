"""Reads a process's metrics again and again, and shows the page in place."""

import asyncio
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

import aiohttp

from pki.domain.errors import Unavailable
from pki.observe.http import Limits, fetch
from pki.ports import Clock, SystemClock
from server.report import DONE
from server.settings import load
from server.top.page import Line, page
from server.top.samples import Samples, read_samples

_LIMITS: Final = Limits(seconds=5.0, octets=4 << 20)
_ENTER: Final = "\x1b[?1049h\x1b[?25l"
_LEAVE: Final = "\x1b[?25h\x1b[?1049l"
_HOME, _TO_END_OF_LINE, _TO_END = "\x1b[H", "\x1b[K", "\x1b[J"
_ALERT, _PLAIN = "\x1b[1;31m", "\x1b[0m"


def show_top(config: Path, *, seconds: float, once: bool) -> int:
    """Show the page until it is interrupted; ``once``, or where no terminal is: one page of text.

    Raises:
        ConfigurationInvalid: the configuration cannot be used.
        Unavailable: nothing answers at metrics.listen; once the page is there, it says so instead.
    """
    listen = load(config).metrics.listen
    out = sys.stdout
    try:
        asyncio.run(_shown(listen, out, None if once or not out.isatty() else seconds))
    except KeyboardInterrupt:
        return DONE
    return DONE


async def _shown(listen: str, out: TextIO, seconds: float | None) -> None:
    clock = SystemClock()
    async with aiohttp.ClientSession() as session:
        now = await read(session, listen, clock)
        if seconds is None:
            out.writelines(f"{_mark(each)}{each.text}\n" for each in page(now, None))
            return
        before: Samples | None = None
        with _own_screen(out):
            while True:
                out.write(drawn(page(now, before), shutil.get_terminal_size()))
                out.flush()
                await asyncio.sleep(seconds)
                try:
                    before, now = now, await read(session, listen, clock)
                except Unavailable as error:
                    now = Samples(
                        at=clock.now().timestamp(), values=now.values, failing=(error.message,)
                    )


async def read(session: aiohttp.ClientSession, listen: str, clock: Clock) -> Samples:
    """Metrics and readiness of now.

    Raises:
        Unavailable: it does not answer.
        Malformed: something else does.
    """
    text = await fetch(session, f"http://{listen}/metrics", _LIMITS)
    failing: tuple[str, ...] = ()
    try:
        await fetch(session, f"http://{listen}/readyz", _LIMITS)
    except Unavailable:
        failing = ("see /readyz, and zorgid doctor",)
    at = clock.now().timestamp()
    return read_samples(text.decode("utf-8", "replace"), at=at, failing=failing)


def drawn(lines: list[Line], size: tuple[int, int]) -> str:
    """The page for a terminal of so many columns and rows; what does not fit is cut off."""
    columns, rows = size
    shown = (
        (_ALERT if each.attention else "") + each.text[:columns] + _PLAIN + _TO_END_OF_LINE
        for each in lines[: rows - 1]
    )
    return _HOME + "\r\n".join(shown) + _TO_END


@contextmanager
def _own_screen(out: TextIO) -> Iterator[None]:
    out.write(_ENTER)
    try:
        yield
    finally:
        out.write(_LEAVE)
        out.flush()


def _mark(line: Line) -> str:
    return "! " if line.attention else "  "
