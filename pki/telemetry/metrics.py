"""Metrics for Prometheus: counted as things happen, or read from whoever keeps count."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, Protocol

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from pki.telemetry.metric_names import COUNTERS, GAUGES, HISTOGRAMS, Definition

_LOG = logging.getLogger(__name__)

_NO_LABELS: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One value at this moment: a gauge's, or a counter's since the process started."""

    name: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


class Source(Protocol):
    """Keeps count of its own and tells when Prometheus asks.

    Called on the thread that scrapes; must not block. An exception marks the source as down and
    leaves the others alone.
    """

    def readings(self) -> Iterable[Reading]:
        """The values now."""
        ...


class Metrics:
    """One registry of its own; a name or label that is not in the lists is a KeyError at once."""

    __slots__ = ("_histograms", "_registry", "_values")

    def __init__(self) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._values = _Values()
        self._registry.register(self._values)
        self._histograms = {
            name: Histogram(
                name, each.help, each.labels, registry=self._registry, buckets=each.bounds
            )
            for name, each in HISTOGRAMS.items()
        }

    def count(self, name: str, labels: Mapping[str, str] = _NO_LABELS, by: float = 1) -> None:
        """Add to a counter; from any thread."""
        self._values.add(name, _ordered(COUNTERS[name], name, labels), by)

    def observe(self, name: str, seconds: float, labels: Mapping[str, str] = _NO_LABELS) -> None:
        """Add one duration to a histogram; from any thread."""
        values = _ordered(HISTOGRAMS[name], name, labels)
        histogram = self._histograms[name]
        (histogram.labels(*values) if values else histogram).observe(seconds)

    def add_source(self, name: str, source: Source) -> None:
        """Read ``source`` at every scrape; ``name`` is its label in ``zorgid_source_up``."""
        self._values.sources[name] = source

    def expose(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self._registry)


Family = CounterMetricFamily | GaugeMetricFamily


class _Values(Collector):
    """Counters of our own, and the readings of all sources; counts of one name add up."""

    def __init__(self) -> None:
        self.sources: dict[str, Source] = {}
        self._counts: Counter[tuple[str, tuple[str, ...]]] = Counter()
        self._lock = Lock()

    def add(self, name: str, labels: tuple[str, ...], by: float) -> None:
        if by < 0:
            raise ValueError("a counter only grows")
        with self._lock:
            self._counts[name, labels] += by  # type: ignore[assignment]  # Counter holds floats too

    def collect(self) -> Iterator[Family]:
        with self._lock:
            values: dict[tuple[str, tuple[str, ...]], float] = dict(self._counts)
        for source, reader in self.sources.items():
            found = _read(source, reader)
            values["zorgid_source_up", (source,)] = float(found is not None)
            for reading in found or ():
                definition = COUNTERS.get(reading.name) or GAUGES[reading.name]
                key = reading.name, _ordered(definition, reading.name, reading.labels)
                before = values.get(key, 0.0) if reading.name in COUNTERS else 0.0
                values[key] = before + reading.value
        return iter(_families(values).values())


def _read(name: str, source: Source) -> list[Reading] | None:
    try:
        readings = list(source.readings())
        for each in readings:
            _ordered(COUNTERS.get(each.name) or GAUGES[each.name], each.name, each.labels)
    except Exception:  # noqa: BLE001 -- one broken source must not hide the others
        _LOG.exception("a source of metrics failed", extra={"source": name})
        return None
    return readings


def _families(values: Mapping[tuple[str, tuple[str, ...]], float]) -> dict[str, Family]:
    families: dict[str, Family] = {}
    for (name, labels), value in sorted(values.items()):
        family = families.get(name)
        if family is None:
            counter = COUNTERS.get(name)
            family = families[name] = (
                CounterMetricFamily(name, counter.help, labels=counter.labels)
                if counter
                else GaugeMetricFamily(name, GAUGES[name].help, labels=GAUGES[name].labels)
            )
        family.add_metric(labels, value)
    return families


def _ordered(definition: Definition, name: str, labels: Mapping[str, str]) -> tuple[str, ...]:
    if set(labels) != set(definition.labels):
        raise KeyError(f"{name} has the labels {definition.labels}")
    return tuple(labels[each] for each in definition.labels)
