"""Whether what a board measured may stand: it was not held back meanwhile, and the golden model, measured right before and right after, took as
long both times and as long as it does on this board.

What does not stand is a fault of the board and goes back into the line: never a matter of the model, nor of whoever handed it in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from hardware.models import BoardJob, Outcome, Purpose, Runner, Status
from hardware.ondevice.stats import percentile
from hardware.runners.facts import number
from hardware.runners.health import BASELINE_OF, baseline_of, farthest, golden_name, is_alike
from hardware.runners.results import LEAST_MS, MOST_MS

THROTTLED = "the board was throttled while it measured"


@dataclass(frozen=True)
class Judged:
    """why: what is wrong with it; "" where it stands. is_doubtful: the board itself is to be checked before it gets anything else.

    bracket: {model, before_ms, after_ms, drift_percent, baseline_ms (None before the first)}; None where the plan had no reference.
    """

    why: str = ""
    is_doubtful: bool = False
    bracket: dict[str, Any] | None = None


def judge(job: BoardJob, runner: Runner, environment: Mapping[str, Any]) -> Judged:
    """What the site makes of ENV of docs/runner-protocol.md. Nothing in it is believed further than that it speaks against the board."""
    if _is_throttled(environment):
        return Judged(THROTTLED)
    reference = job.plan.get("reference")
    if (
        reference is None or job.purpose == Purpose.CALIBRATE
    ):  # parts of a calibration are judged by it, and made again by it
        return Judged()
    said = environment.get("bracket")
    said = said if isinstance(said, Mapping) else {}
    before_ms, after_ms = (number(said.get(f"{when}_p50_ms"), LEAST_MS, MOST_MS) for when in ("before", "after"))
    if before_ms is None or after_ms is None:
        return Judged("the board did not say how long the golden model took before and after", is_doubtful=True)
    model = golden_name(runtime_of(reference), runner)
    baseline_ms = baseline_of(runner, model) or _baseline_of_brackets(runner, job.runtime, model)
    bracket = {
        "model": model, "before_ms": before_ms, "after_ms": after_ms, "drift_percent": round(100 * (after_ms / before_ms - 1), 2),
        "baseline_ms": baseline_ms,
    }  # fmt: skip
    why = _why(before_ms, after_ms, baseline_ms)
    return Judged(why, bool(why), bracket)


def runtime_of(step: Mapping[str, Any]) -> str:
    """The format of the model that a step of the harness runs; "" where it does not say."""
    args = [str(one) for one in step.get("args", ())]
    return next((value for key, value in pairwise(args) if key == "--format"), "")


def _is_throttled(environment: Mapping[str, Any]) -> bool:
    """By the agent's own verdict, or by one of its looks at the machine."""
    samples = environment.get("samples")
    rows = samples if isinstance(samples, list) else []
    seen = any(isinstance(row, list) and len(row) > 3 and row[3] is True for row in rows)
    return seen or environment.get("thermal") == "throttled"


def _baseline_of_brackets(runner: Runner, runtime: str, model: str) -> float | None:
    """A board is checked by one runtime; of its others it is known what they took before earlier runs."""
    rows = BoardJob.objects.filter(
        taken_by=runner, runtime=runtime, purpose=Purpose.MEASURE, status=Status.FINISHED, outcome=Outcome.MEASURED
    )
    brackets = rows.order_by("-finished_at").values_list("environment__bracket", flat=True)[:BASELINE_OF]
    times = [float(one["before_ms"]) for one in brackets if isinstance(one, dict) and one.get("model") == model]
    return percentile(times, 50) if times else None


def _why(before_ms: float, after_ms: float, baseline_ms: float | None) -> str:
    within = f"a board repeats to {100 * (farthest() - 1):.0f} %"
    if not is_alike(after_ms / before_ms):
        return f"the golden model took {before_ms:.2f} ms before the run and {after_ms:.2f} ms after it; {within}"
    for when, ms in (("before", before_ms), ("after", after_ms)):
        if baseline_ms is not None and not is_alike(ms / baseline_ms):
            return f"the golden model took {ms:.2f} ms {when} the run, and {baseline_ms:.2f} ms is this board's baseline; {within}"
    return ""
