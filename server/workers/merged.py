"""The metrics of several processes as one text: every sample says which worker it is of."""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

LABEL = "worker"


def merged(own: str, workers: Mapping[str, str]) -> bytes:
    """Prometheus text: ``own`` as it is, and each worker's with the label ``worker``."""
    families: dict[str, Metric] = {}
    for family in text_string_to_metric_families(own):
        families[family.name] = family
    for name, text in workers.items():
        for family in text_string_to_metric_families(text):
            kept = families.setdefault(
                family.name, Metric(family.name, family.documentation, family.type)
            )
            for sample in family.samples:
                labels = sample.labels | {LABEL: name}
                kept.samples.append(sample._replace(labels=labels))
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Made(families.values()))
    return generate_latest(registry)


class _Made(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = tuple(families)

    def collect(self) -> Iterable[Metric]:
        return self._families
