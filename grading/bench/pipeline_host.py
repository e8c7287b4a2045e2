"""The times of several models on this machine as if they were one: of one input through all of them. Shown, never graded."""

from collections.abc import Sequence
from typing import Any

from grading.bench.measurement import HostTiming, Measurement
from grading.bench.pipeline import StagePart

Times = Sequence[float]


def measured_together(stages: Sequence[StagePart], measurements: Sequence[Measurement]) -> Measurement:
    """Percentiles are the sums of the stages' own, which is more than those of the sum where the slow moments do not meet; samples are
    added up in their order, as many as every stage has. predictions and signs: of the last stage alone."""
    calls = [stage.calls for stage in stages]
    hosts = [one.host for one in measurements]
    last = measurements[-1]
    host = HostTiming(
        p50_ms=_sum(calls, [host.p50_ms for host in hosts]),
        p90_ms=_sum(calls, [host.p90_ms for host in hosts]),
        p99_ms=_sum(calls, [host.p99_ms for host in hosts]),
        runs=min(host.runs for host in hosts),
        first_ms=_sums(calls, [host.first_ms for host in hosts]),
        samples_ms=_sums(calls, [host.samples_ms for host in hosts]),
        medians_ms=_sums(calls, [host.medians_ms for host in hosts]),
        processes=min(host.processes for host in hosts),
        peak_rss_bytes=max(host.peak_rss_bytes for host in hosts),
        isolation=last.host.isolation,
    )
    findings = [
        item | {"sentence": f"{stage.title}: {item['sentence']}"}
        for stage, one in zip(stages, measurements, strict=True)
        for item in one.findings
    ]
    return Measurement(host, last.predictions, _environment(measurements), findings, last.signs)


def stage_rows(stages: Sequence[StagePart], measurements: Sequence[Measurement]) -> list[dict[str, Any]]:
    """What the result keeps of each stage on this machine, of one call: JSON-ready."""
    return [
        {
            "key": stage.key, "title": stage.title, "calls": stage.calls, "file": stage.file, "format": stage.report.format,
            "bytes": stage.report.bytes, "params": stage.report.params, "macs": stage.report.macs,
            "peak_activation_bytes": stage.report.peak_activation_bytes, **one.host.summary(),
            "peak_rss_bytes": one.host.peak_rss_bytes, "isolation": one.host.isolation, "runtime": _runtime(one),
        }
        for stage, one in zip(stages, measurements, strict=True)
    ]  # fmt: skip


def _sum(calls: Sequence[int], values: Times) -> float:
    return round(sum(count * value for count, value in zip(calls, values, strict=True)), 6)


def _sums(calls: Sequence[int], rows: Sequence[Times]) -> list[float]:
    return [_sum(calls, values) for values in zip(*rows, strict=False)]


def _runtime(one: Measurement) -> str:
    told = one.environment
    return f"{told.get('runtime', '')} {told.get('runtime_version', '')}".strip()


def _environment(measurements: Sequence[Measurement]) -> dict[str, Any]:
    """Of the machine it is the same for all; the runtimes are named one after the other."""
    names = " and ".join(dict.fromkeys(_runtime(one) for one in measurements))
    return {**measurements[0].environment, "runtime": names, "runtime_version": ""}
