"""What a submission costs beside the model's own run time, what the harness adds to an inference, and LoadGen beside it.

    python -m tests.load.bench_overhead [turns]

No database and no broker: the engine as the worker calls it, cold and with processes or containers that wait. "Own" is the
time in which the model ran: all timed inferences, and the others at their mean. "Cost" is all the rest. Run by `make figures`;
exit status 1 where a limit of the table is passed.
"""

import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from grading.bench import engine
from grading.bench.beforehand import wanted
from grading.bench.sandbox import SandboxRequest, SandboxResult, detect
from grading.bench.sandbox.container import Container
from grading.bench.sandbox.container_pool import SIZES
from grading.demo.digits import hidden_split, write_hidden
from grading.measuring.measure_run import measure_run
from grading.spec import BenchSpec
from hardware.ondevice import processes, tensors, timing
from hardware.ondevice.harness import RUNTIMES
from hardware.ondevice.sandbox.prepared import PreStarted
from hardware.ondevice.session import Options, Session
from hardware.ondevice.stats import percentile
from hardware.profiles import load_profiles
from tests import bench_images
from tests.load import loadgen, overhead_models
from tests.load.figures import figure, numbers, say, table
from tests.parts import ROOT, find

MODELS = ROOT / "grading" / "demo" / "models"
SUBMITTED = {
    "onnx": "digits-middle.onnx", "tflite": "digits-wide.tflite",
    "torchscript": "digits-middle.pt", "torch_export": "digits-narrow.pt2",
}  # fmt: skip
SPEC = {
    "task": "classification",
    "input": {"shapes": {"NCHW": [1, 1, 8, 8], "NHWC": [1, 8, 8, 1]}, "low": 0, "high": 16},
    "classes": [str(digit) for digit in range(10)],
    "criteria": [{"key": "opens", "title": "Opens", "group": "All", "points": 1, "rule": {"kind": "pass"}}],
}
PHASES = ("check", "start", "rehearse", "time", "answer", "rest")
PHASE_ENDS = {"environment": "start", "model": "rehearse", "latency": "time"}
REHEARSED_AND_AGAIN = 17
TURNS, A_TURN, ROUNDS, WORKING_INFERENCES = 60, 200, 7, 300
MOST_COST_S, MOST_IN_DOCKER_S, MOST_ADDED_US, MOST_INSPECTION_S, MOST_INSPECTION_GB = 1.0, 2.5, 20, 3.0, 1.0
FULL_WITHIN_S = 180


class Notes:
    """Notes of an isolation how long each phase took and how long the model itself ran (seconds)."""

    def reset(self, hidden: int) -> None:
        self.own_s, self.hidden, self.results = 0.0, hidden, []
        self.phases = dict.fromkeys(PHASES, 0.0)

    def run(self, request: SandboxRequest, on_frame=None, on_tick=None) -> SandboxResult:
        last = time.perf_counter()

        def note(phase: str) -> None:
            nonlocal last
            now = time.perf_counter()
            self.phases[phase] += now - last
            last = now

        def frame(kind: str, body: dict) -> None:
            if kind in PHASE_ENDS:
                note(PHASE_ENDS[kind])
            if on_frame:
                on_frame(kind, body)

        result = super().run(request, frame, on_tick)
        note("check" if "inspection" in request.entry else "answer")
        self.own_s += own_s(result, self.hidden)
        self.results.append(result)
        return result


class Processes(Notes, PreStarted):
    """Processes that wait, or none where it ``is_cold``."""

    is_cold = False

    def expect(self, imports, count) -> None:
        if not self.is_cold:
            super().expect(imports, count)

    def get_ready(self, how: str, formats) -> None:
        self.is_cold = how == "cold"
        if self.is_cold:
            self.close()
            return
        self.make_ready(wanted(formats))
        assert all(each.is_prepared() for waiting in self._waiting.values() for each in waiting)


class Containers(Notes, Container):
    """Containers that wait where they were made with a pool."""

    def get_ready(self, how: str, formats) -> None:
        assert self.full(FULL_WITHIN_S)


def own_s(result: SandboxResult, hidden: int) -> float:
    """Seconds in which the model ran, of one process."""
    latency = next((body for kind, body in result.frames if kind == "latency"), None)
    if latency is None:
        return 0.0
    others = hidden + REHEARSED_AND_AGAIN if any(kind == "hidden" for kind, _ in result.frames) else 0
    timed = [*latency["first_ms"], *latency["samples_ms"]]
    return (sum(timed) + others * statistics.mean(latency["samples_ms"])) / 1000


def submissions(pools: dict[str, Processes | Containers], folder: Path, most_s: float) -> list[str]:
    """The table of one isolation, ``pools`` by how they start. Returns what is above the limit."""
    inputs, labels = folder / "inputs.npy", folder / "labels.npy"
    count, above = write_hidden(hidden_split(), inputs, labels), []
    say(f"One submission, {count} hidden inputs, in {pools['waiting'].label}; seconds")
    row = table(
        "format|13", "how|<9", *(f"{word}|7.2f" for word in ("total", "own", "cost")), *(f"{p}|9.3f" for p in PHASES)
    )
    for model_format, name in SUBMITTED.items():
        for how, pool in pools.items():
            pool.get_ready(how, [model_format])
            pool.reset(count)
            begun = time.perf_counter()
            measure_run(
                model=MODELS / name, name=name, spec=BenchSpec.parse(SPEC), lab="Lab 1", inputs=inputs, labels=labels,
                sandbox=pool, seed=1, on_progress=lambda phase, done, total: None, profiles=load_profiles(),
            )  # fmt: skip
            total = time.perf_counter() - begun
            pool.phases["rest"] = total - sum(pool.phases.values())
            row(model_format, how, total, pool.own_s, total - pool.own_s, *(pool.phases[phase] for phase in PHASES))
            if how == "waiting" and total - pool.own_s > most_s:
                above.append(
                    f"a submission in {model_format} costs {total - pool.own_s:.2f} s, not {most_s} s, in {pool.name}"
                )
    row("limit", "waiting", None, None, most_s, *(None for _ in PHASES))
    say("time: 0.3 s or 50 inferences at least for each process, of which the model's part is own")
    return above


def in_containers(folder: Path) -> list[str]:
    """As ``submissions``, in Docker where there is one."""
    version, why = find("docker")
    if not version:
        say(f"One submission in Docker: not measured, {why}")
        return []
    record = bench_images.record(*SIZES)
    with contextlib.closing(Containers(record)) as cold, contextlib.closing(Containers(record, pool=SIZES)) as waiting:
        return submissions({"cold": cold, "waiting": waiting}, folder, MOST_IN_DOCKER_S)


def idle_memory(pool: Processes) -> None:
    row = table("what waits|45", "MiB, proportional set size|6")
    pool.get_ready("waiting", SUBMITTED)
    total = 0
    for imports, waiting in pool._waiting.items():
        for each in waiting:
            mib = sum(processes.proportional_bytes(pid) or 0 for pid in processes.descendants(each._process.pid)) >> 20
            total += mib
            row(imports[0], mib)
    row("all", total)
    pool.close()


def session_for(path: Path, model_format: str, shape: tuple[int, ...]) -> tuple[Session, list]:
    session = import_module(RUNTIMES[model_format]).load(str(path), Options(1, [shape]))
    return session, tensors.random_inputs(session.inputs, 0)


def bare_call(session: Session, model_format: str, arrays: list) -> Callable[[], object]:
    """The shortest loop body that somebody would write by hand for this runtime."""
    if model_format == "onnx":
        runtime, feed = session._session, {session.inputs[0].name: arrays[0]}
        return lambda: runtime.run(None, feed)
    if model_format == "tflite":
        runtime, given, wanted_index = session._interpreter, session._input_indices[0], session._output_indices[0]

        def call():
            runtime.set_tensor(given, arrays[0])
            runtime.invoke()
            return runtime.get_tensor(wanted_index)

        return call
    import torch

    module, tensor = session._call, torch.from_numpy(arrays[0])

    def call_torch():
        with torch.inference_mode():
            return module(tensor)

    return call_torch


def timed_bare(call: Callable[[], object], count: int) -> list[float]:
    """Milliseconds of each call, without the harness."""
    found = []
    for _ in range(count):
        begun = time.perf_counter_ns()
        call()
        found.append((time.perf_counter_ns() - begun) / 1e6)
    return found


def timed_by_harness(session: Session, arrays: list, count: int) -> list[float]:
    scenario = timing.Scenario(min_runs=count, max_runs=count)
    return timing.measure(session.bind(arrays), scenario, lambda done, total: None).samples_ms


def harness(folder: Path, turns: int) -> list[str]:
    """What ``timing.measure`` adds, in short turns: such a machine changes its pace every few milliseconds."""
    say(f"What the harness adds to one inference of next to nothing, {turns} turns of {A_TURN} each; microseconds")
    row, above = table("format|13", "bare|8.1f", "harness|8.1f", "added|8.1f", "9 in 10|8.1f"), []
    for model_format in SUBMITTED:
        session, arrays = session_for(overhead_models.nothing(folder, model_format), model_format, (1, 4))
        call, added, bare_us = bare_call(session, model_format, arrays), [], []
        for _ in range(turns):
            bare, ours = timed_bare(call, A_TURN), timed_by_harness(session, arrays, A_TURN)
            bare_us.append(1000 * percentile(bare, 50))
            added.append(1000 * percentile(ours, 50) - bare_us[-1])
        middle, most = percentile(added, 50), percentile(added, 90)
        row(model_format, percentile(bare_us, 50), percentile(bare_us, 50) + middle, middle, most)
        if middle > MOST_ADDED_US:
            above.append(f"the harness adds {middle:.1f} us to an inference in {model_format}, not {MOST_ADDED_US}")
    row("limit", None, None, MOST_ADDED_US, None)
    return above


def beside_loadgen(folder: Path) -> None:
    say(f"Beside LoadGen, SingleStream, one session, {WORKING_INFERENCES} inferences a round in turn; milliseconds")
    row = table("format|13", *(f"{word}|8.3f" for word in ("p50", "LoadGen", "ratio", "p90", "LoadGen", "ratio")))
    shapes = {"tflite": (1, 64, 64, 16)}
    for model_format in SUBMITTED:
        path = overhead_models.working(folder, model_format)
        session, arrays = session_for(path, model_format, shapes.get(model_format, (1, 16, 64, 64)))
        timed_by_harness(session, arrays, WORKING_INFERENCES)
        rounds = []
        for _ in range(ROUNDS):
            samples = timed_by_harness(session, arrays, WORKING_INFERENCES)
            theirs = loadgen.single_stream(session.bind(arrays), WORKING_INFERENCES, folder)
            rounds.append((percentile(samples, 50), theirs[0], percentile(samples, 90), theirs[1]))
        shown = []
        for place in (0, 2):
            shown += [statistics.median(one[place + beside] for one in rounds) for beside in (0, 1)]
            shown.append(statistics.median(one[place] / one[place + 1] for one in rounds))
        row(model_format, *shown)


def inspections(pool: Processes, folder: Path) -> list[str]:
    """A model of 105 MB of each format. Returns what is above a limit."""
    say("Looking into a model of 105 MB")
    row = table("format|13", "cold, s|.2f", "waiting, s|.2f", "memory, GB|.2f")
    above = []
    for model_format in SUBMITTED:
        path, took, peak = overhead_models.large(folder, model_format), [], 0
        for how in ("cold", "waiting"):
            pool.get_ready(how, [model_format])
            pool.reset(0)
            begun = time.perf_counter()
            engine.inspect(path, sandbox=pool, input_shapes=[(1, overhead_models.WIDE)])
            took.append(time.perf_counter() - begun)
            peak = max(peak, pool.results[0].peak_rss_bytes)
        path.unlink()
        row(model_format, *took, peak / 1e9)
        if took[1] > MOST_INSPECTION_S or peak / 1e9 > MOST_INSPECTION_GB:
            above.append(f"looking into 105 MB of {model_format} takes {took[1]:.1f} s and {peak / 1e9:.1f} GB")
    row("limit", None, MOST_INSPECTION_S, MOST_INSPECTION_GB)
    return above


def main() -> int:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(prefix="milliamp-load-") as name:
        folder = Path(name)
        with contextlib.closing(Processes(detect("auto"), folder)) as pool:
            above = submissions({"cold": pool, "waiting": pool}, folder, MOST_COST_S)
            idle_memory(pool)
            above += inspections(pool, folder)
        above += in_containers(folder)
        above += harness(folder, *numbers(TURNS))
        beside_loadgen(folder)
    for each in [f"above the limit: {one}" for one in above] or ["all within their limits"]:
        say(each)
    return int(bool(above))


if __name__ == "__main__":
    sys.exit(figure(main))
