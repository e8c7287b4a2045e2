"""Which operators of a report cost nothing by themselves, because every runtime computes them inside another one.

A name is what one of the four formats calls an operator; names are compared without case, marks and namespaces.
"""

import re
from collections import Counter
from functools import lru_cache

from grading.bench.graph import OpClass
from grading.bench.report import OperatorReport, Report

RELUS = {"relu", "relu6", "relun1to1", "relu0to1", "clip", "clamp", "hardtanh", "clampmin", "clampmax"}
# A view, a copy to the same place, or something that is gone when a model is used.
FREE = {
    "reshape", "flatten", "squeeze", "unsqueeze", "expanddims", "view", "viewcopy", "unsafeview", "identity", "dropout", "cast",
    "castlike", "to", "tocopy", "contiguous", "alias", "detach", "clone", "liftfreshcopy", "shape", "size", "expand", "featuredropout",
    "quantizelinear", "dequantizelinear", "quantize", "dequantize", "fakequant", "quantizepertensor", "dequantizepertensor",
    "quantizeperchannel", "dequantizeperchannel", "dynamicquantizelinear", "constant", "packsequence",
}  # fmt: skip
PADS = {"pad", "padv2", "mirrorpad", "constantpadnd", "zeropad2d", "reflectionpad2d"}
PRODUCTS = {"mul", "multiply"}
# With stored numbers: a bias, or a normalisation that is stored as a product and a sum.
SCALES = {"add", "addv2", "biasadd", "sub", *PRODUCTS}
GATES = {"sigmoid", "logistic", "hardsigmoid"}
MULTIPLIERS = (OpClass.CONV, OpClass.DEPTHWISE, OpClass.DENSE, OpClass.MATMUL)
PADDED = (OpClass.CONV, OpClass.DEPTHWISE, OpClass.POOL)


@lru_cache(maxsize=4096)
def plain(op: str) -> str:
    """ "aten::relu_", "aten.relu.default", "RELU" and "Relu" are all "relu"."""
    parts = re.split(r"::|\.", op)
    parts = parts[1:] if parts[0] in ("aten", "quantized", "prims", "com") and len(parts) > 1 else parts
    return re.sub(r"[^a-z0-9]", "", parts[0].lower())


class Fusion:
    """inside: index of each operator that costs nothing. gated: products that are x times its own sigmoid.

    through: the operator whose output an operator really reads, past those that cost nothing.
    """

    def __init__(self, report: Report) -> None:
        self.operators = report.operators
        self.readers = Counter(source for operator in self.operators for source in operator.sources if source >= 0)
        self.first_reader: dict[int, int] = {}
        for operator in self.operators:
            for source in operator.sources:
                self.first_reader.setdefault(source, operator.index)
        self.inside: set[int] = set()
        self.gated: set[int] = set()
        self.folded: set[int] = set()
        for operator in self.operators:
            self._look_at(operator)

    def through(self, index: int) -> int:
        """The maker of a tensor, past views and quantisation; -1 for an input of the model."""
        while index >= 0 and index in self.inside and self._views(self.operators[index]):
            sources = self.operators[index].sources
            index = sources[0] if sources else -1
        return index

    def _views(self, operator: OperatorReport) -> bool:
        return plain(operator.op) in FREE or operator.op_class == OpClass.QUANTISE

    def _look_at(self, operator: OperatorReport) -> None:
        name = plain(operator.op)
        if self._views(operator) or not operator.output_elements:
            self.inside.add(operator.index)
        elif self._folds(operator):
            self.inside.add(operator.index)
            self.folded.add(operator.index)
        elif name in RELUS:
            self._into_maker(operator)
        elif name in PADS:
            self._into_reader(operator)
        elif name in PRODUCTS:
            self._gate(operator)
        elif name == "erf":
            self._gelu(operator)

    def _folds(self, operator: OperatorReport) -> bool:
        """A batch normalisation, a scale or a bias: it disappears into the layer before, also several one after the other."""
        name, sources = plain(operator.op), operator.sources
        if len(sources) != 1 or not operator.params or self.readers[sources[0]] > 1:
            return False
        scales = "batchnorm" in name or (name in SCALES and operator.params <= operator.output_elements)
        made_by = self.through(sources[0])
        while made_by in self.folded:
            made_by = self.through(self.operators[made_by].sources[0])
        return scales and made_by >= 0 and self.operators[made_by].op_class in MULTIPLIERS

    def _into_maker(self, operator: OperatorReport) -> None:
        made_by = self.through(operator.sources[0]) if operator.sources else -1
        if made_by < 0:
            return
        maker = self.operators[made_by]
        fuses = maker.op_class in (*MULTIPLIERS, OpClass.ELEMENTWISE, OpClass.NORMALISE)
        if fuses and self.readers[operator.sources[0]] == 1:
            self.inside.add(operator.index)

    def _into_reader(self, operator: OperatorReport) -> None:
        reader = self.first_reader.get(operator.index)
        if self.readers[operator.index] == 1 and reader is not None and self.operators[reader].op_class in PADDED:
            self.inside.add(operator.index)

    def _gate(self, operator: OperatorReport) -> None:
        """x times sigmoid(x) is one activation, as some formats store it."""
        makers = [self.through(source) for source in operator.sources]
        for place, gate in enumerate(makers):
            others = [maker for other, maker in enumerate(makers) if other != place]
            if gate < 0 or not others or plain(self.operators[gate].op) not in GATES:
                continue
            reads = [self.through(source) for source in self.operators[gate].sources]
            if reads == others and self.readers[operator.sources[place]] == 1:
                self.inside.add(gate)
                self.gated.add(operator.index)

    def _gelu(self, erf: OperatorReport) -> None:
        """x / 2 times (1 + erf(x / sqrt 2)), as some formats store it: the error function stands for all of it."""
        scaled = self._alone(erf.sources[0]) if erf.sources else None
        plus = self._next(erf.index)
        product = self._next(plus.index) if plus is not None and len(plus.sources) == 1 else None
        if scaled is None or plus is None or product is None or plain(product.op) not in PRODUCTS:
            return
        around = [source for source in product.sources if source != plus.index]
        halved = self._alone(around[0]) if around and around[0] not in scaled.sources else None
        starts = set(scaled.sources) == set(halved.sources if halved is not None else around)
        if not starts:
            return
        after = self._next(product.index) if halved is None else None
        if after is not None and (plain(after.op) not in PRODUCTS or len(after.sources) != 1):
            after = None
        self.inside |= {part.index for part in (scaled, plus, product, halved, after) if part is not None}

    def _next(self, index: int) -> OperatorReport | None:
        """The one reader of an operator, where it works element by element."""
        reader = self.first_reader.get(index)
        if self.readers[index] != 1 or reader is None or self.operators[reader].op_class != OpClass.ELEMENTWISE:
            return None
        return self.operators[reader]

    def _alone(self, index: int) -> OperatorReport | None:
        """An operator on one tensor, element by element, that one other operator reads."""
        if index < 0 or self.readers[index] != 1:
            return None
        found = self.operators[index]
        return found if found.op_class == OpClass.ELEMENTWISE and len(found.sources) == 1 else None
