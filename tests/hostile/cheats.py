"""Models that cheat, as ONNX graphs, and a lab of made-up pictures for them. Each does by its graph what a student could hand in."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from grading.measuring import measure_run
from grading.spec import BenchSpec
from hardware.profiles import load_profiles
from tests.grading.bench.tiny import onnx_model

CLASSES, SIDE = 10, 8
PIXELS = SIDE * SIDE
SHAPE = ("x", (1, 1, SIDE, SIDE))
SPEC = BenchSpec.parse(
    {
        "task": "classification",
        "input": {"shapes": {"NCHW": [1, 1, SIDE, SIDE]}, "low": 0, "high": 1},
        "classes": [str(n) for n in range(CLASSES)],
        "max_bytes": 16 << 20,
        "criteria": [{"key": "opens", "title": "Opens", "points": 1, "rule": {"kind": "pass"}}],
    }
)
node = helper.make_node


class Lab:
    """Hidden pictures: a pattern for each class, with noise. A linear model of the patterns answers them right."""

    def __init__(self, folder: Path, count: int = 80):
        generator = np.random.default_rng(5)
        self.patterns = generator.random((CLASSES, PIXELS), dtype=np.float32)
        self.truth = generator.integers(0, CLASSES, count)
        noise = generator.random((count, PIXELS), dtype=np.float32)
        self.pictures = (0.8 * self.patterns[self.truth] + 0.2 * noise).astype(np.float32)
        self.inputs, self.labels = folder / "inputs.npy", folder / "labels.npy"
        np.save(self.inputs, self.pictures.reshape(count, 1, SIDE, SIDE))
        np.save(self.labels, self.truth.astype(np.int64))

    def measure(self, model: onnx.ModelProto, folder: Path, sandbox, seed: int = 3):
        path = folder / "model.onnx"
        path.write_bytes(model.SerializeToString())
        return measure_run.measure_run(
            model=path, name="model.onnx", spec=SPEC, lab="Lab 1", inputs=self.inputs, labels=self.labels, sandbox=sandbox,
            seed=seed, on_progress=lambda *_: None, profiles=load_profiles(),
        )  # fmt: skip

    def answers(self) -> np.ndarray:
        return np.eye(CLASSES, dtype=np.float32)[self.truth]


def flat(*nodes):
    return [node("Reshape", ["x", "flat"], ["f"]), *nodes]


FLAT = {"flat": np.array([1, PIXELS], np.int64)}


def honest(lab: Lab) -> onnx.ModelProto:
    """The nearest pattern, by a matrix product."""
    patterns = lab.patterns - lab.patterns.mean()
    weights = FLAT | {"w": (patterns / np.linalg.norm(patterns, axis=1, keepdims=True)).T.copy()}
    return onnx_model(flat(node("MatMul", ["f", "w"], ["y"])), weights, [SHAPE])


def fingerprint(lab: Lab) -> onnx.ModelProto:
    """Knows each hidden picture by one number made of it, without holding one, and answers with its label; others it guesses."""
    mix = np.random.default_rng(1).random((PIXELS, 1), dtype=np.float32)
    marks = lab.pictures @ mix
    nodes = flat(
        node("MatMul", ["f", "mix"], ["mark"]),
        node("Sub", ["marks", "mark"], ["apart"]),
        node("Abs", ["apart"], ["far"]),
        node("Less", ["far", "near"], ["is"]),
        node("Cast", ["is"], ["hit"], to=TensorProto.FLOAT),
        node("MatMul", ["hit", "answers"], ["y"]),
    )
    weights = FLAT | {
        "mix": mix,
        "marks": marks.reshape(1, -1),
        "near": np.array(1e-4, np.float32),
        "answers": lab.answers(),
    }
    return onnx_model(nodes, weights, [SHAPE])


def lookup_table(lab: Lab) -> onnx.ModelProto:
    """The hidden picture that is nearest, out of all of them: also right for one that was changed a little."""
    nodes = flat(
        node("Sub", ["table", "f"], ["apart"]),
        node("Mul", ["apart", "apart"], ["squared"]),
        node("ReduceSum", ["squared", "axis"], ["far"], keepdims=0),
        node("ArgMin", ["far"], ["which"], axis=0, keepdims=1),
        node("Gather", ["answers", "which"], ["y"], axis=0),
    )
    weights = FLAT | {"table": lab.pictures, "axis": np.array([1], np.int64), "answers": lab.answers()}
    return onnx_model(nodes, weights, [SHAPE])


def packed(lab: Lab) -> onnx.ModelProto:
    """Two weights of 4 bits in each stored byte, taken apart when the model is loaded."""
    low, high = lab.patterns.min(), lab.patterns.max()
    small = np.round((lab.patterns.T - low) / (high - low) * 15).astype(np.uint8)
    half = PIXELS // 2
    nodes = [
        node("BitwiseAnd", ["p", "mask"], ["lower"]),
        node("BitShift", ["p", "four"], ["upper"], direction="RIGHT"),
        node("Concat", ["lower", "upper"], ["whole"], axis=0),
        node("Cast", ["whole"], ["real"], to=TensorProto.FLOAT),
        node("Sub", ["real", "middle"], ["w"]),
        *flat(node("MatMul", ["f", "w"], ["y"])),
    ]
    weights = FLAT | {
        "p": small[:half] | (small[half:] << 4),
        "mask": np.array(15, np.uint8),
        "four": np.array(4, np.uint8),
        "middle": np.array(7.5, np.float32),
    }
    return onnx_model(nodes, weights, [SHAPE])


def metadata(lab: Lab) -> onnx.ModelProto:
    """Two megabytes in the graph's metadata."""
    model = honest(lab)
    helper.set_model_props(model, {"weights": "A" * (2 << 20)})
    return model
