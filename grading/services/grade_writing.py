"""What every change of a grade has in common: the lock, the check that nobody was faster, the events for everybody in the group, the news."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from courseplatform.accounts.models import User
from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Enrolment
from courseplatform.notices.services.notifications import notification_send
from grading.grade import Grade
from grading.grade_facts import Group, grades_of, group_of, who_see
from grading.models.assignments import Assignment
from grading.models.grades import GradeEvent, GradeKind, RubricItem, grade_path
from grading.models.regrades import RegradeRequest
from grading.rubric import Item, Mark, gone, ticked
from grading.services.grade_rows import grades_now_write

MOST = Decimal("9999.99")
MOST_LETTERS = 4000


@dataclass(frozen=True)
class Desk:
    """A group behind its lock, and the grades of its people as they are now."""

    assignment: Assignment
    group: Group
    grades: dict[int, Grade]

    @property
    def seen(self) -> int:
        """The newest event of anybody in the group: what a page must have shown for its changes to be taken."""
        return seen_of(self.grades)


def seen_of(grades: dict[int, Grade]) -> int:
    return max((grade.seen for grade in grades.values()), default=0)


def desk_locked(assignment: Assignment, person: User) -> Desk:
    """Inside a transaction: whoever changes these people's grades waits. It is the lock of their hand-ins, in the order of the keys.

    The group is read again behind the lock, because a hand-in may have come meanwhile.
    """
    while True:
        people = {one.pk for one in group_of(assignment, person).people}
        rows = Enrolment.objects.select_for_update(no_key=True).filter(course=assignment.course_id, person__in=people)
        list(rows.order_by("pk"))
        group = group_of(assignment, person)
        if {one.pk for one in group.people} <= people:
            return Desk(assignment, group, grades_of(assignment, {one.pk for one in group.people}))


def check_seen(desk: Desk, seen: int) -> None:
    """Raises Conflict (`stale_grade`): somebody changed the grade after the page was read."""
    if desk.seen == seen:
        return
    newest = GradeEvent.objects.filter(
        pk=desk.seen
    ).first()  # none where the page named one of a group that is another now
    by = newest.actor if newest else "Somebody"
    said = f"{by} changed this grade while you had the page open. Nothing of yours was saved yet: look at both, and save again."
    raise Conflict(said, code="stale_grade", details={"seen": desk.seen, "by": by})


def check_points(points: Decimal | None, most: Decimal, field: str) -> Decimal | None:
    """With two decimals. Raises BadInput (`points_out_of_range`, `too_many_decimals`)."""
    if points is None:
        return None
    if not points.is_finite() or not 0 <= points <= most:
        raise BadInput(f"Give 0 to {most:.2f} points.", code="points_out_of_range", details={"field": field})
    found = points.quantize(Decimal("0.01"))
    if found != points:  # not rounded: whoever types 1e-9 does not mean 0.00
        said = "Give points with at most two decimals, like 2.25."
        raise BadInput(said, code="too_many_decimals", details={"field": field})
    return found


def mark_of(grade: Grade, key: str) -> Mark:
    """What an item is worth now."""
    line = grade.line_of(key)
    return Mark(line.points, line.options) if line else Mark(None)


def mark_of_ticks(item: Item, keys: Collection[str]) -> Mark:
    """The options in the order of the rubric, so that equal ticks are equal marks.

    Raises Conflict (`rubric_changed`): what was ticked is not offered any more; BadInput (`tick_exactly_one`).
    """
    if lost := gone(item, keys):
        said = f"The rubric of {item.title} was changed while you graded: what you had ticked is not offered any more. Look at it again."
        raise Conflict(said, code="rubric_changed", details={"field": item.key, "gone": lost})
    sum_of = ticked(item, keys)
    if sum_of is None:
        raise BadInput(f"Tick exactly one of {item.title}.", code="tick_exactly_one", details={"field": item.key})
    return Mark(sum_of.points, tuple(option.key for option in item.offered if option.key in keys))


def check_text(text: str, field: str, said: str, *, least: int = 1, most: int = MOST_LETTERS) -> str:
    """Raises BadInput (`<field>_missing`, `<field>_too_short`, `<field>_too_long`). `said`: what is asked for."""
    found = text.replace("\x00", "").replace("\r\n", "\n").strip()
    details = {"field": field}
    if not found:
        raise BadInput(said, code=f"{field}_missing", details=details)
    if len(found) < least:
        raise BadInput(f"{said} At least {least} letters.", code=f"{field}_too_short", details=details)
    if len(found) > most:
        raise BadInput(f"At most {most} letters; these are {len(found)}.", code=f"{field}_too_long", details=details)
    return found


def events_add(
    *, visit: Visit, desk: Desk, people: Sequence[User], kind: GradeKind, points: Decimal | None = None, reason: str = "",
    item: RubricItem | None = None, options: Sequence[str] = (), cause: RegradeRequest | None = None,
) -> None:  # fmt: skip
    """One event for each of these people, and what their grades are after it."""
    events_write(
        visit=visit, desk=desk, people=people, kind=kind, points=points, reason=reason, item=item, options=options, cause=cause
    )  # fmt: skip
    grades_now_write(desk.assignment, [person.pk for person in people])


def events_write(
    *, visit: Visit, desk: Desk, people: Sequence[User], kind: GradeKind, points: Decimal | None = None, reason: str = "",
    item: RubricItem | None = None, options: Sequence[str] = (), cause: RegradeRequest | None = None,
) -> None:  # fmt: skip
    """The events alone: whoever writes several calls `grades_now_write` once after them."""
    for person in people:
        GradeEvent.objects.create(
            assignment=desk.assignment, person=person, kind=kind, item=item, options=list(options), points=points,
            reason=reason, cause=cause,
            submission=desk.group.submission, actor=visit.person.name[:120], actor_person=visit.person,
        )  # fmt: skip


def grade_changed_tell(*, desk: Desk, people: Sequence[User], text: str) -> None:
    """Tell these people that their grade changed, if they see it at all. The newest event names the news."""
    see = who_see(desk.assignment, {one.pk for one in people})
    people = [one for one in people if one.pk in see]
    if not people:
        return
    newest = GradeEvent.objects.filter(assignment=desk.assignment, person__in=people).order_by("pk").last()
    notification_send(
        course=desk.assignment.course, people=people, kind="grade", key=f"grade-event-{newest.pk if newest else 0}",
        title=f"Your grade of {desk.assignment.short} changed", text=text, path=grade_path(desk.assignment),
    )  # fmt: skip
