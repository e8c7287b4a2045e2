"""The rows of the gradebook as HTML, written by one tight function: a template that is asked ten thousand times takes half a second.

What a person typed is escaped here (`escape`), and nothing else is put between tags. End tags that HTML allows to leave out are left out: they
are a fifth of the page.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from functools import partial
from statistics import median

from django.templatetags.static import static
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from grading.book.cells import Cell
from grading.book.layout import Head, Layout, marks_of, value_of
from grading.book.rows import TOTAL, BookRow
from grading.gradebook import plain, shown

Draw = Callable[[Sequence[BookRow]], list[str]]
# State of a cell -> its class, the icon and the word for who does not see it.
STATES = {"missing": ("m", "octagon", "missing"), "grading": ("g", "clock", "in grading")}
PLAIN = {"excused": "x", "uncounted": "u", "ahead": "w", "graded": ""}


class Drawing:
    """What is the same for every row, made once a page. href: the page of one student, up to the number."""

    def __init__(self, layout: Layout, href: str) -> None:
        self.layout, self.href = layout, escape(href)
        self.known: dict[str, str] = {}
        sprite = escape(static("img/icons.svg"))
        self.icons = {
            name: f'<svg class="icon" aria-hidden="true"><use href="{sprite}#{name}"/></svg>'
            for name in ("octagon", "clock", "triangle")
        }
        self.opened = {edge: self._opened(edge) for edge in (False, True)}
        self.draws = [self._draw(head) for head in layout.heads]

    def _opened(self, is_edge: bool) -> dict[str, tuple[str, bool]]:
        """State -> what a cell begins with, and whether its text follows."""
        found = {}
        for state, (name, icon, word) in STATES.items():
            found[state] = (
                f'<td class="{_classes(name, is_edge)}">{self.icons[icon]}<i>{word}</i>',
                state == "missing",
            )
        for state, name in PLAIN.items():
            classes = _classes(name, is_edge)
            found[state] = (f'<td class="{classes}">' if classes else "<td>", True)
        return found

    def _draw(self, head: Head) -> Draw:
        edge = _classes("", head.is_edge)
        begin = f'<td class="{edge}">' if edge else "<td>"
        if head.kind == "cell":
            return partial(self._cells, head.at, self.opened[head.is_edge])
        if head.kind == "sum":
            key = head.key.removeprefix("sum:")
            return lambda rows: [f"{begin}{_two(row.sums.get(key))}" for row in rows]
        earned = f'<td class="{_classes("n", head.is_edge)}">'
        draws: dict[str, Draw] = {
            "risk": lambda rows: [self._risk(row) for row in rows],
            "late": lambda rows: [_late(row) for row in rows],
            "earned": lambda rows: [f"{earned}{_two(row.earned)}" for row in rows],
            "so_far": lambda rows: [f'<td class="o">{plain(row.so_far)}' for row in rows],
            "percent": lambda rows: [f'<td class="p">{_one(row.percent)}' for row in rows],
            "letter": lambda rows: [f'<td class="t">{self._escaped(row.letter)}' for row in rows],
        }
        return draws[head.kind]

    def _cells(self, at: int, opened: Mapping[str, tuple[str, bool]], rows: Sequence[BookRow]) -> list[str]:
        """Those of equal points are one object, and one text."""
        made: dict[int, str] = {}
        found = []
        for row in rows:
            cell = row.cells[at]
            text = made.get(id(cell))
            if text is None:
                text = made[id(cell)] = self._cell(cell, *opened[cell.state])
            found.append(text)
        return found

    def _cell(self, cell: Cell, begin: str, has_text: bool) -> str:
        if cell.state == "excused":
            return f"{begin}excused"
        return begin + self._escaped(cell.text) if has_text and cell.text else begin

    def _escaped(self, text: str) -> str:
        """The same few hundred texts stand in all cells."""
        found = self.known.get(text)
        if found is None:
            found = self.known[text] = str(escape(text))
        return found

    def _risk(self, row: BookRow) -> str:
        badges = []
        for risk in row.risks:
            tone, icon = ("bad", "octagon") if risk.tone == "bad" else ("warn", "triangle")
            badges.append(f'<span class="badge {tone}">{self.icons[icon]}{self._escaped(risk.words)}</span>')
        return f'<td class="k">{" ".join(badges)}'

    def begin(self, row: BookRow, *, is_shown: bool) -> str:
        """What stands before the columns: who it is, and which filters the row fits."""
        return (
            f'<tr id="p{row.person}" data-k="{marks_of(row)}"{"" if is_shown else " hidden"}>'
            f'<th scope="row"><a href="{self.href}{row.person}/">{escape(row.sort_name)}</a><td class="q">{self._escaped(row.team)}'
        )


def _classes(name: str, is_edge: bool) -> str:
    return " ".join(filter(None, (name, "e" if is_edge else "")))


def _two(value: Decimal | None) -> str:
    return "" if value is None else f"{shown(value)}"


def _one(value: Decimal | None) -> str:
    return "" if value is None else f"{shown(value):.1f}"


def _late(row: BookRow) -> str:
    if row.late_left is None:
        return '<td class="l e">'
    return f'<td class="l e{" z" if row.late_left <= 0 else ""}">{row.late_left}'


def rows_html(drawing: Drawing, rows: Sequence[BookRow], shown_people: Collection[int]) -> SafeString:
    """All rows, those that do not fit the filter hidden: the page filters by itself once it is there. Drawn column by column."""
    begins = [drawing.begin(row, is_shown=row.person in shown_people) for row in rows]
    columns = [draw(rows) for draw in drawing.draws]
    made = map("".join, zip(begins, *columns, strict=True))
    return mark_safe("\n".join(made))  # noqa: S308 every text in it went through escape  # nosec B308, B703


def medians_of(layout: Layout, rows: Sequence[BookRow], known: Mapping[str, Decimal | None] | None = None) -> list[str]:
    """Of what is shown, column by column; "" where a median says nothing.

    known: key of a column, or `total` -> the median of everybody, where everybody is shown.
    """
    known = known or {}
    found = []
    for head in layout.heads:
        key = TOTAL if head.kind == "percent" else head.key
        value = known[key] if known.get(key) is not None else _median(head, rows)
        found.append("" if value is None else _said(head, value))
    return found


def _median(head: Head, rows: Sequence[BookRow]) -> Decimal | None:
    if head.kind not in ("cell", "sum", "percent"):
        return None
    if head.kind == "cell":
        rows = [row for row in rows if row.cells[head.at].state in ("graded", "uncounted")]
    values = [value for row in rows if (value := value_of(head, row)) is not None]
    return median(values) if values else None


def _said(head: Head, value: Decimal) -> str:
    """With as many decimals as the cells above it have."""
    if head.kind == "percent":
        return _one(value)
    return _two(value) if head.is_work or head.kind == "sum" else plain(value)
