"""TFLite: operators that are not measured, graphs that call each other, and very many of everything."""

import copy
from collections.abc import Iterator

import numpy as np

from tests.grading.bench.tiny import ones
from tests.hostile.bad_files.case import Case
from tests.hostile.bad_files.tflite_build import CODE, KIND, Builder, case, changed, model_of, one, packed, schema

OPTIONS = schema.BuiltinOptions


def cases() -> Iterator[Case]:
    yield from _custom()
    yield from _flow()
    yield from _types()
    yield from _many()


def custom(name: bytes | None, code: int = CODE.CUSTOM) -> schema.ModelT:
    model = one(CODE.RELU)
    kind = model.operatorCodes[0]
    kind.builtinCode, kind.deprecatedBuiltinCode, kind.customCode = code, min(code, 127), name
    return model


def _custom() -> Iterator[Case]:
    names = {"flex": b"FlexAddV2", "flex-delegate": b"FlexDelegate", "detection": b"TFLite_Detection_PostProcess", "edgetpu": b"edgetpu-custom-op",
             "unnamed": None, "empty": b"", "not-utf8": b"\xff\xfe", "long": b"A" * 1_000_000, "escape": b"\x1b]0;x\x07\n", "as-relu": b"RELU"}  # fmt: skip
    for word, name in names.items():
        yield case(f"custom-{word}", custom(name), f"a custom operator ({word})", "custom_operator")
    unread = one(CODE.RELU)
    graph = unread.subgraphs[0]
    graph.tensors.append(copy.copy(graph.tensors[1]))
    step = schema.OperatorT()
    step.opcodeIndex, step.inputs, step.outputs = 1, [0], [2]
    graph.operators.append(step)
    kind = schema.OperatorCodeT()
    kind.builtinCode, kind.deprecatedBuiltinCode, kind.customCode = CODE.CUSTOM, CODE.CUSTOM, b"FlexFFT"
    unread.operatorCodes.append(kind)
    yield case("custom-unread", unread, "a Flex operator whose result nobody reads", "custom_operator")
    for word, code in {
        "delegate": CODE.DELEGATE,
        "stablehlo": CODE.STABLEHLO_CUSTOM_CALL,
        "unknown": 5000,
        "negative": -7,
        "max": 2**31 - 1,
    }.items():
        yield case(f"kind-{word}", custom(None, code), f"operator number {code}")
    old = one(CODE.RELU)
    old.operatorCodes[0].version = 9999
    yield case("version", old, "a version of an operator that does not exist", "newer_opset")
    schema_version = one(CODE.RELU)
    schema_version.version = 99
    yield case("schema-version", schema_version, "a version of the format that does not exist", "newer_opset")


def calling(code: int, kind: int, options, inner: int = 1) -> schema.ModelT:
    """A graph with one operator that runs graph ``inner``, and a graph 1 that runs itself."""
    model = one(code, options=(kind, options))
    second = copy.deepcopy(model.subgraphs[0])
    model.subgraphs.append(second)
    return model


def _flow() -> Iterator[Case]:
    loop = schema.WhileOptionsT()
    loop.condSubgraphIndex, loop.bodySubgraphIndex = 1, 1
    yield case(
        "while", calling(CODE.WHILE, OPTIONS.WhileOptions, loop), "While whose graph runs itself", "control_flow"
    )
    far = schema.WhileOptionsT()
    far.condSubgraphIndex, far.bodySubgraphIndex = 77, -3
    yield case(
        "while-far",
        calling(CODE.WHILE, OPTIONS.WhileOptions, far),
        "While over graphs that do not exist",
        "control_flow",
    )
    branch = schema.IfOptionsT()
    branch.thenSubgraphIndex, branch.elseSubgraphIndex = 1, 0
    yield case("if", calling(CODE.IF, OPTIONS.IfOptions, branch), "If whose graphs run each other", "control_flow")
    once = schema.CallOnceOptionsT()
    once.initSubgraphIndex = 0
    yield case("call-once", calling(CODE.CALL_ONCE, OPTIONS.CallOnceOptions, once), "CallOnce of itself")
    call = schema.CallOptionsT()
    call.subgraph = 0
    yield case("call", calling(CODE.CALL, OPTIONS.CallOptions, call), "Call of itself")
    composite = one(CODE.STABLEHLO_COMPOSITE)
    step = composite.subgraphs[0].operators[0]
    step.builtinOptions2Type, step.builtinOptions2 = (
        schema.BuiltinOptions2.StableHLOCompositeOptions,
        schema.StableHLOCompositeOptionsT(),
    )
    step.builtinOptions2.name, step.builtinOptions2.decompositionSubgraphIndex = "odd", 0
    yield case("composite", composite, "a composite made of itself")
    for word, code in {"var-handle": CODE.VAR_HANDLE, "read": CODE.READ_VARIABLE, "assign": CODE.ASSIGN_VARIABLE, "hashtable": CODE.HASHTABLE,
                       "random": CODE.RANDOM_UNIFORM, "where": CODE.WHERE, "unique": CODE.UNIQUE, "nms": CODE.NON_MAX_SUPPRESSION_V4,
                       "lookup": CODE.HASHTABLE_LOOKUP, "svdf": CODE.SVDF, "lstm": CODE.LSTM,
                       "placeholder": CODE.PLACEHOLDER_FOR_GREATER_OP_CODES}.items():  # fmt: skip
        yield case(f"operator-{word}", one(code), f"{word}, given one tensor")
    unread = changed(lambda m: m.subgraphs.append(model_of(packed(custom(b"FlexErf"))).subgraphs[0]))
    yield case("second-graph", unread, "a second graph that nobody runs", may_run=True)


def _types() -> Iterator[Case]:
    for word, kind in {
        "string": KIND.STRING,
        "resource": KIND.RESOURCE,
        "variant": KIND.VARIANT,
        "complex": KIND.COMPLEX64,
        "unknown": 120,
    }.items():
        model = one(CODE.RELU)
        for tensor in model.subgraphs[0].tensors:
            tensor.type = kind
        yield case(f"type-{word}", model, f"tensors of the type {word}")
    unfit = one(CODE.ADD, ("i", np.ones(4, np.int64), KIND.INT64))
    yield case("types-unfit", unfit, "float and int64 added")
    sparse = one(CODE.FULLY_CONNECTED, ("w", ones(2, 4), KIND.FLOAT32), output=(1, 2))
    weights = sparse.subgraphs[0].tensors[2]
    weights.sparsity = schema.SparsityParametersT()
    weights.sparsity.traversalOrder, weights.sparsity.dimMetadata = [5, -1], []
    yield case("sparse", sparse, "the sparse form, with an order of dimensions that do not exist", "sparse_tensor")
    free = one(CODE.RELU)
    for tensor in free.subgraphs[0].tensors:
        tensor.shapeSignature = [-1, -1]
    yield case("dynamic", free, "free sizes", may_run=True)
    unfit = one(CODE.RELU)
    unfit.subgraphs[0].tensors[0].shapeSignature = [-1, 4, 4, 4]
    yield case("dynamic-unfit", unfit, "free sizes of another rank", may_run=True)
    names = one(CODE.RELU)
    for tensor in names.subgraphs[0].tensors:
        tensor.name = b"same\x00\xff\n"
    yield case("names", names, "names that are equal and no text", may_run=True)
    variable = one(CODE.RELU)
    variable.subgraphs[0].tensors[0].isVariable = True
    yield case("variable-input", variable, "an input that keeps its value", may_run=True)
    scalar = one(CODE.RELU, shape=(), output=())
    yield case("scalar", scalar, "a tensor without dimensions", may_run=True)


def _many() -> Iterator[Case]:
    builder = Builder()
    last = first = builder.activation("x", (1, 4), KIND.FLOAT32)
    for place in range(100_000):
        made = builder.activation(f"t{place}", (1, 4), KIND.FLOAT32)
        step = schema.OperatorT()
        step.opcodeIndex, step.inputs, step.outputs = 0, [last], [made]
        builder.operators.append(step)
        last = made
    builder._code(CODE.RELU)
    graph = schema.SubGraphT()
    graph.tensors, graph.operators, graph.inputs, graph.outputs = builder.tensors, builder.operators, [first], [last]
    model = schema.ModelT()
    model.version, model.subgraphs, model.buffers, model.operatorCodes = 3, [graph], builder.buffers, builder.codes
    yield case("operators-100000", model, "100,000 operators", "too_many_operators")
    outputs = one(CODE.RELU)
    outputs.subgraphs[0].outputs = [1] * 20_000
    yield case("outputs-20000", outputs, "20,000 outputs", "too_many_operators")
    arguments = one(CODE.CONCATENATION)
    arguments.subgraphs[0].operators[0].inputs = [0] * 200_000
    yield case("arguments-200000", arguments, "one operator with 200,000 arguments", "too_many_operators")
    graphs = one(CODE.RELU)
    graphs.subgraphs = graphs.subgraphs * 20_000
    yield case("graphs-20000", graphs, "20,000 graphs", may_run=True)
    products = Builder()
    value = start = products.activation("x", (512, 512), KIND.FLOAT32)
    weights = products.constant("w", ones(512, 512), KIND.FLOAT32)
    for place in range(3000):
        made = products.activation(f"t{place}", (512, 512), KIND.FLOAT32)
        products.operator(
            CODE.FULLY_CONNECTED,
            [value, weights, -1],
            made,
            (OPTIONS.FullyConnectedOptions, schema.FullyConnectedOptionsT()),
        )
        value = made
    graph = schema.SubGraphT()
    graph.tensors, graph.operators, graph.inputs, graph.outputs = products.tensors, products.operators, [start], [value]
    slow = schema.ModelT()
    slow.version, slow.subgraphs, slow.buffers, slow.operatorCodes = 3, [graph], products.buffers, products.codes
    yield case("slow", slow, "3,000 products of 512: half a minute a run", may_run=True)
