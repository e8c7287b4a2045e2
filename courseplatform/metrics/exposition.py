"""What /metrics answers: the requests of all web processes, and what the sources tell."""

import os
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest, multiprocess
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from courseplatform.metrics import web
from courseplatform.metrics.process_files import forget_dead
from courseplatform.metrics.sources import Family, families_now


class _Sources:
    """The families of the sources as the library wants them."""

    def collect(self) -> Iterator[Metric]:
        for family in families_now():
            yield _metric(family)


def _metric(family: Family) -> Metric:
    made = CounterMetricFamily if family.is_counter else GaugeMetricFamily
    names = list(family.samples[0][0]) if family.samples else []
    metric = made(family.name, family.says, labels=names)
    for labels, number in family.samples:
        metric.add_metric([labels[name] for name in names], number)
    return metric


def exposition() -> bytes:
    """In Prometheus's text format. Of a process that died its counts stay, what it was doing goes."""
    registry = CollectorRegistry()
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if folder:
        forget_dead(Path(folder))
        multiprocess.MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
    registry.register(_Sources())
    return generate_latest(registry) if folder else generate_latest(web.here) + generate_latest(registry)
