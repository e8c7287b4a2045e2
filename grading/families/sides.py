"""The sides of the pictures that the variants of a family take. Pure: shapes in, shapes out.

Layouts are named by letters (NCHW): N the batch, C the channels, H and W the picture.
"""

from collections.abc import Mapping, Sequence

Shapes = Mapping[str, tuple[int, ...]]


def mapped(layout: str, shape: Sequence[int]) -> dict[str, int]:
    """letter -> size: NCHW and (1, 1, 8, 8) -> {N: 1, C: 1, H: 8, W: 8}."""
    return dict(zip(layout, shape, strict=True))


def picture_side(shapes: Shapes) -> int:
    """The side of a square picture, in pixels; 0 where the input is none."""
    if not shapes or any(len(layout) != len(shape) for layout, shape in shapes.items()):
        return 0
    sizes = mapped(*next(iter(shapes.items())))
    return sizes["H"] if "H" in sizes and sizes["H"] == sizes.get("W") else 0


def with_side(shapes: Shapes, side: int) -> dict[str, tuple[int, ...]]:
    """The same layouts at another side."""
    return {
        layout: tuple(side if letter in "HW" else size for letter, size in zip(layout, shape, strict=True))
        for layout, shape in shapes.items()
    }


def sides_of(shapes: Shapes, sizes: Sequence[int]) -> list[int]:
    """The sides that a variant may have, the lab's own first. Empty where the input is no square picture.

    Only those that divide the lab's: a picture is averaged down in whole blocks, and nothing is made up by stretching.
    """
    own = picture_side(shapes)
    others = sorted({side for side in sizes if 0 < side < own and own % side == 0}, reverse=True)
    return [own, *others] if own else []


def odd_sizes(shapes: Shapes, sizes: Sequence[int]) -> list[int]:
    """Of `sizes` those to which the lab's picture cannot be averaged down."""
    own = picture_side(shapes)
    return [side for side in sizes if side != own and side not in sides_of(shapes, sizes)]
