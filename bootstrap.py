"""Sets the project up on this computer, then demonstrates or tests it. Needs nothing but Python.

The words are in `WORDS`. Set-up is repeatable: what is there already is left alone, and once it is
done it needs no network. Exit codes: 0 done, 1 a check failed, 2 usage, 3 something is missing.
"""

import glob
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
WINDOWS = os.name == "nt"
BIN = VENV / ("Scripts" if WINDOWS else "bin")
PYTHON = BIN / ("python.exe" if WINDOWS else "python")
LOCK = ROOT / "config" / "lock"
STAMP = VENV / "zorgid-set-up"
USAGE, MISSING = 2, 3


class Stop(Exception):
    """Set-up cannot go on; carries the exit code and one sentence that names the next step."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class Peer(NamedTuple):
    """A program of the system that the project is shown with or tested against."""

    name: str
    package: str
    there: Callable[[], bool]


def _command(name: str) -> Callable[[], bool]:
    return lambda: shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin") is not None


def _all(*names: str) -> Callable[[], bool]:
    """Whether all are here: programs by their name, files by an absolute pattern."""
    return lambda: all(_command(name)() or glob.glob(name) for name in names)  # noqa: PTH207 -- absolute


READER_PEERS = "pcscd vsmartcard-vpcd iproute2"
BUILD_PEERS = "gcc libc6-dev libpcsclite-dev python3-dev"
CARD_PEERS = "opensc opensc-pkcs11 yubico-piv-tool yubikey-manager openssh-client"
READER = ("pcscd", "/usr/lib/pcsc/drivers/serial/libifdvpcd.so", "ip")
STRANGERS = ("yubico-piv-tool", "ykman", "opensc-tool", "/usr/lib/*/opensc-pkcs11.so", "ssh-keygen")
NGINX_STREAM = "/usr/lib/nginx/modules/ngx_stream_module.so"
INITDB = (_all("/usr/lib/postgresql/*/bin/initdb"), _command("initdb"))
COMPILER = _all("gcc", "/usr/include/PCSC/winscard.h", f"{sysconfig.get_path('include')}/Python.h")
PYSCARD = Peer("what pyscard is built with", BUILD_PEERS, COMPILER)
DESK_PEERS = (PYSCARD,)
DEMO_PEERS = (
    Peer("slapd", "slapd", _command("slapd")),
    Peer("ldapsearch", "ldap-utils", _command("ldapsearch")),
    Peer("openssl", "openssl", _command("openssl")),
    Peer("curl", "curl", _command("curl")),
    Peer("a virtual card reader", READER_PEERS, _all(*READER)),
    PYSCARD,
)
TEST_PEERS = (
    *DEMO_PEERS,
    Peer("postgres", "postgresql", lambda: any(there() for there in INITDB)),
    Peer("certtool", "gnutls-bin", _command("certtool")),
    Peer("java", "default-jdk-headless", _command("javac")),
    Peer("nss", "libnss3-tools", _command("ocspclnt")),
    Peer("nginx", "nginx-light libnginx-mod-stream", _all("nginx", NGINX_STREAM)),
    Peer("promtool", "prometheus", _command("promtool")),
    Peer("systemd-analyze", "systemd", _command("systemd-analyze")),
    Peer("softhsm", "softhsm2", _command("softhsm2-util")),
    Peer("chromium", "chromium", _command("chromium")),
    Peer("strangers to the card", CARD_PEERS, _all(*STRANGERS)),
    Peer("libcacard", "libcacard0", _all("/usr/lib/*/libcacard.so.0")),
)
VENV_MODULE = Peer("venv", "python3-venv", lambda: bool(importlib.util.find_spec("ensurepip")))

APT = (ROOT / "deploy" / "debian-packages.sh").read_text()


def say(sentence: str) -> None:
    """Tell the person who started this; flushed, since what follows may take a while."""
    print(sentence, flush=True)


def run(what: str, command: list[str], *, env: dict[str, str] | None = None) -> None:
    """Run a step of set-up; its output is shown only when it fails."""
    say(f"set-up: {what} ...")
    began = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        say(done.stdout[-4000:].rstrip())
        raise Stop(MISSING, f"{what}: failed with exit code {done.returncode}; see above.")
    say(f"set-up: {what}: done in {time.monotonic() - began:.1f} s")


def _as_root() -> list[str] | None:
    """How to become root without asking: the prefix of a command, or nothing."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.call([sudo, "-n", "true"], stderr=subprocess.DEVNULL) == 0:
        return [sudo, "-n"]
    return None


def install_packages(peers: tuple[Peer, ...]) -> None:
    """Install the Debian packages of what is missing, or say in one sentence why not."""
    packages = [name for peer in peers if not peer.there() for name in peer.package.split()]
    if not packages:
        return
    names = " ".join(packages)
    if WINDOWS or not shutil.which("apt-get"):
        say(f"set-up: not here, and not installed because this is no Debian: {names}")
    elif os.environ.get("ZORGID_NO_APT") == "1":
        say(f"set-up: not here, and not installed because ZORGID_NO_APT=1: {names}")
    elif (prefix := _as_root()) is None:
        say(f"set-up: not here, and only root can install it: apt-get install {names}")
    else:
        try:
            run(f"installing Debian's {names}", [*prefix, "sh", "-c", APT, "apt", *packages])
        except Stop as stop:
            say(f"set-up: {stop} Going on without.")


def _digest() -> str:
    """What the environment was made from; another value means it must be made again."""
    seen = hashlib.sha256(f"{ROOT}\n{sys.version}\n{COMPILER()}\n".encode())
    # Profiles and schemas are copied into the environment, so a change of one counts too.
    shipped = sorted(path for path in (ROOT / "config").rglob("*") if path.is_file())
    for path in (ROOT / "pyproject.toml", *shipped):
        seen.update(path.read_bytes())
    return seen.hexdigest()


def _index_settings() -> dict[str, str]:
    """The package index that this computer's pip uses, for uv, which reads no pip settings."""
    listed = subprocess.run(
        [PYTHON, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    found: dict[str, str] = {"UV_PYTHON_DOWNLOADS": "never"}
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        name = {"index-url": "UV_DEFAULT_INDEX", "cert": "SSL_CERT_FILE"}.get(key.split(".")[-1])
        if name and name not in os.environ:
            found[name] = value.strip("'\"")
    return found


def _make_venv() -> None:
    if not VENV_MODULE.there():
        raise Stop(MISSING, "Python's venv module is missing: apt-get install python3-venv")
    base = getattr(sys, "_base_executable", sys.executable)
    run("making .venv", [base, "-m", "venv", "--clear", str(VENV)])
    pip = [str(PYTHON), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    run("installing uv", [*pip, "--require-hashes", "-r", str(LOCK / "bootstrap.txt")])


def _usable() -> bool:
    """Whether an environment of this Python is there that only needs to be brought up to date."""
    uv = BIN / ("uv.exe" if WINDOWS else "uv")
    if not (uv.exists() and PYTHON.exists()):
        return False
    version = "import sys; sys.exit(sys.version != sys.argv[1])"
    return subprocess.call([PYTHON, "-c", version, sys.version]) == 0


def set_up(peers: tuple[Peer, ...], *, desk: bool = False) -> None:
    """Install what is missing of `peers`, and bring .venv in line with the lock files.

    For a `desk` with the card writer's packages alone, unless all of them are there already.
    """
    install_packages(peers if VENV.exists() else (VENV_MODULE, *peers))
    digest = _digest()
    alone, without = f"desk {digest}", f"without card readers {digest}"
    made = STAMP.read_text() if STAMP.exists() and PYTHON.exists() else ""
    if made in {digest, alone if desk else without}:
        return
    STAMP.unlink(missing_ok=True)
    if not _usable():
        _make_venv()
    env = _index_settings()
    # Compiled once here, or again at each start wherever Python may not write beside its modules.
    here = ["-q", "--compile-bytecode", "--python", str(PYTHON)]
    uv = [str(BIN / "uv"), "pip"]
    small = desk and made != without
    locks = [str(LOCK / name) for name in ("bootstrap.txt", "all.txt")[: 1 if small else 2]]
    locked = [*uv, "sync", *here, "--require-hashes", *locks]
    card = [str(LOCK / "card.txt")] if desk or sys.platform != "linux" or COMPILER() else []
    result = alone if small else digest if card else without
    try:
        run("installing the locked packages", locked + card, env=env)
    except Stop:
        if desk or not card:
            raise
        result = without
        run("installing the locked packages without card readers", locked, env=env)
    project = ["--no-deps", "--no-build-isolation", "-e", "."]
    run("installing the project", [*uv, "install", *here, *project], env=env)
    STAMP.write_text(result)


def _start(command: list[str]) -> int:
    """Become `command` where the system can, else run it."""
    if not WINDOWS:
        sys.stdout.flush()
        os.execv(command[0], command)  # noqa: S606 -- a fixed program of our own .venv
    return subprocess.call(command)


def setup(_args: list[str]) -> int:
    """Set everything up and stop there."""
    set_up(DEMO_PEERS)
    say("set-up: ready; .venv/bin/zorgid --help is the command line.")
    return 0


def demo(args: list[str]) -> int:
    """Set everything up and run the whole chain once on this computer."""
    set_up(DEMO_PEERS)
    readers = str(ROOT / "tests" / "demo_readers.py")
    return _start([str(BIN / "zorgid"), "demo", "--readers", readers, *args])


def card(args: list[str]) -> int:
    """Set up what a desk needs and nothing of the server; then it is `zorgid card`."""
    set_up(DESK_PEERS if sys.platform == "linux" else (), desk=True)
    return _start([str(BIN / "zorgid"), "card", *(args or ["--help"])])


def test(args: list[str]) -> int:
    """Set everything up and run all checks; with arguments, pytest alone with those."""
    set_up(TEST_PEERS)
    missing = [peer.name for peer in TEST_PEERS if not peer.there()]
    strict = bool(os.environ.get("CI")) or (not WINDOWS and os.geteuid() == 0)
    if missing and strict:
        raise Stop(MISSING, f"missing, and needed by the tests: {', '.join(missing)}")
    for name in missing:
        say(f"test: {name} is not here; what needs it is skipped.")
    if args:
        say("test: pytest alone, as asked.")
        return _start([str(BIN / "pytest"), *args])
    return _start([str(PYTHON), str(ROOT / "tests" / "all_checks.py")])


WORDS: dict[str, Callable[[list[str]], int]] = {
    "setup": setup,
    "demo": demo,
    "card": card,
    "test": test,
}


def main(arguments: list[str]) -> int:
    """Do what the first word says; without one, say what the words are."""
    if sys.version_info < (3, 11):  # noqa: UP036 -- whoever starts this may have an older one
        raise Stop(MISSING, "this needs Python 3.11 or newer.")
    word, *rest = arguments or [""]
    if word not in WORDS:
        for name, do in WORDS.items():
            say(f"python3 bootstrap.py {name:6} {(do.__doc__ or '').splitlines()[0]}")
        return USAGE if word and word not in {"help", "-h", "--help"} else 0
    return WORDS[word](rest)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Stop as stop:
        print(f"bootstrap: {stop}", file=sys.stderr)
        sys.exit(stop.code)
    except KeyboardInterrupt:
        sys.exit(130)
