"""This computer: whether it is synchronised, has room, and gives random numbers."""

import ctypes
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from server.commands.findings import Finding, ok, problem, warning
from server.settings import Settings

MIB: Final = 1 << 20
_UNKEPT: Final = timedelta(seconds=16)
"""NTP's greatest error: the kernel says so of a clock that nothing keeps right."""


class Room(NamedTuple):
    """Of a file system: octets and files that are free, and how many there can be."""

    free: int
    size: int
    free_files: int
    files: int


class _Timex(ctypes.Structure):
    """What the kernel says of its clock (adjtimex(2)), as far as it matters here."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("rest", ctypes.c_byte * 256),
    )


def examine_clock(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Whether something keeps the clock right; asked of the kernel, also in a container."""
    del settings, now
    said = _Timex()
    ask = getattr(ctypes.CDLL(None), "adjtimex", None)
    answers = ask is not None and ask(ctypes.byref(said)) >= 0
    yield judge_error(timedelta(microseconds=said.maxerror) if answers else None)


def judge_error(most: timedelta | None) -> Finding:
    """``most``: what the clock may be wrong by; it grows while nothing sets it right."""
    if most is not None and most < _UNKEPT:
        return ok("clock", f"kept right, to {most.total_seconds():.3f} s at least")
    unknown = "the kernel could not be asked whether it is kept right"
    return warning(
        "clock",
        unknown if most is None else "is not synchronised: nothing keeps it right",
        "run chrony or systemd-timesyncd: status answers carry the time",
    )


def examine_entropy(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Whether the kernel's generator is seeded; Python's `secrets` would wait for it."""
    del settings, now
    try:
        os.getrandom(32, os.GRND_NONBLOCK)
    except BlockingIOError:
        yield problem(
            "entropy",
            "the kernel's random generator is not seeded yet: keys and serials wait for it",
            "give the machine a hardware generator (virtio-rng), or wait",
        )
    else:
        yield ok("entropy", "the kernel's random generator is seeded")


def examine_disk(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Whether there is room where something is written: a full disk stops issuing."""
    del now
    devices: dict[int, tuple[str, Path]] = {}
    for name, folder in _written(settings):
        if folder.is_dir():
            devices.setdefault(folder.stat().st_dev, (name, folder))
    for name, folder in devices.values():
        found = os.statvfs(folder)
        block = found.f_frsize
        room = Room(found.f_bavail * block, found.f_blocks * block, found.f_favail, found.f_files)
        yield judge_room(f"{name} ({folder})", room)


def _written(settings: Settings) -> Iterator[tuple[str, Path]]:
    if settings.store.path is not None:
        yield "store", settings.store.path.parent
    if settings.ldap.mode == "private":
        yield "directory", settings.ldap.directory
    if settings.crl_folder is not None:
        yield "CRL folder", settings.crl_folder.path
    yield "locks", settings.locks


def judge_room(where: str, room: Room) -> Finding:
    """Less than 512 MiB or a hundredth of the files is a problem, ten times that a warning."""
    text = f"{where}: {room.free // MIB} MiB of {room.size // MIB} are free"
    if room.free < 512 * MIB or (room.files and room.free_files * 100 < room.files):
        files = f", {room.free_files} files" if room.files else ""
        return problem(
            "disk", f"{text}{files}", "make room now: when it is full, nothing is issued"
        )
    if room.free < 5120 * MIB and room.free * 10 < room.size:
        return warning("disk", text, "make room, or plan a larger disk")
    return ok("disk", text)
