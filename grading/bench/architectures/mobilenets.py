"""MobileNet V1 (arXiv 1704.04861), V2 (1801.04381), V3 (1905.02244), MnasNet (1807.11626), and SSD on MobileNet V2."""

from grading.bench.architectures.builder import Builder
from grading.bench.graph import Graph

# V1, table 1: channels out and stride of each depthwise separable pair.
V1 = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1))
# V2, table 2: expansion, channels, repeats, stride of the first.
V2 = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
# V3, tables 1 and 2: kernel, expanded channels, channels, squeeze and excite, hard-swish, stride.
V3_LARGE = (
    (3, 16, 16, 0, 0, 1), (3, 64, 24, 0, 0, 2), (3, 72, 24, 0, 0, 1), (5, 72, 40, 1, 0, 2), (5, 120, 40, 1, 0, 1),
    (5, 120, 40, 1, 0, 1), (3, 240, 80, 0, 1, 2), (3, 200, 80, 0, 1, 1), (3, 184, 80, 0, 1, 1), (3, 184, 80, 0, 1, 1),
    (3, 480, 112, 1, 1, 1), (3, 672, 112, 1, 1, 1), (5, 672, 160, 1, 1, 2), (5, 960, 160, 1, 1, 1),
    (5, 960, 160, 1, 1, 1),
)  # fmt: skip
V3_SMALL = (
    (3, 16, 16, 1, 0, 2), (3, 72, 24, 0, 0, 2), (3, 88, 24, 0, 0, 1), (5, 96, 40, 1, 1, 2), (5, 240, 40, 1, 1, 1),
    (5, 240, 40, 1, 1, 1), (5, 120, 48, 1, 1, 1), (5, 144, 48, 1, 1, 1), (5, 288, 96, 1, 1, 2), (5, 576, 96, 1, 1, 1),
    (5, 576, 96, 1, 1, 1),
)  # fmt: skip
# MnasNet-A1, figure 7 / B1: kernel, expansion, channels, repeats, stride, squeeze and excite.
MNASNET_A1 = (
    (3, 6, 24, 2, 2, 0),
    (5, 3, 40, 3, 2, 1),
    (3, 6, 80, 4, 2, 0),
    (3, 6, 112, 2, 1, 1),
    (5, 6, 160, 3, 2, 1),
    (3, 6, 320, 1, 1, 0),
)
MNASNET_B1 = (
    (3, 3, 24, 3, 2, 0),
    (5, 3, 40, 3, 2, 0),
    (5, 6, 80, 3, 2, 0),
    (3, 6, 96, 2, 1, 0),
    (5, 6, 192, 4, 2, 0),
    (3, 6, 320, 1, 1, 0),
)


def rounded(channels: float, divisor: int = 8) -> int:
    """To the nearest multiple of `divisor`, never more than a tenth below (the papers' own code)."""
    near = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return near + divisor if near < 0.9 * channels else near


def bottleneck(
    b: Builder, x: str, out: int, *, expanded: int, size: int = 3, stride: int = 1, activation: str = "relu6", squeeze: int = 0,
    gate: str = "hard_sigmoid", squeeze_activation: str = "relu",
) -> str:  # fmt: skip
    """Inverted residual: wider, depthwise, narrower, and the input added where the size stays."""
    y = x
    if expanded != b.channels(x):
        y = b.conv(y, expanded, activation=activation)
    y = b.depthwise(y, size, stride, activation=activation)
    if squeeze:
        y = excite(b, y, squeeze, gate=gate, activation=squeeze_activation)
    y = b.conv(y, out)
    return b.add(x, y) if stride == 1 and b.channels(x) == out else y


def excite(b: Builder, x: str, narrow: int, *, gate: str, activation: str = "relu") -> str:
    """Squeeze and excite (arXiv 1709.01507): each channel times a number made of the means of all."""
    y = b.conv(b.global_pool(x), narrow, activation=activation)
    return b.multiply(x, b.conv(y, b.channels(x), activation=gate))


def classify(b: Builder, x: str, classes: int, *, softmax: bool = True) -> Graph:
    y = b.dense(b.global_pool(x), classes)
    return b.graph(b.softmax(y) if softmax else y)


def mobilenet_v1(width: float = 1.0, resolution: int = 224, classes: int = 1001, *, quantised: bool = False) -> Graph:
    b = Builder((1, 3, resolution, resolution), quantised)
    x = b.conv(b.input, max(8, int(32 * width)), 3, 2, activation="relu6")
    for channels, stride in V1:
        x = b.depthwise(x, 3, stride, activation="relu6")
        x = b.conv(x, max(8, int(channels * width)), activation="relu6")
    return classify(b, x, classes)


def mobilenet_v2_trunk(b: Builder, width: float = 1.0) -> tuple[str, str]:
    """(the expanded tensor at stride 16 that detectors read, the last bottleneck)."""
    x = b.conv(b.input, rounded(32 * width), 3, 2, activation="relu6")
    tap = x
    for expansion, channels, repeats, stride in V2:
        for index in range(repeats):
            out, step = rounded(channels * width), stride if index == 0 else 1
            before = len(b.operators)
            x = bottleneck(b, x, out, expanded=b.channels(x) * expansion, stride=step)
            if channels == 160 and index == 0:
                tap = b.operators[before].outputs[0]
    return tap, x


def mobilenet_v2(width: float = 1.0, resolution: int = 224, classes: int = 1001, *, quantised: bool = False) -> Graph:
    b = Builder((1, 3, resolution, resolution), quantised)
    _, x = mobilenet_v2_trunk(b, width)
    return classify(b, b.conv(x, rounded(1280 * max(1.0, width)), activation="relu6"), classes)


def mobilenet_v3(
    width: float = 1.0, resolution: int = 224, classes: int = 1001, *, size: str = "large", minimalistic: bool = False,
    quantised: bool = False,
) -> Graph:  # fmt: skip
    """Minimalistic: the published variant without squeeze and excite, hard-swish and 5x5 kernels."""
    rows, last, hidden = (V3_LARGE, 960, 1280) if size == "large" else (V3_SMALL, 576, 1024)
    hard = "relu" if minimalistic else "hard_swish"
    b = Builder((1, 3, resolution, resolution), quantised)
    x = b.conv(b.input, rounded(16 * width), 3, 2, activation=hard)
    for kernel, wide, channels, squeezed, swish, stride in rows:
        # The expansion keeps its ratio to the channels that come in.
        expanded = rounded(wide * width)
        x = bottleneck(
            b, x, rounded(channels * width), expanded=expanded, size=3 if minimalistic else kernel, stride=stride,
            activation=hard if swish else "relu", squeeze=0 if minimalistic or not squeezed else rounded(expanded / 4),
        )  # fmt: skip
    x = b.conv(x, rounded(last * width), activation=hard)
    x = b.conv(b.global_pool(x), rounded(hidden * max(1.0, width)), activation=hard)
    return b.graph(b.softmax(b.dense(x, classes)))


def mnasnet(
    width: float = 1.0, resolution: int = 224, classes: int = 1000, *, variant: str = "b1", quantised: bool = False
) -> Graph:
    b = Builder((1, 3, resolution, resolution), quantised)
    x = b.conv(b.input, rounded(32 * width), 3, 2, activation="relu")
    x = b.conv(b.depthwise(x, activation="relu"), rounded(16 * width))
    for kernel, expansion, channels, repeats, stride, squeezed in MNASNET_A1 if variant == "a1" else MNASNET_B1:
        for index in range(repeats):
            given = b.channels(x)
            x = bottleneck(
                b, x, rounded(channels * width), expanded=given * expansion, size=kernel, stride=stride if index == 0 else 1,
                activation="relu", squeeze=max(1, given // 4) * squeezed, gate="sigmoid",
            )  # fmt: skip
    return classify(b, b.conv(x, 1280, activation="relu"), classes)


def ssd_mobilenet_v2(width: float = 1.0, resolution: int = 300, classes: int = 91, *, quantised: bool = False) -> Graph:
    """SSD (arXiv 1512.02325) as in TensorFlow's object detection: six scales, one convolution each for boxes and classes.

    The step that chooses among overlapping boxes is left out: it computes nothing that is counted here.
    """
    b = Builder((1, 3, resolution, resolution), quantised)
    tap, x = mobilenet_v2_trunk(b, width)
    scales = [tap, b.conv(x, rounded(1280 * max(1.0, width)), activation="relu6")]
    for narrow, out in ((256, 512), (128, 256), (128, 256), (64, 128)):
        x = b.conv(scales[-1], narrow, activation="relu6")
        scales.append(b.conv(x, out, 3, 2, activation="relu6"))
    boxes, scores = [], []
    for index, scale in enumerate(scales):
        anchors = 3 if index == 0 else 6
        # At a picture of one place a 3x3 window sees nothing but that place; TensorFlow uses 1x1 in all of them.
        boxes.append(b.flatten(b.conv(scale, anchors * 4)))
        scores.append(b.flatten(b.conv(scale, anchors * classes)))
    return b.graph(b.concat(boxes), b.activation(b.concat(scores), "sigmoid"))
