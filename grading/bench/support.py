"""Which operators of a model would not run on a runtime, and what happens to them instead."""

from collections.abc import Iterator
from dataclasses import dataclass

from grading.bench.report import OperatorReport, Report
from hardware.runtimes import RuntimeProfile

SPELLED = {"onnx": "ONNX", "tflite": "TFLite", "torchscript": "TorchScript", "torch_export": "torch.export"}
WHOLE = -1
NARROW = {"int8", "uint8"}


@dataclass(frozen=True)
class Unsupported:
    """One operator that the runtime does not run itself.

    index: in the report, -1 where the file as a whole is meant. elsewhere: where it would run ("the CPU"), "" where the
    model does not load because of it.
    """

    index: int
    op: str
    sentence: str
    elsewhere: str = ""


def unsupported(report: Report, runtime: RuntimeProfile) -> tuple[Unsupported, ...]:
    """In stored order; empty where everything runs on it."""
    if report.format not in runtime.operators:
        wanted = " or ".join(SPELLED.get(name, name) for name in runtime.formats)
        mine = SPELLED.get(report.format, report.format)
        return (Unsupported(WHOLE, "", f"{runtime.name} does not load {mine}: export {wanted}."),)
    return tuple(_each(report, runtime))


def _each(report: Report, runtime: RuntimeProfile) -> Iterator[Unsupported]:
    left = 0  # 1 + index of the operator from which on everything runs elsewhere
    for operator in report.operators:
        why, ends = _why(report, runtime, operator)
        if not why and left:
            why = f"it comes after operator {left}, and {runtime.name} takes only one piece from the start"
        if not why:
            continue
        if ends and runtime.one_part and not left:
            left = operator.index + 1
        yield Unsupported(operator.index, operator.op, _sentence(runtime, operator, why), runtime.elsewhere)


def _sentence(runtime: RuntimeProfile, operator: OperatorReport, why: str) -> str:
    what = f"it would run on {runtime.elsewhere}" if runtime.elsewhere else "the model does not load"
    return f"Operator {operator.index + 1} {operator.op}: {why}; {what}."


def _why(report: Report, runtime: RuntimeProfile, operator: OperatorReport) -> tuple[str, bool]:
    """What is in the way, "" for nothing, and whether it ends the piece that an accelerator takes."""
    narrow = operator.output_dtype in NARROW
    if not runtime.knows(report.format, operator.op, int8=narrow):
        kind = " on 8-bit integers" if narrow and runtime.knows(report.format, operator.op, int8=False) else ""
        return f"{runtime.name} does not know it{kind}", True
    if runtime.types and _quantises_input(report, operator):
        # What turns the floats that come in into integers stands before the piece. TinyEngine leaves it to the caller.
        return (f"{runtime.name} takes integers, and this makes them of floats" if runtime.elsewhere else ""), False
    if runtime.types and operator.output_dtype not in runtime.types and operator.op_class != "quantise":
        return f"{runtime.name} computes in {' and '.join(runtime.types)}, and this makes {operator.output_dtype}", True
    most = runtime.most_elements.get(operator.op)
    if most is not None and operator.input_elements > most:
        return f"{runtime.name} takes at most {most:,} elements there, and these are {operator.input_elements:,}", True
    if operator.activation and operator.op in runtime.no_activation:
        return f"{runtime.name} knows it only without a fused {operator.activation}", True
    return "", False


def _quantises_input(report: Report, operator: OperatorReport) -> bool:
    given = report.inputs[0].dtype if report.inputs else ""
    return operator.op_class == "quantise" and operator.sources == (-1,) and "float" in given
