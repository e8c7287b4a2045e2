"""Tiny models of which the points are known before anybody measures: what counts is how many parameters they have."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# hidden units -> points of one that opens; 75 parameters for each unit, and 10
WIDE = 4096  # 1.2 MiB, which comes in five pieces
WIDTHS = {4: 5, 8: 3, 16: 2, 32: 1, WIDE: 1}
SPEC = {
    "task": "classification",
    "input": {"shapes": {"NCHW": [1, 1, 8, 8], "NHWC": [1, 8, 8, 1]}, "low": 0, "high": 16},
    "classes": [str(n) for n in range(10)],
    "max_bytes": 16 << 20,
    "criteria": [
        {"key": "opens", "title": "Model opens", "group": "Submission", "points": 1, "rule": {"kind": "pass"}},
        {"key": "params", "title": "Parameters", "group": "Basic", "metric": "params", "points": 4,
         "rule": {"kind": "steps", "steps": [[75 * 4 + 10, 1.0], [75 * 8 + 10, 0.5], [75 * 16 + 10, 0.25]]}},
    ],
}  # fmt: skip


def model(width: int, seed: int) -> bytes:
    """8 x 8 -> `width` -> 10, with weights of its own."""
    rng = np.random.default_rng(seed)
    shapes = {"a": (64, width), "b": (width,), "c": (width, 10), "d": (10,)}
    weights = [
        numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name) for name, shape in shapes.items()
    ]
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"], axis=1),
        helper.make_node("Gemm", ["flat", "a", "b"], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["bent"]),
        helper.make_node("Gemm", ["bent", "c", "d"], ["y"]),
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in (("x", [1, 1, 8, 8]), ("y", [1, 10]))
    ]
    graph = helper.make_graph(nodes, "tiny", ends[:1], ends[1:], weights)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(made)
    return bytes(made.SerializeToString())
