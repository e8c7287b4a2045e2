"""What an operator slides or contracts over, whatever the format: the parts that follow from shapes alone."""

from collections.abc import Sequence

from grading.bench.graph import Kernel, OpClass

PRODUCTS = {OpClass.DENSE, OpClass.MATMUL}
LEAST_PICTURE = 4  # dimensions: batch, channels and two of space; fewer may as well be a sequence


def product(macs: int, output: tuple[int, ...]) -> Kernel:
    """Of a matrix product: the length that each element is summed over, and the length that comes out.

    Args:
        macs: multiply-accumulates of all of it.
        output: shape of what it makes.
    """
    elements = 1
    for size in output:
        elements *= size
    return Kernel(in_channels=macs // elements if elements else 0, out_channels=output[-1] if output else 1)


def window(size: Sequence[int], channels: int, stride: Sequence[int] = (), dilation: Sequence[int] = ()) -> Kernel:
    """Of a pool. Without a stride the windows lie beside each other."""
    ones = (1,) * len(size)
    return Kernel(
        size=tuple(size),
        stride=tuple(stride) or tuple(size),
        dilation=tuple(dilation) or ones,
        in_channels=channels,
        out_channels=channels,
    )


def whole(source: tuple[int, ...], output: tuple[int, ...], *, channels_last: bool = False) -> Kernel | None:
    """Of a reduction that leaves one number a channel: a pool over the whole picture. None for any other reduction."""
    if len(source) < LEAST_PICTURE:
        return None
    place = -1 if channels_last else 1
    picture = source[1:-1] if channels_last else source[2:]
    kept, ones = (source[0], source[place]), (1,) * len(picture)
    full = (kept[0], *ones, kept[1]) if channels_last else (*kept, *ones)
    return window(picture, source[place]) if output in (kept, full) else None


def adaptive(source: Sequence[int], output: Sequence[int], channels: int) -> Kernel:
    """Of a pool that is told the size it shall make, which may be larger; where that does not divide, its largest window."""
    pairs = list(zip(source, output, strict=True))
    size = tuple(
        max((-(-(at + 1) * have // want) - at * have // want for at in range(want)), default=1) for have, want in pairs
    )
    return window(size, channels, tuple(max(have // want, 1) if want else 1 for have, want in pairs))


def is_depthwise(kernel: Kernel | None) -> bool:
    """Whether each channel is worked on alone."""
    return kernel is not None and not kernel.transposed and kernel.groups == kernel.in_channels > 1
