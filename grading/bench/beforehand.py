"""What a process will need before it is known which model it gets: what to import, and how many a submission uses.

The order of modules is that of their cost to whoever waits. A module that is missing here costs time and nothing else.
"""

from collections.abc import Iterable

from grading.bench.formats import Format
from hardware.ondevice.sandbox.prepared import Imports

PROCESSES = 3
TORCH_FORMATS = frozenset({Format.TORCHSCRIPT, Format.TORCH_EXPORT})

HARNESS = ("hardware.ondevice.harness", "hardware.ondevice.prediction", "numpy.random")
# One list for all that PyTorch does: a process of it holds a quarter of a gigabyte, and may wait for any of four tasks.
TORCH: Imports = (
    "torch", "torch.export", "torch.export.pt2_archive", *HARNESS, "hardware.ondevice.training",
    "hardware.ondevice.torchscript_runtime", "hardware.ondevice.torch_export_runtime",
    "grading.bench.inspection.torchscript_format", "grading.bench.inspection.torch_export_format",
)  # fmt: skip
LIGHT_INSPECTION: Imports = ("grading.bench.inspection.onnx_format", "grading.bench.inspection.tflite_format")
MEASURING: dict[str, Imports] = {
    Format.ONNX: ("onnxruntime", *HARNESS, "hardware.ondevice.onnx_runtime"),
    Format.TFLITE: ("ai_edge_litert.interpreter", *HARNESS, "hardware.ondevice.litert_runtime"),
    Format.TORCHSCRIPT: TORCH,
    Format.TORCH_EXPORT: TORCH,
}


def processes_for(model_format: str) -> int:
    """In how many fresh processes a model is timed. A second import of torch tells little that the first did not."""
    return 1 if model_format in TORCH_FORMATS else PROCESSES


def inspecting(model_format: str) -> Imports:
    """What a process needs that looks into a model of this format."""
    return TORCH if model_format in TORCH_FORMATS else LIGHT_INSPECTION


def measuring(model_format: str) -> Imports:
    """What a process needs that runs a model of this format; nothing for a format we do not know."""
    return MEASURING.get(model_format, ())


def how_many(imports: Imports) -> int:
    """How many processes of a kind wait for one submission: one to look into it, one to measure it.

    Where more measure, the others are started while the first one works.
    """
    return 2 if imports == TORCH else 1


def wanted(formats: Iterable[str]) -> dict[Imports, int]:
    """The processes that should wait for a submission in any one of ``formats``, by what they import; light ones first."""
    ordered = sorted(set(formats), key=lambda name: (name in TORCH_FORMATS, name))
    kinds = [kind for each in ordered for kind in (inspecting(each), measuring(each))]
    return {kind: how_many(kind) for kind in kinds}
