"""EfficientNet-B0 to B4 (arXiv 1905.11946), EfficientNet-Lite0 to 4 and EfficientNet-EdgeTPU (both of tensorflow/tpu)."""

from math import ceil

from grading.bench.architectures.builder import Builder
from grading.bench.architectures.mobilenets import bottleneck, classify, rounded
from grading.bench.graph import Graph

# B0, table 1: kernel, expansion, channels, repeats, stride.
B0 = (
    (3, 1, 16, 1, 1),
    (3, 6, 24, 2, 2),
    (5, 6, 40, 2, 2),
    (3, 6, 80, 3, 2),
    (5, 6, 112, 3, 1),
    (5, 6, 192, 4, 2),
    (3, 6, 320, 1, 1),
)
# width, depth, resolution of each variant.
LITE = {0: (1.0, 1.0, 224), 1: (1.0, 1.1, 240), 2: (1.1, 1.2, 260), 3: (1.2, 1.4, 280), 4: (1.4, 1.8, 300)}
FULL = {0: (1.0, 1.0, 224), 1: (1.0, 1.1, 240), 2: (1.1, 1.2, 260), 3: (1.2, 1.4, 300), 4: (1.4, 1.8, 380)}
# EdgeTPU, S, M, L: width, depth, resolution.
EDGE_SCALES = {"s": (1.0, 1.0, 224), "m": (1.0, 1.1, 240), "l": (1.2, 1.4, 300)}
# kernel, expansion, channels, repeats, stride, and whether the first two steps are one dense convolution.
EDGE = (
    (3, 4, 24, 1, 1, 1),
    (3, 8, 32, 2, 2, 1),
    (3, 8, 48, 4, 2, 1),
    (5, 8, 96, 5, 2, 0),
    (5, 8, 144, 4, 1, 0),
    (5, 8, 192, 2, 2, 0),
)


def efficientnet_lite(variant: int = 0, resolution: int = 0, classes: int = 1000, *, quantised: bool = False) -> Graph:
    """No squeeze and excite, ReLU6 for SiLU; the first and the last layer keep their width, the first and last stage their depth."""
    width, depth, side = LITE[variant]
    b = Builder((1, 3, resolution or side, resolution or side), quantised)
    x = b.conv(b.input, 32, 3, 2, activation="relu6")
    for place, (kernel, expansion, channels, repeats, stride) in enumerate(B0):
        deep = repeats if place in (0, len(B0) - 1) else ceil(repeats * depth)
        for index in range(deep):
            x = bottleneck(
                b,
                x,
                rounded(channels * width),
                expanded=b.channels(x) * expansion,
                size=kernel,
                stride=1 if index else stride,
            )
    return classify(b, b.conv(x, 1280, activation="relu6"), classes)


def efficientnet_b(variant: int = 0, resolution: int = 0, classes: int = 1000, *, quantised: bool = False) -> Graph:
    width, depth, side = FULL[variant]
    b = Builder((1, 3, resolution or side, resolution or side), quantised)
    x = b.conv(b.input, rounded(32 * width), 3, 2, activation="silu")
    for kernel, expansion, channels, repeats, stride in B0:
        for index in range(ceil(repeats * depth)):
            given = b.channels(x)
            x = bottleneck(
                b, x, rounded(channels * width), expanded=given * expansion, size=kernel, stride=1 if index else stride,
                activation="silu", squeeze=max(1, given // 4), gate="sigmoid", squeeze_activation="silu",
            )  # fmt: skip
    return classify(b, b.conv(x, rounded(1280 * width), activation="silu"), classes)


def efficientnet_edgetpu(
    size: str = "s", resolution: int = 0, classes: int = 1001, *, quantised: bool = False
) -> Graph:
    """Early stages widen with one dense 3x3 convolution in place of a 1x1 and a depthwise one."""
    width, depth, side = EDGE_SCALES[size]
    b = Builder((1, 3, resolution or side, resolution or side), quantised)
    x = b.conv(b.input, rounded(32 * width), 3, 2, activation="relu")
    for kernel, expansion, channels, repeats, stride, fused in EDGE:
        for index in range(ceil(repeats * depth)):
            out, step = rounded(channels * width), 1 if index else stride
            # The very first step widens to a multiple of what goes out, not of what comes in.
            expanded = (out if channels == EDGE[0][2] else b.channels(x)) * expansion
            x = _step(b, x, out, kernel, expanded, step, fused=bool(fused))
    return classify(b, b.conv(x, rounded(1280 * width), activation="relu"), classes)


def _step(b: Builder, x: str, out: int, kernel: int, expanded: int, stride: int, *, fused: bool) -> str:
    if not fused:
        return bottleneck(b, x, out, expanded=expanded, size=kernel, stride=stride, activation="relu")
    y = b.conv(b.conv(x, expanded, kernel, stride, activation="relu"), out)
    return b.add(x, y) if stride == 1 and b.channels(x) == out else y
