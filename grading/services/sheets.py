"""The desk: sheets are made, claimed, kept alive, saved and released. Who meets whom there is decided by conditional updates.

A claim holds while its page speaks. Whoever saves must hold the claim and have seen the newest revision: what another tab or another
grader wrote is never written over.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course
from grading.desk.marks import cleaned, from_grade
from grading.grade_facts import grade_for, grades_of, items_of, somebody_of
from grading.models.assignments import Assignment
from grading.models.desk import FREE_AFTER, GradingSheet, Purpose
from grading.models.grades import GradeEvent, GradeKind, RubricItem
from grading.models.submissions import Submission
from grading.services.grade_writing import MOST_LETTERS

MOST_SECONDS = 60  # between two words of a page that still count as work: nobody grades while the page is silent


def sheets_prepare(*, assignment: Assignment) -> None:
    """A sheet for every owner whose work counts. One that was handed in again after it was graded is open again, with its ticks.

    Two queries where there is nothing to do.
    """
    if not _wanting(assignment):
        return
    with transaction.atomic():
        list(Assignment.objects.select_for_update(no_key=True).filter(pk=assignment.pk))
        sheets = GradingSheet.objects.filter(assignment=assignment, purpose=Purpose.GRADE)
        last = max(sheets.values_list("number", flat=True), default=0)
        made = [row for row in _wanting(assignment) if not _again(sheets, row)]
        # Shuffled by what nobody can count back from: their number must not tell who they are.
        graded = _graded_elsewhere(assignment, made)
        for number, row in enumerate(sorted(made, key=lambda row: row.pk.hex), last + 1):
            owner = {"team_id": row.team_id} if row.team_id else {"person_id": row.person_id}
            GradingSheet.objects.create(
                assignment=assignment, number=number, submission=row, **owner, **graded.get(row.pk, {})
            )


def _graded_elsewhere(assignment: Assignment, made: Sequence[Submission]) -> dict[UUID, dict[str, Any]]:
    """What the sheets of attempts hold that were marked to the end on the page of grades, before there was a sheet."""
    people, items = {row.person_id for row in made}, [one for one in items_of(assignment) if not one.is_withdrawn]
    needed = [one.key for one in items if not one.is_extra]
    if not needed or not GradeEvent.objects.filter(assignment=assignment, kind=GradeKind.RUBRIC).exists():
        return {}
    found, grades = dict[UUID, dict[str, Any]](), grades_of(assignment, people)
    marks = GradeEvent.objects.filter(assignment=assignment, person__in=people, kind=GradeKind.RUBRIC).order_by("pk")
    last = {event.person_id: event for event in marks}
    for row in made:
        grade = grades[row.person_id]
        given = [points for one in items if (points := grade.points_of(one.key)) is not None]
        if all(grade.points_of(key) is not None for key in needed):
            event = last[row.person_id]
            found[row.pk] = {
                "ticks": from_grade(items, grade), "points": sum(given), "done_at": event.made_at, "opened_at": event.made_at,
                "done_by_id": event.actor_person_id,
            }  # fmt: skip
    return found


def sheets_prepare_all(*, course: Course) -> None:
    """The same for all work of a course that has a rubric. One query where there is nothing to do."""
    known = GradingSheet.objects.filter(purpose=Purpose.GRADE, assignment__course=course).values("submission")
    rubric = RubricItem.objects.filter(assignment__course=course, is_withdrawn=False).values("assignment")
    active = Submission.objects.filter(assignment__in=rubric, assignment__is_withdrawn=False, is_active=True)
    for assignment in Assignment.objects.filter(pk__in=active.exclude(pk__in=known).values("assignment")):
        sheets_prepare(assignment=assignment)


def _wanting(assignment: Assignment) -> list[Submission]:
    """The active attempts that no sheet is about."""
    known = set(
        GradingSheet.objects.filter(assignment=assignment, purpose=Purpose.GRADE).values_list("submission", flat=True)
    )
    active = Submission.objects.filter(assignment=assignment, is_active=True).only("pk", "person", "team")
    return [row for row in active if row.pk not in known]


def _again(sheets: Any, row: Submission) -> bool:
    """Whether its owner has a sheet, which is about the newer attempt from now on."""
    mine = sheets.filter(team=row.team_id) if row.team_id else sheets.filter(team=None, person=row.person_id)
    mine.filter(done_at__isnull=False).update(
        submission=row, done_at=None, done_by=None, is_again=True, revision=F("revision") + 1
    )
    return bool(mine.update(submission=row))


@transaction.atomic
def sheet_claim(
    *, visit: Visit, sheet: GradingSheet, take_from: int | None = None, now: datetime | None = None
) -> GradingSheet:
    """It is this grader's from now on. take_from: key of the grader from whom it is taken, who is told at the next word of their page.

    Raises Conflict: `claimed`, also where somebody else was faster than who was to give it up.
    """
    now = now or timezone.now()
    rows = GradingSheet.objects.filter(pk=sheet.pk)
    kept = rows.filter(claimed_by=visit.person, seen_at__gte=now - FREE_AFTER).update(seen_at=now)
    wanted = rows.free_for(visit.person, now)
    if take_from is not None:
        wanted = rows.filter(Q(pk__in=wanted.values("pk")) | Q(claimed_by=take_from))
    if not kept and not wanted.update(
        claimed_by=visit.person, claimed_at=now, seen_at=now, opened_at=Coalesce("opened_at", now)
    ):
        held = _fresh(sheet)
        who = held.claimed_by.name if held.claimed_by else "Somebody"
        raise Conflict(f"{who} has {held} since {_at(held.claimed_at)}.", code="claimed")
    found = _fresh(sheet)
    if sheet.opened_at is None and not found.is_blind and not found.ticks:
        _prefill(found)
    return found


def sheet_open(*, visit: Visit, sheet: GradingSheet, now: datetime | None = None) -> GradingSheet:
    """What opening its page does: it is claimed where it is open and free, else read along. What the same grader had opened before and
    did not change is free for the others."""
    if sheet.done_at is not None:
        return sheet
    try:
        found = sheet_claim(visit=visit, sheet=sheet, now=now)
    except Conflict:
        return _fresh(sheet)
    others = GradingSheet.objects.filter(assignment=sheet.assignment, claimed_by=visit.person).exclude(pk=sheet.pk)
    others.filter(Q(saved_at=None) | Q(saved_at__lt=F("claimed_at"))).update(claimed_by=None, claimed_at=None)
    return found


def _prefill(sheet: GradingSheet) -> None:
    """What was marked elsewhere stands on a sheet that is opened for the first time."""
    person = somebody_of(sheet.submission)
    if person is not None:
        sheet.ticks = from_grade(items_of(sheet.assignment), grade_for(sheet.assignment, person))
        GradingSheet.objects.filter(pk=sheet.pk, revision=sheet.revision).update(ticks=sheet.ticks)


def sheet_touch(*, visit: Visit, sheet: GradingSheet, now: datetime | None = None) -> GradingSheet:
    """The page of its grader still speaks. Raises Conflict: `taken_over`, `claim_lost`, `done_already`."""
    now = now or timezone.now()
    if not _mine(visit, sheet).update(seen_at=now, seconds_spent=F("seconds_spent") + _spent(sheet, now)):
        raise _refusal(visit, _fresh(sheet))
    return _fresh(sheet)


def sheet_release(*, visit: Visit, sheet: GradingSheet, now: datetime | None = None) -> None:
    """Nobody has it any more; what was ticked stays on it. Of somebody else's claim nothing changes."""
    spent = F("seconds_spent") + _spent(sheet, now or timezone.now())
    rows = GradingSheet.objects.filter(pk=sheet.pk, claimed_by=visit.person)
    rows.update(claimed_by=None, claimed_at=None, seconds_spent=spent)


def sheet_save(
    *,
    visit: Visit,
    sheet: GradingSheet,
    revision: int,
    ticks: dict[str, Any],
    comment: str,
    now: datetime | None = None,
) -> GradingSheet:
    """Keep what was ticked and typed. revision: that of the page. A save whose answer was lost may be sent again.

    Raises Conflict: `taken_over`, `claim_lost`, `done_already`, `stale_sheet`; BadInput: `comment_too_long`.
    """
    now, text = now or timezone.now(), comment.replace("\x00", "").replace("\r\n", "\n")
    if len(text) > MOST_LETTERS:
        said = f"The comment has {len(text)} letters; {MOST_LETTERS} are the most. It is not saved."
        raise BadInput(said, code="comment_too_long", details={"field": "comment"})
    content = {"ticks": cleaned(items_of(sheet.assignment), ticks), "comment": text}
    if not _mine(visit, sheet).filter(revision=revision).update(
        **content, revision=revision + 1, saved_at=now, seen_at=now, seconds_spent=F("seconds_spent") + _spent(sheet, now)
    ):  # fmt: skip
        found = _fresh(sheet)
        is_repeated = found.revision == revision + 1 and (found.ticks, found.comment) == tuple(content.values())
        if not is_repeated or found.claimed_by_id != visit.person.pk or found.done_at is not None:
            raise _refusal(visit, found)
        return found
    return _fresh(sheet)


def sheet_reopen(*, visit: Visit, sheet: GradingSheet, now: datetime | None = None) -> GradingSheet:
    """A finished sheet can be changed again; its grade stays until it is done once more. Raises Conflict: `claimed`."""
    with transaction.atomic():
        found = sheet_claim(visit=visit, sheet=sheet, now=now)
        GradingSheet.objects.filter(pk=sheet.pk).update(done_at=None, done_by=None, revision=F("revision") + 1)
    return _fresh(found)


def sheet_check(visit: Visit, sheet: GradingSheet, revision: int) -> GradingSheet:
    """Inside a transaction: the sheet behind its lock. Raises Conflict unless it is this grader's, open, and as the page has shown it."""
    rows = GradingSheet.objects.select_for_update(of=("self",), no_key=True).filter(pk=sheet.pk)
    found = rows.select_related("claimed_by", "assignment__course").get()
    if found.claimed_by_id != visit.person.pk or found.done_at is not None or found.revision != revision:
        raise _refusal(visit, found)
    return found


def _mine(visit: Visit, sheet: GradingSheet) -> Any:
    return GradingSheet.objects.filter(pk=sheet.pk, claimed_by=visit.person, done_at=None)


def _fresh(sheet: GradingSheet) -> GradingSheet:
    found = GradingSheet.objects.select_related("claimed_by", "done_by").get(pk=sheet.pk)
    found.assignment = sheet.assignment
    return found


def _spent(sheet: GradingSheet, now: datetime) -> int:
    """Seconds of work since the page last spoke."""
    if sheet.seen_at is None or sheet.claimed_at is None:
        return 0
    return min(max(round((now - sheet.seen_at).total_seconds()), 0), MOST_SECONDS)


def _refusal(visit: Visit, found: GradingSheet) -> Conflict:
    kept = "What you typed stays on this page and is not saved."
    if found.claimed_by is not None and found.claimed_by_id != visit.person.pk:
        said = f"{found.claimed_by.name} took {found} over at {_at(found.claimed_at)}. {kept}"
        return Conflict(said, code="taken_over", details={"by": found.claimed_by.name})
    if found.done_at is not None:
        return Conflict(f"{found} is done since {_at(found.done_at)}. {kept}", code="done_already")
    if found.claimed_by is None:
        said = f"You released {found}, in another tab or by being away. {kept} Load the page again to go on."
        return Conflict(said, code="claim_lost")
    said = f"{found} was changed in another tab of yours. {kept} Load the page again to see the newer marks."
    return Conflict(said, code="stale_sheet", details={"revision": found.revision})


def _at(moment: datetime | None) -> str:
    return f"{timezone.localtime(moment):%H:%M}" if moment else "now"
