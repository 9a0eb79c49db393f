"""Programs that are not ours, and what a test does when one is missing."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from strangers.softhsm import softhsm_module

OPENSC = ("opensc-tool", "pkcs11-tool", "pkcs15-tool")
SYSTEM_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


def program(name: str) -> Path | None:
    """Where a program of the system is, also when it is a daemon outside the user's path."""
    found = shutil.which(name, path=SYSTEM_PATH)
    return Path(found) if found else None


def postgres_programs() -> Path | None:
    """The folder of PostgreSQL's server programs, the newest where there are several."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3])
    )
    one = found[-1] if found else program("initdb")
    return one.parent if one else None


def _programs(*names: str) -> Callable[[], bool]:
    return lambda: all(program(name) for name in names)


def _pcsc() -> bool:
    """A virtual reader, the library that reaches it, and the strangers that try its cards.

    The compiler makes the reader with keys of its own.

    Only root can give pcscd a network of its own.
    """
    daemon = ("pcscd", "ip", "unshare", "gcc")
    names = (*daemon, "yubico-piv-tool", "ykman", "ssh-keygen", "pk12util", *OPENSC)
    driver = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
    another_card = any(Path("/usr/lib").glob("*/libcacard.so.0"))
    library = importlib.util.find_spec("smartcard") is not None
    all_here = driver.exists() and another_card and library and _programs(*names)()
    return os.geteuid() == 0 and all_here


def _hosts() -> bool:
    """Only root can make hosts, that is networks with links between them."""
    return os.geteuid() == 0 and _programs("ip", "tc", "unshare", "nsenter", "setpriv")()


PEERS: Mapping[str, Callable[[], bool]] = MappingProxyType(
    {
        "chromium": _programs("chromium"),
        "openssl": _programs("openssl"),
        "curl": _programs("curl"),
        "certtool": _programs("certtool"),
        "slapd": _programs("slapd", "ldapsearch"),
        "postgres": lambda: postgres_programs() is not None,
        "hosts": _hosts,
        "java": _programs("java", "javac"),
        "nginx": _programs("nginx"),
        "nginx_stream": Path("/usr/lib/nginx/modules/ngx_stream_module.so").exists,
        "promtool": _programs("promtool"),
        "nss": _programs("certutil", "ocspclnt", "vfychain"),
        "pcsc": _pcsc,
        "systemd": _programs("systemd-analyze"),
        "s3": (Path(sys.executable).parent / "weed").exists,
        "softhsm": lambda: softhsm_module() is not None and _programs("softhsm2-util")(),
    }
)


def require(peer: str) -> None:
    """Go on only when `peer` is here; fail where it can be installed, else skip.

    Root and CI can install everything (`python3 bootstrap.py test` does), so there a missing peer
    is a fault: a test that was skipped proves nothing.
    """
    if PEERS[peer]():
        return
    if os.environ.get("CI") or os.geteuid() == 0:
        pytest.fail(f"{peer} is missing; python3 bootstrap.py test installs it", pytrace=False)
    pytest.skip(f"{peer} is not on this computer")
