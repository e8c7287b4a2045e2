"""The other networks of MLPerf Tiny (arXiv 2106.07597), YOLOv5n (ultralytics/yolov5, v6.0) and a vision transformer (2010.11929)."""

from grading.bench.architectures.builder import Builder
from grading.bench.architectures.mobilenets import mobilenet_v1
from grading.bench.graph import Graph, OpClass


def dscnn(classes: int = 12, *, quantised: bool = False) -> Graph:
    """Keyword spotting (arXiv 1711.07128): 49 frames of 10 coefficients, four depthwise separable layers of 64 channels."""
    b = Builder((1, 1, 49, 10), quantised)
    x = b.conv(b.input, 64, (10, 4), 2, activation="relu")
    for _ in range(4):
        x = b.conv(b.depthwise(x, activation="relu"), 64, activation="relu")
    x = b.pool(x, (b.size(x)[2], b.size(x)[3]), (b.size(x)[2], b.size(x)[3]), kind="mean")
    return b.graph(b.softmax(b.dense(x, classes)))


def toycar_autoencoder(*, quantised: bool = False) -> Graph:
    """Anomaly detection: 640 numbers, four layers of 128 down to 8 and four up again."""
    b = Builder((1, 640), quantised)
    x = b.input
    for out in (128, 128, 128, 128, 8, 128, 128, 128, 128):
        x = b.dense(x, out, activation="relu")
    return b.graph(b.dense(x, 640))


def visual_wake_words(*, quantised: bool = False) -> Graph:
    """MobileNet V1, a quarter wide, 96 x 96, two classes."""
    return mobilenet_v1(0.25, 96, 2, quantised=quantised)


def yolov5n(resolution: int = 640, classes: int = 80, *, quantised: bool = False) -> Graph:
    b = Builder((1, 3, resolution, resolution), quantised)
    x = b.conv(b.input, 16, 6, 2, padding=2, activation="silu")
    kept = []
    for out, repeats in ((32, 1), (64, 2), (128, 3), (256, 1)):
        x = _c3(b, b.conv(x, out, 3, 2, padding=1, activation="silu"), out, repeats, shortcut=True)
        kept.append(x)
    x = _pyramid_pool(b, x, 256)
    top = b.conv(x, 128, activation="silu")
    x = _c3(b, b.concat([b.resize(top, 2), kept[2]]), 128, 1, shortcut=False)
    middle = b.conv(x, 64, activation="silu")
    small = _c3(b, b.concat([b.resize(middle, 2), kept[1]]), 64, 1, shortcut=False)
    x = b.conv(small, 64, 3, 2, padding=1, activation="silu")
    medium = _c3(b, b.concat([x, middle]), 128, 1, shortcut=False)
    x = b.conv(medium, 128, 3, 2, padding=1, activation="silu")
    large = _c3(b, b.concat([x, top]), 256, 1, shortcut=False)
    heads = [b.activation(b.conv(scale, 3 * (classes + 5)), "sigmoid") for scale in (small, medium, large)]
    return b.graph(*heads)


def _c3(b: Builder, x: str, out: int, repeats: int, *, shortcut: bool) -> str:
    half = out // 2
    y = b.conv(x, half, activation="silu")
    for _ in range(repeats):
        z = b.conv(b.conv(y, half, activation="silu"), half, 3, padding=1, activation="silu")
        y = b.add(y, z) if shortcut else z
    return b.conv(b.concat([y, b.conv(x, half, activation="silu")]), out, activation="silu")


def _pyramid_pool(b: Builder, x: str, out: int) -> str:
    parts = [b.conv(x, out // 2, activation="silu")]
    for _ in range(3):
        parts.append(b.pool(parts[-1], 5, 1, padding=2))
    return b.conv(b.concat(parts), out, activation="silu")


def vision_transformer(
    width: int = 192, depth: int = 12, heads: int = 3, patch: int = 16, resolution: int = 224, classes: int = 1000, *,
    quantised: bool = False,
) -> Graph:  # fmt: skip
    """ViT; 192 wide with 3 heads is DeiT-Tiny (arXiv 2012.12877). There is no token more for the class: the first one is read."""
    b = Builder((1, 3, resolution, resolution), quantised)
    x = b.tokens(b.conv(b.input, width, patch, patch))
    x = b.emit("ADD", OpClass.ELEMENTWISE, [x], b.size(x), weights=(b.size(x)[1:],), name="positions")
    for _ in range(depth):
        x = encoder(b, x, heads, 4 * width)
    return b.graph(b.dense(b.slice(b.norm(x), 1), classes))


def encoder(b: Builder, x: str, heads: int, hidden: int) -> str:
    """One layer of a transformer's encoder, normalised before (arXiv 2002.04745)."""
    width, y = b.size(x)[-1], b.norm(x)
    query, key, value = (b.dense(y, width) for _ in range(3))
    weights = b.softmax(b.matmul(query, key, transposed=True, heads=heads))
    x = b.add(x, b.dense(b.matmul(weights, value, heads=heads), width))
    return b.add(x, b.dense(b.dense(b.norm(x), hidden, activation="gelu"), width))
