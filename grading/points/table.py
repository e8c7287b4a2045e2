"""The lines of a result in the order and groups of the table of points. Pure: stored lines in, rows out; lines of any age."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

Row = dict[str, Any]
MEASURED, EXTRA = "Measured", "Extra credit"


def is_lost(line: Row) -> bool:
    """Points that did not come; what is left to the staff may still, and extra credit is nobody's loss."""
    return not line.get("left_open") and not line.get("bonus") and Decimal(line["earned"]) < Decimal(line["of"])


def in_sentence(title: str) -> str:
    """A title within a sentence: Memory at the peak becomes memory at the peak, RAM stays RAM."""
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]


def groups_of(lines: Sequence[Row]) -> list[Row]:
    """The groups in the order in which the lab has them, extra credit last."""
    found: dict[str, list[Row]] = {}
    for line in sorted(lines, key=lambda line: bool(line.get("bonus"))):
        name = EXTRA if line.get("bonus") else line["group"] or MEASURED
        found.setdefault(name, []).append(line | {"lost": is_lost(line)})
    return [{"name": name, "lines": rows} for name, rows in found.items()]


def extra_words(lines: Sequence[Row]) -> str:
    """extra credit, peak under 512 KiB: 0.00 of 1.00; "" where the lab has none."""
    bonus = [line for line in lines if line.get("bonus")]
    if not bonus:
        return ""
    earned, of = (sum((Decimal(line[key]) for line in bonus), Decimal("0.00")) for key in ("earned", "of"))
    title = f", {in_sentence(bonus[0]['title'])}" if len(bonus) == 1 else ""
    return f"extra credit{title}: {earned} of {of}"
