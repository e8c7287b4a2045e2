"""Where a line of an earlier round stands in a later one. Pure, bounded: no comparison of whole texts."""

from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

REACH, LIKE, LOOK_BACK = 6, 0.5, 200


class Fate(StrEnum):
    SAME = "same"
    CHANGED = "changed"
    GONE = "gone"


@dataclass(frozen=True)
class Place:
    """`line` counts from 1; for a line that is gone, it is where it would stand."""

    line: int
    fate: Fate


def find_line(old: list[str], line: int, new: list[str]) -> Place:
    """The place in `new` of line `line` (from 1) of `old`.

    Lines above and below it that stand once in both texts say where to look. There, the same words win; then the line that is most like
    it; else it is gone.
    """
    if old == new:
        return Place(line, Fate.SAME)
    quote = old[line - 1]
    expected = _expected(old, line - 1, new)
    same = [n for n, text in enumerate(new) if text == quote]
    if same and quote.strip():
        return Place(min(same, key=lambda n: abs(n - expected)) + 1, Fate.SAME)
    window = range(max(expected - REACH, 0), min(expected + REACH + 1, len(new)))
    others = set(old) - {quote}  # a line that stood there before is another line, however like it is
    likeness = {n: _like(quote, new[n]) for n in window if new[n].strip() and new[n] not in others}
    best = max(likeness, key=lambda n: (likeness[n], -abs(n - expected)), default=None)
    if best is not None and likeness[best] >= LIKE:
        return Place(best + 1, Fate.CHANGED)
    return Place(min(max(expected, 0), len(new) - 1) + 1, Fate.GONE)


def _expected(old: list[str], index: int, new: list[str]) -> int:
    """Where the line should stand, by the nearest line above it, else below it, that is unique in both texts."""
    in_old, in_new = Counter(old), {text: n for n, text in enumerate(new)}
    count_new = Counter(new)
    nearby = sorted(
        range(max(index - LOOK_BACK, 0), min(index + LOOK_BACK, len(old))), key=lambda n: (abs(n - index), n)
    )
    for n in nearby:
        text = old[n]
        if n != index and text.strip() and in_old[text] == 1 and count_new[text] == 1:
            return in_new[text] + index - n
    return min(index, len(new) - 1)


def _like(one: str, other: str) -> float:
    return SequenceMatcher(None, one[:300], other[:300], autojunk=False).ratio()
