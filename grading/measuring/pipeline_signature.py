"""Do the stages of a pipeline take what they are given? The first what the lab gives, a fed one what the one before answers."""

from collections.abc import Iterable, Sequence
from math import prod

from grading.bench.errors import BenchError
from grading.bench.report import Report
from grading.measuring.signature import check_signature, takes_type
from grading.spec import BenchSpec, Stage

Shape = tuple[int, ...]


def check_stage(number: int, reports: Sequence[Report], spec: BenchSpec, lab: str) -> str:
    """Check the last of `reports`, which are those of the stages up to `number`.

    Returns:
        The layout of the lab's input that the first stage takes; "" for the others.

    Raises:
        BenchError: `input_mismatch`, `output_mismatch`, and `stage_mismatch` where two neighbours do not belong together.
    """
    stage, report, is_last = spec.pipeline[number], reports[-1], number == len(spec.pipeline) - 1
    layout = check_signature(report, spec, lab, has_output=False) if number == 0 else ""
    if number and stage.is_fed:
        _check_fed(stage, spec.pipeline[number - 1], report, reports[-2])
    elif number and stage.shapes:
        _check_own(report, stage.shapes.values())
    if is_last:
        check_signature(report, spec, lab, has_input=False)
    return layout


def _check_fed(stage: Stage, before: Stage, report: Report, given: Report) -> None:
    if len(given.outputs) != 1:
        said = f"{before.key} answers {len(given.outputs)} outputs, and {stage.key} is given one."
        raise _mismatch(f"{said} Export {before.key} with that output alone.")
    answers, wanted = given.outputs[0].shape, _one_input(report)
    made, taken = before.calls * prod(answers), stage.calls * prod(wanted)
    if made != taken:
        said = f"{before.key} answers {_often(before)}{_times(answers)}, which are {made:,} numbers; "
        said += f"{stage.key} takes {_often(stage)}{_times(wanted)}, which are {taken:,}."
        raise _mismatch(f"{said} Export one of the two so that they are as many.")
    if not _same_order((before.calls, *answers), (stage.calls, *wanted)):
        said = f"{before.key} answers {_times(answers)} and {stage.key} takes {_times(wanted)}: as many numbers, in another order."
        raise _mismatch(f"{said} Export both with the same sizes, or flatten what lies between.")
    if not takes_type(report, "float32"):
        said = f"{stage.key} expects its input in {report.inputs[0].dtype}, and {before.key} answers float32."
        raise _mismatch(f"{said} Export it with an input of float32.")


def _check_own(report: Report, shapes: Iterable[Shape]) -> None:
    wanted = [tuple(shape) for shape in shapes]
    found = _one_input(report)
    if found not in wanted:
        said = f"This model expects an input of {_times(found)}. The lab asks for {' or '.join(map(_times, wanted))}."
        raise BenchError("input_mismatch", f"{said} Export it again with that input.")


def _one_input(report: Report) -> Shape:
    if len(report.inputs) != 1:
        raise _mismatch(f"This model has {len(report.inputs)} inputs; a stage is given one. Export it with one input.")
    shape = report.inputs[0].shape
    if not shape or shape[0] != 1:
        raise _mismatch(
            f"This model expects an input of {_times(shape)}. Export it with a batch of 1 as the first size."
        )
    return shape


def _often(stage: Stage) -> str:
    return f"{stage.calls} times " if stage.calls > 1 else ""


def _same_order(answers: Shape, wanted: Shape) -> bool:
    """Both with their calls in front. Sizes of 1 change no order, and a row of numbers is taken as it comes."""
    given, taken = ([size for size in shape if size > 1] for shape in (answers, wanted))
    return given == taken or any(len([size for size in shape[1:] if size > 1]) < 2 for shape in (answers, wanted))


def _mismatch(sentence: str) -> BenchError:
    return BenchError("stage_mismatch", sentence)


def _times(shape: Shape) -> str:
    return "×".join(map(str, shape)) or "scalar"
