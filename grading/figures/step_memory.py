"""The memory of a training step: counted from the file, and as PyTorch allocated it while it ran. Shown where a lab takes such steps."""

from courseplatform.core import numbers
from grading.figures.base import Figure, Given, Json
from grading.ml_tasks.drawing import bars, bars_height, bars_layout
from grading.ml_tasks.registry import task_of

ROWS = (("counted", "counted from the file"), ("measured", "allocated by PyTorch"), ("state", "kept between two steps"))
NEAR = 0.1  # as a share of the count: nearer than that nobody needs to look for a reason


def step_memory(given: Given) -> Figure | None:
    """None for a task in which nothing trains."""
    quality = given.result["quality"]
    if not task_of(quality).trains:
        return None
    counted, measured = given.result["report"]["peak_activation_bytes"], quality["step_peak_bytes"]
    values = {"counted": counted, "measured": measured, "state": quality["state_bytes"]}
    names = [words for _, words in ROWS]
    return Figure(
        slug="step-memory", title="Memory of a step", basis="measured", finding=_finding(counted, measured),
        how="Counted: each tensor from the operator that makes it to the last one that reads it, in the order of the file. Allocated: PyTorch's "
            f"own record of one step, on {given.result['environment'].get('on_board', {}).get('runner', 'this machine')}.",
        note="Both are the fullest moment, without what is kept between two steps. A kernel's scratch memory is in what was allocated alone, "
             "and the batch itself only in what was counted.",
        columns=["What", "Basis", "Bytes"],
        rows=[[words, "measured" if name == "measured" else "counted", f"{values[name]:.0f}"] for name, words in ROWS],
        height=bars_height(len(ROWS)), marks=[("measured", "allocated: measured"), ("counted", "counted")],
        draw=lambda: {"data": [_bars(values)], "layout": bars_layout("KiB", names)},
    )  # fmt: skip


def _bars(values: dict[str, float]) -> Json:
    names, sizes = [words for _, words in ROWS], [values[name] / 1024 for name, _ in ROWS]
    made = bars(names, sizes, texts=[numbers.size(values[name]) for name, _ in ROWS], hover="%{y}: %{x:.3g} KiB")
    return made | {"marker": {"color": ["--plot-1", "--plot-2", "--plot-0"]}}


def _finding(counted: float, measured: float) -> str:
    said = (
        f"We count {numbers.size(counted)} at the fullest moment of a step; PyTorch allocated {numbers.size(measured)}"
    )
    if counted == measured:
        return f"We count {numbers.size(counted)} at the fullest moment of a step, and PyTorch allocated just that."
    if not counted or abs(measured - counted) <= NEAR * counted:
        return f"{said}, nearly the same."
    apart = numbers.share(abs(measured - counted) / counted, 0)
    return f"{said}, {apart} {'more' if measured > counted else 'less'}."
