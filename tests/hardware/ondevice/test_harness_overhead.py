"""What the harness adds to one inference, against the shortest loop: at most 20 microseconds in the best of some rounds."""

import time

import numpy as np

from hardware.ondevice import onnx_runtime, timing
from hardware.ondevice.harness import Channel
from hardware.ondevice.session import Options
from hardware.ondevice.stats import percentile
from tests.hardware.ondevice import models

MOST_US, INFERENCES, ROUNDS = 20, 300, 5


def test_an_inference_is_timed_as_a_bare_loop_times_it(tmp_path):
    session = onnx_runtime.load(str(models.linear(tmp_path / "m.onnx")), Options())
    array = np.zeros((1, 4), np.float32)
    feed = {session.inputs[0].name: array}
    added = []
    for _ in range(ROUNDS):
        bare = []
        for _ in range(INFERENCES):
            begun = time.perf_counter_ns()
            session._session.run(None, feed)
            bare.append((time.perf_counter_ns() - begun) / 1e6)
        scenario = timing.Scenario(min_runs=INFERENCES, max_runs=INFERENCES)
        ours = timing.measure(session.bind([array]), scenario, lambda done, total: None).samples_ms
        added.append(1000 * (percentile(ours, 50) - percentile(bare, 50)))
    assert min(added) <= MOST_US


def test_what_lies_between_two_inferences_is_short_too(monkeypatch):
    channel = Channel(-1, "")
    monkeypatch.setattr(channel, "send", lambda kind, body: None)
    monkeypatch.setattr(timing.gc, "collect", lambda: 0)  # once a process, and as long as this suite's heap is large
    count, took = 5000, []
    for _ in range(ROUNDS):
        scenario = timing.Scenario(min_runs=count, max_runs=count)
        begun = time.process_time()
        timing.measure(lambda: None, scenario, lambda done, total: channel.progress("timing", done, total))
        took.append((time.process_time() - begun) / count * 1e6)
    assert min(took) <= MOST_US
