"""One reading of a process's metrics."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from pki.domain.errors import Malformed

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """What a process said at ``at`` (seconds since 1970); ``failing``: what is not ready, why."""

    at: float
    values: Mapping[str, Mapping[Labels, float]]
    failing: Sequence[str] = ()

    def of(self, name: str) -> Mapping[Labels, float]:
        """Every value of a metric, by its labels."""
        return self.values.get(name, {})

    def by(self, name: str, label: str) -> Iterator[tuple[str, float]]:
        """Every value of a metric, by one label, in order."""
        found = ((dict(labels).get(label, ""), value) for labels, value in self.of(name).items())
        yield from sorted(found)

    def one(self, name: str, **labels: str) -> float | None:
        """The value with these labels among its own; the first, if several have them."""
        wanted = set(labels.items())
        found = (value for key, value in self.of(name).items() if wanted <= set(key))
        return next(found, None)

    def rates(self, before: "Samples | None", name: str, label: str) -> dict[str, float]:
        """How fast a counter grew since, a second, by one label; what stood still is left out."""
        if before is None or self.at <= before.at:
            return {}
        earlier = before.sums(name, label)
        grown = {
            key: (value - earlier.get(key, 0.0)) / (self.at - before.at)
            for key, value in self.sums(name, label).items()
        }
        return {key: rate for key, rate in grown.items() if rate > 0}

    def sums(self, name: str, label: str) -> dict[str, float]:
        """As `by`, with those of one label added up."""
        sums: dict[str, float] = {}
        for key, value in self.by(name, label):
            sums[key] = sums.get(key, 0.0) + value
        return sums


def read_samples(text: str, *, at: float, failing: Sequence[str] = ()) -> Samples:
    """Read Prometheus' text format.

    Raises:
        Malformed: it is another text.
    """
    values: dict[str, dict[Labels, float]] = {}
    try:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                labels = tuple(sorted(sample.labels.items()))
                values.setdefault(sample.name, {})[labels] = float(sample.value)
    except (ValueError, KeyError, IndexError) as error:
        raise Malformed(
            what="metrics",
            message="what answers there gives no metrics",
            next_step="compare metrics.listen with what listens on that port",
        ) from error
    return Samples(at=at, values=values, failing=failing)
