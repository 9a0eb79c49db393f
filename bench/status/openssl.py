"""`openssl ocsp` as a responder, with one certificate of its own CA."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.status.asking import posted
from bench.status.machine import SERVER_CPU, environment, pinned, prefer

_SIGNING: Final = "extendedKeyUsage=OCSPSigning"
_INDEX: Final = "V\t300101000000Z\t\t01\tunknown\t/CN=card\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """The responder and what it is asked."""

    url: str
    pid: int
    body: Path


@contextmanager
def serving(folder: Path, port: int) -> Iterator[Peer]:
    """P-256, certificate in the answer, no nonce, as ours."""
    if not folder.exists():
        folder.mkdir()
        make(folder)
    words = ("openssl", "ocsp", "-index", "index.txt", "-port", port, "-rsigner", "ocsp.pem")
    process = subprocess.Popen(
        pinned(SERVER_CPU, *words, "-rkey", "ocsp.key", "-CA", "ca.pem", "-ndays", "1"),
        cwd=folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    prefer(process.pid)
    try:
        body = folder / "asked.der"
        _until_answered(port, body.read_bytes())
        yield Peer(url=f"http://127.0.0.1:{port}/", pid=process.pid, body=body)
    finally:
        process.kill()
        process.wait()


def make(folder: Path) -> None:
    """A CA, a responder and a card, and the request for the card's status, as files."""
    curve = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    signed = f"req -x509 {curve} -CA ca.pem -CAkey ca.key"
    for words in (
        f"req -x509 {curve} -keyout ca.key -out ca.pem -subj /CN=CA",
        f"{signed} -keyout ocsp.key -out ocsp.pem -subj /CN=ocsp -set_serial 2 -addext {_SIGNING}",
        f"{signed} -keyout card.key -out card.pem -subj /CN=card -set_serial 1",
        "ocsp -issuer ca.pem -cert card.pem -no_nonce -reqout asked.der",
    ):
        _openssl(folder, *words.split())
    (folder / "index.txt").write_text(_INDEX)


def _openssl(folder: Path, *words: str) -> None:
    subprocess.run(
        pinned(SERVER_CPU, "openssl", *words), cwd=folder, check=True, capture_output=True
    )


def _until_answered(port: int, body: bytes) -> None:
    """It must not be probed by a connection that asks nothing: that one it never leaves again."""
    until = time.monotonic() + 20
    while True:
        try:
            assert posted(port, "/", body)[:1] == b"\x30", "openssl ocsp gave no answer"
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
