"""A pipeline: one classifier of pictures cut in two, an encoder and what decides on its answers, each a model of its own."""

import zipfile
from pathlib import Path

import torch

from grading.labs.data import IMAGE_SET
from grading.labs.files import hidden_files, image_net
from grading.labs.nets import Array, Net, activations
from grading.labs.tflite_file import ranges_over, write_tflite
from grading.labs.widening import widened

# Eight times as wide, both halves are just large enough for what was measured on a Raspberry Pi 4; eleven times answers the same, slower.
ENOUGH, TOO_WIDE = 8, 11
CUT, SAMPLES = 5, 64
DAY = (2026, 1, 1, 0, 0, 0)  # of the members, so that the same models give the same bytes


def make_hidden(out: Path) -> tuple[Path, Path]:
    return hidden_files(IMAGE_SET, out)


def make_reference(out: Path) -> Path:
    return zipped(halves(widened(image_net(), ENOUGH), out), out / "pictures-in-two.zip")


def make_short(out: Path) -> Path:
    """As accurate, and each second holds fewer pictures than are asked for."""
    return zipped(halves(widened(image_net(), TOO_WIDE), out), out / "pictures-in-two-wide.zip")


def halves(net: Net, out: Path) -> list[Path]:
    """encode.tflite and classify.tflite in whole numbers; what the first answers is what the second takes. Raises OSError."""
    pictures = IMAGE_SET.public()[0][:SAMPLES]
    first, second = Net(net.shape, net.layers[:CUT]), Net(net.layers[CUT - 1].shape, net.layers[CUT:])
    with torch.no_grad():
        between: Array = list(activations(net, torch.from_numpy(pictures)))[CUT - 1].numpy()
    folder = out / f"halves-{net.layers[0].shape[0]}"
    folder.mkdir(parents=True, exist_ok=True)
    return [
        write_tflite(first, folder / "encode.tflite", ranges_over(first, pictures, 0.0, IMAGE_SET.high)),
        write_tflite(second, folder / "classify.tflite", ranges_over(second, between, 0.0, float(between.max()))),
    ]


def zipped(models: list[Path], target: Path) -> Path:
    """The one file in which a pipeline is handed in. Raises OSError."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in models:
            archive.writestr(zipfile.ZipInfo(path.name, DAY), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return target
