"""Several hundred model files that should not be measured, made without torch and without a runtime.

Each module yields Case objects for one format; ``every_case`` yields all of them. tests/hostile/test_bad_files.py runs
a part of them through `manage.py bench`, tests/load/bad_files.py all of them.
"""

from tests.hostile.bad_files import (
    archives,
    beside,
    lies,
    mistaken,
    onnx_bombs,
    onnx_files,
    onnx_outside,
    tflite_files,
    tflite_graphs,
    torch_export_files,
    torch_export_pickles,
    torchscript_attacks,
    torchscript_files,
)
from tests.hostile.bad_files.case import Case

MAKERS = (
    onnx_files.cases, onnx_outside.cases, onnx_bombs.cases, tflite_files.cases, tflite_graphs.cases,
    torchscript_files.cases, torchscript_attacks.cases, torch_export_files.cases, torch_export_pickles.cases,
    archives.cases, beside.cases, lies.cases, mistaken.cases,
)  # fmt: skip


def every_case() -> list[Case]:
    """All cases; names and contents are distinct."""
    found = [case for make in MAKERS for case in make()]
    assert len({case.name for case in found}) == len(found)
    assert len({(case.name.rsplit(".", 1)[-1], case.content) for case in found}) == len(found)
    return found
