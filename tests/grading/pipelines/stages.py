"""A digits classifier cut in two, a pipeline of three whose stages feed their own, and the zips in which they come."""

import zipfile
from pathlib import Path

import numpy as np
from onnx import helper

from grading.labs.nets import Net, digits_net
from grading.labs.onnx_file import write_onnx
from tests.grading.bench.tiny import onnx_model
from tests.parts import ROOT
from tests.people import SPEC, FakeUpload

DEMO = ROOT / "grading" / "demo" / "models"
COUNTED = [
    {"key": "macs", "title": "Work", "metric": "macs", "points": 1, "rule": {"kind": "at_most", "value": 1e9}},
    {"key": "rate", "title": "Frames", "metric": "frames_per_second", "points": 1, "rule": {"kind": "at_least", "value": 1}},
]  # fmt: skip
TWO = {**SPEC, "devices": ["rpi-4-4gb"], "pipeline": [{"key": "encode", "title": "Encoder"}, {"key": "classify"}]}
TWO["criteria"] = [*SPEC["criteria"], *COUNTED]
THREE = {
    **SPEC, "devices": ["rpi-4-4gb"], "criteria": COUNTED,
    "pipeline": [
        {"key": "detect"},
        {"key": "landmarks", "calls": 2, "feeds": "own", "input": {"shapes": {"NCHW": [1, 1, 6, 6]}}},
        {"key": "gaze", "feeds": "own"},
    ],
}  # fmt: skip


def cut_in_two(folder: Path, name: str = "digits-middle.onnx") -> list[Path]:
    """encode.onnx and classify.onnx, which together are the demo's classifier."""
    net = digits_net(DEMO / name)
    first = Net(net.shape, net.layers[:-1])
    second = Net(net.layers[-2].shape, net.layers[-1:])
    return [write_onnx(first, folder / "encode.onnx"), write_onnx(second, folder / "classify.onnx")]


def dense(path: Path, given: int, made: int) -> Path:
    """A model that takes 1 x given and answers 1 x made."""
    weights = {"w": np.linspace(-1, 1, given * made, dtype=np.float32).reshape(given, made)}
    model = onnx_model([helper.make_node("MatMul", ["x", "w"], ["y"])], weights, [("x", (1, given))])
    path.write_bytes(model.SerializeToString())
    return path


def zipped(target: Path, members, method=zipfile.ZIP_DEFLATED) -> Path:
    """members: paths, or (name, bytes)."""
    with zipfile.ZipFile(target, "w", method) as archive:
        for member in members:
            name, content = member if isinstance(member, tuple) else (member.name, member.read_bytes())
            archive.writestr(name, content)
    return target


def upload(target: Path, members, **kwargs) -> FakeUpload:
    return FakeUpload(target.name, zipped(target, members, **kwargs))
