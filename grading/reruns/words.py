"""What a re-run would change, in words. Pure: stored lines of points and plain numbers in, sentences out."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

Line = Mapping[str, Any]
OPEN = "open"


def moved(before: Sequence[Line], after: Sequence[Line]) -> list[dict[str, str]]:
    """The criteria whose points differ: {title, now, then, was, will}; `was` and `will` are the two lines with their arithmetic."""
    old, found = {line["key"]: line for line in before}, []
    for line in after:
        held = old.pop(line["key"], None)
        if held is None or worth(held) != worth(line) or held["of"] != line["of"]:
            found.append(_pair(held, line))
    return found + [_pair(line, None) for line in old.values()]


def _pair(held: Line | None, line: Line | None) -> dict[str, str]:
    named = line or held or {}
    return {
        "title": str(named.get("title", named.get("key", ""))),
        "now": worth(held) if held else "new",
        "then": worth(line) if line else "gone",
        "was": said(held) if held else "not asked for",
        "will": said(line) if line else "no longer asked for",
    }


def worth(line: Line) -> str:
    return OPEN if line.get("left_open") else str(line["earned"])


def said(line: Line) -> str:
    """`94.00 %; (94.00 - 80.00) / (97.00 - 80.00) x 4.00 = 3.29`, as the result has it."""
    if line.get("left_open"):
        return f"{line['left_open']} {line['of']} points are left to the staff."
    return "; ".join(str(line[name]) for name in ("value", "arithmetic") if line.get(name))


def signed(points: Decimal) -> str:
    return f"{points:+.2f}".replace("-", "−") if points else "0.00"


def lines_words(lines: Iterable[Mapping[str, str]]) -> str:
    """Accuracy 1.88 to 2.00; Size new to 0.50."""
    return "; ".join(f"{line['title']} {line['now']} to {line['then']}" for line in lines)


NOW = {"changes": "change", "rise": "rise", "fall": "fall", "same": "stay", "s": "s"}
DONE = {"changes": "changed", "rise": "rose", "fall": "fell", "same": "stayed", "s": ""}


def headline(counts: Mapping[str, Any], *, is_done: bool = False) -> str:
    """12 of 38 grades change: 9 rise, 3 fall, by −4.00 to +6.00 points; 26 stay. is_done: it is applied."""
    changes, total, words = counts["rise"] + counts["fall"], counts["grades"], DONE if is_done else NOW
    if not total:
        return "Nobody's grade rests on a model of this lab yet."
    if not changes:
        alone = total == 1
        return f"No grade {_verb(words, 'changes', 1)}: {'the one there is' if alone else f'all {total}'} {_verb(words, 'same', total)} the same."
    parts = [f"{counts[key]} {_verb(words, key, counts[key])}" for key in ("rise", "fall") if counts[key]]
    least, most = Decimal(counts["least"]), Decimal(counts["most"])
    by = signed(least) if least == most else f"{signed(least)} to {signed(most)}"
    stay = f"; {counts['same']} {_verb(words, 'same', counts['same'])}" if counts["same"] else ""
    grades = f"{changes} of {total} grade{'' if total == 1 else 's'}"
    return f"{grades} {_verb(words, 'changes', changes)}: {', '.join(parts)}, by {by} points{stay}."


def _verb(words: Mapping[str, str], key: str, many: int) -> str:
    return f"{words[key]}{words['s'] if many == 1 else ''}"
