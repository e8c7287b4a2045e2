"""What a report would be after one change to the network: a split convolution, a stride, fewer channels. Pure Python, no file is touched.

A change is followed through the operators that read its output, shape by shape. Where it cannot be followed (two branches that would no
longer fit each other, an output of another shape, an operator that is not understood) there is no edited report, and nobody guesses.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, prod

from grading.bench.graph import Kernel, OpClass, bits_of
from grading.bench.report import OperatorReport, Report

Shape = tuple[int, ...]
PASSING = {OpClass.ACTIVATION, OpClass.NORMALISE, OpClass.QUANTISE, OpClass.SOFTMAX}
SLIDING = {OpClass.CONV, OpClass.DEPTHWISE, OpClass.POOL}


@dataclass(frozen=True)
class Edited:
    """report: after the change. knows_peak: off where the stored memory profile could not be computed anew, so its peak means nothing."""

    report: Report
    knows_peak: bool


def split(report: Report, index: int) -> Edited | None:
    """A dense convolution becomes a depthwise and a pointwise one (Howard et al., MobileNets, arXiv 1704.04861, 3.1)."""
    old = report.operators[index]
    kernel = old.kernel
    if not is_plain_convolution(old) or kernel is None or prod(kernel.size) < 4 or kernel.in_channels <= 4:
        return None
    places, area = _places(old), prod(kernel.size)
    if not places or old.op_class != OpClass.CONV:
        return None
    width, bias = old.output_bytes / old.output_elements, _has_bias(old)
    first_elements = places * kernel.in_channels
    biases = (kernel.in_channels * bias, kernel.out_channels * bias)
    weights = (kernel.in_channels * area, kernel.in_channels * kernel.out_channels)
    axis = channel_axis(old, report.format)
    first = replace(
        old, name=f"{old.name} depthwise", op_class=str(OpClass.DEPTHWISE), macs=places * area * kernel.in_channels, params=weights[0] + biases[0],
        weight_bytes=_held(old, weights[0], biases[0]), output_elements=first_elements, output_bytes=ceil(first_elements * width),
        output_shape=_with(old.output_shape, axis, kernel.in_channels), activation="",
        kernel=replace(kernel, groups=kernel.in_channels, out_channels=kernel.in_channels),
    )  # fmt: skip
    ones = (1,) * len(kernel.size)
    second = replace(
        old, index=index + 1, name=f"{old.name} pointwise", macs=places * kernel.in_channels * kernel.out_channels, params=weights[1] + biases[1],
        weight_bytes=_held(old, weights[1], biases[1]), input_elements=first.output_elements, input_bytes=first.output_bytes, sources=(index,),
        kernel=replace(kernel, size=ones, stride=ones, dilation=ones),
    )  # fmt: skip
    later = [
        replace(op, index=op.index + 1, sources=tuple(one + 1 if one >= index else one for one in op.sources))
        for op in report.operators[index + 1 :]
    ]
    return _summed(report, [*report.operators[:index], first, second, *later])


def strided(report: Report, index: int) -> Edited | None:
    """A convolution with stride 1 gets stride 2, so all that follows works on a quarter of the places."""
    old = report.operators[index]
    if not is_plain_convolution(old) or old.kernel is None or set(old.kernel.stride) != {1}:
        return None
    space = _space(old, report.format)
    if len(space) != len(old.kernel.size) or min(space, default=1) < 4:
        return None
    halves = tuple(ceil(size / 2) for size in space)
    shape = _put_space(old.output_shape, halves, channel_axis(old, report.format))
    new = _resized(old, shape, macs=old.macs * prod(halves) // prod(space))
    stride = tuple(2 for _ in old.kernel.stride)
    return _followed(report, replace(new, kernel=replace(old.kernel, stride=stride)))


def narrowed(report: Report, index: int) -> Edited | None:
    """A convolution or fully connected layer gets half its output channels."""
    old = report.operators[index]
    kernel = old.kernel
    is_layer = is_plain_convolution(old) or old.op_class == OpClass.DENSE
    if kernel is None or not is_layer or kernel.out_channels < 8 or kernel.out_channels % 2:
        return None
    axis = channel_axis(old, report.format)
    if old.output_shape[axis] != kernel.out_channels:
        return None
    shape = _with(old.output_shape, axis, kernel.out_channels // 2)
    new = _resized(old, shape, macs=old.macs // 2)
    biases = kernel.out_channels // 2 * _has_bias(old)
    params = old.params // 2
    new = replace(new, params=params, weight_bytes=_held(old, params - biases, biases))
    return _followed(report, replace(new, kernel=replace(kernel, out_channels=kernel.out_channels // 2)))


def is_plain_convolution(operator: OperatorReport) -> bool:
    kernel = operator.kernel
    return operator.op_class == OpClass.CONV and kernel is not None and kernel.groups == 1 and not kernel.transposed


def channel_axis(operator: OperatorReport, model_format: str) -> int:
    """Where the channels stand: last in TFLite and in a matrix, second in the others; where the kernel tells better, there."""
    shape = operator.output_shape
    last, out = len(shape) - 1, operator.kernel.out_channels if operator.kernel else 0
    usual = last if model_format == "tflite" or len(shape) < 3 else 1
    other = 1 if usual == last and len(shape) > 2 else last
    return other if out and shape[usual] != out and shape[other] == out else usual


# -- following a change -----------------------------------------------------------------------------------------------


def _followed(report: Report, changed: OperatorReport) -> Edited | None:
    """The report with one operator changed and all that read it made to fit; None where that cannot be said."""
    operators = list(report.operators)
    operators[changed.index] = changed
    readers = {source for op in operators for source in op.sources}
    touched = {changed.index}
    for old in report.operators[changed.index + 1 :]:
        if not touched.intersection(old.sources):
            continue
        new = _follow(old, report, operators, touched)
        if new is None:
            return None
        operators[old.index] = new
        if new.output_shape != old.output_shape:
            touched.add(old.index)
    # What nobody reads leaves the model: an output of another shape is another task.
    return None if touched - readers else _summed(report, operators)


def _follow(
    old: OperatorReport, report: Report, operators: Sequence[OperatorReport], touched: set[int]
) -> OperatorReport | None:
    """One operator after its inputs have changed."""
    before = [report.operators[source] for source in old.sources if source >= 0]
    after = [operators[source] for source in old.sources if source >= 0]
    moved = sum(new.output_elements - was.output_elements for new, was in zip(after, before, strict=True))
    grown = sum(new.output_bytes - was.output_bytes for new, was in zip(after, before, strict=True))
    reading = replace(
        old, input_elements=max(old.input_elements + moved, 0), input_bytes=max(old.input_bytes + grown, 0)
    )
    if old.op_class in SLIDING and old.kernel is not None:
        return _slide(reading, before[0], after[0], report.format) if len(old.sources) == 1 else None
    if old.op_class == OpClass.DENSE:
        return _contract(reading, before[0], after[0]) if len(old.sources) == 1 else None
    if old.op_class == OpClass.RESHAPE and len(old.sources) == 1:
        return _flatten(reading, before[0], after[0])
    if old.op_class in PASSING or old.op_class == OpClass.ELEMENTWISE:
        return _pass(reading, before, after, report.format, touched)
    return _reduce(reading, before, after, report.format)


def _pass(
    op: OperatorReport, before: Sequence[OperatorReport], after: Sequence[OperatorReport], model_format: str, touched: set[int]
) -> OperatorReport | None:  # fmt: skip
    """Element by element: every input of the output's old shape has to come in the same new one."""
    same = {new.output_shape for was, new in zip(before, after, strict=True) if was.output_shape == op.output_shape}
    others = [source for source, was in zip(op.sources, before, strict=False) if was.output_shape != op.output_shape]
    if len(op.sources) != len(before) or len(same) != 1 or touched.intersection(others):
        return None
    shape = same.pop()
    axis = channel_axis(before[0], model_format)
    if len(shape) <= axis or len(shape) != len(op.output_shape):
        return None
    share = shape[axis] / op.output_shape[axis]
    if others and share != 1:
        return None
    made = _resized(op, shape, macs=op.macs)
    return replace(made, params=round(op.params * share), weight_bytes=round(op.weight_bytes * share))


def _slide(op: OperatorReport, was: OperatorReport, new: OperatorReport, model_format: str) -> OperatorReport | None:
    kernel = op.kernel
    if (
        len(op.output_shape) != len(was.output_shape)
        or kernel is None
        or len(new.output_shape) != len(was.output_shape)
    ):
        return None
    axis = channel_axis(op, model_format)
    read, reads = was.output_shape[axis], new.output_shape[axis]
    old_in, new_in, old_out = (
        _space_of(shape, axis) for shape in (was.output_shape, new.output_shape, op.output_shape)
    )
    is_global = prod(old_out) == 1 and prod(old_in) > 1
    space = (
        old_out
        if is_global
        else tuple(max(ceil(out * to / of), 1) for out, of, to in zip(old_out, old_in, new_in, strict=True))
    )
    per_channel = op.op_class != OpClass.CONV or kernel.groups > 1
    if per_channel and kernel.groups not in (1, kernel.in_channels) and read != reads:
        return None
    channels = op.output_shape[axis] * reads // read if per_channel else op.output_shape[axis]
    shape = _with(_put_space(op.output_shape, space, axis), axis, channels)
    growth = prod(shape) / max(prod(op.output_shape), 1)
    share = reads / read
    made = _resized(op, shape, macs=round(op.macs * growth * (1 if per_channel else share)))
    weights, biases = _scaled_params(op, share, per_channel=per_channel)
    size = tuple(min(side, room) for side, room in zip(kernel.size, new_in, strict=False)) if is_global else kernel.size
    made_kernel = replace(kernel, size=size, in_channels=kernel.in_channels * reads // read)
    if per_channel:
        groups = kernel.groups * reads // read if kernel.groups > 1 else kernel.groups
        made_kernel = replace(made_kernel, out_channels=kernel.out_channels * reads // read, groups=groups)
    return replace(made, params=weights + biases, weight_bytes=_held(op, weights, biases), kernel=made_kernel)


def _scaled_params(op: OperatorReport, share: float, *, per_channel: bool) -> tuple[int, int]:
    """(weights, biases): weights shrink with the channels that are read, biases with those that are made."""
    old = op.kernel.out_channels if op.kernel and _has_bias(op) else 0
    return round((op.params - old) * share), round(old * share) if per_channel else old


def _contract(op: OperatorReport, was: OperatorReport, new: OperatorReport) -> OperatorReport | None:
    """A fully connected layer reads fewer values and makes as many."""
    kernel = op.kernel
    if kernel is None or not was.output_elements or was.output_elements != kernel.in_channels:
        return None
    share = new.output_elements / was.output_elements
    biases = kernel.out_channels * _has_bias(op)
    weights = round((op.params - biases) * share)
    return replace(
        op, macs=round(op.macs * share), params=weights + biases, weight_bytes=_held(op, weights, biases),
        kernel=replace(kernel, in_channels=new.output_elements),
    )  # fmt: skip


def _flatten(op: OperatorReport, was: OperatorReport, new: OperatorReport) -> OperatorReport | None:
    """[1, N] of whatever comes; another reshape only where it changes nothing."""
    if len([size for size in op.output_shape if size != 1]) > 1 or op.output_elements != was.output_elements:
        return None
    place = max(range(len(op.output_shape)), key=lambda axis: op.output_shape[axis])
    return _resized(op, _with(op.output_shape, place, new.output_elements), macs=op.macs)


def _reduce(
    op: OperatorReport, before: Sequence[OperatorReport], after: Sequence[OperatorReport], model_format: str
) -> OperatorReport | None:
    """A mean or maximum over all places: the channels stay."""
    is_known = op.op_class == OpClass.POOL or "mean" in op.op.lower()
    if len(op.sources) != 1 or len(before) != 1 or not is_known:
        return None
    axis = channel_axis(before[0], model_format)
    old, new = before[0].output_shape[axis], after[0].output_shape[axis]
    if op.output_elements != old:
        return None
    shape = tuple(new if size == old and size > 1 else size for size in op.output_shape)
    return _resized(op, shape, macs=op.macs)


# -- counts -----------------------------------------------------------------------------------------------------------


def live_bytes(report: Report, operators: Sequence[OperatorReport]) -> list[int]:
    """As grading/bench/graph.py counts them, from what a report keeps: one tensor for each operator, one for all inputs."""
    last = len(operators) - 1
    dies = list(range(len(operators)))
    inputs_die, read = 0, set()
    for op in operators:
        for source in op.sources:
            read.add(source)
            if source < 0:
                inputs_die = op.index
            else:
                dies[source] = op.index
    dies = [last if index not in read else end for index, end in enumerate(dies)]
    change = [0] * (len(operators) + 1)
    given = sum(prod(tensor.shape) * bits_of(tensor.dtype) // 8 for tensor in report.inputs)
    for born, end, size in [(0, inputs_die, given), *((op.index, dies[op.index], op.output_bytes) for op in operators)]:
        change[born] += size
        change[end + 1] -= size
    live, total = [], 0
    for step in change[:-1]:
        total += step
        live.append(total)
    return live


def _summed(report: Report, operators: Sequence[OperatorReport]) -> Edited:
    knows = live_bytes(report, report.operators) == [op.live_bytes for op in report.operators]
    live = live_bytes(report, operators)
    made = tuple(replace(op, live_bytes=size) for op, size in zip(operators, live, strict=True))
    peak = max(range(len(live)), key=live.__getitem__)
    weights = sum(op.weight_bytes for op in made) - sum(op.weight_bytes for op in report.operators)
    params = sum(op.params for op in made) - sum(op.params for op in report.operators)
    edited = replace(
        report, operators=made, macs=sum(op.macs for op in made), params=max(report.params + params, 0),
        weight_bytes=max(report.weight_bytes + weights, 0), bytes=max(report.bytes + weights, 0), peak_activation_bytes=live[peak], peak_operator=peak,
    )  # fmt: skip
    return Edited(edited, knows)


def _resized(op: OperatorReport, shape: Shape, *, macs: int) -> OperatorReport:
    """With an output of another shape; the width of an element stays."""
    elements = round(op.output_elements * prod(shape) / max(prod(op.output_shape), 1))
    held = ceil(op.output_bytes * elements / op.output_elements) if op.output_elements else op.output_bytes
    return replace(op, output_shape=shape, output_elements=elements, output_bytes=held, macs=macs)


def _held(op: OperatorReport, weights: int, biases: int) -> int:
    """Bytes of so many weights and biases, each as wide as they are now: a bias of 32 bits stays one beside weights of 8."""
    old_biases = op.kernel.out_channels if op.kernel and _has_bias(op) else 0
    old_weights = op.params - old_biases
    if not op.params:
        return 0
    width = op.weight_bits / 8 if op.weight_bits else op.weight_bytes / op.params
    each = max(op.weight_bytes - old_weights * width, 0) / old_biases if old_biases else 0.0
    return round(weights * width + biases * each)


def _has_bias(op: OperatorReport) -> bool:
    kernel = op.kernel
    return kernel is not None and op.params > _weights(kernel)


def _weights(kernel: Kernel) -> int:
    return kernel.in_channels // max(kernel.groups, 1) * kernel.out_channels * prod(kernel.size)


def _places(op: OperatorReport) -> int:
    return op.output_elements // op.kernel.out_channels if op.kernel and op.kernel.out_channels else 0


def _space(op: OperatorReport, model_format: str) -> Shape:
    return _space_of(op.output_shape, channel_axis(op, model_format))


def _space_of(shape: Shape, axis: int) -> Shape:
    return tuple(size for place, size in enumerate(shape) if place not in (0, axis))


def _put_space(shape: Shape, space: Shape, axis: int) -> Shape:
    sizes = iter(space)
    return tuple(size if place in (0, axis) else next(sizes) for place, size in enumerate(shape))


def _with(shape: Shape, axis: int, size: int) -> Shape:
    return (*shape[:axis], size, *shape[axis + 1 :])
