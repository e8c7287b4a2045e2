"""ONNX: files whose graph is damaged, contradicts itself, or uses what is not measured."""

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.grading.bench.tiny import ones, onnx_model
from tests.hostile.bad_files.case import Case, cuts, flips

node = helper.make_node


def base() -> onnx.ModelProto:
    nodes = [
        node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1], name="conv"),
        node("Relu", ["c"], ["r"], name="relu"),
        node("Flatten", ["r"], ["f"], name="flatten"),
        node("Gemm", ["f", "dw"], ["y"], name="gemm"),
    ]
    return onnx_model(nodes, {"w": ones(2, 1, 3, 3), "dw": ones(72, 3)}, [("x", (1, 1, 6, 6))])


def one(op: str, weights=None, shape=(1, 4), **attributes) -> onnx.ModelProto:
    return onnx_model([node(op, ["x", *(weights or {})], ["y"], **attributes)], weights, [("x", shape)])


def case(name: str, model: onnx.ModelProto, why: str, *codes: str, may_run: bool = False) -> Case:
    return Case(f"onnx-{name}.onnx", model.SerializeToString(), why, codes, may_run)


def changed(change) -> onnx.ModelProto:
    model = base()
    change(model)
    return model


def cases() -> Iterator[Case]:
    yield from _bytes()
    yield from _order()
    yield from _sizes()
    yield from _operators()
    yield from _versions()
    yield from _flow()
    yield from _types()
    yield from _numbers()


def _bytes() -> Iterator[Case]:
    whole = base().SerializeToString()
    size = len(whole)
    places = {"after-4": 4, "early": 40, "a-third": size // 3, "half": size // 2, "in-weights": size - 300,
              "before-end": size - 1}  # fmt: skip
    yield from cuts("onnx", "onnx", whole, places)
    yield from flips("onnx", "onnx", whole[:400], 14)
    yield Case("onnx-zeros.onnx", bytes(4096), "all bytes are zero")
    yield Case("onnx-tail.onnx", whole + b"\xff" * 64, "something behind the end")
    yield Case("onnx-twice.onnx", whole + whole, "the message twice: protobuf merges them")
    yield Case("onnx-head-only.onnx", b"\x08\x09", "a version and nothing else")
    yield Case("onnx-long-varint.onnx", b"\x08" + b"\xff" * 30 + whole, "a number without an end")
    yield Case("onnx-length.onnx", b"\x08\x09\x3a\xff\xff\xff\xff\x0f" + b"x" * 50, "a length of 4 GiB")
    yield Case("onnx-groups.onnx", b"\x08\x09" + b"\x3b" * 3000 + b"\x3c" * 3000, "groups in groups")


def _order() -> Iterator[Case]:
    def swap(model):
        nodes = list(model.graph.node)[::-1]
        del model.graph.node[:]
        model.graph.node.extend(nodes)

    yield case("unsorted", changed(swap), "operators in the wrong order", "unsorted_nodes")
    cyclic = onnx_model([node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"]), node("Relu", ["b"], ["y"])])
    yield case("cyclic", cyclic, "a circle of operators", "unsorted_nodes", "damaged_model")
    yield case("self-cycle", onnx_model([node("Add", ["x", "y"], ["y"])]), "an operator reads what it makes")
    yield case("missing-value", onnx_model([node("Add", ["x", "nothing"], ["y"])]), "reads what nothing makes")
    twice = onnx_model([node("Relu", ["x"], ["y"]), node("Relu", ["x"], ["y"])])
    yield case("made-twice", twice, "two operators make one value")
    yield case("over-input", onnx_model([node("Relu", ["x"], ["x"])], outputs=("x",)), "makes its own input")
    double = changed(lambda m: m.graph.initializer.append(m.graph.initializer[0]))
    yield case("weights-twice", double, "two constants have one name")
    same = onnx_model([node("Relu", ["x"], ["a"], name="n"), node("Relu", ["a"], ["y"], name="n")])
    yield case("names-twice", same, "two operators have one name", may_run=True)
    yield case(
        "no-output-made", onnx_model([node("Relu", ["x"], ["a"])], outputs=("z",)), "the output is made by nothing"
    )
    yield case("no-nodes", onnx_model([], outputs=("x",)), "no operators")
    yield case("no-inputs", onnx_model([node("Relu", ["w"], ["y"])], {"w": ones(1, 4)}, ()), "no input")
    yield case("no-outputs", onnx_model([node("Relu", ["x"], ["y"])], outputs=()), "no output")
    yield case(
        "makes-nothing", onnx_model([node("Relu", ["x"], []), node("Relu", ["x"], ["y"])]), "an operator makes nothing"
    )
    yield case("no-arguments", onnx_model([node("Add", [], ["y"])]), "an operator without arguments")
    yield case("many-arguments", onnx_model([node("Relu", ["x"] * 3000, ["y"])]), "one argument, 3,000 given")
    yield case("no-graph", helper.make_model(helper.make_graph([], "g", [], [])), "an empty graph")


def _sizes() -> Iterator[Case]:
    def dims(*values):
        def change(model):
            del model.graph.initializer[0].dims[:]
            model.graph.initializer[0].dims.extend(values)

        return changed(change)

    yield case("weights-short", dims(200, 1, 3, 3), "weights whose bytes do not fill them")
    yield case("weights-long", dims(1, 1, 3, 3), "weights with bytes left over")
    yield case("weights-negative", dims(-2, 1, 3, 3), "a negative size", "damaged_model")
    yield case("weights-overflow", dims(2**62, 2**62, 4, 4), "sizes whose product overflows")
    yield case("weights-wraps", dims(2**32, 2**32, 1, 18), "sizes whose product wraps around in 64 bits")
    yield case("weights-deep", dims(*[1] * 5000, 18), "5,000 dimensions")
    yield case("weights-huge", dims(2**40, 1, 3, 3), "terabytes of weights without bytes")
    yield case("weights-zero", dims(0, 1, 3, 3), "weights of zero elements with bytes")
    for name, shape in {"negative": (1, -4), "zero": (1, 0), "overflow": (2**62, 2**62), "max": (2**63 - 1, 4)}.items():
        model = one("Relu", shape=(1, 4))
        model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = shape[0]
        model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = shape[1]
        yield case(f"input-{name}", model, f"an input of the size {shape}")
    yield case("channels", changed(lambda m: m.graph.input[0].type.tensor_type.shape.dim[1].__setattr__("dim_value", 7)),
               "an input with other channels than its convolution")  # fmt: skip
    yield case("group-zero", one("Conv", {"w": ones(2, 1, 3, 3)}, (1, 1, 6, 6), group=0), "Conv in zero groups")
    yield case("group-negative", one("Conv", {"w": ones(2, 1, 3, 3)}, (1, 1, 6, 6), group=-1), "a negative group")
    yield case("stride-zero", one("Conv", {"w": ones(2, 1, 3, 3)}, (1, 1, 6, 6), strides=[0, 0]), "a stride of zero")
    yield case(
        "stride-negative",
        one("MaxPool", None, (1, 1, 6, 6), kernel_shape=[2, 2], strides=[-1, -1]),
        "a negative stride",
    )
    yield case("kernel-zero", one("MaxPool", None, (1, 1, 6, 6), kernel_shape=[0, 0]), "a window of zero")
    yield case("kernel-huge", one("AveragePool", None, (1, 1, 6, 6), kernel_shape=[2**31, 2**31]), "a window of 2^31")
    yield case("pads-huge", one("MaxPool", None, (1, 1, 6, 6), kernel_shape=[2, 2], pads=[2**31] * 4), "pads of 2^31")
    yield case("pads-negative", one("MaxPool", None, (1, 1, 6, 6), kernel_shape=[2, 2], pads=[-9] * 4), "negative pads")
    yield case("axis-far", one("Softmax", axis=99), "an axis that is not there")
    yield case("gemm-unfit", one("Gemm", {"w": ones(5, 3)}), "a matrix that does not fit")
    yield case(
        "reshape-unfit", one("Reshape", {"s": np.array([3, 3], np.int64)}), "a reshape to another size", "damaged_model"
    )
    yield case("split-zero", one("Split", None, (1, 4), num_outputs=0), "a split into no parts")
    yield case(
        "gather-far",
        one("Gather", {"i": np.array([2**40], np.int64)}, axis=1),
        "a place outside its table",
        "damaged_model",
    )
    yield case("output-unfit", _output_unfit(), "an output that says another size", "damaged_model")


def _output_unfit() -> onnx.ModelProto:
    model = one("Relu")
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", TensorProto.FLOAT, [7, 7, 7]))
    return model


def _operators() -> Iterator[Case]:
    custom = ("custom_operator",)
    for domain in ("com.example", "ai.onnx.contrib", "com.microsoft", "ai.onnx.training", "org.pytorch.aten"):
        model = onnx_model([node("Strange", ["x"], ["y"], domain=domain)], domains=(domain,))
        yield case(f"domain-{domain.replace('.', '-')}", model, f"an operator of {domain}", *custom)
    yield case(
        "domain-undeclared",
        onnx_model([node("Strange", ["x"], ["y"], domain="com.example")]),
        "a domain undeclared",
        *custom,
    )
    yield case("unknown", onnx_model([node("Frobnicate", ["x"], ["y"])]), "no operator of ONNX", *custom)
    yield case("no-type", onnx_model([node("", ["x"], ["y"])]), "an operator without a type", *custom)
    yield case("long-type", onnx_model([node("A" * 100_000, ["x"], ["y"])]), "a type of 100,000 letters", *custom)
    yield case(
        "odd-type", onnx_model([node("Relu\n\x1b[31m\u202e", ["x"], ["y"])]), "control characters in a type", *custom
    )
    unseen = onnx_model(
        [node("Relu", ["x"], ["y"]), node("Strange", ["x"], ["z"], domain="com.example")], domains=("com.example",)
    )
    yield case("custom-unread", unseen, "a custom operator whose result nobody reads", *custom)
    function = helper.make_function("com.example", "F", ["a"], ["b"], [node("Strange", ["a"], ["b"], domain="other")],
                                    [helper.make_opsetid("", 21), helper.make_opsetid("other", 1)])  # fmt: skip
    inside = onnx_model(
        [node("F", ["x"], ["y"], domain="com.example")], functions=[function], domains=("com.example", "other")
    )
    yield case("custom-in-function", inside, "a custom operator inside a function", *custom)
    unused = onnx_model([node("Relu", ["x"], ["y"])], functions=[function], domains=("com.example", "other"))
    yield case("custom-in-unused-function", unused, "a custom operator in a function nobody calls")
    shadow = helper.make_function(
        "", "Relu", ["a"], ["b"], [node("Sigmoid", ["a"], ["b"])], [helper.make_opsetid("", 21)]
    )
    yield case(
        "function-shadows",
        onnx_model([node("Relu", ["x"], ["y"])], functions=[shadow]),
        "a function named as Relu",
        may_run=True,
    )
    for op in ("EyeLike", "RandomNormalLike", "Bernoulli", "Multinomial", "NonZero", "Unique", "StringNormalizer"):
        yield case(
            f"{op.lower()}",
            one(op),
            f"{op}: chance, or a size that depends on the data",
            may_run=op in {"EyeLike", "NonZero", "Unique"},
        )


def _versions() -> Iterator[Case]:
    for version in (99, 2**31 - 1, 0, -1):
        model = base()
        model.opset_import[0].version = version
        yield case(f"opset{version}", model, f"opset {version}", "newer_opset", "damaged_model")
    for version in (99, 0, -3, 2**62):
        model = base()
        model.ir_version = version
        yield case(f"ir{version}", model, f"IR version {version}", "newer_opset", "damaged_model", may_run=version == 0)
    yield case("no-opset", changed(lambda m: m.ClearField("opset_import")), "no opset at all")
    yield case("opset-twice", changed(lambda m: m.opset_import.append(helper.make_opsetid("", 7))), "two opsets")


def _flow() -> Iterator[Case]:
    def info(name, kind=TensorProto.FLOAT, shape=(1, 4)):
        return helper.make_tensor_value_info(name, kind, shape)

    branch = helper.make_graph([node("Relu", ["x"], ["b"])], "then", [], [info("b")])
    other = helper.make_graph([node("Neg", ["x"], ["b"])], "else", [], [info("b")])
    condition = {"c": np.array(True)}
    yield case(
        "if",
        onnx_model([node("If", ["c"], ["y"], then_branch=branch, else_branch=other)], condition),
        "If",
        "control_flow",
    )
    deep = branch
    for _ in range(18):
        deep = helper.make_graph(
            [node("If", ["c"], ["b"], then_branch=deep, else_branch=other)], "deep", [], [info("b")]
        )
    yield case(
        "if-deep",
        onnx_model([node("If", ["c"], ["y"], then_branch=deep, else_branch=other)], condition),
        "18 branches deep",
        "control_flow",
        "damaged_model",
    )
    body = helper.make_graph([node("Identity", ["go"], ["again"]), node("Relu", ["v"], ["w"])], "body",
                             [info("i", TensorProto.INT64, ()), info("go", TensorProto.BOOL, ()), info("v")],
                             [info("again", TensorProto.BOOL, ()), info("w")])  # fmt: skip
    yield case(
        "loop",
        onnx_model([node("Loop", ["", "c", "x"], ["y"], body=body)], condition),
        "a Loop without an end",
        "control_flow",
    )
    forever = {"n": np.array(2**62, np.int64), "c": np.array(True)}
    yield case(
        "loop-long",
        onnx_model([node("Loop", ["n", "c", "x"], ["y"], body=body)], forever),
        "a Loop of 2^62 turns",
        "control_flow",
    )
    scan = helper.make_graph([node("Relu", ["v"], ["w"])], "scan", [info("v", shape=(4,))], [info("w", shape=(4,))])
    yield case("scan", onnx_model([node("Scan", ["x"], ["y"], body=scan, num_scan_inputs=1)]), "Scan", "control_flow")
    hidden = onnx_model([node("Relu", ["x"], ["y"], secret=branch)])
    yield case("graph-attribute", hidden, "a graph where none belongs", "control_flow")
    yield case(
        "graphs-attribute",
        onnx_model([node("Relu", ["x"], ["y"], secret=[branch, other])]),
        "graphs where none belong",
        "control_flow",
    )
    untyped = onnx_model([node("Relu", ["x"], ["y"], secret=branch)])
    untyped.graph.node[0].attribute[0].type = onnx.AttributeProto.INT
    yield case("graph-attribute-mistyped", untyped, "a graph in an attribute that says it is a number")


def _types() -> Iterator[Case]:
    yield case(
        "string-input",
        onnx_model([node("Identity", ["x"], ["y"])], inputs=[("x", (1, 4), TensorProto.STRING)]),
        "an input of text",
    )
    weights = {"w": helper.make_tensor("w", TensorProto.STRING, [2], [b"a", b"b"])}
    yield case("string-weights", onnx_model([node("Identity", ["w"], ["y"])], weights), "constants of text")
    for name, kind in {"sequence": helper.make_sequence_type_proto(helper.make_tensor_type_proto(1, [1, 4])),
                       "optional": helper.make_optional_type_proto(helper.make_tensor_type_proto(1, [1, 4])),
                       "map": onnx.TypeProto(), "sparse": helper.make_sparse_tensor_type_proto(1, [1, 4])}.items():  # fmt: skip
        model = onnx_model([node("Identity", ["x"], ["y"])])
        model.graph.input[0].type.CopyFrom(kind)
        yield case(f"input-{name}", model, f"an input that is a {name}")
    yield case("sequence-inside", onnx_model([node("SequenceConstruct", ["x", "x"], ["s"]), node("ConcatFromSequence", ["s"], ["y"], axis=0)]),
               "a sequence inside", may_run=True)  # fmt: skip
    for kind in (0, 99, 2**31 - 1, -1):
        yield case(
            f"type{kind}",
            changed(lambda m, kind=kind: m.graph.initializer[0].__setattr__("data_type", kind)),
            f"weights of type {kind}",
        )
    untyped = onnx_model([node("Relu", ["x"], ["y"])])
    untyped.graph.input[0].type.Clear()
    yield case("input-untyped", untyped, "an input without a type")
    unshaped = onnx_model([node("Relu", ["x"], ["y"])])
    unshaped.graph.input[0].type.tensor_type.ClearField("shape")
    yield case("input-unshaped", unshaped, "an input without a size")
    yield case(
        "types-unfit",
        onnx_model([node("Add", ["x", "i"], ["y"])], {"i": np.ones(4, np.int64)}),
        "float and int64 added",
    )
    both = base()
    both.graph.initializer[0].float_data.extend([1.0] * 18)
    yield case("weights-two-fields", both, "weights in two fields", "damaged_model")
    free = onnx_model([node("Relu", ["x"], ["y"])], inputs=[("x", ("n", "m"))])
    yield case("dynamic", free, "free sizes", may_run=True)
    yield case("dynamic-unfit", onnx_model([node("Reshape", ["x", "s"], ["y"])], {"s": np.array([7, 7919], np.int64)}, [("x", ("n", "m"))]),
               "free sizes that nothing usual fills")  # fmt: skip


def _numbers() -> Iterator[Case]:
    for name, value in {"nan": np.nan, "inf": np.inf, "minus-inf": -np.inf}.items():
        weights = ones(72, 3)
        weights[5, 1] = value
        model = changed(lambda m, w=weights: m.graph.initializer[1].CopyFrom(numpy_helper.from_array(w, "dw")))
        yield case(f"weights-{name}", model, f"weights hold {value}", "weights_not_finite")
    half = onnx_model(
        [node("Cast", ["x"], ["h"], to=10), node("MatMul", ["h", "w"], ["p"]), node("Cast", ["p"], ["y"], to=1)],
        {"w": np.full((4, 2), np.nan, np.float16)},
    )
    yield case("weights-nan-half", half, "16-bit weights that are all NaN", "weights_not_finite")
    empty = onnx_model([node("Concat", ["x", "e"], ["y"], axis=1)], {"e": ones(1, 0)})
    yield case("zero-elements", empty, "a constant of no elements", may_run=True)
    yield case(
        "zero-inside",
        onnx_model([node("Slice", ["x", "s", "s"], ["y"])], {"s": np.array([0, 0], np.int64)}),
        "a tensor of no elements inside",
    )
    scale = onnx_model(
        [node("QuantizeLinear", ["x", "s", "z"], ["q"]), node("DequantizeLinear", ["q", "s", "z"], ["y"])],
        {"s": np.array(np.nan, np.float32), "z": np.array(0, np.int8)},
    )
    yield case("scale-nan", scale, "a quantisation step of NaN", may_run=True)
    zero = onnx_model([node("Div", ["x", "z"], ["y"])], {"z": np.zeros(4, np.float32)})
    yield case("divides-by-zero", zero, "a division by zero", may_run=True)
    integer = onnx_model(
        [node("Cast", ["x"], ["i"], to=6), node("Div", ["i", "z"], ["d"]), node("Cast", ["d"], ["y"], to=1)],
        {"z": np.zeros(4, np.int32)},
    )
    yield case("integer-by-zero", integer, "a whole number divided by zero: the processor traps")
