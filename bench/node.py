"""What a status node needs: seconds until it answers, and octets for each revocation.

For each number of certificates a node is started twice, with no certificate revoked and with one
in ``--revoked-every``. Memory is what the kernel counts for the process (PSS), after one answer.

    python bench/node.py [--counts 1000,200000] [--revoked-every 10] [--json]
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

# The folder of this script would hide the package `ocsp` behind a script of that name.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from bench.status.installation import Installation  # noqa: E402 -- see above
from bench.status.machine import described, resident_bytes  # noqa: E402 -- see above


def started(installation: Installation) -> tuple[float, int]:
    """Seconds until a node is ready and has answered, and its octets then."""
    began = time.monotonic()
    with installation.serving() as served:
        installation.answer(served, 0)
        return time.monotonic() - began, resident_bytes([served.pid])


def measured(counts: Sequence[int], revoked_every: int) -> list[dict[str, object]]:
    """A row for each count."""
    rows: list[dict[str, object]] = []
    for count in counts:
        with tempfile.TemporaryDirectory(prefix="zorgid-node-") as name:
            none, some = Path(name) / "none", Path(name) / "some"
            found = []
            for folder, every in ((none, 0), (some, revoked_every)):
                folder.mkdir()
                installation = Installation(folder)
                installation.fill(count, revoked_every=every)
                with installation.issuing():
                    found.append(started(installation))
            revoked = len(range(1, count, revoked_every))
            (seconds_none, octets_none), (seconds, octets) = found
            rows.append(
                {
                    "certificates": count,
                    "revoked": revoked,
                    "seconds": round(seconds, 2),
                    "seconds_without_revoked": round(seconds_none, 2),
                    "octets": octets,
                    "octets_without_revoked": octets_none,
                    "octets_per_revoked": round((octets - octets_none) / revoked, 1),
                }
            )
            print(rows[-1], file=sys.stderr, flush=True)
    return rows


def main() -> int:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", default="1000,200000", help="certificates, commas between")
    parser.add_argument("--revoked-every", type=int, default=10, help="one in so many is revoked")
    parser.add_argument("--json", action="store_true", help="one object on standard output")
    asked = parser.parse_args()
    counts = [int(each) for each in asked.counts.split(",")]
    rows = measured(counts, asked.revoked_every)
    shown = {"node": rows, "machine": described()}
    print(json.dumps(shown, indent=None if asked.json else 2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
