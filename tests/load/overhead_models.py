"""Models for `bench_overhead`, one of each kind in each format: nothing, a few milliseconds of work, a hundred megabytes."""

from pathlib import Path

import numpy as np
import torch
from ai_edge_litert import schema_py_generated as schema
from onnx import helper

from tests.grading.bench.tiny import CODE, KIND, OPTIONS, conv_options, one_tflite, save_onnx

SUFFIX = {"onnx": ".onnx", "tflite": ".tflite", "torchscript": ".pt", "torch_export": ".pt2"}
SIDE, CHANNELS = 64, 16
WIDE = 5120  # a square matrix of float32 of this width has 105 MB


class Nothing(torch.nn.Module):
    def forward(self, x):
        return x + 0


def save_torch(module: torch.nn.Module, path: Path, shape: tuple[int, ...]) -> Path:
    module, example = module.eval(), torch.zeros(shape)
    if path.suffix == ".pt":
        torch.jit.trace(module, example).save(str(path))
    else:
        torch.export.save(torch.export.export(module, (example,)), str(path))
    return path


def nothing(folder: Path, model_format: str) -> Path:
    """One operator on four numbers: what it takes is what is around it."""
    path = folder / f"nothing{SUFFIX[model_format]}"
    if model_format == "onnx":
        return save_onnx(path, [helper.make_node("Identity", ["x"], ["y"])])
    if model_format == "tflite":
        return one_tflite(path, CODE.RELU)
    return save_torch(Nothing(), path, (1, 4))


def working(folder: Path, model_format: str) -> Path:
    """A convolution 3 x 3 from 16 to 16 channels on 64 x 64: 9.4 million MACs."""
    path = folder / f"working{SUFFIX[model_format]}"
    rng = np.random.default_rng(0)
    if model_format == "onnx":
        weights = {"w": rng.random((CHANNELS, CHANNELS, 3, 3), np.float32)}
        node = helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])
        return save_onnx(path, [node], weights, [("x", (1, CHANNELS, SIDE, SIDE))])
    if model_format == "tflite":
        shape = (1, SIDE, SIDE, CHANNELS)
        constants = [
            ("w", rng.random((CHANNELS, 3, 3, CHANNELS), np.float32), KIND.FLOAT32),
            ("b", np.zeros(CHANNELS, np.float32), KIND.FLOAT32),
        ]
        return one_tflite(path, CODE.CONV_2D, constants, shape, shape, conv_options())
    return save_torch(torch.nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1), path, (1, CHANNELS, SIDE, SIDE))


def large(folder: Path, model_format: str) -> Path:
    """One dense layer with 26 million weights of its own: 105 MB, half of each four zero, so that every pattern of zeros is looked for."""
    path = folder / f"large{SUFFIX[model_format]}"
    weights = np.random.default_rng(0).random((WIDE, WIDE), np.float32)
    weights[:, 2::4] = weights[:, 3::4] = 0
    if model_format in ("torchscript", "torch_export"):
        layer = torch.nn.Linear(WIDE, WIDE)
        layer.weight = torch.nn.Parameter(torch.from_numpy(weights))
        return save_torch(layer, path, (1, WIDE))
    if model_format == "onnx":
        return save_onnx(path, [helper.make_node("MatMul", ["x", "w"], ["y"])], {"w": weights}, [("x", (1, WIDE))])
    constants = [("w", weights, KIND.FLOAT32), ("b", np.zeros(WIDE, np.float32), KIND.FLOAT32)]
    options = (OPTIONS.FullyConnectedOptions, schema.FullyConnectedOptionsT())
    return one_tflite(path, CODE.FULLY_CONNECTED, constants, (1, WIDE), (1, WIDE), options)
