"""What inspection says about a model. It comes out of the sandbox, so reading it back trusts nothing."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from grading.bench.bounds import MOST_OPERATORS, MOST_TENSORS, check_bounds
from grading.bench.graph import Graph, Kernel, Pattern, Tensor, bits_of
from grading.bench.strict import MOST_TEXT, Strict
from grading.bench.tosa import tosa_name

MOST_FINDINGS = 200
MOST_FILES = 100
MOST_SOURCES = 1_000


@dataclass(frozen=True)
class TensorSpec:
    """Input or output. shape includes the batch; a free batch is given as 1."""

    name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class OperatorReport:
    """One operator in stored order.

    op: what the format calls it; op_class: one of graph.OpClass. params, weight_bytes: of weights that no operator
    before it uses. input_bytes, output_bytes: non-constant tensors. live_bytes: all live non-constant tensors while it runs.
    input_elements, output_elements: of the same tensors, so that bytes at another precision can be told.
    sources: index of the operator that made each non-constant tensor it reads, in their order; -1 for the model's inputs.
    kernel, activation: see graph.Operator. tosa: its name in TOSA 1.0, "" where it has none (tosa.py).
    """

    index: int
    name: str
    op: str
    op_class: str
    macs: int
    params: int
    weight_bytes: int
    input_bytes: int
    output_bytes: int
    live_bytes: int
    output_shape: tuple[int, ...]
    input_elements: int = 0
    output_elements: int = 0
    sources: tuple[int, ...] = ()
    kernel: Kernel | None = None
    activation: str = ""
    tosa: str = ""
    output_dtype: str = ""
    weight_bits: int = 0
    pattern: Pattern | None = None


@dataclass(frozen=True)
class StructuredSparsity:
    """Zeros that a device can use, as shares.

    two_of_four, one_of_four: of all weight elements, those in weights where any four neighbours along the input channels
    hold at most two, or one, that are not zero. output_channels, input_channels: of those of all layers, the ones whose
    weights are all zero.
    """

    two_of_four: float = 0.0
    one_of_four: float = 0.0
    output_channels: float = 0.0
    input_channels: float = 0.0


@dataclass(frozen=True)
class Finding:
    code: str
    sentence: str


@dataclass(frozen=True)
class Report:
    """Counted facts of one model file.

    bytes, sha256: of the file.
    macs: multiply-accumulates of convolution (transposed too), depthwise, fully connected and matrix multiplication, no
        bias. FLOPs are twice that.
    params: elements of weight and bias constants; no shapes, axes, scales or zero points. Of batch normalisation its
        weight and bias count, its running mean and variance do not: they are not trained (as in torch's parameters()).
    weight_bits: bits -> share of weight elements stored in them. sparsity: share of weight elements that are zero, for
        quantised ones equal to their zero point.
    weight_bytes: of those constants as they are stored.
    peak_activation_bytes: the largest live_bytes, reached at operators[peak_operator].
    absent_weights, absent_files: see graph.Graph. Such a model is counted, but it cannot be run; its sparsity is given as 0.
    """

    format: str
    bytes: int
    sha256: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    params: int
    macs: int
    weight_bits: dict[str, float]
    sparsity: float
    weight_bytes: int
    peak_activation_bytes: int
    peak_operator: int
    operators: tuple[OperatorReport, ...]
    findings: tuple[Finding, ...] = ()
    absent_weights: str = ""
    absent_files: tuple[str, ...] = ()
    structured: StructuredSparsity = StructuredSparsity()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Any) -> "Report":
        """Raises BenchError (`bad_report`, misbehaved): an unknown field, a wrong type, a number out of bounds."""
        return _Strict().report(raw)


def report_of(graph: Graph, *, size: int, sha256: str) -> Report:
    """Sums and the memory profile of a graph.

    Args:
        size: bytes of the file.
        sha256: of the file, hexadecimal.

    Raises:
        BenchError: what no report may hold: too_large, too_many_operators, too_many_dimensions, zero_size, unknown_type,
            damaged_model (a negative size).
    """
    check_bounds(graph)
    live = graph.live_bytes()
    peak = max(range(len(live)), key=live.__getitem__) if live else 0
    weights = _weights(graph)
    elements = sum(tensor.elements for tensor in weights)
    return Report(
        format=graph.format,
        bytes=size,
        sha256=sha256,
        inputs=tuple(_spec(graph, name) for name in graph.inputs),
        outputs=tuple(_spec(graph, name) for name in graph.outputs),
        params=elements,
        macs=sum(operator.macs for operator in graph.operators),
        weight_bits=_weight_bits(weights, elements),
        sparsity=sum(tensor.zeros or 0 for tensor in weights) / elements if elements else 0.0,
        weight_bytes=sum(tensor.bytes for tensor in weights),
        peak_activation_bytes=live[peak] if live else 0,
        peak_operator=peak,
        operators=tuple(_operators(graph, live)),
        findings=tuple(islice(_findings(graph), MOST_FINDINGS)),
        absent_weights=graph.absent_weights[:MOST_TEXT],
        absent_files=graph.absent_files,
        structured=_structured(graph, elements),
    )


def _findings(graph: Graph) -> Iterator[Finding]:
    first = next((tensor for name in graph.inputs if len((tensor := graph.tensors[name]).shape) > 1), None)
    if first is not None and first.shape[0] > 1:
        batch = first.shape[0]
        yield Finding(
            "batch_above_one",
            f"The first size of the input {first.name[:80]} is {batch}. If that is a batch, multiply-accumulates and "
            f"memory are those of all {batch} together: export with a batch of 1 to count one input.",
        )
    yield from (Finding(code[:MOST_TEXT], text[:MOST_TEXT]) for code, text in graph.findings)


def _spec(graph: Graph, name: str) -> TensorSpec:
    tensor = graph.tensors[name]
    return TensorSpec(tensor.name[:MOST_TEXT], tensor.shape, tensor.dtype)


def _weights(graph: Graph) -> list[Tensor]:
    """Each weight once, also where two operators share it."""
    names = dict.fromkeys(name for operator in graph.operators for name in operator.weights)
    return [graph.tensors[name] for name in names]


def _weight_bits(weights: list[Tensor], elements: int) -> dict[str, float]:
    counts: Counter[int] = Counter()
    for tensor in weights:
        counts[bits_of(tensor.dtype)] += tensor.elements
    return {str(bits): count / elements for bits, count in sorted(counts.items()) if count}


def _largest_bits(weights: list[Tensor]) -> int:
    return bits_of(max(weights, key=lambda tensor: tensor.elements).dtype) if weights else 0


def _structured(graph: Graph, elements: int) -> StructuredSparsity:
    """Operators that share a weight count it once, as the others do."""
    seen: set[tuple[str, ...]] = set()
    total = Pattern()
    for operator in graph.operators:
        names = tuple(operator.axes)
        if operator.pattern is not None and names not in seen:
            seen.add(names)
            total += operator.pattern
    return StructuredSparsity(
        two_of_four=min(total.two_of_four / elements, 1.0) if elements else 0.0,
        one_of_four=min(total.one_of_four / elements, 1.0) if elements else 0.0,
        output_channels=total.zero_outputs / total.outputs if total.outputs else 0.0,
        input_channels=total.zero_inputs / total.inputs if total.inputs else 0.0,
    )


def _operators(graph: Graph, live: list[int]) -> Iterator[OperatorReport]:
    counted: set[str] = set()
    maker = dict.fromkeys((*graph.inputs, *graph.states), -1)
    for index, operator in enumerate(graph.operators):
        own = [graph.tensors[name] for name in dict.fromkeys(operator.weights) if name not in counted]
        counted.update(operator.weights)
        names = [name for name in dict.fromkeys(operator.inputs) if name in graph.tensors]
        read = [graph.tensors[name] for name in names if not graph.tensors[name].constant]
        made = [graph.tensors[name] for name in operator.outputs if name in graph.tensors]
        yield OperatorReport(
            index=index,
            name=operator.name[:MOST_TEXT],
            op=operator.op[:MOST_TEXT],
            op_class=str(operator.op_class),
            macs=operator.macs,
            params=sum(tensor.elements for tensor in own),
            weight_bytes=sum(tensor.bytes for tensor in own),
            input_bytes=sum(tensor.bytes for tensor in read),
            output_bytes=sum(tensor.bytes for tensor in made),
            live_bytes=live[index],
            output_shape=made[0].shape if made else (),
            input_elements=sum(tensor.elements for tensor in read),
            output_elements=sum(tensor.elements for tensor in made),
            sources=tuple(maker[name] for name in names if name in maker)[:MOST_SOURCES],
            kernel=operator.kernel,
            activation=operator.activation[:MOST_TEXT],
            tosa=tosa_name(graph, operator),
            output_dtype=made[0].dtype if made else "",
            weight_bits=_largest_bits([graph.tensors[name] for name in operator.weights]),
            pattern=operator.pattern,
        )
        maker |= dict.fromkeys(operator.outputs, index)


class _Strict(Strict):
    """Reads a report that a stranger may have forged."""

    def tensor(self, raw: Any) -> TensorSpec:
        raw = self.mapping(raw, TensorSpec, "tensor")
        name, dtype = self.text(raw["name"], "name"), self.text(raw["dtype"], "dtype")
        shape = self.shape(raw["shape"], "shape")
        if 0 in shape:
            raise self.fail("shape")
        return TensorSpec(name, shape, dtype)

    def operator(self, raw: Any) -> OperatorReport:
        raw = self.mapping(raw, OperatorReport, "operator")
        return OperatorReport(
            name=self.text(raw["name"], "name"),
            op=self.text(raw["op"], "op"),
            op_class=self.text(raw["op_class"], "op_class"),
            output_shape=self.shape(raw["output_shape"], "output_shape"),
            sources=tuple(self.source(n, raw["index"]) for n in self.items(raw["sources"], "sources", MOST_SOURCES)),
            kernel=None if raw["kernel"] is None else self.kernel(raw["kernel"]),
            activation=self.text(raw["activation"], "activation"),
            tosa=self.text(raw["tosa"], "tosa"),
            output_dtype=self.text(raw["output_dtype"], "output_dtype"),
            pattern=None if raw["pattern"] is None else self.pattern(raw["pattern"]),
            **{key: self.number(raw[key], key) for key in OPERATOR_NUMBERS},
        )

    def pattern(self, raw: Any) -> Pattern:
        raw = self.mapping(raw, Pattern, "pattern")
        found = Pattern(**{name: self.number(value, "pattern") for name, value in raw.items()})
        parts = ((found.two_of_four, found.elements), (found.one_of_four, found.two_of_four),
                 (found.zero_outputs, found.outputs), (found.zero_inputs, found.inputs))  # fmt: skip
        if any(part > whole for part, whole in parts):
            raise self.fail("pattern")
        return found

    def structured(self, raw: Any) -> StructuredSparsity:
        raw = self.mapping(raw, StructuredSparsity, "structured")
        return StructuredSparsity(**{name: self.share(value, "structured") for name, value in raw.items()})

    def source(self, value: Any, reader: Any) -> int:
        return -1 if value == -1 and type(value) is int else self.earlier(value, reader)

    def earlier(self, value: Any, reader: Any) -> int:
        if self.number(value, "sources") >= self.number(reader, "index"):
            raise self.fail("sources")
        return int(value)

    def kernel(self, raw: Any) -> Kernel:
        raw = self.mapping(raw, Kernel, "kernel")
        if not isinstance(raw["transposed"], bool):
            raise self.fail("kernel")
        return Kernel(
            size=self.shape(raw["size"], "kernel"),
            stride=self.shape(raw["stride"], "kernel"),
            dilation=self.shape(raw["dilation"], "kernel"),
            groups=self.number(raw["groups"], "kernel"),
            in_channels=self.number(raw["in_channels"], "kernel"),
            out_channels=self.number(raw["out_channels"], "kernel"),
            transposed=raw["transposed"],
        )

    def finding(self, raw: Any) -> Finding:
        raw = self.mapping(raw, Finding, "finding")
        return Finding(self.text(raw["code"], "code"), self.text(raw["sentence"], "sentence"))

    def weight_bits(self, raw: Any) -> dict[str, float]:
        if not isinstance(raw, dict) or len(raw) > 16:
            raise self.fail("weight_bits")
        if not all(isinstance(key, str) and len(key) < 4 and key.isascii() and key.isdecimal() for key in raw):
            raise self.fail("weight_bits")
        return {key: self.share(value, "weight_bits") for key, value in raw.items()}

    def report(self, raw: Any) -> Report:
        raw = self.mapping(raw, Report, "report")
        operators = self.items(raw["operators"], "operators", MOST_OPERATORS)
        found = Report(
            format=self.text(raw["format"], "format"),
            sha256=self.text(raw["sha256"], "sha256"),
            inputs=tuple(self.tensor(item) for item in self.items(raw["inputs"], "inputs", MOST_TENSORS)),
            outputs=tuple(self.tensor(item) for item in self.items(raw["outputs"], "outputs", MOST_TENSORS)),
            weight_bits=self.weight_bits(raw["weight_bits"]),
            sparsity=self.share(raw["sparsity"], "sparsity"),
            structured=self.structured(raw["structured"]),
            operators=tuple(self.operator(item) for item in operators),
            findings=tuple(self.finding(item) for item in self.items(raw["findings"], "findings", MOST_FINDINGS)),
            absent_weights=self.text(raw["absent_weights"], "absent_weights"),
            absent_files=tuple(self.plain_name(n) for n in self.items(raw["absent_files"], "absent_files", MOST_FILES)),
            **{key: self.number(raw[key], key) for key in REPORT_NUMBERS},
        )
        # A page shows both: a place that does not exist, or numbers out of step, would break it.
        if found.peak_operator >= max(len(found.operators), 1):
            raise self.fail("peak_operator")
        if any(operator.index != place for place, operator in enumerate(found.operators)):
            raise self.fail("index")
        return found


REPORT_NUMBERS = ("bytes", "params", "macs", "weight_bytes", "peak_activation_bytes", "peak_operator")
OPERATOR_NUMBERS = (
    "index", "macs", "params", "weight_bytes", "input_bytes", "output_bytes", "live_bytes", "input_elements",
    "output_elements", "weight_bits",
)  # fmt: skip
