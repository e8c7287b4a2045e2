"""ONNX: weights that are said to lie in another file, at every place where a tensor can stand."""

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import TensorProto, helper

from tests.grading.bench.tiny import onnx_model
from tests.hostile.bad_files.case import Case
from tests.hostile.bad_files.onnx_files import case, node

LOCATIONS = {
    "passwd": "/etc/passwd", "up": "../weights.bin", "far-up": "../" * 40 + "etc/passwd", "through": "x/../weights.bin",
    "nul": "weights.bin\0.txt", "beside": "weights.bin", "drive": "C:\\weights.bin", "backslash": "..\\weights.bin",
    "proc": "/proc/self/mem", "device": "/dev/zero", "url": "http://127.0.0.1:9/w", "empty": "", "dot": ".",
    "long": "w" * 5000, "memory": "*/_ORT_MEM_ADDR_/*", "home": "~/.ssh/id_rsa", "not-utf8": "w\x80",
}  # fmt: skip


def outside(location: str, dims=(4, 2), **more) -> onnx.TensorProto:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=dims, data_location=TensorProto.EXTERNAL)
    for key, value in {"location": location, **more}.items():
        tensor.external_data.add(key=key, value=str(value))
    return tensor


def matmul(tensor: onnx.TensorProto) -> onnx.ModelProto:
    return onnx_model([node("MatMul", ["x", "w"], ["y"])], {"w": tensor})


def cases() -> Iterator[Case]:
    for name, location in LOCATIONS.items():
        # Absent weights beside the model are no fault where it is only counted (step 4): then it must not be opened.
        beside = name == "beside"
        codes = () if beside else ("external_data", "damaged_model")
        yield case(
            f"outside-{name}", matmul(outside(location)), f"weights in {location[:40]!r}", *codes, may_run=beside
        )
    itself = matmul(outside("onnx-outside-itself.onnx", offset=0, length=32))
    yield case("outside-itself", itself, "the model's own bytes as weights")
    offsets = {"negative": -8, "far": 2**62, "text": "many", "overflow": 2**64}
    for name, offset in offsets.items():
        yield case(
            f"outside-offset-{name}",
            matmul(outside("/etc/passwd", offset=offset, length=offset)),
            f"offset {offset}",
            "external_data",
            "damaged_model",
        )
    yield case(
        "outside-marker",
        matmul(outside("*/_ORT_MEM_ADDR_/*", offset=4096, length=32)),
        "an address in memory as a location",
    )
    yield from _places()


def _places() -> Iterator[Case]:
    hidden = outside("../weights.bin")
    inline = helper.make_node("Constant", [], ["w"], value=hidden)
    yield case(
        "outside-constant", onnx_model([inline, node("MatMul", ["x", "w"], ["y"])]), "in a Constant", "external_data"
    )
    info = helper.make_tensor_value_info("b", TensorProto.FLOAT, [1, 2])
    branch = helper.make_graph([node("MatMul", ["x", "w"], ["b"])], "branch", [], [info], [hidden])
    model = onnx_model([node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)], {"c": np.array(True)})
    yield case("outside-branch", model, "in a branch", "external_data", "control_flow")
    function = helper.make_function(
        "local", "F", ["a"], ["b"], [inline, node("MatMul", ["a", "w"], ["b"])], [helper.make_opsetid("", 21)]
    )
    called = onnx_model([node("F", ["x"], ["y"], domain="local")], functions=[function], domains=("local",))
    yield case("outside-function", called, "in a function", "external_data")
    unused = onnx_model([node("Relu", ["x"], ["y"])], functions=[function], domains=("local",))
    yield case("outside-unused-function", unused, "in a function that nobody calls", "external_data")
    unread = onnx_model([node("Relu", ["x"], ["y"])], {"w": hidden})
    yield case("outside-unread", unread, "weights that nobody reads", "external_data")
    listed = onnx_model([node("Relu", ["x"], ["y"], secret=[hidden])])
    yield case("outside-attribute-list", listed, "in a list of tensors", "external_data")
    mistyped = onnx_model([node("Relu", ["x"], ["y"], secret=hidden)])
    mistyped.graph.node[0].attribute[0].type = onnx.AttributeProto.FLOAT
    yield case("outside-attribute-mistyped", mistyped, "in an attribute that says it is a number")
    sparse = onnx.SparseTensorProto(
        values=hidden, indices=helper.make_tensor("i", TensorProto.INT64, [1], [0]), dims=[4, 2]
    )
    yield case("outside-sparse", onnx_model([node("MatMul", ["x", "w"], ["y"])], sparse=[sparse]), "in a sparse tensor")
    quiet = outside("../weights.bin")
    quiet.ClearField("data_location")
    quiet.raw_data = bytes(32)
    yield case("outside-unsaid", matmul(quiet), "a location where the bytes are said to be inside", "external_data")
    training = onnx_model([node("Relu", ["x"], ["y"])])
    training.training_info.add().algorithm.initializer.append(hidden)
    yield case("outside-training", training, "in what is kept for training", "external_data", "damaged_model")
