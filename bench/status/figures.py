"""Pairs of rounds, and the figure that becomes of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One round of ours and one of the reference beside it, both in units a second."""

    ours: float
    reference: float

    @property
    def ratio(self) -> float:
        """Higher is better."""
        return self.ours / self.reference


def figure(pairs: Sequence[Pair], reference: str, **more: object) -> dict[str, object]:
    """Median and spread of the ratios, and both rates; ``reference`` says what they stand for."""
    ratios = [pair.ratio for pair in pairs]
    return {
        "ratio": round(median(ratios), 3),
        "min": round(min(ratios), 3),
        "max": round(max(ratios), 3),
        "n": len(pairs),
        "ours_per_s": round(median(pair.ours for pair in pairs), 1),
        "reference_per_s": round(median(pair.reference for pair in pairs), 1),
        "reference": reference,
        **more,
    }
