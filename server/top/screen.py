"""Reads a process's metrics again and again, and shows the page in place."""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Final, TextIO

import aiohttp

from pki.domain.errors import Unavailable
from pki.observe.http import Limits, fetch
from pki.ports import Clock, SystemClock
from server.report import DONE, Report
from server.settings import load
from server.top.page import Line, page
from server.top.samples import Samples, read_samples

_LIMITS: Final = Limits(seconds=5.0, octets=4 << 20)
_USUAL: Final = (80, 24)
_ENTER: Final = "\x1b[?1049h\x1b[?25l"
_LEAVE: Final = "\x1b[?25h\x1b[?1049l"
_HOME, _TO_END_OF_LINE, _TO_END = "\x1b[H", "\x1b[K", "\x1b[J"
_ALERT, _PLAIN = "\x1b[1;31m", "\x1b[0m"


def show_top(config: Path, seconds: float) -> int:
    """Show the page in the terminal until it is interrupted.

    Raises:
        ConfigurationInvalid: the configuration cannot be used.
        Unavailable: nothing answers at metrics.listen; once the page is there, it says so instead.
    """
    try:
        asyncio.run(_shown(load(config).metrics.listen, sys.stdout, seconds))
    except KeyboardInterrupt:
        return DONE
    return DONE


def one_page(config: Path) -> Report:
    """What is so now: each line, and whether somebody should look at it.

    Raises:
        ConfigurationInvalid: the configuration cannot be used.
        Unavailable: nothing answers at metrics.listen.
    """
    lines = asyncio.run(_read_once(load(config).metrics.listen))
    return Report(
        result={"lines": [asdict(each) for each in lines]},
        lines=[f"{'! ' if each.attention else '  '}{each.text}" for each in lines],
    )


async def _read_once(listen: str) -> list[Line]:
    async with aiohttp.ClientSession() as session:
        return page(await read(session, listen, SystemClock()), None)


async def _shown(listen: str, out: TextIO, seconds: float) -> None:
    """What cannot be read stays as it was, below the reason; rates go on from the last reading."""
    clock = SystemClock()
    async with aiohttp.ClientSession() as session:
        before, now = None, await read(session, listen, clock)
        lines = page(now, before)
        with _own_screen(out):
            while True:
                out.write(drawn(lines, _size(out)))
                out.flush()
                await asyncio.sleep(seconds)
                try:
                    before, now = now, await read(session, listen, clock)
                    lines = page(now, before)
                except Unavailable as error:
                    at = clock.now().timestamp()
                    lines = page(Samples(at=at, values=now.values, failing=(error.message,)), None)


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
    """The page for a terminal of so many columns and rows; what does not fit is counted."""
    columns, rows = size
    room = max(rows - 1, 1)
    if len(lines) > room:
        below = lines[room - 1 :]
        hidden = sum(each.attention for each in below)
        more = f"… {len(below)} more lines, {hidden} of them to be looked at"
        lines = [*lines[: room - 1], Line(text=more, attention=hidden > 0)]
    shown = (
        (_ALERT if each.attention else "") + each.text[:columns] + _PLAIN + _TO_END_OF_LINE
        for each in lines
    )
    return _HOME + "\r\n".join(shown) + _TO_END


def _size(out: TextIO) -> tuple[int, int]:
    """Of now: what the environment says of it is of before it was resized."""
    columns, rows = os.get_terminal_size(out.fileno())
    return columns or _USUAL[0], rows or _USUAL[1]


@contextmanager
def _own_screen(out: TextIO) -> Iterator[None]:
    out.write(_ENTER)
    try:
        yield
    finally:
        out.write(_LEAVE)
        out.flush()
