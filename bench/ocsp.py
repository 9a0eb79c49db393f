"""How fast the status service answers OCSP, beside nginx, bare signing and other responders.

Server on one processor, load on the other; each round of ours has a round of its reference beside
it, and a ratio is the median over such pairs. docs/performance-ocsp.md says how to read them.

    python bench/ocsp.py [--quick] [--json] [--only KEY[,KEY]] [--certificates N[,N]]
"""

import sys
from pathlib import Path

# The folder of this script would hide the package `ocsp` behind this very file.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from bench.status.suite import main  # noqa: E402 -- see above

if __name__ == "__main__":
    sys.exit(main())
