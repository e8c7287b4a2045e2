"""The published networks by name, and which parameters each takes."""

from collections.abc import Callable
from functools import partial
from typing import Any

from grading.bench.architectures import classics, efficientnets, inceptions, mobilenets, resnets, small
from grading.bench.graph import Graph

# Longest side of an input picture that is built.
MOST_RESOLUTION = 2048
# Each parameter: its type, and the least and most, or the values there are.
WIDTH = (float, (0.05, 4.0))
RESOLUTION = (int, (16, MOST_RESOLUTION))
CLASSES = (int, (1, 100_000))
QUANTISED = (bool, (False, True))
PICTURE = {"resolution": RESOLUTION, "classes": CLASSES, "quantised": QUANTISED}
WIDE = {"width": WIDTH, **PICTURE}

Parameter = tuple[type, tuple[Any, ...]]
ARCHITECTURES: dict[str, tuple[Callable[..., Graph], dict[str, Parameter]]] = {
    "mobilenet_v1": (mobilenets.mobilenet_v1, WIDE),
    "mobilenet_v2": (mobilenets.mobilenet_v2, WIDE),
    "mobilenet_v3_large": (partial(mobilenets.mobilenet_v3, size="large"), {**WIDE, "minimalistic": QUANTISED}),
    "mobilenet_v3_small": (partial(mobilenets.mobilenet_v3, size="small"), {**WIDE, "minimalistic": QUANTISED}),
    "mnasnet": (mobilenets.mnasnet, {**WIDE, "variant": (str, ("a1", "b1"))}),
    "ssd_mobilenet_v2": (mobilenets.ssd_mobilenet_v2, WIDE),
    "efficientnet_lite": (efficientnets.efficientnet_lite, {"variant": (int, (0, 4)), **PICTURE}),
    "efficientnet_b": (efficientnets.efficientnet_b, {"variant": (int, (0, 4)), **PICTURE}),
    "efficientnet_edgetpu": (efficientnets.efficientnet_edgetpu, {"size": (str, ("s", "m", "l")), **PICTURE}),
    "resnet": (
        resnets.resnet,
        {"depth": (int, (18, 34, 50, 101, 152)), "version": (str, ("1", "1.5")), "groups": (int, (1, 64)),
         "base_width": (int, (1, 512)), **PICTURE},
    ),
    "resnet8": (resnets.resnet8, PICTURE),
    "densenet": (resnets.densenet, {"depth": (int, (121, 161, 169, 201)), **PICTURE}),
    "googlenet": (inceptions.googlenet, {"fifth": (int, (3, 5)), **PICTURE}),
    "inception_v3": (inceptions.inception_v3, PICTURE),
    "inception_v4": (inceptions.inception_v4, PICTURE),
    "alexnet": (classics.alexnet, PICTURE),
    "vgg": (classics.vgg, {"depth": (int, (11, 13, 16, 19)), **PICTURE}),
    "squeezenet": (classics.squeezenet, {"version": (str, ("1.0", "1.1")), **PICTURE}),
    "shufflenet_v2": (classics.shufflenet_v2, {"width": (float, (0.5, 1.0, 1.5, 2.0)), **PICTURE}),
    "yolov5n": (small.yolov5n, PICTURE),
    "dscnn": (small.dscnn, {"classes": CLASSES, "quantised": QUANTISED}),
    "toycar_autoencoder": (small.toycar_autoencoder, {"quantised": QUANTISED}),
    "visual_wake_words": (small.visual_wake_words, {"quantised": QUANTISED}),
    "vision_transformer": (
        small.vision_transformer,
        {"width": (int, (8, 2048)), "depth": (int, (1, 64)), "heads": (int, (1, 64)), "patch": (int, (2, 64)), **PICTURE},
    ),
}  # fmt: skip


def build(name: str, **parameters: Any) -> Graph:
    """The graph of a published network. Raises KeyError for a name that is not in ARCHITECTURES."""
    return ARCHITECTURES[name][0](**parameters)
