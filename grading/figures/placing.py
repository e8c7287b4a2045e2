"""Where words may stand in a plot: beside their dot, on no other dot and on no other words. Pure, in pixels of a plot of assumed size."""

from collections.abc import Sequence
from dataclasses import dataclass

LINE_PX, LETTER_PX = 16, 6.6  # of 12 px Inter
CLEAR_PX, ON_A_DOT = 2, 4  # words keep clear of a dot, and lie rather across a thin line than on one
LINE_RADIUS_PX = 2  # a spot of no more is a point of a line
FAR = 14.0  # square pixels of overlap that one pixel of distance is worth
Box = tuple[float, float, float, float]  # left, bottom, right, top


@dataclass(frozen=True)
class Spot:
    """A dot with its radius, x from the left and y from below, and the words that belong to it; "" for none."""

    x: float
    y: float
    radius: float
    words: str = ""


@dataclass(frozen=True)
class Placed:
    """How Plotly is told: anchors and shifts from the dot."""

    xanchor: str
    yanchor: str
    xshift: float
    yshift: float


def placed(spots: Sequence[Spot], width: float, taken: Sequence[Box] = ()) -> list[Placed | None]:
    """For each spot with words the free side, or the least crowded one; those that come first choose first. None without words.

    taken: boxes of words that stand already.
    """
    boxes = list(taken)
    found: list[Placed | None] = []
    for spot in spots:
        if not spot.words:
            found.append(None)
            continue
        length = LETTER_PX * len(spot.words)
        best = min(
            _sides(spot.radius),
            key=lambda side: crowding(_box(spot, side, length), spots, boxes, width) + _away(spot, side),
        )
        boxes.append(_box(spot, best, length))
        found.append(best)
    return found


def _sides(radius: float) -> list[Placed]:
    far = radius + 4
    return [
        Placed("center", "top", 0, -far), Placed("center", "bottom", 0, far), Placed("left", "middle", far, 0), Placed("right", "middle", -far, 0),
        Placed("left", "top", far / 2, -far), Placed("right", "top", -far / 2, -far), Placed("left", "bottom", far / 2, far),
        Placed("right", "bottom", -far / 2, far), Placed("center", "top", 0, -far - LINE_PX), Placed("center", "top", 0, -far - 2 * LINE_PX),
        Placed("left", "top", far / 2, -far - LINE_PX), Placed("right", "top", -far / 2, -far - LINE_PX), Placed("left", "middle", 3 * far, 0),
        Placed("center", "bottom", 0, far + LINE_PX),
    ]  # fmt: skip


def _box(spot: Spot, side: Placed, length: float) -> Box:
    x, y = spot.x + side.xshift, spot.y + side.yshift
    left = {"center": x - length / 2, "left": x, "right": x - length}[side.xanchor]
    bottom = {"top": y - LINE_PX, "bottom": y, "middle": y - LINE_PX / 2}[side.yanchor]
    return left, bottom, left + length, bottom + LINE_PX


def crowding(box: Box, spots: Sequence[Spot], boxes: Sequence[Box], width: float) -> float:
    """Overlapping pixels with dots and words, and ten times what would be cut off at the ends."""
    outside = 10 * LINE_PX * (max(-box[0], 0) + max(box[2] - width, 0)) + 10 * LINE_PX * max(-box[1], 0)
    dots = sum(_on(box, one) for one in spots)
    return outside + dots + 2 * sum(_overlap(box, other) for other in boxes)


def _on(box: Box, spot: Spot) -> float:
    is_line = spot.radius <= LINE_RADIUS_PX
    reach = spot.radius + (0 if is_line else CLEAR_PX)
    return (1 if is_line else ON_A_DOT) * _overlap(
        box, (spot.x - reach, spot.y - reach, spot.x + reach, spot.y + reach)
    )


def _away(spot: Spot, side: Placed) -> float:
    """Words far from their dot are taken for those of another."""
    return FAR * max(abs(side.xshift) + abs(side.yshift) - 1.5 * (spot.radius + 4), 0)


def _overlap(one: Box, other: Box) -> float:
    return max(min(one[2], other[2]) - max(one[0], other[0]), 0) * max(min(one[3], other[3]) - max(one[1], other[1]), 0)
