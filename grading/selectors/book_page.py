"""The gradebook's page: which rows are shown in which order, the heads, the chips and their counts, the medians of what is shown."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.urls import reverse

from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Role
from grading.book.html import Drawing, medians_of, rows_html
from grading.book.layout import MARK, SHOW, Head, Layout, fits, layout_of, marks_of, ordered, value_of
from grading.book.rows import Book, BookRow
from grading.grade_facts import group_of
from grading.gradebook import plain
from grading.selectors.assignments import assignment_get
from grading.selectors.book import book_of
from grading.selectors.book_cell import cell
from grading.selectors.grades import student_get


@dataclass(frozen=True)
class BookFilter:
    """What the address says; unknown words mean no filter, and the order of the names."""

    show: str = ""
    text: str = ""
    sort: str = ""
    falling: bool = False

    @classmethod
    def of(cls, query: QueryDict) -> "BookFilter":
        show = query.get("show", "")
        return cls(
            show if show in SHOW else "", query.get("q", "")[:80].strip(), query.get("sort", "")[:90],
            query.get("dir", "") == "down",
        )  # fmt: skip

    @property
    def words(self) -> list[str]:
        return self.text.casefold().split()

    def query(self, **other: str) -> str:
        """The address with other values; what is empty is left out."""
        pairs = {"show": self.show, "q": self.text, "sort": self.sort, "dir": "down" if self.falling else ""} | other
        found = QueryDict(mutable=True)
        found.update({key: value for key, value in pairs.items() if value})
        return found.urlencode()

    @property
    def said(self) -> str:
        """What the rows are, in words, for the log of exports."""
        parts = [SHOW[self.show].lower() if self.show else "everybody"]
        return ", ".join([*parts, f"found by {self.text}"] if self.text else parts)


@dataclass(frozen=True)
class Shown:
    """A book as one reader looks at it."""

    book: Book
    layout: Layout
    rows: list[BookRow]  # in their order, all of them
    people: frozenset[int]  # who of them is shown

    @property
    def visible(self) -> list[BookRow]:
        return [row for row in self.rows if row.person in self.people]


def shown_book(visit: Visit, chosen: BookFilter, now: datetime) -> Shown:
    book = book_of(visit, now)
    layout = layout_of(book)
    rows = ordered(book.rows, layout.heads, chosen.sort, falling=chosen.falling)
    words = chosen.words
    return Shown(book, layout, rows, frozenset(row.person for row in rows if fits(row, chosen.show, words)))


def book_page(visit: Visit, chosen: BookFilter, now: datetime) -> dict[str, Any]:
    found = shown_book(visit, chosen, now)
    drawing = Drawing(found.layout, base_of(visit))
    visible = found.visible
    known = found.book.medians if len(visible) == len(found.rows) else None
    return {
        "rows": rows_html(drawing, found.rows, found.people),
        "heads": [_head(head, chosen) for head in found.layout.heads],
        "groups": found.layout.groups,
        "medians": list(zip(found.layout.heads, medians_of(found.layout, visible, known), strict=True)),
        "chips": _chips(found.book, chosen),
        "chosen": chosen,
        "count": len(found.rows),
        "shown": len(visible),
        "teams": len({row.team for row in found.rows if row.team}),
        "scheme_words": scheme_words(found.book),
        "unreleased": unreleased_words(found),
        "names": _sorting("", chosen),
        "by_team": _sorting("team", chosen),
        "sorts": _sorts(found.layout, chosen),
        "may_edit": visit.role == Role.INSTRUCTOR,
        "base": base_of(visit),
        "query": chosen.query(),
        "now": now,
        "page_keys": PAGE_KEYS,
    }


PAGE_KEYS = [
    ("/", "find a student or team"), ("arrows", "from cell to cell"), ("Enter", "why is it this"), ("0-9", "set the points of a cell"),
]  # fmt: skip


def base_of(visit: Visit) -> str:
    """The address of the book, up to the number of a student."""
    return reverse("grading:book", kwargs={"course": visit.course.slug})


def scheme_words(book: Book) -> str:
    """Participation 15, presentations 15, reports 50, final 20."""
    parts = [
        f"{part.title} {plain(part.percent)}{' bonus' if part.is_bonus else ''}" for part in book.scheme.components
    ]
    return ", ".join(parts)


def unreleased_words(found: Shown) -> str:
    """R7: 20 of 26 graded, not released. The newest such column."""
    for head in reversed(found.layout.heads):
        if head.kind == "cell" and head.is_hidden:
            states = [row.cells[head.at].state for row in found.rows]
            if graded := states.count("graded"):
                return f"{head.short}: {graded} of {len(states)} graded, not released"
    return ""


def _head(head: Head, chosen: BookFilter) -> dict[str, Any]:
    return {"head": head, "path": spread_path(head.spread), **_sorting(head.key, chosen)}


def _sorting(key: str, chosen: BookFilter) -> dict[str, str]:
    """The address that sorts by a column, the other way round where it does already. Numbers begin with the largest."""
    is_now = chosen.sort == key
    falling = not chosen.falling if is_now else key not in ("", "team")
    aria = ("descending" if chosen.falling else "ascending") if is_now else ""
    return {"href": "?" + chosen.query(sort=key, dir="down" if falling else ""), "aria": aria}


def _sorts(layout: Layout, chosen: BookFilter) -> list[dict[str, Any]]:
    """What the menu offers, by name: the columns that a keyboard does not reach as easily."""
    rows = [
        ("", "name"),
        ("team", "team"),
        *((head.key, head.title or head.short) for head in layout.heads if head.kind != "letter"),
    ]
    return [{"key": key, "words": words, "is_chosen": key == chosen.sort} for key, words in rows]


def _chips(book: Book, chosen: BookFilter) -> list[dict[str, Any]]:
    marks = [marks_of(row) for row in book.rows]
    count = {key: sum(MARK[key] in one for one in marks) for key in MARK} | {"": len(marks)}
    return [
        {"key": key, "words": words, "count": count[key], "is_chosen": key == chosen.show, "mark": MARK.get(key, ""),
         "href": "?" + chosen.query(show=key)}
        for key, words in SHOW.items()
    ]  # fmt: skip


def spread_path(spread: tuple[int, ...]) -> str:
    """Eight bars of 3 with a gap of 1, 12 high, from the bottom."""
    most = max(spread, default=0)
    if not most:
        return ""
    high = [max(round(12 * one / most), 1) if one else 0 for one in spread]
    return "".join(f"M{4 * n} 12v-{h}h3v{h}z" for n, h in enumerate(high) if h)


def row_get(visit: Visit, person: int, now: datetime) -> tuple[Shown, BookRow]:
    """One student's row. Raises NotHere."""
    found = shown_book(visit, BookFilter(), now)
    row = next((one for one in found.rows if one.person == person), None)
    if row is None:
        raise NotHere("There is no such student in this gradebook.")
    return found, row


def cell_path(visit: Visit, person: int, column: str) -> str:
    return reverse("grading:book_cell", kwargs={"course": visit.course.slug, "person": person, "column": column})


def person_page(visit: Visit, person: int, now: datetime) -> dict[str, Any]:
    """One student: each column with what it gives, its state in words, and the page of its reasons."""
    found, row = row_get(visit, person, now)
    groups = [group.words for group in found.layout.groups for _ in range(group.span)]
    lines = [
        _line(visit, row, head, group)
        for head, group in zip(found.layout.heads, groups, strict=True)
        if head.kind == "cell"
    ]
    return {"row": row, "lines": lines, "back": base_of(visit), "has_scheme": bool(found.book.scheme.components)}


STATE_WORDS = {
    "missing": "missing, counts as 0", "grading": "in grading", "excused": "excused", "ahead": "still to come",
    "uncounted": "not counted",
}  # fmt: skip


def _line(visit: Visit, row: BookRow, head: Head, group: str) -> dict[str, Any]:
    of_row = row.cells[head.at]
    return {
        "head": head, "cell": of_row, "value": value_of(head, row), "word": STATE_WORDS.get(of_row.state, ""),
        "url": cell_path(visit, row.person, head.key), "group": group,
    }  # fmt: skip


def cell_page(visit: Visit, person: int, column: str, now: datetime) -> dict[str, Any]:
    """Why a cell says what it says, and what a form that sets it needs. About two dozen queries."""
    why = cell(visit, person, column, now)
    others: list[str] = []
    if why.column.is_work:
        group = group_of(assignment_get(visit, column), why.person)
        others = [one.name for one in group.people if one.pk != why.person.pk]
    return {
        "why": why, "others": others, "back": base_of(visit), "url": cell_path(visit, person, column),
        "may_set": why.column.is_work and visit.role == Role.INSTRUCTOR,
        "now_points": "" if why.points is None else f"{why.points:.2f}",
        "is_hidden": why.column.is_work and not why.column.is_released,
    }  # fmt: skip


def rows_again(visit: Visit, person: int, column: str, now: datetime) -> dict[str, Any]:
    """The rows of everybody whose grade hangs on this one, as the table draws them."""
    found = shown_book(visit, BookFilter(), now)
    student = student_get(visit, person)
    people = {one.pk for one in group_of(assignment_get(visit, column), student).people} | {person}
    rows = [row for row in found.rows if row.person in people]
    drawing = Drawing(found.layout, base_of(visit))
    return {"rows": rows_html(drawing, rows, people), "url": cell_path(visit, person, column)}
