"""The keys of all figures: what `--only` may name, and what is measured without it."""

import re
from collections.abc import Sequence
from typing import Final

CACHED: Final = ("cached_keepalive", "cached_close", "openssl_ocsp")
QUICK: Final = (*CACHED, "signed_p256", "signed_rsa2048", "two_workers")
"""Measured also at a quick look."""

LONGER: Final = ("p99_half_load", "cfssl", "from_index", "propagation", "presigning")
"""`from_index` makes `django_ca` and `certomancer`."""

_SIZED: Final = re.compile(r"(?:growth|scattered)_([1-9][0-9]{2,7})")


def size(key: str) -> int:
    """How many certificates the store has for this figure; 0 where it does not say."""
    found = _SIZED.fullmatch(key)
    return int(found[1]) if found else 0


def is_longer(key: str) -> bool:
    """Whether it is left out at a quick look."""
    return key not in QUICK


def is_known(key: str) -> bool:
    """Whether there is such a figure."""
    return key in QUICK or key in LONGER or size(key) > 0


def every_key(sizes: Sequence[int]) -> list[str]:
    """All of them, with stores of these sizes; none for those of a quick look."""
    if not sizes:
        return [*QUICK]
    sized = [f"{kind}_{each}" for each in sizes for kind in ("growth", "scattered")]
    return [*QUICK, *LONGER, *sized]
