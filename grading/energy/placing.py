"""Places for words in a drawing: none on a line, a dot or another word. Pure; in pixels of 12 px letters."""

from collections.abc import Sequence
from dataclasses import dataclass, field

HIGH, DEEP = 10.0, 3.0  # of a word above and below its base line
NEAR = 2.0
Spot = tuple[float, float, str]  # x and y of the base line, and what of the word stands there: start, middle, end


def width_of(text: str) -> float:
    """Of 12 px Inter with tabular figures, rather too much than too little."""
    return sum(3.2 if char in ".,:;il|'\u2009\u202f " else 10.5 if char in "%MWmw" else 7.2 for char in text)


@dataclass(frozen=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Box") -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def holds(self, other: "Box") -> bool:
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.top <= other.top
            and other.bottom <= self.bottom
        )


@dataclass
class Placing:
    """inside: where words may stand. taken: lines, dots and words that are there. walls: faint lines, which words cross where nothing else is free."""

    inside: Box
    taken: list[Box] = field(default_factory=list)
    walls: list[Box] = field(default_factory=list)

    def line(self, x1: float, y1: float, x2: float, y2: float) -> None:
        self.taken.append(_along(x1, y1, x2, y2))

    def wall(self, x: float) -> None:
        self.walls.append(_along(x, self.inside.top, x, self.inside.bottom))

    def dot(self, x: float, y: float) -> None:
        self.taken.append(Box(x - 5, y - 5, x + 5, y + 5))

    def word(self, text: str, spot: Spot) -> None:
        self.taken.append(box_of(text, *spot))

    def place(self, text: str, spots: Sequence[Spot], within: tuple[float, float] | None = None) -> Spot | None:
        """The first spot where the text has room, which is taken then; None where there is none. within: the least and the largest x."""
        for barriers in ([*self.taken, *self.walls], self.taken):
            for x, y, anchor in spots:
                box = box_of(text, x, y, anchor)
                is_out = within is not None and not (within[0] <= box.left and box.right <= within[1])
                if not is_out and self.inside.holds(box) and not any(box.meets(other) for other in barriers):
                    self.taken.append(box)
                    return round(x, 1), round(y, 1), anchor
        return None


def _along(x1: float, y1: float, x2: float, y2: float) -> Box:
    return Box(min(x1, x2) - NEAR, min(y1, y2) - NEAR, max(x1, x2) + NEAR, max(y1, y2) + NEAR)


def box_of(text: str, x: float, y: float, anchor: str) -> Box:
    wide = width_of(text)
    left = x - {"start": 0.0, "middle": wide / 2, "end": wide}[anchor]
    return Box(left, y - HIGH, left + wide, y + DEEP)
