"""A drill: so many cards are revoked at once by `zorgid revoke`, beside running services.

Timed are the command as a whole, its start included; of that the wait for the CRL that shows the
last card; and behind it the wait for OCSP. Everything is in a folder that goes when it is over.

    python bench/revoke.py [--count 10000] [--quick] [--json]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# The folder of this script would hide the packages beside it.
ROOT = Path(__file__).resolve().parents[1]
sys.path[:1] = [str(ROOT), str(ROOT / "tests")]

from bench.status.asking import exchanged, posted  # noqa: E402 -- see above
from bench.status.machine import described  # noqa: E402 -- see above
from emergencies.rehearsal import SECOND, fill, second_person, signed  # noqa: E402 -- see above
from pki.api.fields import from_pem  # noqa: E402 -- see above
from pki.der.certificate import read_certificate  # noqa: E402 -- see above
from pki.der.ocsp import (  # noqa: E402 -- see above
    OcspResponse,
    encode_request,
    make_cert_id,
    read_response,
)
from pki.domain.identifiers import SerialNumber  # noqa: E402 -- see above
from pki.domain.status import Revoked  # noqa: E402 -- see above
from pki.ports import SystemEntropy  # noqa: E402 -- see above
from server.demo.stage import choose_ports  # noqa: E402 -- see above
from server.initialise import TEAM  # noqa: E402 -- see above
from server.installation import Layout  # noqa: E402 -- see above

QUICK = 500
START_SECONDS = 120.0
METRICS = 3
"""The port, behind the first one, that says when it is ready."""


def zorgid(*words: str) -> subprocess.CompletedProcess[str]:
    """The program, to its end; what it says of its progress goes to this terminal."""
    return subprocess.run(
        [sys.executable, "-m", "server.cli", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )


@contextmanager
def serving(config: Path, port: int) -> Iterator[None]:
    """All roles in one process, ready."""
    log = config.with_name("server.log")
    words = [sys.executable, "-m", "server.cli", "serve", "--config", str(config), "--role", "all"]
    with log.open("wb") as file:
        process = subprocess.Popen(words, cwd=ROOT, stdout=file, stderr=file, env=dict(os.environ))
    try:
        until = time.monotonic() + START_SECONDS
        while not ready(port + METRICS):
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"the server did not start: {log.read_text('utf-8')[-2000:]}")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def ready(port: int) -> bool:
    """Whether it says so."""
    try:
        return exchanged(port, "GET", "/readyz")[0] == 200  # noqa: PLR2004 -- HTTP's own number
    except OSError:
        return False


def is_revoked(layout: Layout, port: int, serial: SerialNumber) -> bool:
    """What OCSP answers."""
    ca = read_certificate(from_pem(layout.certificate("token-ca-g1").read_text())).content
    request = encode_request([make_cert_id(ca.subject_der, ca.public_key, serial.value)], None)
    read = read_response(posted(port, "/ocsp", request))
    return isinstance(read, OcspResponse) and isinstance(read.singles[0].status, Revoked)


def drill(folder: Path, count: int) -> dict[str, object]:
    """Make it, serve it, revoke all."""
    layout, port = Layout(folder / "installation"), choose_ports(None, SystemEntropy()).base
    if zorgid("init", str(layout.root), "--port-base", str(port)).returncode:
        raise SystemExit("no installation could be made")
    serials = fill(layout.store, count)
    second_person(layout)
    listed, order = folder / "serials.csv", folder / "order.json"
    listed.write_text("\n".join(each.hex for each in serials), "utf-8")
    why = ("--file", str(listed), "--reason", "keyCompromise")
    asked = ("revoke", *why, "--config", str(layout.config), "--json")
    zorgid(*asked, "--order", str(order))
    approvals = [str(signed(layout, order, who)) for who in (TEAM, SECOND)]
    with serving(layout.config, port):
        assert not is_revoked(layout, port, serials[-1])
        began = time.monotonic()
        done = zorgid(*asked, "--approval", approvals[0], "--approval", approvals[1])
        ended = time.monotonic()
        while not is_revoked(layout, port, serials[-1]):
            time.sleep(0.01)
        shown = time.monotonic()
    told = json.loads(done.stdout)
    if done.returncode or told["result"]["counts"]["revoke"] != count:
        raise SystemExit(f"not all were revoked: {done.stdout[:500]}")
    crl = told["result"]["crl_seconds"]
    return {
        "cards": count,
        "command_seconds": round(ended - began, 2),
        "cards_per_second": round(count / (ended - began - crl)),
        "crl_seconds_behind_the_last": round(crl, 2),
        "ocsp_seconds_behind_the_command": round(shown - ended, 3),
    }


def main() -> int:
    """Drill, and print how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="cards")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} cards")
    parser.add_argument("--json", action="store_true", help="one object on standard output")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="zorgid-drill-") as name:
        figures = drill(Path(name), QUICK if asked.quick else asked.count)
    shown = {"revoke": figures, "machine": described()}
    print(json.dumps(shown, indent=None if asked.json else 2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
