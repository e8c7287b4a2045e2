"""A lab of each task whose model gives back its input, so that what it answers is what the hidden inputs hold."""

from dataclasses import dataclass, field
from math import prod

import numpy as np
from onnx import TensorProto, helper

from grading.measuring import measure_run
from grading.ml_tasks.sequence import PADDING
from hardware.profiles import load_profiles
from tests.grading.bench.tiny import onnx_model
from tests.grading.ml_tasks.specs import spec

COUNT = 40


@dataclass
class Lab:
    """inputs: (n, *input without batch). labels: as the task's file holds them. expected: metric -> value."""

    task: str
    inputs: np.ndarray
    labels: np.ndarray | None
    output: tuple[int, ...]
    expected: dict[str, float]
    more: dict[str, object] = field(default_factory=dict)

    @property
    def shape(self):
        return [1, *self.inputs.shape[1:]]

    def spec(self, *criteria):
        low, high = float(self.inputs.min()), float(self.inputs.max())
        layouts = {"NCHW"[: len(self.shape)]: self.shape}
        return spec(self.task, criteria, **({"input": {"shapes": layouts, "low": low, "high": high}} | self.more))

    def model(self):
        """Its input times the unit matrix: a model with weights, that gives back what it is given."""
        size = prod(self.shape)
        nodes = [
            helper.make_node("Reshape", ["x", "flat"], ["f"]), helper.make_node("MatMul", ["f", "unit"], ["m"]),
            helper.make_node("Reshape", ["m", "shape"], ["y"]),
        ]  # fmt: skip
        weights = {
            "flat": np.array([1, size], np.int64), "unit": np.eye(size, prod(self.output), dtype=np.float32),
            "shape": np.array([1, *self.output], np.int64),
        }  # fmt: skip
        return onnx_model(nodes, weights, [("x", self.shape)])

    def measure(self, folder, sandbox, *criteria, model=None, seed=3):
        path, inputs, labels = folder / "model.onnx", folder / "inputs.npy", folder / "labels.npy"
        path.write_bytes((model or self.model()).SerializeToString())
        np.save(inputs, self.inputs)
        if self.labels is not None:
            np.save(labels, self.labels)
        return measure_run.measure_run(
            model=path, name="model.onnx", spec=self.spec(*criteria), lab="Lab 1", inputs=inputs,
            labels=None if self.labels is None else labels, sandbox=sandbox, seed=seed, on_progress=lambda *_: None, profiles=load_profiles(),
        )  # fmt: skip


def classification():
    random = np.random.default_rng(1)
    labels = random.integers(0, 3, COUNT)
    scores = 0.2 + 0.1 * random.random((COUNT, 1, 3)) + np.eye(3)[labels][:, None]
    scores[:10] = scores[:10, :, [1, 2, 0]]  # ten answer another class
    return Lab("classification", scores.astype(np.float32), labels, (3,), {"accuracy": 0.75})


def detection():
    """Every box is found where it is, but for the last ten images, in which it lies elsewhere."""
    random = np.random.default_rng(2)
    given, rows = np.zeros((COUNT, 1, 4, 6), np.float32), []
    for n in range(COUNT):
        corner, kind = random.uniform(10, 20, 2), n % 2
        box = [*corner, *(corner + 30)]
        rows.append([n, *box, kind])
        given[n, 0, 0] = [*(np.array(box) + (0 if n < 30 else 100)), 0.5 + n / 100, kind]
    return Lab("detection", given, np.array(rows, np.float32), (4, 6), {"map_50": None})


def sequence():
    """`ab c` of eight steps, and for ten of forty `a` in place of it: one word of two is missing, and one letter."""
    steps = [[1, 2, 2, 0, 4, 3, 0, 0]] * 30 + [[1, 1, 0, 0, 0, 0, 0, 0]] * 10
    random = np.random.default_rng(3)
    given = np.eye(5)[steps] + 0.3 * random.random((COUNT, 8, 5))
    labels = np.full((COUNT, 6), PADDING)
    labels[:, :4] = [1, 2, 4, 3]
    return Lab(
        "sequence", given.astype(np.float32), labels, (8, 5), {"word_error_rate": 0.25, "character_error_rate": 0.1875}
    )


def anomaly():
    """Two of the twenty anomalies score below all others."""
    labels = np.arange(COUNT) % 2
    given = np.where(labels, 2.0, 1.0) + np.linspace(0, 0.5, COUNT)
    given[[1, 3]] = 0.1
    inputs = np.repeat(given.reshape(COUNT, 1, 1), 20, axis=2).astype(np.float32)
    return Lab("anomaly", inputs, labels, (1,), {"roc_auc": 0.9})


def regression():
    random = np.random.default_rng(4)
    labels = random.uniform(1, 2, (COUNT, 2)).astype(np.float32)
    inputs = (labels + np.float32(0.0625)).reshape(COUNT, 1, 2)
    return Lab("regression", inputs, labels, (2,), {"mse": 0.0625**2, "mae": 0.0625})


def autoencoder():
    inputs = np.random.default_rng(5).uniform(0, 1, (COUNT, 1, 5, 5)).astype(np.float32)
    return Lab("regression", inputs, None, (1, 5, 5), {"mse": 0.0, "r2": 1.0}, {"target": "input", "targets": []})


def distillation():
    """The teacher answers one class up for the last twenty; the model answers as the teacher for all, with its very logits."""
    random = np.random.default_rng(6)
    labels = random.integers(0, 3, COUNT)
    taught = np.where(np.arange(COUNT) < 20, labels, (labels + 1) % 3)
    logits = (np.eye(3)[taught] * 4 + random.random((COUNT, 3)) + 0.5).astype(np.float32)
    file = np.column_stack([labels, logits]).astype(np.float32)
    return Lab(
        "distillation",
        logits.reshape(COUNT, 1, 3),
        file,
        (3,),
        {"agreement": 1.0, "accuracy": 0.5, "kl_divergence": 0.0},
    )


LABS = {
    make.__name__: make
    for make in (classification, detection, sequence, anomaly, regression, autoencoder, distillation)
}


def of_bytes(output=3):
    """A model that takes uint8 and makes real numbers of them itself."""
    size = 12
    nodes = [
        helper.make_node("Cast", ["x"], ["real"], to=TensorProto.FLOAT), helper.make_node("Reshape", ["real", "flat"], ["f"]),
        helper.make_node("MatMul", ["f", "w"], ["y"]),
    ]  # fmt: skip
    weights = {"flat": np.array([1, size], np.int64), "w": np.eye(size, output, dtype=np.float32)}
    return onnx_model(nodes, weights, [("x", [1, 1, 3, 4], TensorProto.UINT8)])
