"""The dry run: for each person the grade now and then, which criteria move and why, and what does not move with them. Reads alone.

A fixed number of queries, whatever the size of the class. The rows are JSON-ready: they are kept with a re-run that was decided.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import Q

from courseplatform.accounts.models import User
from grading.grade import Event, Grade
from grading.grade_facts import grades_of, judged
from grading.models.assignments import Assignment
from grading.models.regrades import WAITING, RegradeRequest
from grading.models.reruns import ItemState, Rerun, RerunItem
from grading.models.runs import Result
from grading.models.submissions import Submission
from grading.reruns.choice import Choice, LateCosts, OwnerKey, by_owner, choice_of, owner_key
from grading.reruns.words import moved
from grading.rubric import ZERO

Row = dict[str, Any]
Lines = Sequence[Mapping[str, Any]]
HEAVY = ("document", *(f"before__{name}" for name in ("report", "host", "metrics", "quality", "environment")))


@dataclass(frozen=True)
class Settled:
    """Points that the staff gave for what a result had left open. given: how many; stays: whether they hold for the new numbers too."""

    given: Decimal
    stays: bool


class Planned:
    """What a re-run means for the attempts of its lab, or of some owners. Three queries, and those of late days where somebody is late."""

    def __init__(self, rerun: Rerun, owners: Collection[OwnerKey] | None = None) -> None:
        self.rerun: Rerun = rerun
        self.assignment: Assignment = rerun.assignment
        rows = Submission.objects.filter(assignment=self.assignment).exclude(counts=False)
        items = rerun.items.select_related("before").defer(*HEAVY)
        results = Result.objects.filter(run__submission__assignment=self.assignment).order_by("made_at", "pk")
        if owners is not None:
            teams, people = {team for team, _ in owners if team}, {person for _, person in owners if person}
            rows = rows.filter(Q(team__in=teams) | Q(team=None, person__in=people))
            items, results = items.filter(submission__in=rows), results.filter(run__submission__in=rows)
        self.attempts = list(rows.select_related("person", "team"))
        for row in self.attempts:
            row.assignment = self.assignment
        self.newest: dict[UUID, tuple[int, Decimal]] = {
            submission: (pk, earned)
            for submission, pk, earned in results.values_list("run__submission", "pk", "earned")
        }
        self.items: dict[UUID, RerunItem] = {item.submission_id: item for item in items}

    def proposal(self, model: UUID | None) -> RerunItem | None:
        """What is proposed for the model of an attempt; None: its result stays."""
        item = self.items.get(model) if model else None
        if item is None or item.state != ItemState.PROPOSED or self.is_overtaken(item):
            return None
        return item

    def is_overtaken(self, item: RerunItem) -> bool:
        return self.newest.get(item.submission_id, (0, ZERO))[0] != item.before_id

    @cached_property
    def earned_now(self) -> dict[UUID, Decimal]:
        return {submission: earned for submission, (_, earned) in self.newest.items()}

    @cached_property
    def earned_then(self) -> dict[UUID, Decimal]:
        found = dict(self.earned_now)
        for submission in self.items:
            item = self.proposal(submission)
            if item is not None and item.earned is not None:
                found[submission] = item.earned
        return found

    @cached_property
    def choices(self) -> dict[OwnerKey, Choice]:
        """Owner -> which attempt counts then, for owners of whom one counts now."""
        costs = LateCosts(self.assignment, {row.person_id for row in self.attempts})
        found = {}
        for key, rows in by_owner(self.attempts).items():
            choice = choice_of(self.assignment, rows, self.earned_then, costs)
            if choice is not None:
                found[key] = choice
        return found

    def lines(self, submission: Submission, choice: Choice) -> tuple[Lines, Lines]:
        """The points of the model that a grade rests on now, and of the one that it would rest on."""
        model = choice.model
        return self._held(submission.measured_pk), item.lines if (item := self.proposal(model)) else self._held(model)

    def _held(self, model: UUID) -> Lines:
        item = self.items.get(model)
        return item.before.points if item is not None and not self.is_overtaken(item) else []


def settled_of(grade: Grade, earned: Decimal, before: Lines, after: Lines) -> Settled | None:
    """Points given by hand for open lines. They stay where the same lines are open for the same points, and hold for the old result alone
    where others are."""
    last = next((step.event for step in reversed(grade.timeline) if step.event.kind == "benchmark"), None)
    if last is None or not last.is_by_person or last.points is None:
        return None
    return Settled(last.points - earned, _open(before) == _open(after))


def _open(lines: Lines) -> set[tuple[str, str]]:
    return {(line["key"], line["of"]) for line in lines if line.get("left_open")}


@dataclass(frozen=True)
class _Person:
    """One person whose grade rests on a measured model."""

    person: User
    choice: Choice
    item: RerunItem | None
    now: Decimal
    then: Decimal
    left_open: Decimal
    settled: Settled | None
    lines: list[dict[str, str]]


def table_of(rerun: Rerun) -> list[Row]:
    """One row a person whose grade rests on a measured attempt: those that change most first, then by name."""
    plan = Planned(rerun)
    rests_on = judged(rerun.assignment)
    grades = grades_of(rerun.assignment, rests_on)
    people = User.objects.in_bulk(list(rests_on))
    found = [
        one
        for pk, submission in rests_on.items()
        if (one := _person(plan, people[pk], grades[pk], submission)) is not None
    ]
    events = {one.person.pk: _event(one) for one in found if one.now != one.then or one.item is not None}
    then = grades_of(rerun.assignment, {one.person.pk for one in found}, events)
    asked = _regrades(rerun.assignment)
    rows = [
        _row(plan, one, grades[one.person.pk], then[one.person.pk], is_asked=one.person.pk in asked) for one in found
    ]
    return sorted(
        rows, key=lambda row: (-abs(Decimal(row["change"])), -abs(Decimal(row["measured_change"])), row["name"])
    )


def _person(plan: Planned, person: User, grade: Grade, submission: Submission) -> _Person | None:
    choice = plan.choices.get(owner_key(submission))
    now_on = plan.newest.get(submission.measured_pk)
    if choice is None or now_on is None:
        return None
    model = choice.model
    item, (before, after) = plan.proposal(model), plan.lines(submission, choice)
    settled = settled_of(grade, now_on[1], before, after)
    now = now_on[1] + (settled.given if settled else ZERO)
    then = plan.earned_then.get(model, ZERO) + (settled.given if settled and settled.stays else ZERO)
    left = item.left_open if item is not None and item.left_open is not None else ZERO
    is_open = bool(left) and not (settled and settled.stays)
    return _Person(
        person, choice, item, now, then, left if is_open else ZERO, settled, moved(before, after) if before else []
    )


def _event(one: _Person) -> Event:
    """What applying it would write."""
    stays = one.settled is not None and one.settled.stays
    of = one.item.of if one.item is not None else None
    return Event(
        0,
        "benchmark",
        datetime.max.replace(tzinfo=UTC),
        "",
        points=one.then,
        of=of,
        left_open=one.left_open,
        is_by_person=stays,
    )


def _regrades(assignment: Assignment) -> set[int]:
    """People with a regrade request that waits. One query."""
    rows = RegradeRequest.objects.filter(assignment=assignment, status__in=WAITING)
    return set(rows.values_list("person", flat=True))


def _row(plan: Planned, one: _Person, now: Grade, then: Grade, *, is_asked: bool) -> Row:
    change = (then.points or ZERO) - (now.points or ZERO)
    return {
        "person": one.person.pk, "name": one.person.name, "email": one.person.email,
        "team": one.choice.now.team.name if one.choice.now.team else "",
        "attempt": one.choice.now.number, "attempt_then": one.choice.then.number, "submission": str(one.choice.now.pk),
        "measured_now": f"{one.now:.2f}", "measured_then": f"{one.then:.2f}", "measured_change": f"{one.then - one.now:.2f}",
        "now": f"{now.points or ZERO:.2f}", "then": f"{then.points or ZERO:.2f}", "change": f"{change:.2f}", "of": f"{then.of:.2f}",
        "lines": one.lines, "notes": [{"code": code, "text": text} for code, text in _notes(plan, one, now, is_asked=is_asked)],
    }  # fmt: skip


def _notes(plan: Planned, one: _Person, now: Grade, *, is_asked: bool) -> Iterable[tuple[str, str]]:
    """What a reader has to know besides the numbers."""
    if now.is_set_by_hand:
        yield "by_hand", "The grade is set by hand and stands above it: the total stays."
    if one.settled is not None and one.settled.stays:
        yield "settled", f"{one.settled.given:.2f} points that the staff gave for open lines stay."
    elif one.settled is not None:
        yield (
            "settled_ends",
            f"{one.settled.given:.2f} points that the staff gave hold for the old result: other lines are open now, so give them anew.",
        )
    if one.left_open:
        yield "left_open", f"{one.left_open:.2f} points are left to the staff."
    if one.choice.then.pk != one.choice.now.pk:
        yield (
            "other_attempt",
            f"Attempt {one.choice.then.number} becomes the one that counts; it costs the same late days.",
        )
    if one.choice.better is not None:
        yield "stays", _stays(one.choice)
    if is_asked:
        yield "regrade", "A regrade request is open; it stays open."
    yield from _of_model(plan, one)


def _stays(choice: Choice) -> str:
    better = choice.better or choice.then
    now, then = choice.costs
    more = then.days_late - now.days_late
    if more:
        costs = f"costs {abs(more)} late day{'' if abs(more) == 1 else 's'} {'more' if more > 0 else 'less'}"
    else:
        costs = "costs other late days"
    return (
        f"Attempt {better.number} would be better by {choice.by:.2f} points and {costs}; attempt {choice.then.number} stays. "
        "The student may ask the staff to choose it."
    )


def _of_model(plan: Planned, one: _Person) -> Iterable[tuple[str, str]]:
    item = plan.items.get(one.choice.model)
    if item is None:
        yield "not_in_it", "The model came after the re-run was begun: it keeps its result."
    elif plan.is_overtaken(item):
        yield "overtaken", "It was measured again meanwhile: that result stays."
    elif item.state == ItemState.WAITING:
        yield "waiting", "Not measured yet."
    elif item.state in (ItemState.REFUSED, ItemState.FAILED):
        word = "The new check refuses it" if item.state == ItemState.REFUSED else "It could not be measured"
        yield item.state, f"{word}, so the old result stays: {item.said}"
    for found in item.evidence if item is not None else ():
        yield "evidence", f"Looks wrong: {found.get('sentence') or found.get('title', '')}"


def counts_of(rows: Iterable[Row], items: Iterable[tuple[str, int]] = ()) -> dict[str, Any]:
    """Of the grades in a table: how many, which way, by how much. items: states of models and how many are in each."""
    rows = list(rows)
    changes = [Decimal(row["change"]) for row in rows if Decimal(row["change"])]
    return {
        "grades": len(rows), "rise": sum(one > 0 for one in changes), "fall": sum(one < 0 for one in changes),
        "same": len(rows) - len(changes), "least": f"{min(changes, default=ZERO):.2f}", "most": f"{max(changes, default=ZERO):.2f}",
        "noted": sum(bool(row["notes"]) for row in rows), "models": dict(items),
    }  # fmt: skip


CSV_HEADS = (
    "Person", "E-mail", "Team", "Attempt", "Attempt then", "Measured now", "Measured then", "Points now", "Points then", "Change", "Of",
    "What moves", "Notes",
)  # fmt: skip


NUMBERS = ("measured_now", "measured_then", "now", "then", "change", "of")


def csv_row(row: Row) -> list[Any]:
    lines = "; ".join(f"{one['title']}: {one['was']} -> {one['will']}" for one in row["lines"])
    told = [row["name"], row["email"], row["team"], row["attempt"], row["attempt_then"]]
    return [*told, *(Decimal(row[key]) for key in NUMBERS), lines, " ".join(note["text"] for note in row["notes"])]
