"""How much of a PKCS#11 module's own signing rate is left when whole certificates are issued.

Issuing is what happens in memory: prepare, lint, sign in the token, read back, compare, verify.
With the store, intent and certificate are two durable transactions besides. All figures are taken
with one key in one run, in turns. Needs SoftHSM2.

    python bench/issuing_hsm.py [--quick] [--json] [--key rsa-2048|rsa-3072|rsa-4096]
"""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

from bench.issuing.suite import main  # noqa: E402 -- the folder of this script is no package

if __name__ == "__main__":
    sys.exit(main(__doc__))
