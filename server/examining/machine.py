"""This computer: whether it is synchronised, has room, and gives random numbers."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from server.commands.findings import Finding, ok, problem, warning
from server.settings import Settings

MIB: Final = 1 << 20


class Room(NamedTuple):
    """Of a file system: octets and files that are free, and how many there can be."""

    free: int
    size: int
    free_files: int
    files: int


def examine_clock(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Whether something keeps the clock right."""
    del settings, now
    program = shutil.which("timedatectl")
    said = ""
    if program is not None:
        asked = [program, "show", "--property=NTPSynchronized", "--value"]
        done = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=5)
        said = done.stdout.strip()
    if said == "yes":
        yield ok("clock", "synchronised by NTP")
    else:
        why = "is not synchronised" if said == "no" else "could not be asked about"
        yield warning(
            "clock",
            f"time synchronisation {why}",
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
