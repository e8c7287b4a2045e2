"""Train the demo's three digit classifiers and export each in the formats the course takes.

    python -m grading.demo.train

Run by hand: the products lie in models/ and are committed, so that starting Milliamp never trains. A fixed seed and
one thread make the weights the same on the same machine. Every file is then run in its own runtime and compared with
PyTorch.
"""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from torch import nn

from grading.demo.digits import hidden_split, public_split
from grading.demo.export_onnx import write_onnx
from grading.demo.export_tflite import write_tflite, write_tflite_int8
from grading.demo.export_torch import write_torch_export, write_torchscript
from grading.demo.run_models import accuracy_of, scores_of
from grading.demo.weights import Array, Weights

MODELS = Path(__file__).parent / "models"
SEED, BATCH, LEARNING_RATE = 11767, 64, 4e-3
INPUT_SCALE = 0.0625  # pictures hold 0 to 16; a power of two, so folding it into the weights changes no result


@dataclass(frozen=True)
class Width:
    name: str
    first: int  # channels of the convolution and the depthwise layer
    second: int  # channels after the pointwise layer
    epochs: int


# Few epochs for the narrow one: the demo needs models that lie visibly apart.
WIDTHS = (Width("narrow", 2, 3, 12), Width("middle", 6, 8, 30), Width("wide", 24, 32, 60))
TOO_BIG = Width("too-big", 64, 32, 20)  # twice the memory that Lab 1 gives
LAYOUTS = {"onnx": "NCHW", "torchscript": "NCHW", "torch_export": "NCHW", "tflite": "NHWC"}


def train(width: Width) -> Any:
    """An nn.Sequential that takes pictures (n, 1, 8, 8) with values 0 to 16 and gives scores (n, 10)."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    model, loss = _network(width), nn.CrossEntropyLoss()
    inputs, labels = (torch.from_numpy(part) for part in public_split())
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    for _ in range(width.epochs):
        for batch in torch.randperm(len(labels)).split(BATCH):
            optimizer.zero_grad()
            loss(model(inputs[batch] * INPUT_SCALE), labels[batch]).backward()
            optimizer.step()
    with torch.no_grad():
        model[0].weight.mul_(INPUT_SCALE)
    return model.eval()


def _network(width: Width) -> Any:
    first, second = width.first, width.second
    return nn.Sequential(
        nn.Conv2d(1, first, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(first, first, 3, padding=1, groups=first),
        nn.ReLU(),
        nn.Conv2d(first, second, 1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(second * 16, 10),
    )


def weights_of(model: Any) -> Weights:
    """The weights of a trained network as arrays."""

    def array(tensor: Any) -> Array:
        return np.array(tensor.detach().numpy(), dtype=np.float32)

    conv, depthwise, pointwise, dense = model[0], model[2], model[4], model[8]
    return Weights(
        conv=array(conv.weight),
        conv_bias=array(conv.bias),
        depthwise=array(depthwise.weight),
        depthwise_bias=array(depthwise.bias),
        pointwise=array(pointwise.weight),
        pointwise_bias=array(pointwise.bias),
        dense=array(dense.weight),
        dense_bias=array(dense.bias),
    )


def export(width: Width, model: Any) -> dict[str, str]:
    """Write all files of one width; returns file name -> format."""
    weights, stem = weights_of(model), f"digits-{width.name}"
    write_onnx(weights, MODELS / f"{stem}.onnx")
    if width is TOO_BIG:
        return {f"{stem}.onnx": "onnx"}
    write_tflite(weights, MODELS / f"{stem}.tflite")
    write_torchscript(model, MODELS / f"{stem}.pt")
    written = {f"{stem}.onnx": "onnx", f"{stem}.tflite": "tflite", f"{stem}.pt": "torchscript"}
    if width.name == "middle":
        write_tflite_int8(weights, public_split()[0], MODELS / f"{stem}-int8.tflite")
        written[f"{stem}-int8.tflite"] = "tflite"
    if width.name == "narrow":
        write_torch_export(model, MODELS / f"{stem}.pt2")
        written[f"{stem}.pt2"] = "torch_export"
    return written


def write_wrong_shape(model: Any, target: Path) -> None:
    """A sound model for another task: it takes 1x3x32x32. For the hand-in that the check refuses."""
    weights = weights_of(model)
    write_onnx(Weights(**(vars(weights) | {"conv": np.repeat(weights.conv, 3, axis=1)})), target, size=32)


def _entry(name: str, model_format: str, width: str) -> dict[str, Any]:
    content = (MODELS / name).read_bytes()
    return {
        "file": name,
        "format": model_format,
        "width": width,
        "layout": LAYOUTS[model_format],
        "bytes": len(content),
        "sha256": sha256(content).hexdigest(),
    }


def _quality(name: str, expected: Array, hidden: tuple[Array, NDArray[np.int64]]) -> dict[str, float]:
    """Accuracies of the file as it lies there, run in its own runtime; prints how far it is from PyTorch."""
    inputs, labels = public_split()
    scores = scores_of(MODELS / name, hidden[0])
    quality = {
        "public_accuracy": round(accuracy_of(scores_of(MODELS / name, inputs), labels), 4),
        "hidden_accuracy": round(accuracy_of(scores, hidden[1]), 4),
    }
    apart = np.abs(scores - expected).max()
    print(f"{name:26} hidden {quality['hidden_accuracy']:.4f}  max |diff| to PyTorch {apart:.2e}")
    return quality


def main() -> None:
    MODELS.mkdir(exist_ok=True)
    entries: list[dict[str, Any]] = []
    hidden = hidden_split()
    for width in (*WIDTHS, TOO_BIG):
        model = train(width)
        with torch.no_grad():
            expected: Array = model(torch.from_numpy(hidden[0])).numpy()
        for name, model_format in export(width, model).items():
            entries.append(_entry(name, model_format, width.name) | _quality(name, expected, hidden))
    write_wrong_shape(train(WIDTHS[0]), MODELS / "wrong-shape.onnx")
    remark = {"remark": "takes 1x3x32x32: for the demo's refused hand-in"}
    entries.append(_entry("wrong-shape.onnx", "onnx", "narrow") | remark)
    (MODELS / "manifest.yaml").write_text(yaml.safe_dump(entries, sort_keys=False), encoding="utf-8")
    lines = [f"{entry['sha256']}  {entry['file']}\n" for entry in sorted(entries, key=lambda entry: str(entry["file"]))]
    (MODELS / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
