"""ONNX: small files that ask a reader or a runtime for hours or for gigabytes."""

from collections.abc import Iterator

import numpy as np
from onnx import SparseTensorProto, TensorProto, helper

from tests.grading.bench.tiny import ones, onnx_model
from tests.hostile.bad_files.case import Case
from tests.hostile.bad_files.onnx_files import case, node


def cases() -> Iterator[Case]:
    yield from _counts()
    yield from _doubling()
    yield from _sizes()
    yield from _repeated()


def chain(count: int, op: str = "Relu") -> list:
    names = ["x", *(f"v{place}" for place in range(count - 1)), "y"]
    return [node(op, [names[place]], [names[place + 1]]) for place in range(count)]


def _counts() -> Iterator[Case]:
    yield case("nodes-100000", onnx_model(chain(100_000)), "100,000 operators", "too_many_operators")
    yield case("nodes-20001", onnx_model(chain(20_001)), "one operator too many", "too_many_operators")
    many = onnx_model([node("Split", ["x"], [f"y{i}" for i in range(20_000)], axis=1)], inputs=[("x", (1, 20_000))],
                      outputs=[f"y{i}" for i in range(20_000)])  # fmt: skip
    yield case("outputs-20000", many, "20,000 outputs", "too_many_operators")
    inputs = [(f"x{i}", (1, 1)) for i in range(5000)]
    wide = onnx_model([node("Concat", [name for name, _ in inputs], ["y"], axis=1)], inputs=inputs)
    yield case("inputs-5000", wide, "5,000 inputs", "too_many_operators")
    parts = onnx_model([node("Split", ["x"], [f"p{i}" for i in range(50_000)], axis=1), node("Relu", ["p0"], ["y"])],
                       inputs=[("x", (1, 50_000))])  # fmt: skip
    yield case("parts-50000", parts, "one operator with 50,000 results")
    small = {f"w{i}": np.float32(1) for i in range(60_000)}
    yield case("weights-60000", onnx_model([node("Relu", ["x"], ["y"])], small), "60,000 constants", may_run=True)
    yield case(
        "names-long",
        onnx_model([node("Relu", ["x"], ["n" * 5_000_000]), node("Relu", ["n" * 5_000_000], ["y"])]),
        "a name of 5 MB",
        may_run=True,
    )
    listed = onnx_model([node("Relu", ["x"], ["y"], numbers=list(range(500_000)))])
    yield case("attribute-long", listed, "an attribute of 500,000 numbers")
    opsets = onnx_model([node("Relu", ["x"], ["y"])], domains=[f"d{i}" for i in range(50_000)])
    yield case("opsets-50000", opsets, "50,000 operator sets", may_run=True)
    meta = onnx_model([node("Relu", ["x"], ["y"])])
    helper.set_model_props(meta, {f"k{i}": "v" * 100 for i in range(20_000)})
    yield case("metadata", meta, "20,000 notes", may_run=True)


def _doubling() -> Iterator[Case]:
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("local", 1)]
    functions = [helper.make_function("local", "F0", ["a"], ["b"], [node("Relu", ["a"], ["b"])], opsets)]
    for level in range(1, 41):
        inner = [
            node(f"F{level - 1}", ["a"], ["m"], domain="local"),
            node(f"F{level - 1}", ["m"], ["b"], domain="local"),
        ]
        functions.append(helper.make_function("local", f"F{level}", ["a"], ["b"], inner, opsets))
    top = [node("F40", ["x"], ["y"], domain="local")]
    yield case(
        "functions-double",
        onnx_model(top, functions=functions, domains=("local",)),
        "functions of 2^40 operators",
        "too_many_operators",
    )
    for name, calls in {"itself": "F", "each-other": "G"}.items():
        first = helper.make_function("local", "F", ["a"], ["b"], [node(calls, ["a"], ["b"], domain="local")], opsets)
        second = helper.make_function("local", "G", ["a"], ["b"], [node("F", ["a"], ["b"], domain="local")], opsets)
        model = onnx_model([node("F", ["x"], ["y"], domain="local")], functions=[first, second], domains=("local",))
        yield case(f"functions-call-{name}", model, f"functions that call {name}", "damaged_model")
    deep = [
        helper.make_function("local", f"F{i}", ["a"], ["b"], [node(f"F{i + 1}", ["a"], ["b"], domain="local")], opsets)
        for i in range(490)
    ]
    deep.append(helper.make_function("local", "F490", ["a"], ["b"], [node("Relu", ["a"], ["b"])], opsets))
    yield case(
        "functions-deep",
        onnx_model([node("F0", ["x"], ["y"], domain="local")], functions=deep, domains=("local",)),
        "490 calls deep",
    )
    strings = [node("Constant", [], ["s0"], value_strings=[b"a" * 1000])]
    strings += [node("StringConcat", [f"s{i}", f"s{i}"], [f"s{i + 1}"]) for i in range(30)]
    yield case(
        "strings-double", onnx_model([*strings, node("Relu", ["x"], ["y"])]), "constant text that doubles 30 times"
    )
    halves = [node("Concat", [f"w{i}", f"w{i}"], [f"w{i + 1}"], axis=0) for i in range(31)]
    yield case("constants-double", onnx_model([*halves, node("ReduceSum", ["w31"], ["s"]), node("Add", ["x", "s"], ["y"])], {"w0": ones(4)}),
               "a constant that doubles 31 times", may_run=False)  # fmt: skip
    grown = [node("Concat", [f"v{i}", f"v{i}"], [f"v{i + 1}"], axis=0) for i in range(34)]
    yield case(
        "activations-double",
        onnx_model([node("Relu", ["x"], ["v0"]), *grown, node("Relu", ["v34"], ["y"])]),
        "a tensor that doubles 34 times",
    )


def _sizes() -> Iterator[Case]:
    def fill(*shape):
        return [
            node("ConstantOfShape", ["s"], ["c"]),
            node("ReduceSum", ["c"], ["r"]),
            node("Add", ["x", "r"], ["y"]),
        ], {"s": np.array(shape, np.int64)}

    yield case("fill-16g", onnx_model(*fill(4_000_000_000)), "ConstantOfShape of 16 GB")
    yield case("fill-overflow", onnx_model(*fill(2**40, 2**40)), "ConstantOfShape whose size overflows")
    yield case("fill-negative", onnx_model(*fill(-1)), "ConstantOfShape of a negative size")
    yield case("range", onnx_model([node("Range", ["a", "b", "c"], ["r"]), node("ReduceSum", ["r"], ["s"]), node("Add", ["x", "s"], ["y"])],
                                   {"a": np.float32(0), "b": np.float32(1e12), "c": np.float32(1)}), "Range to 10^12")  # fmt: skip
    yield case("range-no-step", onnx_model([node("Range", ["a", "b", "c"], ["r"]), node("ReduceSum", ["r"], ["s"]), node("Add", ["x", "s"], ["y"])],
                                           {"a": np.float32(0), "b": np.float32(9), "c": np.float32(0)}), "Range with a step of zero")  # fmt: skip
    for op, extra in {"Expand": [60_000, 60_000], "Tile": [60_000, 60_000]}.items():
        shape = (1, 1) if op == "Expand" else (1, 4)
        yield case(
            op.lower(),
            onnx_model([node(op, ["x", "s"], ["y"])], {"s": np.array(extra, np.int64)}, [("x", shape)]),
            f"{op} to gigabytes",
        )
    resize = onnx_model(
        [node("Resize", ["x", "", "s"], ["y"])],
        {"s": np.array([1, 1, 30_000, 30_000], np.float32)},
        [("x", (1, 1, 4, 4))],
    )
    yield case("resize", resize, "Resize to 57 GB")
    odd = onnx_model(
        [node("Resize", ["x", "", "s"], ["y"])],
        {"s": np.array([1, 1, np.inf, np.nan], np.float32)},
        [("x", (1, 1, 4, 4))],
    )
    yield case("resize-inf", odd, "Resize by infinity")
    yield case(
        "pad", onnx_model([node("Pad", ["x", "p"], ["y"])], {"p": np.array([0, 0, 0, 2**40], np.int64)}), "Pad by 2^40"
    )
    yield case("one-hot", onnx_model([node("Cast", ["x"], ["i"], to=7), node("OneHot", ["i", "d", "v"], ["y"])],
                                     {"d": np.array(2**33, np.int64), "v": np.array([0, 1], np.float32)}), "OneHot of 2^33 classes")  # fmt: skip
    yield case("matmul-large", onnx_model([node("MatMul", ["a", "b"], ["m"]), node("ReduceSum", ["m"], ["s"]), node("Add", ["x", "s"], ["y"])],
                                          {"a": ones(100_000, 1), "b": ones(1, 100_000)}), "a product of 40 GB of two constants")  # fmt: skip
    yield case(
        "input-large", onnx_model([node("Relu", ["x"], ["y"])], inputs=[("x", (1, 40_000, 40_000))]), "an input of 6 GB"
    )
    yield case(
        "input-wide", onnx_model([node("ReduceSum", ["x"], ["y"])], inputs=[("x", (2**31, 2**3))]), "an input of 64 GB"
    )
    sparse = [SparseTensorProto(values=helper.make_tensor(f"w{i}", TensorProto.FLOAT, [1], [1.0]),
    indices=helper.make_tensor(f"i{i}", TensorProto.INT64, [1], [0]),
                                dims=[500_000_000]) for i in range(8)]  # fmt: skip
    adds = [node("Add", ["x", "w0"], ["y"])]
    yield case("sparse", onnx_model(adds, sparse=sparse), "eight sparse tensors of 16 GB", "sparse_tensor")
    inline = node("Constant", [], ["c"], sparse_value=sparse[0])
    yield case(
        "sparse-constant",
        onnx_model([inline, node("Add", ["x", "c"], ["y"])]),
        "a sparse Constant of 2 GB",
        "sparse_tensor",
    )
    big = helper.make_tensor("w", TensorProto.FLOAT, [1], [1.0])
    del big.dims[:]
    big.dims.extend([2**31])
    yield case("weights-8g", onnx_model([node("Add", ["x", "w"], ["y"])], {"w": big}), "weights of 8 GB in four bytes")


def _repeated() -> Iterator[Case]:
    """Slow, not large: work that takes minutes."""
    wide = [node("MatMul", ["x", "w"], ["v0"])]
    wide += [node("MatMul", [f"v{i}", "w"], [f"v{i + 1}"]) for i in range(3000)]
    yield case("slow", onnx_model([*wide, node("Relu", ["v3000"], ["y"])], {"w": ones(512, 512)}, [("x", (512, 512))]),
               "3,000 products of 512: half a minute a run", may_run=True)  # fmt: skip
    conv = onnx_model(
        [node("Conv", ["x", "w"], ["y"], pads=[15] * 4)], {"w": ones(64, 64, 31, 31)}, [("x", (1, 64, 512, 512))]
    )
    yield case("slow-conv", conv, "a convolution of 10^12 steps", may_run=True)
    sort = onnx_model(
        [node("TopK", ["x", "k"], ["y", "i"])], {"k": np.array([20_000_000], np.int64)}, [("x", (1, 20_000_000))]
    )
    yield case("slow-sort", sort, "sorts 20 million numbers", may_run=True)
