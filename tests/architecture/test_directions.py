"""Pages are laid out along the line: no style sheet says left or right, so that dir="rtl" alone turns a page (docs/translation.md)."""

import re
from pathlib import Path

import pytest

SHEETS = sorted((Path(__file__).resolve().parents[2] / "static/css").glob("*.css"))
NOT_OURS = {"tour.css"}  # it names the parts of driver.js
PHYSICAL = re.compile(
    r"(?:margin|padding|scroll-margin)-(?:left|right):|(?:text-align|float): (?:left|right)|(?<![\w-])(?:left|right):"
)
COMMENT = re.compile(r"/\*.*?\*/", re.S)
# A formula is written from the left everywhere; what turns a page has to say whither.
MAY = ("mtd.", '[dir="rtl"]', ':where([dir="rtl"])', '@media (max-width: 767px) { [dir="rtl"]')
SIDES = re.compile(r"(?<![\w-])(?:margin|padding): ([^;{}]+)[;}]")


def four(value):
    """Four sides of which right and left differ."""
    sides = re.findall(r"[\w-]+\([^)]*\)|[^\s]+", value.replace("!important", ""))
    return len(sides) == 4 and sides[1] != sides[3]


@pytest.mark.parametrize("sheet", [s for s in SHEETS if s.name not in NOT_OURS], ids=lambda s: s.name)
def test_no_sheet_says_left_or_right(sheet):
    lines = [
        line.strip() for line in COMMENT.sub("", sheet.read_text()).splitlines() if not line.strip().startswith(MAY)
    ]
    assert [line for line in lines if PHYSICAL.search(line)] == []
    assert [line for line in lines if any(four(value) for value in SIDES.findall(line))] == []


@pytest.mark.parametrize(
    "line", ["a { margin-left: 2px; }", "a { left: 0; }", "a { text-align: right; }", "a { float: left; }"]
)
def test_a_side_is_found(line):
    assert PHYSICAL.search(line)


def test_a_sheet_may_say_all_four_sides_where_two_are_alike():
    assert four("8px 16px 8px 0")
    assert not four("8px 16px 0 16px")
