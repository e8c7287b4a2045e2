"""Text for terminals: what others wrote made harmless, columns that line up, numbers, sizes and times. No input, no output."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

SPACES = str.maketrans({"\u202f": " ", "\u2009": " ", "\u00a0": " "})
# For terminals that know no Unicode.
PLAIN = str.maketrans(
    {"×": "x", "–": "-", "…": "...", "’": "'", "“": '"', "”": '"', "·": "-", "µ": "u", "≥": ">=", "≤": "<="}
)
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
BETWEEN = "  "
UNITS = {"mj": "mJ", "mah": "mAh", "wh": "Wh", "j": "J"}
MINUTE, HOUR, DAY = 60, 3600, 86400


def clean(said: Any, *, lines: bool = False) -> str:
    """What came from the site or from a file name, without what a terminal would obey or hide: escapes, changes of direction, NUL.

    lines: line ends stay; else all is one line.
    """
    text = str(said).translate(SPACES).replace("\r\n", "\n").replace("\t", " ")
    if not lines:
        text = " ".join(text.split("\n"))
    return "".join(_shown(one) if unicodedata.category(one) in UNSEEN and one != "\n" else one for one in text)


def _shown(one: str) -> str:
    return f"\\x{ord(one):02x}" if ord(one) < 256 else f"\\u{ord(one):04x}"


def width(text: str) -> int:
    """Columns of a terminal."""
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in ("W", "F") else 1 for one in text
    )


def cut(text: str, columns: int) -> str:
    """At most so many columns; what was cut off is three dots."""
    if width(text) <= columns:
        return text
    kept = ""
    for one in text:
        if width(kept + one) > max(columns - 3, 0):
            break
        kept += one
    return kept.rstrip() + "..."


def table(
    rows: Sequence[Sequence[Any]], heads: Sequence[str] = (), *, right: Sequence[int] = (), gives: int = -1,
    columns: int = 0, indent: str = "",
) -> list[str]:  # fmt: skip
    """Aligned lines. right: columns of numbers. gives: the column that is cut where the table is wider than `columns` (0: any width)."""
    shown = [[clean(one) for one in row] for row in ([heads] if heads else []) + list(rows)]
    if not shown:
        return []
    widths = [max(width(row[n]) for row in shown) for n in range(len(shown[0]))]
    over = len(indent) + sum(widths) + len(BETWEEN) * (len(widths) - 1) - columns
    if columns and gives >= 0 and over > 0:
        widths[gives] = max(widths[gives] - over, 8)
        shown = [[cut(one, widths[gives]) if n == gives else one for n, one in enumerate(row)] for row in shown]
    return [(indent + BETWEEN.join(_set(row, widths, right))).rstrip() for row in shown]


def fitting(choices: Sequence[tuple[Sequence[Sequence[Any]], Sequence[str], Sequence[int]]], columns: int) -> list[str]:
    """The first table (rows, heads, right) that fits; the last where none does. columns 0: any width."""
    lines: list[str] = []
    for rows, heads, right in choices:
        lines = table(rows, heads, right=right)
        if not columns or max(map(width, lines), default=0) <= columns:
            break
    return lines


def _set(row: Sequence[str], widths: Sequence[int], right: Sequence[int]) -> list[str]:
    gaps = [" " * (room - width(one)) for one, room in zip(row, widths)]
    return [gap + one if n in right else one + gap for n, (one, gap) in enumerate(zip(row, gaps))]


def size(count: float) -> str:
    """Bytes as people read them."""
    for unit, one in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= one:
            return f"{count / one:.3g} {unit}" if count < 100 * one else f"{count / one:.0f} {unit}"
    return f"{count:.0f} bytes"


def span(seconds: float) -> str:
    """How long, in two units at most: 3 s, 4 min, 2 h 5 min, 3 days 4 h."""
    whole = max(round(seconds), 0)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min"
    if whole < DAY:
        return " ".join(
            filter(None, [f"{whole // HOUR} h", f"{whole % HOUR // MINUTE} min" if whole % HOUR // MINUTE else ""])
        )
    days, hours = whole // DAY, whole % DAY // HOUR
    return f"{days} day{'s' if days > 1 else ''}" + (f" {hours} h" if hours else "")


def instant(said: str) -> datetime:
    """An instant of the API. Python before 3.11 reads no Z."""
    return datetime.fromisoformat(said.replace("Z", "+00:00"))


def zone() -> str:
    """The zone of this machine, as times are printed: EST, or +0530 where its name is long (Windows)."""
    now = datetime.now(timezone.utc).astimezone()
    name = now.tzname() or ""
    return name if 0 < len(name) <= 5 else f"{now:%z}"


def when(said: str | None) -> str:
    """In the time of this machine: Fri 28 Nov 2026, 23:59 CET."""
    if not said:
        return "-"
    local = instant(said).astimezone()
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M} {local:%Z}"


def distance(said: str, now: datetime | None = None) -> str:
    """in 3 h; 2 days ago"""
    seconds = (instant(said) - (now or datetime.now(timezone.utc))).total_seconds()
    return f"in {span(seconds)}" if seconds >= 0 else f"{span(-seconds)} ago"


def measure(value: float, unit: str) -> str:
    """A metric with its unit, as the pages show it."""
    if unit == "share":
        return f"{100 * value:.1f} %"
    if unit == "bytes":
        return size(value)
    if unit in ("count", "macs"):
        return f"{value:,.0f}".replace(",", " ") + (" MACs" if unit == "macs" else "")
    return f"{digits(value)} {UNITS.get(unit, unit)}".strip()


def digits(value: float) -> str:
    """Three that say something, and never fewer than stand before the point: 0.469, 12.3, 51 170 000."""
    if abs(value) >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.3g}"


def many(count: int, word: str) -> str:
    """1 day; 2 days"""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
