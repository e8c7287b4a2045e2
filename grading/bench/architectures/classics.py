"""AlexNet (one tower, arXiv 1404.5997), VGG (1409.1556), SqueezeNet (1602.07360), ShuffleNet V2 (1807.11164)."""

from grading.bench.architectures.builder import VALID, Builder
from grading.bench.graph import Graph

VGG = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
# Squeeze channels and channels of each half; a pool after the fire modules whose number (from 2) is listed.
FIRE = ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256))
FIRE_POOLS = {"1.0": (4, 8), "1.1": (3, 5)}
SHUFFLE = {0.5: (48, 96, 192, 1024), 1.0: (116, 232, 464, 1024), 1.5: (176, 352, 704, 1024), 2.0: (244, 488, 976, 2048)}


def alexnet(resolution: int = 224, classes: int = 1000, *, quantised: bool = False) -> Graph:
    b = Builder((1, 3, resolution, resolution), quantised)
    x = b.pool(b.conv(b.input, 64, 11, 4, padding=2, activation="relu"), 3, 2)
    x = b.pool(b.conv(x, 192, 5, padding=2, activation="relu"), 3, 2)
    for out in (384, 256, 256):
        x = b.conv(x, out, 3, padding=1, activation="relu")
    x = b.dense(b.dense(b.pool(x, 3, 2), 4096, activation="relu"), 4096, activation="relu")
    return b.graph(b.softmax(b.dense(x, classes)))


def vgg(depth: int = 16, resolution: int = 224, classes: int = 1000, *, quantised: bool = False) -> Graph:
    b = Builder((1, 3, resolution, resolution), quantised)
    x = b.input
    for stage, layers in enumerate(VGG[depth]):
        for _ in range(layers):
            x = b.conv(x, min(512, 64 << stage), 3, padding=1, activation="relu")
        x = b.pool(x)
    x = b.dense(b.dense(x, 4096, activation="relu"), 4096, activation="relu")
    return b.graph(b.softmax(b.dense(x, classes)))


def squeezenet(version: str = "1.1", resolution: int = 224, classes: int = 1000, *, quantised: bool = False) -> Graph:
    b = Builder((1, 3, resolution, resolution), quantised)
    out, size = (96, 7) if version == "1.0" else (64, 3)
    x = b.pool(b.conv(b.input, out, size, 2, padding=VALID, activation="relu"), 3, 2)
    for number, (narrow, half) in enumerate(FIRE, start=2):
        y = b.conv(x, narrow, activation="relu")
        x = b.concat([b.conv(y, half, activation="relu"), b.conv(y, half, 3, activation="relu")])
        if number in FIRE_POOLS[version]:
            x = b.pool(x, 3, 2)
    x = b.conv(x, classes, activation="relu")
    return b.graph(b.softmax(b.flatten(b.global_pool(x))))


def shufflenet_v2(width: float = 1.0, resolution: int = 224, classes: int = 1000, *, quantised: bool = False) -> Graph:
    *stages, last = SHUFFLE[width]
    b = Builder((1, 3, resolution, resolution), quantised)
    x = b.pool(b.conv(b.input, 24, 3, 2, padding=1, activation="relu"), 3, 2, padding=1)
    for out, repeats in zip(stages, (4, 8, 4), strict=True):
        x = _down(b, x, out // 2)
        for _ in range(repeats - 1):
            kept, y = b.slice(x, out // 2), b.slice(x, out // 2)
            x = b.shuffle(b.concat([kept, _branch(b, y, out // 2, 1)]))
    x = b.conv(x, last, activation="relu")
    return b.graph(b.softmax(b.dense(b.global_pool(x), classes)))


def _branch(b: Builder, x: str, out: int, stride: int) -> str:
    y = b.depthwise(b.conv(x, out, activation="relu"), 3, stride, padding=1)
    return b.conv(y, out, activation="relu")


def _down(b: Builder, x: str, half: int) -> str:
    short = b.conv(b.depthwise(x, 3, 2, padding=1), half, activation="relu")
    return b.shuffle(b.concat([short, _branch(b, x, half, 2)]))
