"""One student's course grade so far, as that student may know it: each part with its sums, what is still hidden, and what if."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from courseplatform.core.badges import Badge
from courseplatform.courses.access import Visit
from grading.book.pieces import pieces_of_rows
from grading.book.scheme import scheme_of
from grading.book.what_if import PREFIX, WhatIf, read_typed
from grading.book.work import work_rows
from grading.gradebook import (
    SETTLED,
    Component,
    Line,
    Part,
    Pass,
    Piece,
    Scheme,
    Standing,
    State,
    plain,
    shown,
    standing_of,
    supposed,
)

OPEN = frozenset({State.AHEAD, State.GRADING, State.MISSING})
BADGES = {
    State.GRADING: Badge("neutral", "clock", "with the graders"),
    State.MISSING: Badge("bad", "octagon", "missing, counts 0"),
    State.EXCUSED: Badge("neutral", "info", "excused"),
    State.AHEAD: Badge("neutral", "clock", "to come"),
    State.UNCOUNTED: Badge("neutral", "info", "outside the grade"),
}


@dataclass(frozen=True)
class Mine:
    """standing: of what is released. outside: work that counts for nothing. open: pieces for which points may be supposed. if_standing: the
    standing with the points that were typed; None: none were."""

    scheme: Scheme
    standing: Standing
    outside: tuple[Piece, ...]
    open: tuple[Piece, ...]
    what_if: WhatIf
    due: Mapping[str, datetime]
    if_standing: Standing | None = None

    def letter(self, standing: Standing) -> str:
        """Only where the course shows its letters."""
        return standing.letter if self.scheme.are_letters_shown else ""

    @property
    def hidden(self) -> list[Piece]:
        """What is with the graders."""
        lines = [line for part in self.standing.parts for line in part.lines]
        return [line.piece for line in lines if line.piece.state is State.GRADING]


def mine(visit: Visit, now: datetime, typed: Mapping[str, str] | None = None) -> Mine:
    """typed: what if, as the page sends it. At most twelve queries where the scheme takes participation and presentations."""
    person, scheme = visit.person.pk, scheme_of(visit.course)
    rows = work_rows(visit.course, [person])
    pieces = pieces_of_rows(visit.course, scheme, rows, [person], now, for_students=True)[person]
    open_ones = _open(scheme, pieces, is_over=visit.course.ends_on is not None and visit.course.ends_on < now.date())
    found = read_typed(typed or {}, open_ones)
    after = standing_of(scheme, supposed(pieces, found.points)) if found.points else None
    own = rows.dates.get(person)
    due = {item.slug: (own.due_of(item) if own else None) or item.due_at for item in rows.items}
    return Mine(
        scheme, standing_of(scheme, pieces), tuple(pieces.get("", ())), open_ones, found,
        {slug: at for slug, at in due.items() if at is not None}, after,
    )  # fmt: skip


def _open(scheme: Scheme, pieces: Mapping[str, Sequence[Piece]], *, is_over: bool) -> tuple[Piece, ...]:
    """What is not decided; and participation, which grows until the course is over."""
    found = [piece for component in scheme.components for piece in pieces.get(component.key, ())]
    return tuple(
        piece
        for piece in found
        if piece.of and (piece.state in OPEN or (piece.source == "participation" and not is_over))
    )


def mine_page(visit: Visit, now: datetime, typed: Mapping[str, str]) -> dict[str, Any]:
    """Everything that the page shows, in its words."""
    found = mine(visit, now, typed)
    return {
        "has_scheme": bool(found.scheme.components),
        "is_typed": bool(found.what_if.points or found.what_if.refused),
        "refused": list(found.what_if.refused.values()),
        "now": _head(found, found.standing),
        "then": _head(found, found.if_standing) if found.if_standing else None,
        "bar": _bar(found, found.if_standing or found.standing),
        "parts": [_part(found, part) for part in found.standing.parts],
        "passes": [_pass(one) for one in found.standing.passes],
        "lifts": found.standing.lifts,
        "letters": found.scheme.letters if found.scheme.are_letters_shown else (),
        "hidden": found.hidden,
        "outside": [_outside(piece) for piece in found.outside],
    }


def _head(found: Mine, standing: Standing) -> dict[str, Any]:
    return {
        "percent": "" if standing.percent is None else f"{shown(standing.percent)}",
        "earned": plain(standing.earned), "so_far": plain(standing.so_far), "letter": found.letter(standing),
        "open": plain(max(Decimal(100) - standing.so_far, Decimal())),
    }  # fmt: skip


def _bar(found: Mine, standing: Standing) -> list[dict[str, str]]:
    """Of each part where it lies in the 100 %, what it has given and what it could have. Widths in % of the bar."""
    rows, at = [], Decimal()
    whole = sum((part.component.percent for part in standing.parts if not part.component.is_bonus), Decimal()) or 100
    for number, part in enumerate(standing.parts):
        if part.component.is_bonus:
            continue
        width = part.component.percent * 100 / whole
        rows.append({
            "title": part.component.title, "tone": str(number % 5), "x": f"{at:.2f}", "width": f"{width:.2f}",
            "earned": f"{min(part.earned, part.component.percent) * 100 / whole:.2f}",
            "so_far": f"{min(part.so_far, part.component.percent) * 100 / whole:.2f}",
            "words": f"{part.component.title}: {plain(part.earned)} of {plain(part.so_far)}",
        })  # fmt: skip
        at += width
    return rows


def _part(found: Mine, part: Part) -> dict[str, Any]:
    return {
        "part": part, "component": part.component, "rule": _rule(part.component), "earned": plain(part.earned),
        "so_far": plain(part.so_far), "lines": [_line(found, line) for line in part.lines],
        "missing": max(part.component.count - len(part.lines), 0) if part.component.work else 0,
    }  # fmt: skip


def _rule(component: Component) -> str:
    words = [
        f"{plain(component.percent)} % on top" if component.is_bonus else f"{plain(component.percent)} % of the grade"
    ]
    if component.count:
        words.append(f"{component.count} pieces")
    if component.drop_lowest:
        words.append("the lowest does not count" if component.drop_lowest == 1 else f"the lowest {component.drop_lowest} do not count")  # fmt: skip
    if component.cap is not None:
        words.append(f"at most {plain(component.cap)} %")
    return ", ".join(words)


def _line(found: Mine, line: Line) -> dict[str, Any]:
    piece = line.piece
    refused = found.what_if.refused.get(piece.key)
    typed = refused.typed if refused else found.what_if.points.get(piece.key, "")
    is_open = any(piece is one for one in found.open)
    return {
        "piece": piece, "badge": None if piece.state is State.GRADED else BADGES[piece.state],
        "points": "" if piece.points is None else plain(piece.points), "of": plain(piece.of),
        "percent": "" if line.percent is None else plain(line.percent), "weight": plain(line.weight),
        "arithmetic": line.arithmetic if piece.state in SETTLED else "", "is_open": is_open,
        "due": found.due.get(piece.key) if piece.state is State.AHEAD else None,
        "field": f"{PREFIX}{piece.key}", "typed": typed, "refused": refused,
    }  # fmt: skip


def _pass(one: Pass) -> dict[str, Any]:
    needed, have = one.condition.turned_in, one.have
    words = f"{have} of {needed} turned in"
    if one.holds:
        return {"badge": Badge("good", "check", "met"), "words": words, "note": one.condition.note}
    if one.is_lost:
        return {"badge": Badge("bad", "octagon", "cannot be met any more"), "words": words, "note": one.condition.note}
    left = f"{words}, {one.ahead} still to come"
    return {"badge": Badge("neutral", "clock", "open"), "words": left, "note": one.condition.note}


def _outside(piece: Piece) -> dict[str, Any]:
    return {
        "piece": piece, "badge": None if piece.state is State.GRADED else BADGES[piece.state],
        "points": "" if piece.points is None else f"{plain(piece.points)} of {plain(piece.of)}",
    }  # fmt: skip
