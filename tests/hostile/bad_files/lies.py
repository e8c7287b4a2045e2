"""One format under the name of another, and one inside another."""

from collections.abc import Iterator

from tests.hostile.bad_files import onnx_files, tflite_build
from tests.hostile.bad_files.archive import torch_export, torchscript, zipped
from tests.hostile.bad_files.case import Case, calls


def cases() -> Iterator[Case]:
    honest = {
        "onnx": onnx_files.base().SerializeToString(),
        "tflite": tflite_build.base(),
        "pt": zipped(torchscript()),
        "pt2": zipped(torch_export()),
    }
    for named in honest:
        for kind, content in honest.items():
            if kind != named:
                yield Case(
                    f"lie-{kind}-as.{named}" if kind != "pt2" else f"lie-export-as.{named}",
                    content,
                    f"{kind} under the name of {named}",
                    ("wrong_extension",),
                )
    both = zipped(torch_export()) + honest["tflite"]
    yield Case("lie-tail.pt2", both, "another model behind the archive")
    mark = bytearray(honest["onnx"])
    mark[4:8] = b"TFL3"
    yield Case("lie-mark.tflite", bytes(mark), "the mark of TFLite in an ONNX file")
    yield Case("lie-mixed.pt", zipped(torchscript() | torch_export()), "the members of both PyTorch formats")
    yield Case(
        "lie-mixed.pt2",
        zipped(torch_export() | torchscript() | {"m/data.pkl": calls()["reduce"]}),
        "the members of both, one a call",
    )
    yield Case(
        "lie-package.pt",
        zipped(
            {
                "m/.data/extern_modules": b"",
                "m/code.py": b"import os",
                "m/model/model.pkl": calls()["reduce"],
                "m/.data/version": b"6\n",
            }
        ),
        "torch.package",
    )
    yield Case(
        "lie-state.pt",
        zipped({"m/data.pkl": calls()["reduce"], "m/version": b"3\n", "m/data/0": b""}),
        "a state_dict that calls",
        ("pickle_not_model",),
    )
    yield Case("lie-inside.pt", zipped({"m/model.onnx": honest["onnx"]}), "an ONNX file in a zip")
