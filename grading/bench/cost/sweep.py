"""What a board measures to be calibrated: single operators in several sizes, and whole networks of different families. Pure Python.

The operators tell throughput, bandwidth and overhead of each class apart: many and few channels, large and small pictures, one layer and
the same one four times. The networks tell how far the sum of such parts is a network; a fit is judged by the families that it has not
seen. Each is a description as docs/arch-spec.md has it, so what is timed (onnx_writer.py) and what is counted are one graph.

A name never changes its meaning: rows of old sweeps are fitted again by it. Another network gets another name.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from grading.bench.architectures import tflite_writer
from grading.bench.architectures.onnx_writer import write_onnx
from grading.bench.architectures.spec import read_spec
from grading.bench.architectures.tflite_writer import write_tflite
from grading.bench.cost.classes import Work
from grading.bench.graph import Graph

PREFIX = "sweep/"
Layer = dict[str, Any]


@dataclass(frozen=True)
class Network:
    """One thing to be timed. family: what is left out together when a fit is judged; is_whole: a network, and no single operator."""

    name: str
    family: str
    is_whole: bool
    description: dict[str, Any] = field(hash=False)

    def graph(self, precision: str = "fp32") -> Graph:
        """precision: fp32 or int8, of weights and what flows."""
        return read_spec({**self.description, "quantised": True} if precision == "int8" else self.description)

    def file(self, runtime: str, precision: str = "fp32") -> bytes:
        """As agents call a runtime (onnx, tflite); the same bytes each time. Raises CannotWrite."""
        return (write_tflite if runtime == "tflite" else write_onnx)(self.graph(precision))

    def is_for(self, runtime: str) -> bool:
        """Whether that runtime has all of its operators."""
        return runtime != "tflite" or tflite_writer.can_write(self.graph())


@cache
def networks() -> dict[str, Network]:
    """All of a sweep by name, in the order in which they are measured: what takes long stands beside what does not."""
    found = [*_operators(), *_whole()]
    made = {one.name: one for one in found}
    assert len(made) == len(found)
    return made


def _operators() -> Iterator[Network]:
    for work, name, given, layer, times in _layers():
        for count in times:
            label = f"{PREFIX}{name}" + (f"-x{count}" if count > 1 else "")
            yield Network(label, f"one {work}", False, {"input": given, "layers": [layer] * count})


Row = tuple[str, str, list[int], Layer, tuple[int, ...]]
ONCE, ALSO_FOUR = (1,), (1, 4)


def _layers() -> Iterator[Row]:
    """(class, name, input, layer, how often one after the other)."""
    yield from _convolutions()
    yield from _sparse_convolutions()
    yield from _products()
    yield from _rest()


# Channels in, out, and side of the picture; a Winograd kernel and a depthwise one keep the channels.
FIRSTS = ((16, 48), (32, 96), (16, 160), (8, 64))
POINTWISES = (
    (8, 64, 56),
    (16, 16, 56),
    (32, 64, 28),
    (64, 64, 28),
    (64, 256, 14),
    (256, 64, 14),
    (128, 128, 14),
    (256, 256, 7),
)
DEPTHWISES = ((32, 56, 1), (64, 56, 2), (64, 28, 1), (128, 14, 1), (256, 7, 1))  # channels, side, stride
LARGE_DEPTHWISES = ((32, 56), (96, 28), (240, 14))
WINOGRADS = ((8, 56), (16, 28), (32, 28), (64, 14), (64, 28), (128, 7))
DENSES = (
    (3, 2, 16, 32, 56),
    (3, 2, 64, 128, 14),
    (5, 1, 16, 16, 28),
    (1, 2, 64, 128, 28),
    (7, 1, 16, 16, 14),
)  # size, stride, in, out, side
GROUPEDS = ((32, 4, 28), (64, 8, 14), (128, 2, 14))  # channels, groups, side
TRANSPOSEDS = ((16, 16, 28), (64, 32, 14), (128, 64, 7))


def _convolutions() -> Iterator[Row]:
    """Those that become products of matrices."""
    for out, side in FIRSTS:
        yield Work.FIRST, f"first-{out}-{side}", [3, side, side], _conv(out, 3, stride=2), ONCE
    for given, out, side in POINTWISES:
        times = ALSO_FOUR if given == out == 64 else ONCE
        yield Work.POINTWISE, f"1x1-{given}-{out}-{side}", [given, side, side], _conv(out, 1), times
    for channels, side in WINOGRADS:
        times = ALSO_FOUR if (channels, side) == (64, 14) else ONCE
        yield Work.WINOGRAD, f"3x3-{channels}-{side}", [channels, side, side], _conv(channels, 3), times
    for size, stride, given, out, side in DENSES:
        work, layer = Work.POINTWISE if size == 1 else Work.DENSE, _conv(out, size, stride=stride)
        yield work, f"dense{size}-{stride}-{given}-{out}-{side}", [given, side, side], layer, ONCE


def _sparse_convolutions() -> Iterator[Row]:
    """Those that read a part of the channels, and those that go up."""
    for channels, side, stride in DEPTHWISES:
        times = ALSO_FOUR if (channels, stride) == (64, 1) else ONCE
        layer: Layer = {"kind": "depthwise", "size": 3, "stride": stride}
        yield Work.DEPTHWISE_SMALL, f"depthwise3-{channels}-{side}-{stride}", [channels, side, side], layer, times
    for channels, side in LARGE_DEPTHWISES:
        layer = {"kind": "depthwise", "size": 5}
        yield Work.DEPTHWISE_LARGE, f"depthwise5-{channels}-{side}", [channels, side, side], layer, ONCE
    for channels, groups, side in GROUPEDS:
        layer = _conv(channels, 3, groups=groups)
        yield Work.GROUPED, f"grouped-{channels}-{groups}-{side}", [channels, side, side], layer, ONCE
    for given, out, side in TRANSPOSEDS:
        layer = {"kind": "transposed", "channels": out}
        yield Work.TRANSPOSED, f"transposed-{given}-{out}-{side}", [given, side, side], layer, ONCE


def _products() -> Iterator[Row]:
    for given, out in ((64, 64), (256, 256), (512, 1000), (1024, 1024), (2048, 256)):
        times = ALSO_FOUR if given == 256 else ONCE
        yield Work.FULLY_CONNECTED, f"connected-{given}-{out}", [given], {"kind": "dense", "channels": out}, times
    for tokens, given, out in ((64, 64, 256), (196, 128, 128)):
        yield (
            Work.POINTWISE,
            f"tokens-{tokens}-{given}-{out}",
            [tokens, given],
            {"kind": "dense", "channels": out},
            ONCE,
        )
    for side in (32, 64, 128, 192):
        layer = {"kind": "matmul", "inputs": ["input", "input"]}
        yield Work.MATMUL, f"product-{side}", [side, side], layer, ONCE


def _rest() -> Iterator[Row]:
    for kind, channels, side in (
        ("sigmoid", 16, 14),
        ("sigmoid", 64, 28),
        ("hard_swish", 32, 56),
        ("tanh", 64, 28),
        ("silu", 32, 28),
    ):
        times = ALSO_FOUR if kind == "sigmoid" and channels == 64 else ONCE
        yield (
            Work.ACTIVATION,
            f"{kind.replace('_', '')}-{channels}-{side}",
            [channels, side, side],
            {"kind": "activation", "activation": kind},
            times,
        )
    for tokens, width in ((16, 64), (64, 256), (196, 192)):
        yield Work.NORMALISE, f"norm-{tokens}-{width}", [tokens, width], {"kind": "layer_norm"}, ONCE
    for tokens, width in ((1, 1000), (64, 64), (196, 196)):
        yield Work.NORMALISE, f"softmax-{tokens}-{width}", [tokens, width], {"kind": "softmax"}, ONCE
    for channels, side in ((16, 56), (64, 28), (32, 96)):
        yield Work.REST, f"maxpool-{channels}-{side}", [channels, side, side], {"kind": "max_pool", "size": 2}, ONCE
    for name, channels, side, layer in (
        ("meanpool", 64, 28, {"kind": "mean_pool", "size": 2}), ("meanall", 256, 14, {"kind": "global_pool"}),
        ("add", 64, 28, _twice("add")), ("add", 32, 96, _twice("add")), ("multiply", 16, 28, _twice("multiply")),
        ("concat", 64, 28, _twice("concat")), ("resize", 16, 28, {"kind": "resize", "scale": 2}),
        ("shuffle", 64, 28, {"kind": "shuffle"}), ("slice", 64, 56, {"kind": "slice", "channels": 32}),
    ):  # fmt: skip
        yield Work.REST, f"{name}-{channels}-{side}", [channels, side, side], layer, ONCE


def _conv(channels: int, size: int, **more: int) -> Layer:
    return {"kind": "conv", "channels": channels, "size": size, **more}


def _twice(kind: str) -> Layer:
    return {"kind": kind, "inputs": ["input", "input"]}


# Family -> (architecture, what each of its networks is asked for). Small enough for a board that is slow.
FAMILIES: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "mobilenet-v1": ("mobilenet_v1", [
        {"width": 0.25, "resolution": 96}, {"width": 0.25, "resolution": 160}, {"width": 0.5, "resolution": 128}, {"width": 1.0, "resolution": 96},
    ]),
    "mobilenet-v2": ("mobilenet_v2", [
        {"width": 0.35, "resolution": 96}, {"width": 0.35, "resolution": 160}, {"width": 0.5, "resolution": 128}, {"width": 1.0, "resolution": 96},
    ]),
    "mobilenet-v3": ("mobilenet_v3_small", [{"width": 0.35, "resolution": 96}, {"width": 0.5, "resolution": 128}]),
    "efficientnet-lite": ("efficientnet_lite", [{"variant": 0, "resolution": 64}, {"variant": 0, "resolution": 96}]),
    "resnet": ("resnet8", [{"resolution": 32}, {"resolution": 64}]),
    "squeezenet": ("squeezenet", [{"version": "1.1", "resolution": 64}, {"version": "1.1", "resolution": 128}]),
    "shufflenet-v2": ("shufflenet_v2", [{"width": 0.5, "resolution": 96}, {"width": 0.5, "resolution": 160}]),
    "transformer": ("vision_transformer", [
        {"width": 64, "depth": 3, "heads": 1, "patch": 8, "resolution": 64}, {"width": 96, "depth": 2, "heads": 1, "patch": 8, "resolution": 96},
    ]),
    # Weights that no cache holds: 24 to 44 MB.
    "inception": ("googlenet", [{"resolution": 64}]), "densenet": ("densenet", [{"depth": 121, "resolution": 32}]),
    "resnet-18": ("resnet", [{"depth": 18, "resolution": 32}]),
}  # fmt: skip
SMALL: dict[str, tuple[str, dict[str, Any]]] = {
    "keyword spotting": ("dscnn", {}),
    "autoencoder": ("toycar_autoencoder", {}),
}


def _whole() -> Iterator[Network]:
    for family, (architecture, asked) in FAMILIES.items():
        for given in asked:
            label = "-".join(str(value) for value in given.values())
            yield Network(
                f"{PREFIX}{architecture}-{label}", family, True, {"architecture": architecture, "classes": 10, **given}
            )
    for family, (architecture, given) in SMALL.items():
        yield Network(f"{PREFIX}{architecture}", family, True, {"architecture": architecture, **given})
    for side, width in ((8, 8), (28, 8)):
        yield Network(f"{PREFIX}digits-{side}-{width}", "digits", True, _digits(side, width))
    for inputs, hidden in ((64, 32), (784, 128)):
        layers = [{"kind": "dense", "channels": hidden, "activation": "relu"}, {"kind": "dense", "channels": 10}]
        yield Network(
            f"{PREFIX}perceptron-{inputs}-{hidden}", "perceptron", True, {"input": [inputs], "layers": layers}
        )
    for side, width in ((32, 16), (64, 16), (64, 32)):
        yield Network(f"{PREFIX}plain-{side}-{width}", "plain", True, _plain(side, width))
    for side, width in ((48, 16), (96, 16)):
        yield Network(f"{PREFIX}unet-{side}-{width}", "u-net", True, _unet(side, width))


def _digits(side: int, width: int) -> dict[str, Any]:
    """As small as what a first lab hands in: two convolutions, a pool, one layer that is fully connected."""
    relu = {"activation": "relu"}
    layers = [
        _conv(width, 3) | relu,
        _conv(2 * width, 3, stride=2) | relu,
        {"kind": "max_pool", "size": 2},
        {"kind": "dense", "channels": 10},
    ]
    return {"input": [1, side, side], "layers": layers}


def _plain(side: int, width: int) -> dict[str, Any]:
    """As a first homework has it: dense 3x3 and pools, and two layers that are fully connected."""
    layers: list[Layer] = []
    for n in range(3):
        layers += [_conv(width << n, 3) | {"activation": "relu"}, {"kind": "max_pool", "size": 2}]
    layers += [
        {"kind": "dense", "channels": 128, "activation": "relu"},
        {"kind": "dense", "channels": 10},
        {"kind": "softmax"},
    ]
    return {"input": [3, side, side], "layers": layers}


def _unet(side: int, width: int) -> dict[str, Any]:
    """Down and up again, with the earlier layers put beside the later ones (arXiv 1505.04597)."""
    relu = {"activation": "relu"}
    layers = [
        _conv(width, 3) | relu | {"name": "top"}, {"kind": "max_pool", "size": 2},
        _conv(2 * width, 3) | relu | {"name": "middle"}, {"kind": "max_pool", "size": 2},
        _conv(4 * width, 3) | relu, {"kind": "transposed", "channels": 2 * width, "name": "up"},
        {"kind": "concat", "inputs": ["up", "middle"]}, _conv(2 * width, 3) | relu,
        {"kind": "transposed", "channels": width, "name": "upper"}, {"kind": "concat", "inputs": ["upper", "top"]},
        _conv(width, 3) | relu, _conv(1, 1), {"kind": "activation", "activation": "sigmoid"},
    ]  # fmt: skip
    return {"input": [3, side, side], "layers": layers}
