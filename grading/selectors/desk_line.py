"""The reports of an assignment as they come to a grader: their order, who has which, what is next, how far everybody is."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from courseplatform.core import numbers
from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, Enrolment, Role
from courseplatform.teams.models import Membership
from grading.anonymity import names_hidden
from grading.desk.order import USUAL, onward, order_of, shuffled
from grading.desk.pace import median_seconds
from grading.models.assignments import Assignment
from grading.models.desk import GradingSheet, Purpose

RELATED = ("claimed_by", "done_by", "person", "team", "submission")


def sheet_get(visit: Visit, assignment: Assignment, number: int) -> GradingSheet:
    """Raises NotHere, also for the sample of another grader."""
    found = GradingSheet.objects.filter(assignment=assignment, number=number).select_related(*RELATED).first()
    if found is None or (found.is_blind and found.grader_id != visit.person.pk):
        raise NotHere("There is no such report at this desk.")
    found.assignment = found.submission.assignment = assignment
    return found


@dataclass(frozen=True)
class Line:
    """rows: in the order of this grader. item: key of the one item that is graded across all reports; "": whole reports."""

    rows: tuple[GradingSheet, ...]
    order: str
    item: str
    grader: int
    now: datetime

    @property
    def query(self) -> str:
        """What the addresses of the line carry along: ?order=time&item=report."""
        said = {"order": self.order if self.order != USUAL else "", "item": self.item}
        found = urlencode({key: value for key, value in said.items() if value})
        return f"?{found}" if found else ""

    def next_after(self, number: int, step: int = 1) -> GradingSheet | None:
        """The next report that is open for this grader; None: nothing is left."""
        return next((row for row in onward(self.rows, number, step) if self.is_open(row)), None)

    def address(self, row: GradingSheet | None) -> str:
        return f"{row.get_absolute_url()}{self.query}" if row else ""

    def is_open(self, row: GradingSheet) -> bool:
        """Not done, and nobody else has it; by question: its item lacks a mark."""
        holder = row.held_by(self.now)
        return not self.is_done(row) and (holder is None or holder.pk == self.grader)

    def is_done(self, row: GradingSheet) -> bool:
        return row.done_at is not None or bool(self.item and self.item in row.ticks)


def line_of(
    visit: Visit, assignment: Assignment, now: datetime, *, order: str = "", item: str = "", samples: bool = False
) -> Line:
    """Three queries, and one more where names may be hidden. Without the reports of who left the course."""
    purpose = {"purpose": Purpose.SAMPLE, "grader": visit.person} if samples else {"purpose": Purpose.GRADE}
    rows = list(GradingSheet.objects.filter(assignment=assignment, **purpose).select_related(*RELATED))
    gone = set() if samples else gone_of(visit.course, rows)
    rows = [row for row in rows if row.pk not in gone]
    for row in rows:
        row.assignment = assignment
    chosen = order_of(order, has_names=not names_hidden(visit, assignment))
    if chosen == "time":
        rows.sort(key=lambda row: row.submission.received_at)
    elif chosen == "name":
        rows.sort(key=lambda row: (row.team.name if row.team else row.person.name if row.person else "").casefold())
    else:
        rows = shuffled(rows, grader=visit.person.pk, salt=assignment.slug)
    return Line(tuple(rows), chosen, item, visit.person.pk, now)


def gone_of(course: Course, rows: Iterable[GradingSheet]) -> set[int]:
    """Keys of the sheets of whose people nobody is a student here any more: they leave the line, and stay where they are. Two queries."""
    here = set(
        Enrolment.objects.filter(course=course, role=Role.STUDENT, is_active=True).values_list("person", flat=True)
    )
    found, members = list(rows), defaultdict[int, set[int]](set)
    teams = {row.team_id for row in found if row.team_id}
    for team, person in Membership.objects.filter(team__in=teams).values_list("team", "person") if teams else ():
        members[team].add(person)
    return {row.pk for row in found if not (members[row.team_id] if row.team_id else {row.person_id}) & here}


def progress(line: Line, current: GradingSheet | None) -> dict[str, Any]:
    """What the head shows: squares, words, and how long the rest takes."""
    done = [row for row in line.rows if line.is_done(row) and (current is None or row.pk != current.pk)]
    mine = [
        row
        for row in done
        if row.done_by_id == line.grader or (row.done_at is None and row.claimed_by_id == line.grader)
    ]
    here = current is not None and any(row.pk == current.pk for row in line.rows)
    left = len(line.rows) - len(done)
    seconds = median_seconds(
        [row.seconds_spent for row in mine if row.done_at and row.seconds_spent],
        [row.seconds_spent for row in done if row.done_at and row.seconds_spent],
    )
    squares = ["mine"] * len(mine) + ["theirs"] * (len(done) - len(mine)) + ["now"] * here + [""] * (left - here)
    return {
        "mine": len(mine), "others": len(done) - len(mine), "graded": len(done), "left": left, "of": len(line.rows),
        "squares": squares if len(squares) <= MOST_SQUARES else [],
        "median": numbers.span(timedelta(seconds=seconds)) if seconds else "",
        "left_time": _about(seconds * left) if seconds and left else "",
    }  # fmt: skip


MOST_SQUARES = 80  # more are a bar


def _about(seconds: int) -> str:
    """about 24 min; about 3 h 10 min"""
    minutes = max(round(seconds / 60), 1)
    return f"about {numbers.span(timedelta(minutes=minutes))}"
