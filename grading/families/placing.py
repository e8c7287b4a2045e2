"""Where the words beside the dots of a plot stand, so that none lies on another. Pure: places in pixels in, places out."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

GAP, RADIUS = 5.0, 5.0
# (which way, x share of the width that lies left of the anchor, y share of the height that lies above it)
WAYS = (
    ("right", "top"), ("left", "bottom"), ("right", "bottom"), ("left", "top"), ("middle", "top"), ("middle", "bottom"),
    ("right", "centre"), ("left", "centre"),
)  # fmt: skip


@dataclass(frozen=True)
class Face:
    """How large letters are, in pixels, and the room that they have."""

    letter: float
    line: float
    width: float
    height: float


@dataclass(frozen=True)
class Word:
    """A word at a dot. `xanchor`, `yanchor`: which point of the word is (x + dx, y + dy); y grows downward."""

    index: int
    text: str
    dx: float
    dy: float
    xanchor: str
    yanchor: str


@dataclass(frozen=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: "Box") -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


Spot = tuple[float, float]


def place(
    dots: Sequence[Spot],
    texts: Sequence[str],
    order: Sequence[int],
    face: Face,
    line: Sequence[Spot] = (),
    must: int | None = None,
) -> list[Word]:
    """A place for each text beside its dot, those first in `order` first: off the corners of `line` where there is room, else on it.

    A text that finds no place is left out, because the table has it; that of `must` stands on other dots rather than nowhere.
    """
    taken = [Box(x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS) for x, y in dots]
    walls = [
        Box(min(a[0], b[0]) - 1, min(a[1], b[1]) - 1, max(a[0], b[0]) + 1, max(a[1], b[1]) + 1)
        for a, b in pairwise(line)
    ]
    words = []
    for index in order:
        letters = len(texts[index])
        tries = ([*taken, *walls], taken, *([[]] if index == must else []))
        found = next((way for boxes in tries if (way := _way(dots[index], letters, face, boxes))), None)
        if found is not None:
            taken.append(_box(dots[index], len(texts[index]), *found, face))
            words.append(_word(index, texts[index], *found))
    return words


def _way(dot: Spot, letters: int, face: Face, taken: Sequence[Box]) -> tuple[str, str] | None:
    """The first of the ways in which a word of so many letters fits beside its dot."""
    for way in WAYS:
        box = _box(dot, letters, *way, face)
        inside = box.left >= 0 and box.right <= face.width and box.top >= 0 and box.bottom <= face.height
        if inside and not any(box.overlaps(other) for other in taken):
            return way
    return None


def _box(dot: Spot, letters: int, across: str, down: str, face: Face) -> Box:
    x, y = dot
    width = letters * face.letter
    left = {"right": x + GAP, "left": x - GAP - width, "middle": x - width / 2}[across]
    apart = GAP if across == "middle" else 1.0
    top = {"bottom": y - apart - face.line, "top": y + apart, "centre": y - face.line / 2}[down]
    if across != "middle" and down != "centre":
        top += GAP / 2 if down == "top" else -GAP / 2
    return Box(left, top, left + width, top + face.line)


def _word(index: int, text: str, across: str, down: str) -> Word:
    """`down` names the edge of the word that is nearest to the dot."""
    dx = {"right": GAP, "left": -GAP, "middle": 0.0}[across]
    apart = GAP if across == "middle" else 1.0 + GAP / 2
    dy = {"bottom": -apart, "top": apart, "centre": 0.0}[down]
    xanchor = {"right": "left", "left": "right", "middle": "center"}[across]
    return Word(index, text, dx, dy, xanchor, "middle" if down == "centre" else down)
