"""TFLite: damaged flatbuffers, places that do not exist, sizes that the bytes do not fill."""

from collections.abc import Iterator

import numpy as np

from tests.grading.bench.tiny import ones
from tests.hostile.bad_files.case import Case, cuts, flips
from tests.hostile.bad_files.tflite_build import CODE, KIND, base, case, changed, one, schema


def cases() -> Iterator[Case]:
    yield from _bytes()
    yield from _places()
    yield from _sizes()
    yield from _numbers()


def _bytes() -> Iterator[Case]:
    whole = base()
    size = len(whole)
    places = {
        "at-8": 8,
        "at-9": 9,
        "early": 64,
        "a-third": size // 3,
        "half": size // 2,
        "before-end": size - 4,
        "three-quarters": size * 3 // 4,
    }
    yield from cuts("tflite", "tflite", whole, places)
    yield from flips("tflite", "tflite", whole, 16)
    for name, offset in {
        "zero": 0,
        "self": 4,
        "end": size,
        "behind": size + 1000,
        "max": 0xFFFFFFFF,
        "half": 0x80000000,
    }.items():
        yield case(f"root-{name}", offset.to_bytes(4, "little") + whole[4:], f"the root at {offset}")
    yield case("only-mark", b"\x18\0\0\0TFL3", "the mark of the format and nothing else")
    yield case("zeros", b"\x18\0\0\0TFL3" + bytes(5000), "zeros behind the mark")
    yield case("ones", b"\x18\0\0\0TFL3" + b"\xff" * 5000, "ones behind the mark")
    for word in range(0, 40, 4):
        content = bytearray(whole)
        place = size - 40 + word
        content[place : place + 4] = b"\xff\xff\xff\x7f"
        yield case(f"extreme-{word}", bytes(content), "an extreme number near the end", may_run=True)
    table = bytearray(whole)
    root = int.from_bytes(whole[:4], "little")
    table[root : root + 4] = (0x7FFFFFF0).to_bytes(4, "little")
    yield case("vtable-far", bytes(table), "a table that describes itself elsewhere")
    loop = bytearray(whole)
    loop[root : root + 4] = (0).to_bytes(4, "little")
    yield case("vtable-self", bytes(loop), "a table that is its own description")


def _graph(change):
    return changed(lambda model: change(model.subgraphs[0]))


def _places() -> Iterator[Case]:
    yield case(
        "no-subgraphs", changed(lambda m: m.__setattr__("subgraphs", None)), "no list of graphs", "damaged_model"
    )
    yield case(
        "no-graph", changed(lambda m: m.__setattr__("subgraphs", [])), "an empty list of graphs", "damaged_model"
    )
    yield case("no-operators", _graph(lambda g: g.__setattr__("operators", [])), "no operators")
    yield case("no-operator-list", _graph(lambda g: g.__setattr__("operators", None)), "no list of operators")
    yield case("no-tensors", _graph(lambda g: g.__setattr__("tensors", [])), "no tensors")
    yield case("no-inputs", _graph(lambda g: g.__setattr__("inputs", [])), "no input")
    yield case("no-outputs", _graph(lambda g: g.__setattr__("outputs", [])), "no output")
    yield case("no-buffers", changed(lambda m: m.__setattr__("buffers", [])), "no buffers")
    yield case("no-codes", changed(lambda m: m.__setattr__("operatorCodes", [])), "no kinds of operators")
    for name, place in {"minus": -1, "minus-2": -2, "far": 999, "max": 2**31 - 1, "min": -(2**31)}.items():
        yield case(
            f"input-{name}", _graph(lambda g, p=place: g.__setattr__("inputs", [p])), f"the input is tensor {place}"
        )
        yield case(
            f"argument-{name}",
            _graph(lambda g, p=place: g.operators[1].__setattr__("inputs", [p])),
            f"an operator reads tensor {place}",
            "damaged_model",
        )
        yield case(
            f"result-{name}",
            _graph(lambda g, p=place: g.operators[1].__setattr__("outputs", [p])),
            f"an operator makes tensor {place}",
        )
    for name, place in {"far": 999, "max": 2**32 - 1}.items():
        yield case(
            f"buffer-{name}", _graph(lambda g, p=place: g.tensors[7].__setattr__("buffer", p)), f"buffer {place}"
        )
        yield case(
            f"code-{name}", _graph(lambda g, p=place: g.operators[0].__setattr__("opcodeIndex", p)), f"kind {place}"
        )
    yield case("unsorted", _graph(lambda g: g.operators.reverse()), "operators in the wrong order", "unsorted_nodes")
    yield case("twice", _graph(lambda g: g.operators.append(g.operators[0])), "a tensor that is made twice")
    yield case(
        "overwrites",
        _graph(lambda g: g.operators[1].__setattr__("outputs", list(g.operators[0].inputs[1:2]))),
        "an operator writes over weights",
    )
    yield case(
        "cycle",
        _graph(lambda g: g.operators[1].__setattr__("inputs", list(g.operators[4].outputs))),
        "a circle of operators",
    )
    yield case(
        "no-arguments", _graph(lambda g: g.operators[0].__setattr__("inputs", [])), "an operator without arguments"
    )
    yield case(
        "makes-nothing", _graph(lambda g: g.operators[1].__setattr__("outputs", [])), "an operator makes nothing"
    )
    yield case(
        "dense-without-weights",
        _graph(lambda g: g.operators[4].__setattr__("inputs", list(g.operators[4].inputs[:1]))),
        "fully connected, no weights",
    )
    yield case(
        "conv-without-weights",
        _graph(lambda g: g.operators[0].__setattr__("inputs", list(g.operators[0].inputs[:1]))),
        "convolution, no weights",
    )
    yield case(
        "dense-skipped-weights",
        _graph(lambda g: g.operators[4].__setattr__("inputs", [g.operators[4].inputs[0], -1, -1])),
        "weights marked as left out",
    )


def _sizes() -> Iterator[Case]:
    def shape(place, values):
        return _graph(lambda g: g.tensors[place].__setattr__("shape", list(values)))

    for name, values in {"negative": (-2, 3, 3, 1), "short": (200, 3, 3, 1), "long": (1, 3, 3, 1), "overflow": (2**31 - 1,) * 4,
                         "wraps": (65536, 65536, 65536, 65536), "zero": (0, 3, 3, 1), "deep": (1,) * 3000}.items():  # fmt: skip
        yield case(f"weights-{name}", shape(6, values), f"weights of the size {str(values)[:40]}")
    for name, values in {"negative": (-1, 6, 6, 1), "zero": (0, 6, 6, 1), "overflow": (2**31 - 1,) * 4, "huge": (40_000, 40_000, 1, 1),
                         "deep": (1,) * 40}.items():  # fmt: skip
        yield case(f"input-shape-{name}", shape(0, values), f"an input of the size {str(values)[:40]}")
    yield case("huge-inside", shape(1, (30_000, 30_000, 6, 2)), "a tensor of 43 GB inside")
    for name, offset, length in (
        ("outside", 10**6, 72),
        ("overflow", 2**64 - 8, 72),
        ("long", 8, 2**63),
        ("header", 2, 72),
    ):

        def change(model, offset=offset, length=length):
            model.buffers[1].data, model.buffers[1].offset, model.buffers[1].size = None, offset, length

        yield case(f"buffer-{name}", changed(change), f"weights at {offset} of {length} bytes", "damaged_model")
    yield case(
        "stride-zero", _graph(lambda g: g.operators[0].builtinOptions.__setattr__("strideW", 0)), "a stride of zero"
    )
    yield case(
        "stride-negative",
        _graph(lambda g: g.operators[0].builtinOptions.__setattr__("strideW", -3)),
        "a negative stride",
    )
    yield case(
        "dilation",
        _graph(lambda g: g.operators[0].builtinOptions.__setattr__("dilationWFactor", 0)),
        "a dilation of zero",
    )
    yield case(
        "window-zero", _graph(lambda g: g.operators[2].builtinOptions.__setattr__("filterWidth", 0)), "a window of zero"
    )
    yield case(
        "window-huge",
        _graph(lambda g: g.operators[2].builtinOptions.__setattr__("filterWidth", 2**31 - 1)),
        "a window of 2^31",
    )
    yield case(
        "no-options",
        _graph(lambda g: g.operators[0].__setattr__("builtinOptions", None)),
        "a convolution without options",
    )
    yield case(
        "reshape-unfit",
        one(CODE.RESHAPE, ("s", np.array([3, 3], np.int32), KIND.INT32), output=(3, 3)),
        "a reshape to another size",
    )
    yield case(
        "reshape-far",
        one(CODE.RESHAPE, ("s", np.array([-7, 2**30], np.int32), KIND.INT32)),
        "a reshape to a negative size",
    )
    yield case("split-zero", _split(0), "a split into no parts", "damaged_model")
    yield case("split-many", _split(2**31 - 1), "a split into 2^31 parts", "damaged_model")
    yield case(
        "fill",
        one(CODE.TILE, ("m", np.array([60_000, 60_000], np.int32), KIND.INT32), output=(60_000, 240_000)),
        "Tile to 57 GB",
    )
    yield case("resize", one(CODE.RESIZE_BILINEAR, ("s", np.array([60_000, 60_000], np.int32), KIND.INT32), shape=(1, 2, 2, 1), output=(1, 60_000, 60_000, 1)),
               "Resize to 14 GB")  # fmt: skip
    yield case(
        "pad",
        one(CODE.PAD, ("p", np.array([[0, 0], [0, 2**31 - 1]], np.int32), KIND.INT32), output=(1, 2**31 - 1)),
        "Pad by 2^31",
    )
    yield case(
        "gather",
        one(CODE.GATHER, ("i", np.array([2**30, -5], np.int32), KIND.INT32), output=(2, 4)),
        "places outside the table",
    )
    yield case(
        "slice",
        one(CODE.SLICE, ("b", np.array([0, 99], np.int32), KIND.INT32), ("s", np.array([1, 4], np.int32), KIND.INT32)),
        "a slice outside",
    )


def _split(parts: int):
    axis = ("a", np.array(0, np.int32), KIND.INT32)
    options = schema.SplitOptionsT()
    options.numSplits = parts
    model = one(CODE.SPLIT, axis, options=(schema.BuiltinOptions.SplitOptions, options))
    step = model.subgraphs[0].operators[0]
    step.inputs = [step.inputs[1], step.inputs[0]]
    return model


def _numbers() -> Iterator[Case]:
    for name, value in {"nan": np.nan, "inf": np.inf}.items():
        weights = np.full((2, 3, 3, 1), value, np.float32)
        yield case(
            f"weights-{name}",
            changed(lambda m, w=weights: m.buffers[1].__setattr__("data", np.frombuffer(w.tobytes(), np.uint8))),
            f"weights are {value}",
            "weights_not_finite",
        )
    for name, scale in {"zero": 0.0, "nan": float("nan"), "negative": -1.0, "inf": float("inf")}.items():
        model = one(CODE.RELU)
        for tensor in model.subgraphs[0].tensors:
            tensor.type = KIND.INT8
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale, tensor.quantization.zeroPoint = [scale], [0]
        yield case(f"scale-{name}", model, f"a quantisation step of {name}", "weights_not_finite")
    yield case("scales-many", _scales(), "more quantisation steps than channels", may_run=True)
    zero = one(CODE.DIV, ("z", np.zeros(4, np.int32), KIND.INT32))
    for tensor in zero.subgraphs[0].tensors:
        tensor.type = KIND.INT32
    yield case("integer-by-zero", zero, "a whole number divided by zero")
    empty = one(CODE.CONCATENATION, ("e", ones(1, 0), KIND.FLOAT32))
    yield case("zero-elements", empty, "a constant of no elements", may_run=True)


def _scales():
    def change(model):
        tensor = model.subgraphs[0].tensors[6]
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale, tensor.quantization.zeroPoint, tensor.quantization.quantizedDimension = (
            [1.0] * 999,
            [0] * 999,
            77,
        )

    return changed(change)
