"""The work of one step: multiply-accumulates of the forward and the backward pass, and steps that the cost model multiplies.

The gradient of a layer's weights and that of its input each take as many multiply-accumulates as the layer itself, so a layer
that trains in the middle of a network costs three times its forward pass.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod

from grading.bench.cost.classes import MULTIPLYING, Work, work_of
from grading.bench.cost.features import Step, steps_of
from grading.bench.graph import OpClass
from grading.bench.report import OperatorReport
from grading.bench.training.parameters import is_layer
from grading.bench.training.setting import Setting
from grading.bench.training.tape import Tape, is_view


@dataclass(frozen=True)
class Macs:
    """Multiply-accumulates for one input. What the optimizer does is no product and counts as data moved."""

    forward: int = 0
    weight_gradient: int = 0
    input_gradient: int = 0

    @property
    def total(self) -> int:
        return self.forward + self.weight_gradient + self.input_gradient


def macs_of(tape: Tape, until: int | None = None) -> Macs:
    """until: operators from this one on are not computed (weight imprinting needs no scores)."""
    forward = weight = inner = 0
    for operator in tape.report.operators[:until]:
        adapter = (tape.trained.adapters or {}).get(operator.index)
        forward += operator.macs + (adapter.macs if adapter else 0)
        if operator.index not in tape.on_path:
            continue
        sources = tape.sources_on_path(operator)
        weight += operator.macs if _weight_trains(operator, tape) else 0
        weight += adapter.macs if adapter else 0
        if is_layer(operator):
            inner += (operator.macs + (adapter.macs if adapter else 0)) if sources else 0
        else:
            inner += operator.macs * len(sources)  # a product of computed matrices: one for each of the two
    return Macs(forward, weight, inner)


def steps_of_update(tape: Tape, setting: Setting, params: int, until: int | None = None) -> list[Step]:
    """All operators of one step on `setting.batch` inputs.

    Args:
        params: how many parameters the optimizer changes.
    """
    inference = [step for step in steps_of(tape.report) if until is None or step.index < until]
    once = [*inference, *_backward(tape, {step.index for step in inference})]
    found = [_times(step, setting.batch) for step in once]
    if params:
        last = len(tape.report.operators) - 1
        found.append(Step(last, Work.REST, 0, 0.0, 0.0, params * setting.moved_per_parameter, 0))
    return found


def _times(step: Step, batch: int) -> Step:
    """The same on several inputs: weights are read once."""
    return replace(
        step, macs=step.macs * batch, per_read=step.per_read * batch, per_written=step.per_written * batch,
        moved=step.moved * batch,
    )  # fmt: skip


def _backward(tape: Tape, alone: set[int]) -> Iterator[Step]:
    """For one input: the backward pass, what adapters add, and what a runtime no longer fuses because its derivative is wanted.

    alone: operators that the forward pass computes by themselves.
    """
    for operator in tape.report.operators:
        if operator.index not in tape.on_path or (is_view(operator) and operator.op_class != OpClass.ELEMENTWISE):
            continue
        if operator.index not in alone:
            yield _moves(operator, operator.input_elements + operator.output_elements)
        if is_layer(operator):
            yield from _layer(operator, tape)
        elif operator.op_class == OpClass.MATMUL:
            yield from (_product(operator) for _ in tape.sources_on_path(operator))
        else:
            yield _moves(operator, 2 * operator.output_elements + operator.input_elements)


def _layer(operator: OperatorReport, tape: Tape) -> Iterator[Step]:
    """dW from input and gradient, dx from weights and gradient, db from the gradient."""
    if _weight_trains(operator, tape):
        yield _product(operator)
    if tape.sources_on_path(operator):
        yield _product(operator)
    if operator.index in tape.trained.biases:
        yield _moves(operator, operator.output_elements)
    adapter = (tape.trained.adapters or {}).get(operator.index)
    if adapter is not None:
        passes = 3 if tape.sources_on_path(operator) else 2
        moved = operator.input_elements + operator.output_elements + 2 * adapter.hidden
        for _ in range(passes):
            yield Step(
                operator.index,
                Work.POINTWISE,
                adapter.macs,
                adapter.per_read,
                adapter.per_written,
                moved,
                adapter.params,
            )


def _product(operator: OperatorReport) -> Step:
    """As the layer itself: the same loops in another order."""
    kernel, work = operator.kernel, work_of(operator)
    read = kernel.in_channels // max(1, kernel.groups) if kernel else 1
    made = kernel.out_channels if kernel else 1
    weights = read * made * prod(kernel.size) if kernel and is_layer(operator) else operator.params
    plain_work = work if work in MULTIPLYING else Work.DENSE
    moved = operator.input_elements + operator.output_elements
    return Step(
        operator.index,
        plain_work,
        operator.macs,
        operator.macs / max(1, read),
        operator.macs / max(1, made),
        moved,
        weights,
    )


def _moves(operator: OperatorReport, elements: int) -> Step:
    return Step(operator.index, Work.REST, 0, 0.0, 0.0, elements, 0)


def _weight_trains(operator: OperatorReport, tape: Tape) -> bool:
    return is_layer(operator) and operator.index in tape.trained.weights
