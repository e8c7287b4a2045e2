"""A grade is the fold of its events: what happened to it, in order, and what it is worth after each. Pure: no database, no clock.

The measured part comes from the active attempt, each item of the rubric is worth what was last said of it, and lateness is taken off the
sum at the end. What was set by hand stands for the whole, lateness included, until it is lifted. So a regrade changes its item and
nothing else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from grading.late.facts import ALL, Policy
from grading.late.money import after_loss, shown
from grading.rubric import ZERO, Item, Option

CENT = Decimal("0.01")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OF_ITEM = frozenset({"rubric", "regrade"})


@dataclass(frozen=True)
class Event:
    """What happened: kind (rubric, benchmark, override, regrade, note), the item that it is about, what that is worth now (None: nothing
    is said any more), why, and by whom. `of`: for a measured part what it could have reached. `cause`: the regrade request.

    `options`: keys of what was ticked in the item.

    `left_open`: of a measured part, the points that no machine gives and nobody has given yet. `graded_by`: which machine measured.
    `is_by_person`: of a measured part, somebody gave what was left open.
    """

    id: int
    kind: str
    at: datetime
    actor: str
    item: str = ""
    points: Decimal | None = None
    of: Decimal | None = None
    reason: str = ""
    cause: int | None = None
    left_open: Decimal = ZERO
    graded_by: str = ""
    is_by_person: bool = False
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Late:
    """What lateness does to the sum, as the late-day rules have decided it. lost: percent of the kind that the policy names."""

    policy: Policy
    lost: Decimal
    accepted: bool = True
    words: tuple[str, ...] = ()

    def left_of(self, percent: Fraction) -> Fraction:
        """What work worth `percent` of the maximum gets, by the rule of grading/late/money.py."""
        return after_loss(self.policy.penalty.kind, Fraction(self.lost), percent) if self.accepted else Fraction()

    @property
    def title(self) -> str:
        """As it stands beside the points: Late: at most 98 %."""
        lost = shown(Fraction(self.lost))
        if not self.accepted:
            return "Too late: not accepted"
        if self.lost >= ALL:
            return "Late: counts 0"
        if self.policy.penalty.kind == "percent_of_earned":
            return f"Late: {lost} % of what was earned is lost"
        if self.policy.penalty.kind == "cap":
            return f"Late: at most {shown(ALL - Fraction(self.lost))} %"
        return f"Late: {lost} % of the maximum is lost, so at most {shown(ALL - Fraction(self.lost))} %"


@dataclass(frozen=True)
class Line:
    """One line of the sum. kind: benchmark, rubric, late, override. `points` is None where nobody has said anything yet.

    options: keys of what was ticked; ticked: the same as the rubric has it now.
    """

    kind: str
    title: str
    points: Decimal | None
    of: Decimal | None
    key: str = ""
    says: str = ""
    actor: str = ""
    at: datetime | None = None
    note: str = ""
    options: tuple[str, ...] = ()
    is_extra: bool = False
    ticked: tuple[Option, ...] = ()


@dataclass(frozen=True)
class Step:
    """One event in the timeline: what its part was worth before and after, and the whole grade after it. ticked: what it ticked."""

    event: Event
    title: str
    before: Decimal | None
    after: Decimal | None
    total: Decimal | None
    ticked: tuple[Option, ...] = ()

    @property
    def is_change(self) -> bool:
        return self.event.kind != "note" and self.before != self.after


@dataclass(frozen=True)
class Grade:
    """points: what the whole is worth; None: nothing was graded yet. missing: titles of what nobody has graded. graded_by: which machine
    measured, where one did.
    """

    points: Decimal | None
    of: Decimal
    lines: tuple[Line, ...] = ()
    timeline: tuple[Step, ...] = ()
    missing: tuple[str, ...] = ()
    seen: int = 0
    graded_by: str = ""

    @property
    def is_set_by_hand(self) -> bool:
        return any(line.kind == "override" for line in self.lines)

    @property
    def is_complete(self) -> bool:
        return self.points is not None and (not self.missing or self.is_set_by_hand)

    def line_of(self, item: str) -> Line | None:
        return next((line for line in self.lines if line.kind == "rubric" and line.key == item), None)

    def points_of(self, item: str) -> Decimal | None:
        """What an item is worth now."""
        line = self.line_of(item)
        return line.points if line else None

    def grader_of(self, item: str) -> str:
        line = self.line_of(item)
        return line.actor if line else ""


@dataclass(frozen=True)
class _State:
    """What was last said of each part."""

    measured: Event | None = None
    override: Event | None = None
    items: dict[str, Event] = field(default_factory=dict)

    def after(self, event: Event) -> "_State":
        if event.kind == "benchmark":
            return replace(self, measured=event if event.points is not None else None)
        if event.kind == "override":
            return replace(self, override=event if event.points is not None else None)
        if event.kind in OF_ITEM:
            return replace(self, items={**self.items, event.item: event})
        return self

    def part(self, event: Event) -> Decimal | None:
        """What the part that an event is about is worth."""
        found = {"benchmark": self.measured, "override": self.override}.get(event.kind, self.items.get(event.item))
        return found.points if found else None


def grade_of(
    items: Sequence[Item],
    events: Iterable[Event],
    *,
    measured_of: Decimal = ZERO,
    worth: Decimal = ZERO,
    late: Late | None = None,
) -> Grade:
    """The grade of one person for one assignment.

    Args:
        events: in the order in which they happened. measured_of: what the measured part can give; 0: nothing is measured.
        worth: the most that the assignment gives; 0: what its parts add up to. late: None where nothing is late.
    """
    state, by_key, steps, seen = _State(), {item.key: item for item in items}, list[Step](), 0
    titles = {item.key: item.title for item in items}
    counted = [item for item in items if not item.is_withdrawn]
    of = worth or measured_of + sum((item.of for item in counted if not item.is_extra), ZERO)
    for event in events:
        before, state = state.part(event), state.after(event)
        seen = max(seen, event.id) if event.is_by_person or event.kind != "benchmark" else seen
        total = _points(state, counted, of, late)
        chosen = by_key[event.item].named(event.options) if event.options and event.item in by_key else ()
        steps.append(Step(event, _title(event, titles), before, state.part(event), total, chosen))
    return Grade(
        _points(state, counted, of, late), of, tuple(_lines(state, counted, measured_of, of, late)), tuple(steps),
        tuple(_missing(state, counted)), seen, state.measured.graded_by if state.measured else "",
    )  # fmt: skip


def _title(event: Event, titles: dict[str, str]) -> str:
    if event.kind in OF_ITEM:
        return titles.get(event.item, event.item)
    whole = {"benchmark": "Measured", "override": "The whole, set by hand", "note": "Note"}[event.kind]
    return titles.get(event.item, whole) if event.kind == "note" else whole


def _missing(state: _State, items: Sequence[Item]) -> Iterable[str]:
    """What nobody has said anything about: titles for the reader."""
    if state.measured is not None and state.measured.left_open:
        yield f"{state.measured.left_open} measured points left to the staff"
    yield from (item.title for item in items if not item.is_extra and not _said(state, item))


def _said(state: _State, item: Item) -> bool:
    return item.key in state.items and state.items[item.key].points is not None


def _measured_note(event: Event) -> str:
    """Which machine measured, and what it left open."""
    by = f"Graded by {event.graded_by}." if event.graded_by else ""
    left = f"{event.left_open} of these points are left to the staff and not given yet." if event.left_open else ""
    return " ".join(filter(None, (by, left)))


def _sum(state: _State, items: Sequence[Item]) -> Decimal | None:
    found = [state.items[item.key].points for item in items if item.key in state.items]
    parts = [points for points in (state.measured.points if state.measured else None, *found) if points is not None]
    return sum(parts, ZERO) if parts else None


def _points(state: _State, items: Sequence[Item], of: Decimal, late: Late | None) -> Decimal | None:
    if state.override is not None:
        return state.override.points
    raw = _sum(state, items)
    return raw if raw is None or late is None else _after_late(raw, of, late)


def _after_late(raw: Decimal, of: Decimal, late: Late) -> Decimal:
    if not of:
        return raw
    left = late.left_of(Fraction(raw) * ALL / Fraction(of)) * Fraction(of) / ALL
    return (Decimal(left.numerator) / Decimal(left.denominator)).quantize(CENT, ROUND_HALF_UP)


def _lines(
    state: _State, items: Sequence[Item], measured_of: Decimal, of: Decimal, late: Late | None
) -> Iterable[Line]:
    measured, override = state.measured, state.override
    if measured is not None or measured_of:
        points, most = (measured.points, measured.of or measured_of) if measured else (None, measured_of)
        says, note = (measured.reason, _measured_note(measured)) if measured else ("", "")
        yield Line("benchmark", "Measured", points, most, says=says, note=note)
    for item in items:
        event = state.items.get(item.key)
        points, says, actor, at, options = (
            (event.points, event.reason, event.actor, event.at, event.options) if event else (None, "", "", None, ())
        )
        yield Line(
            "rubric", item.title, points, item.of, item.key, says, actor, at, item.note, options, item.is_extra, item.named(options)
        )  # fmt: skip
    raw = _sum(state, items)
    if late is not None and raw is not None and (late.lost or not late.accepted):
        yield Line("late", late.title, _after_late(raw, of, late) - raw, None, says=" ".join(late.words))
    if override is not None:
        title = "Set by hand: stands for the whole, lateness included"
        yield Line("override", title, override.points, of, "", override.reason, override.actor, override.at)
