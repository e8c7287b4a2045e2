"""ResNet-18 to 152 (arXiv 1512.03385), ResNeXt (1611.05431), Wide ResNet, DenseNet (1608.06993), and the ResNet-8 of MLPerf Tiny."""

from grading.bench.architectures.builder import Builder
from grading.bench.graph import Graph

BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
BOTTLENECK_FROM = 50
DENSE_BLOCKS = {121: (6, 12, 24, 16), 161: (6, 12, 36, 24), 169: (6, 12, 32, 32), 201: (6, 12, 48, 32)}


def resnet(
    depth: int = 50, resolution: int = 224, classes: int = 1000, *, version: str = "1.5", groups: int = 1, base_width: int = 64,
    quantised: bool = False,
) -> Graph:  # fmt: skip
    """version: "1" has the stride of a bottleneck in its first 1x1 (the paper, Caffe, ncnn), "1.5" in its 3x3 (PyTorch, MLPerf)."""
    b = Builder((1, 3, resolution, resolution), quantised)
    x = b.conv(b.input, 64, 7, 2, padding=3, activation="relu")
    x = b.pool(x, 3, 2, padding=1)
    for stage, repeats in enumerate(BLOCKS[depth]):
        for index in range(repeats):
            stride, narrow = 2 if stage and not index else 1, 64 << stage
            if depth < BOTTLENECK_FROM:
                x = _basic(b, x, narrow, stride)
            else:
                x = _bottleneck(b, x, narrow, stride, version, groups, narrow * base_width // 64 * groups)
    return b.graph(b.softmax(b.dense(b.global_pool(x), classes)))


def _basic(b: Builder, x: str, out: int, stride: int) -> str:
    y = b.conv(x, out, 3, stride, padding=1, activation="relu")
    y = b.conv(y, out, 3, padding=1)
    return b.add(_shortcut(b, x, out, stride), y, activation="relu")


def _bottleneck(b: Builder, x: str, narrow: int, stride: int, version: str, groups: int, inner: int) -> str:
    first, second = (stride, 1) if version == "1" else (1, stride)
    y = b.conv(x, inner, 1, first, padding=0, activation="relu")
    y = b.conv(y, inner, 3, second, padding=1, groups=groups, activation="relu")
    y = b.conv(y, 4 * narrow)
    return b.add(_shortcut(b, x, 4 * narrow, stride), y, activation="relu")


def _shortcut(b: Builder, x: str, out: int, stride: int) -> str:
    return x if stride == 1 and b.channels(x) == out else b.conv(x, out, 1, stride, padding=0)


def resnet8(resolution: int = 32, classes: int = 10, *, quantised: bool = False) -> Graph:
    """Image classification of MLPerf Tiny (mlcommons/tiny): three stages of one block."""
    b = Builder((1, 3, resolution, resolution), quantised)
    x = b.conv(b.input, 16, 3, activation="relu")
    for out, stride in ((16, 1), (32, 2), (64, 2)):
        y = b.conv(b.conv(x, out, 3, stride, activation="relu"), out, 3)
        x = b.add(x if stride == 1 else b.conv(x, out, 1, stride), y, activation="relu")
    side = b.size(x)[2]
    return b.graph(b.softmax(b.dense(b.pool(x, side, side, kind="mean"), classes)))


def densenet(depth: int = 121, resolution: int = 224, classes: int = 1000, *, quantised: bool = False) -> Graph:
    """Normalisation and ReLU come before each convolution. After a concatenation they cannot be folded: an operator each."""
    growth, first = (48, 96) if depth == 161 else (32, 64)
    b = Builder((1, 3, resolution, resolution), quantised)
    x = b.pool(b.conv(b.input, first, 7, 2, padding=3, activation="relu"), 3, 2, padding=1)
    for place, layers in enumerate(DENSE_BLOCKS[depth]):
        for _ in range(layers):
            y = b.conv(_scaled(b, x), 4 * growth, activation="relu")
            x = b.concat([x, b.conv(y, growth, 3, padding=1)])
        if place < 3:
            x = b.pool(b.conv(_scaled(b, x), b.channels(x) // 2), 2, 2, kind="mean")
    return b.graph(b.softmax(b.dense(b.global_pool(_scaled(b, x)), classes)))


def _scaled(b: Builder, x: str) -> str:
    return b.scale(x, activation="relu")
