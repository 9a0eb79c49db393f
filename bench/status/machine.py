"""The machine that measures: its processors, what processes used of them, its programs."""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Final

SERVER_CPU: Final = "0"
LOAD_CPU: Final = "1"
BOTH_CPUS: Final = "0,1"
PROCESSORS: Final = 2
NANO: Final = 1_000_000_000

DEBIAN: Final = {
    "wrk": "wrk",
    "ab": "apache2-utils",
    "nginx": "nginx-light",
    "openssl": "openssl",
    "taskset": "util-linux",
    "cfssl": "golang-cfssl",
}
"""Programs that measure or are measured, and the Debian package of each."""

QUICK: Final = tuple(name for name in DEBIAN if name != "cfssl")
"""Those that a quick look needs."""

PATH: Final = f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin"


class Missing(Exception):
    """This machine lacks something; the text says what to do."""


def need(programs: Iterable[str]) -> None:
    """See that programs and processors are here; root gets the programs from Debian.

    Raises:
        Missing: they are not here and cannot be had.
    """
    if len(os.sched_getaffinity(0)) < PROCESSORS:
        raise Missing("two processors are needed: one for the server, one for the load")
    lacking = [name for name in programs if shutil.which(name, path=PATH) is None]
    if not lacking:
        return
    packages = sorted({DEBIAN[name] for name in lacking})
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise Missing(f"{', '.join(lacking)} not found; as root: {' '.join(command)}")
    # Debian starts what it installs, unless it believes that this is single-user mode.
    quiet = dict(os.environ, DEBIAN_FRONTEND="noninteractive", RUNLEVEL="1")
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=quiet)
    if done.returncode:
        raise Missing(f"{' '.join(command)} failed: {done.stderr.strip()[-300:]}")


def pinned(cpus: str, *words: object) -> list[str]:
    """A command line that runs on these processors only."""
    return ["taskset", "-c", cpus, *map(str, words)]


def environment() -> dict[str, str]:
    """For child processes: daemons findable, no proxy."""
    kept = {name: value for name, value in os.environ.items() if "_proxy" not in name.lower()}
    return kept | {"PATH": PATH, "LC_ALL": "C.UTF-8"}


def compiling_into(folder: Path) -> dict[str, str]:
    """The same for programs in Python, which compile every module only once, into this folder."""
    kept = environment()
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept | {"PYTHONPYCACHEPREFIX": str(folder)}


def family(pid: int) -> tuple[int, ...]:
    """A process and what descends from it."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return tuple(found)


def cpu_seconds(pids: Iterable[int]) -> float:
    """Processor time that these processes have used, all threads, from the scheduler's own books.

    A thread that ended in between takes its time along: long-lived threads only.
    """
    total = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total / NANO


def resident_bytes(pids: Iterable[int]) -> int:
    """Memory of these processes, shared pages counted once (PSS)."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def prefer(pid: int) -> None:
    """Raise the scheduling group of a process where that is allowed; others may use the machine."""
    try:
        Path(f"/proc/{pid}/autogroup").write_text("-10")
    except OSError:
        return


def described() -> dict[str, object]:
    """What the figures depend on."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return {
        "processor": model,
        "processors": len(os.sched_getaffinity(0)),
        "load_average": os.getloadavg()[0],
        "kernel": platform.release(),
        "python": platform.python_version(),
        "uvloop": version("uvloop"),
        "httptools": version("httptools"),
        "cryptography": version("cryptography"),
        "openssl": _said("openssl", "version"),
        "nginx": _said("nginx", "-v"),
        "wrk": _said("wrk", "-v").split(" [", maxsplit=1)[0],
    }


def _said(program: str, *words: str) -> str:
    where = shutil.which(program, path=PATH)
    if where is None:
        return "absent"
    done = subprocess.run([where, *words], capture_output=True, text=True, check=False)
    return ((done.stdout or done.stderr).splitlines() or [""])[0].removeprefix("nginx version: ")
