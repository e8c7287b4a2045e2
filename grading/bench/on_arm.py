"""Does a model give the same answers on Arm? It runs in two containers, one of this machine's processor and one of an emulated
arm64, on the same inputs. Nothing is timed: an emulator's times say nothing about any device.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grading.bench import engine
from grading.bench.errors import BenchError
from hardware.ondevice.sandbox.request import Limits, Sandbox

INPUTS, SEED = 8, 0
# Two processors sum in another order. Of a model that computes in float32 this much of the largest answer may differ;
# of one whose answers are whole numbers, one step of them: rounding a half up or down is left to the kernel.
TOLERANCE = 1e-3
# Emulation is twenty to fifty times slower; nobody waits for it before a clock.
EMULATED = Limits(wall_s=600.0, cpu_s=600)


@dataclass(frozen=True)
class Comparison:
    """What two processors answered to the same inputs.

    ``largest_difference`` and ``allowed`` are in the units of the model's output; ``is_quantized``: allowed is one step.
    ``same_top``: for how many of the inputs the
    largest answer stands at the same place. ``runtime``: name and version on Arm.
    """

    inputs: int
    same_top: int
    largest_difference: float
    allowed: float
    is_quantized: bool
    machine: str
    runtime: str

    @property
    def agrees(self) -> bool:
        """Whether it is the same model on both."""
        return self.same_top == self.inputs and self.largest_difference <= self.allowed

    @property
    def sentence(self) -> str:
        """For a page or a report."""
        verdict = "answers the same" if self.agrees else "does not answer the same"
        return (
            f"On {self.machine} under {self.runtime} the model {verdict}: the largest answer is at the same place for "
            f"{self.same_top} of {self.inputs} inputs, and no number differs by more than {self.largest_difference:.3g} "
            f"(allowed {self.allowed:.3g})."
        )


def check_on_arm(path: Path, *, here: Sandbox, arm: Sandbox, seed: int = SEED) -> Comparison:
    """Run the model at ``path`` on the same made-up inputs in both sandboxes and compare.

    Args:
        here: containers of this machine's processor. arm: containers of linux/arm64.

    Raises:
        BenchError: the model does not load or run on one of them, as `engine.measure` says it, or has more than one input
            (`not_compared`).
    """
    report = engine.inspect(path, sandbox=here)
    if len(report.inputs) != 1:
        message = f"This model has {len(report.inputs)} inputs; only models with one are compared on Arm."
        raise BenchError("not_compared", message)
    told = engine.answer(path, report, sandbox=here, inputs=None, seed=seed)
    with tempfile.TemporaryDirectory(prefix="milliamp-arm-") as folder:
        inputs = Path(folder, "inputs.npy")
        np.save(inputs, made_up(told.inputs[0], seed), allow_pickle=False)
        first = engine.answer(path, report, sandbox=here, inputs=inputs, seed=seed)
        second = engine.answer(path, report, sandbox=arm, inputs=inputs, seed=seed, limits=EMULATED)
    return compare(first, second)


def made_up(tensor: dict[str, Any], seed: int) -> NDArray[Any]:
    """``INPUTS`` inputs of an input's shape, float32: all that a quantised input can tell apart, else between -1 and 1."""
    shape = (INPUTS, *tensor["shape"][1:])
    generator = np.random.default_rng(seed)
    scale = tensor["scale"]
    if scale is None:
        return generator.uniform(-1.0, 1.0, shape).astype(np.float32)
    bounds = np.iinfo(tensor["dtype"])
    stored = generator.integers(bounds.min, bounds.max, shape, endpoint=True)
    found: NDArray[Any] = ((stored - tensor["zero_point"]) * scale).astype(np.float32)
    return found


def compare(first: engine.Answers, second: engine.Answers) -> Comparison:
    """Hold two lists of answers against one another."""
    a, b = (np.asarray(answers.predictions, dtype=np.float64) for answers in (first, second))
    step = first.outputs[0]["scale"]
    # Half a hundredth more: a step is told in float32.
    allowed = TOLERANCE * float(np.abs(a).max(initial=0.0)) if step is None else step * 1.005
    return Comparison(
        inputs=len(a),
        same_top=_same_top(a, b, allowed),
        largest_difference=float(np.abs(a - b).max(initial=0.0)),
        allowed=allowed,
        is_quantized=step is not None,
        machine=second.machine,
        runtime=second.runtime,
    )


def _same_top(a: NDArray[Any], b: NDArray[Any], allowed: float) -> int:
    """How often what is largest in ``b`` is largest in ``a`` too; answers closer than what may differ count as equal."""
    place = b.argmax(axis=1)
    return int((a[np.arange(len(a)), place] >= a.max(axis=1) - allowed).sum())
