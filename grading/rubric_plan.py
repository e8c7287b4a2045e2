"""What another rubric means for everybody who was graded: read before it is applied, and once more behind the lock when it is. Writes nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from courseplatform.accounts.models import User
from grading.course_file.rubric import items_said
from grading.grade import Event, Grade
from grading.grade_facts import facts_of, is_visible, items_of, release_of
from grading.models.assignments import Assignment
from grading.models.grades import GradeEvent
from grading.rubric import ZERO, Item
from grading.rubric_change import Moved, Pair, change_words, grade_reasons, marks_of, moved_marks, pairs_of


@dataclass(frozen=True)
class PersonChange:
    """Somebody whose grade changes, or a mark in it. why: sentences."""

    person: User
    moved: tuple[Moved, ...]
    before: Grade
    after: Grade
    why: tuple[str, ...]

    @property
    def is_total(self) -> bool:
        """Whether the sum is another one; above a sum that was set by hand marks move and it stays."""
        return self.before.points != self.after.points

    @property
    def again(self) -> tuple[str, ...]:
        """Titles of what goes back to be graded."""
        return tuple(one.item.title for one in self.moved if one.after.points is None)


@dataclass(frozen=True)
class RubricPlan:
    """said: what changes in the rubric, in sentences. changes: by name. opened: people whose grade was complete and is not any more.
    of: what the assignment gives at most, before and after. digest: names all of it."""

    items: tuple[Item, ...]
    said: tuple[str, ...]
    changes: tuple[PersonChange, ...]
    opened: int
    of: tuple[Decimal, Decimal]
    is_visible: bool
    digest: str

    @property
    def totals(self) -> list[PersonChange]:
        return [one for one in self.changes if one.is_total]

    @property
    def again(self) -> int:
        """How many people have something that goes back to be graded."""
        return sum(bool(one.again) for one in self.changes)


def plan_rubric(assignment: Assignment, rubric: Sequence[dict[str, Any]]) -> RubricPlan:
    """rubric: entries of the course file, checked. Nine queries, whatever the number of people."""
    people = set(
        GradeEvent.objects.filter(assignment=assignment).order_by().values_list("person", flat=True).distinct()
    )
    facts = facts_of(assignment, people)
    items = items_said(facts.items, rubric)
    pairs = pairs_of(facts.items, items)
    named = User.objects.in_bulk(list(people))
    changes, opened = [], 0
    for person in people:
        before = facts.grade(person)
        marks = marks_of(before)
        moved = moved_marks(pairs, marks)
        after = facts.grade(person, items=items, then=[_event(one) for one in moved])
        opened += before.is_complete and not after.is_complete
        if moved or before.points != after.points:
            why = _why(pairs, marks, moved, before, after)
            changes.append(PersonChange(named[person], tuple(moved), before, after, tuple(dict.fromkeys(why))))
    changes.sort(key=lambda one: (one.person.name.casefold(), one.person.pk))
    nobody = facts.grade(0), facts.grade(0, items=items)
    digest = _digest(assignment, facts.items, items, changes)
    return RubricPlan(
        tuple(items), tuple(change_words(facts.items, items)), tuple(changes), opened, (nobody[0].of, nobody[1].of),
        is_visible(release_of(assignment)), digest,
    )  # fmt: skip


def _event(one: Moved) -> Event:
    """What applying it would write."""
    at = datetime.max.replace(tzinfo=UTC)
    return Event(0, "rubric", at, "", one.item.key, one.after.points, options=one.after.options)


def _why(
    pairs: Sequence[Pair], marks: dict[str, Any], moved: Sequence[Moved], before: Grade, after: Grade
) -> Iterator[str]:
    for one in moved:
        yield from one.why
    if before.points == after.points:
        if before.is_set_by_hand:
            yield "The whole is set by hand and stays."
        return
    yield from grade_reasons(pairs, marks)
    if before.of != after.of and any(line.kind == "late" for line in after.lines):
        yield f"The assignment is worth {after.of:.2f} instead of {before.of:.2f}, and what lateness takes follows from that."


def _digest(assignment: Assignment, old: Sequence[Item], new: Sequence[Item], changes: Sequence[PersonChange]) -> str:
    """Whoever is graded meanwhile and is not concerned changes no preview."""
    moves = [
        (one.person.pk, one.before.points, one.after.points, [(m.item.key, m.before, m.after) for m in one.moved])
        for one in changes
    ]
    return sha256(repr((assignment.pk, rubric_sign(old), rubric_sign(new), moves)).encode()).hexdigest()


def rubric_sign(items: Sequence[Item]) -> str:
    """Tells one rubric from another. What was withdrawn is no part of it."""
    live = [(item, item.offered) for item in items if not item.is_withdrawn]
    said = [
        (item.key, item.title, f"{item.of:.2f}", item.note, item.is_one_of, item.is_extra, [(o.key, o.title, f"{o.points:.2f}") for o in offered])
        for item, offered in live
    ]  # fmt: skip
    return sha256(repr(said).encode()).hexdigest()[:16]


def changes_rubric(assignment: Assignment, rubric: Sequence[dict[str, Any]]) -> bool:
    """Whether these entries say another rubric than there is. Two queries."""
    old = items_of(assignment)
    return rubric_sign(old) != rubric_sign(items_said(old, rubric))


def moved_points(plan: RubricPlan) -> Decimal:
    """What all sums move together."""
    return sum(((one.after.points or ZERO) - (one.before.points or ZERO) for one in plan.changes), ZERO)
