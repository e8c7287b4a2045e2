"""The demo's network as TorchScript and torch.export, without the paths of the machine that wrote it.

Both formats keep the source lines of every call, with the file names of whoever exported. A committed file names
nobody's folders, and is smaller without them.
"""

import zipfile
from pathlib import Path
from typing import Any

import torch

# Source lines with the exporter's folders, and a number that follows from them. torch.jit.load needs neither.
LEFT_OUT = (".debug_pkl", "/.data/serialization_id")
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip entry can hold: the same weights give the same bytes


def write_torchscript(model: Any, target: Path) -> None:
    """Trace with one picture 1x1x8x8 and save. Raises OSError."""
    torch.jit.trace(model, torch.zeros(1, 1, 8, 8)).save(str(target))
    with zipfile.ZipFile(target) as archive:
        kept = {name: archive.read(name) for name in archive.namelist() if not name.endswith(LEFT_OUT)}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, content in kept.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), content)


def write_torch_export(model: Any, target: Path) -> None:
    """Export with one picture 1x1x8x8 and save as .pt2. Raises OSError."""
    program = torch.export.export(model, (torch.zeros(1, 1, 8, 8),))
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)
    torch.export.save(program, str(target))
