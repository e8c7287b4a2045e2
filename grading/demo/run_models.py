"""Runs a model file in its own runtime, unprotected: our own files only. Those of students go through grading/bench."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grading.demo.weights import Array

Run = Callable[[Array], Array]


def scores_of(path: Path, inputs: Array) -> Array:
    """Scores float32 (n, 10) for pictures (n, 1, 8, 8), one picture a call. Raises what the runtime raises."""
    run = OPENERS[path.suffix](path)
    return np.concatenate([run(inputs[i : i + 1]) for i in range(len(inputs))])


def accuracy_of(scores: Array, labels: NDArray[np.int64]) -> float:
    """The share of pictures whose highest score is that of their label."""
    return float((scores.argmax(axis=1) == labels).mean())


def _open_onnx(path: Path) -> Run:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda image: np.asarray(session.run(None, {"image": image})[0], dtype=np.float32)


def _open_tflite(path: Path) -> Run:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=1)
    interpreter.allocate_tensors()
    entry, leave = interpreter.get_input_details()[0], interpreter.get_output_details()[0]

    def run(image: Array) -> Array:
        interpreter.set_tensor(entry["index"], _stored(image.transpose(0, 2, 3, 1), entry))
        interpreter.invoke()
        return _real(interpreter.get_tensor(leave["index"]), leave)

    return run


def _stored(values: Array, detail: dict[str, Any]) -> NDArray[Any]:
    if detail["dtype"] is np.float32:
        return values
    scale, zero = detail["quantization"]
    limits = np.iinfo(detail["dtype"])
    return np.asarray(np.clip(np.round(values / scale) + zero, limits.min, limits.max), dtype=detail["dtype"])


def _real(values: NDArray[Any], detail: dict[str, Any]) -> Array:
    if detail["dtype"] is np.float32:
        return np.asarray(values, dtype=np.float32)
    scale, zero = detail["quantization"]
    return np.asarray((values.astype(np.float32) - zero) * scale, dtype=np.float32)


def _open_torchscript(path: Path) -> Run:
    import torch

    return _torch_run(torch.jit.load(str(path)))  # our own models  # nosec B614


def _open_torch_export(path: Path) -> Run:
    import torch

    return _torch_run(torch.export.load(str(path)).module())  # our own models  # nosec B614


def _torch_run(module: Any) -> Run:
    import torch

    def run(image: Array) -> Array:
        with torch.no_grad():
            return np.asarray(module(torch.from_numpy(np.ascontiguousarray(image))).numpy(), dtype=np.float32)

    return run


OPENERS: dict[str, Callable[[Path], Run]] = {
    ".onnx": _open_onnx,
    ".tflite": _open_tflite,
    ".pt": _open_torchscript,
    ".pt2": _open_torch_export,
}
