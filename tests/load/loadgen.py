"""MLCommons LoadGen, scenario SingleStream, around any call: the p50 and p90 that it would report."""

import re
from collections.abc import Callable
from pathlib import Path

import mlperf_loadgen as lg

LINE = re.compile(r"^(\d+\.\d+) percentile latency \(ns\)\s*:\s*(\d+)", re.MULTILINE)


def single_stream(infer: Callable[[], object], queries: int, folder: Path) -> tuple[float, float]:
    """(p50, p90) in milliseconds of so many queries, one after the other, by LoadGen's own clock and log in `folder`."""

    def issue(samples):
        infer()
        lg.QuerySamplesComplete([lg.QuerySampleResponse(sample.id, 0, 0) for sample in samples])

    settings, log, output = lg.TestSettings(), lg.LogSettings(), lg.LogOutputSettings()
    settings.scenario, settings.mode = lg.TestScenario.SingleStream, lg.TestMode.PerformanceOnly
    settings.min_query_count = settings.max_query_count = queries
    settings.min_duration_ms = 1
    output.outdir, output.copy_summary_to_stdout = str(folder), False
    log.log_output, log.enable_trace = output, False
    sut, samples = lg.ConstructSUT(issue, lambda: None), lg.ConstructQSL(1, 1, lambda _: None, lambda _: None)
    try:
        lg.StartTestWithLogSettings(sut, samples, settings, log)
    finally:
        lg.DestroyQSL(samples)
        lg.DestroySUT(sut)
    found = {name: int(ns) / 1e6 for name, ns in LINE.findall((folder / "mlperf_log_summary.txt").read_text())}
    return found["50.00"], found["90.00"]
