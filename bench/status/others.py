"""What a quick look leaves out, but for growth: see docs/performance-ocsp.md."""

from collections.abc import Callable, Mapping
from functools import partial

from bench.status import full, presigning, propagation, pythonic
from bench.status.suite import Bench, Figures


def parts(bench: Bench) -> Mapping[str, Callable[[], Figures]]:
    """Each by its name."""
    return {
        "p99_half_load": partial(full.half_load, bench),
        "cfssl": partial(full.cfssl, bench),
        "from_index": partial(pythonic.from_index, bench),
        "propagation": partial(propagation.propagation, bench),
        "presigning": partial(presigning.presigning, bench),
    }
