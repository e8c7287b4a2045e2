"""GoogLeNet or Inception V1 (arXiv 1409.4842), Inception V3 (1512.00567) and V4 (1602.07261)."""

from grading.bench.architectures.builder import VALID, Builder, Padding, Size
from grading.bench.graph import Graph

# Table 1: 1x1; 3x3 reduce, 3x3; 5x5 reduce, 5x5; after the pool; 0 stands for a pool between stages.
V1: tuple[tuple[int, ...], ...] = (
    (64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64), (), (192, 96, 208, 16, 48, 64), (160, 112, 224, 24, 64, 64),
    (128, 128, 256, 24, 64, 64), (112, 144, 288, 32, 64, 64), (256, 160, 320, 32, 128, 128), (),
    (256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128),
)  # fmt: skip


def _conv(b: Builder, x: str, out: int, size: Size = 1, stride: int = 1, padding: Padding = "same") -> str:
    return b.conv(x, out, size, stride, padding=padding, activation="relu")


def googlenet(resolution: int = 224, classes: int = 1000, *, fifth: int = 5, quantised: bool = False) -> Graph:
    """fifth: side of the large kernel; TensorFlow's and PyTorch's own Inception V1 use 3."""
    b = Builder((1, 3, resolution, resolution), quantised)
    x = b.pool(_conv(b, b.input, 64, 7, 2), 3, 2, padding="same")
    x = b.pool(_conv(b, _conv(b, x, 64), 192, 3), 3, 2, padding="same")
    for row in V1:
        if not row:
            x = b.pool(x, 3, 2, padding="same")
            continue
        one, narrow3, three, narrow5, five, pooled = row
        branches = [
            _conv(b, x, one),
            _conv(b, _conv(b, x, narrow3), three, 3),
            _conv(b, _conv(b, x, narrow5), five, fifth),
        ]
        branches.append(_conv(b, b.pool(x, 3, 1, padding="same"), pooled))
        x = b.concat(branches)
    return b.graph(b.softmax(b.dense(b.global_pool(x), classes)))


def _chain(b: Builder, x: str, *steps: tuple[int, Size]) -> str:
    for out, size in steps:
        x = _conv(b, x, out, size)
    return x


def _pooled(b: Builder, x: str, out: int) -> str:
    return _conv(b, b.pool(x, 3, 1, padding="same", kind="mean"), out)


def inception_v3(resolution: int = 299, classes: int = 1000, *, quantised: bool = False) -> Graph:
    b = Builder((1, 3, resolution, resolution), quantised)
    x = _conv(b, _conv(b, b.input, 32, 3, 2, VALID), 32, 3, 1, VALID)
    x = b.pool(_conv(b, x, 64, 3), 3, 2)
    x = b.pool(_conv(b, _conv(b, x, 80), 192, 3, 1, VALID), 3, 2)
    for pool in (32, 64, 64):
        x = b.concat(
            [
                _conv(b, x, 64),
                _chain(b, x, (48, 1), (64, 5)),
                _chain(b, x, (64, 1), (96, 3), (96, 3)),
                _pooled(b, x, pool),
            ]
        )
    x = b.concat(
        [_conv(b, x, 384, 3, 2, VALID), _conv(b, _chain(b, x, (64, 1), (96, 3)), 96, 3, 2, VALID), b.pool(x, 3, 2)]
    )
    for n in (128, 160, 160, 192):
        long = _chain(b, x, (n, 1), (n, (7, 1)), (n, (1, 7)), (n, (7, 1)), (192, (1, 7)))
        x = b.concat([_conv(b, x, 192), _chain(b, x, (n, 1), (n, (1, 7)), (192, (7, 1))), long, _pooled(b, x, 192)])
    left = _conv(b, _conv(b, x, 192), 320, 3, 2, VALID)
    right = _conv(b, _chain(b, x, (192, 1), (192, (1, 7)), (192, (7, 1))), 192, 3, 2, VALID)
    x = b.concat([left, right, b.pool(x, 3, 2)])
    for _ in range(2):
        y, z = _conv(b, x, 384), _chain(b, x, (448, 1), (384, 3))
        split = [_conv(b, y, 384, (1, 3)), _conv(b, y, 384, (3, 1)), _conv(b, z, 384, (1, 3)), _conv(b, z, 384, (3, 1))]
        x = b.concat([_conv(b, x, 320), *split, _pooled(b, x, 192)])
    return b.graph(b.softmax(b.dense(b.global_pool(x), classes)))


def inception_v4(resolution: int = 299, classes: int = 1001, *, quantised: bool = False) -> Graph:
    b = Builder((1, 3, resolution, resolution), quantised)
    x = _v4_stem(b)
    for _ in range(4):
        x = b.concat(
            [
                _conv(b, x, 96),
                _chain(b, x, (64, 1), (96, 3)),
                _chain(b, x, (64, 1), (96, 3), (96, 3)),
                _pooled(b, x, 96),
            ]
        )
    x = b.concat(
        [_conv(b, x, 384, 3, 2, VALID), _conv(b, _chain(b, x, (192, 1), (224, 3)), 256, 3, 2, VALID), b.pool(x, 3, 2)]
    )
    for _ in range(7):
        long = _chain(b, x, (192, 1), (192, (7, 1)), (224, (1, 7)), (224, (7, 1)), (256, (1, 7)))
        x = b.concat([_conv(b, x, 384), _chain(b, x, (192, 1), (224, (1, 7)), (256, (7, 1))), long, _pooled(b, x, 128)])
    right = _conv(b, _chain(b, x, (256, 1), (256, (1, 7)), (320, (7, 1))), 320, 3, 2, VALID)
    x = b.concat([_conv(b, _conv(b, x, 192), 192, 3, 2, VALID), right, b.pool(x, 3, 2)])
    for _ in range(3):
        y, z = _conv(b, x, 384), _chain(b, x, (384, 1), (448, (3, 1)), (512, (1, 3)))
        split = [_conv(b, y, 256, (1, 3)), _conv(b, y, 256, (3, 1)), _conv(b, z, 256, (1, 3)), _conv(b, z, 256, (3, 1))]
        x = b.concat([_conv(b, x, 256), *split, _pooled(b, x, 256)])
    return b.graph(b.softmax(b.dense(b.global_pool(x), classes)))


def _v4_stem(b: Builder) -> str:
    x = _conv(b, _conv(b, _conv(b, b.input, 32, 3, 2, VALID), 32, 3, 1, VALID), 64, 3)
    x = b.concat([b.pool(x, 3, 2), _conv(b, x, 96, 3, 2, VALID)])
    left = _conv(b, _conv(b, x, 64), 96, 3, 1, VALID)
    right = _conv(b, _chain(b, x, (64, 1), (64, (7, 1)), (64, (1, 7))), 96, 3, 1, VALID)
    x = b.concat([left, right])
    return b.concat([_conv(b, x, 192, 3, 2, VALID), b.pool(x, 3, 2)])
