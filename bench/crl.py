"""How fast a CRL is made, beside ``openssl ca -gencrl`` on the same data in the same run.

docs/performance-crl.md says how to read the figures.

    python bench/crl.py [--quick] [--json]
"""

import sys
from pathlib import Path

# The folder of this script would hide the package `crl` behind this very file.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from bench.crls.suite import main  # noqa: E402 -- see above

if __name__ == "__main__":
    sys.exit(main())
