"""What becomes of hand-ins when two accounts of one person become one."""

from typing import Any

from django.db.models import Max
from django.utils import timezone

from courseplatform.accounts.merging import AFTERWARDS, Report, decide, stay
from courseplatform.accounts.models import User
from grading.models.assignments import Assignment
from grading.models.grades import GradeEvent
from grading.models.pieces import Piece
from grading.models.submissions import Submission
from grading.services.activity import make_active
from grading.services.grade_rows import grades_now_write


def _submissions(old: Any, new: Any, rows: list[Any], report: Report) -> list[Any]:
    """Attempts of the same lab under both accounts: those of the joined account come after the others, and the best one counts.

    Receipts keep the number that they were given.
    """
    for row in sorted(rows, key=lambda row: (row.assignment_id, row.number)):
        both = Submission.objects.filter(assignment=row.assignment_id, team=None, person__in=[old.pk, new.pk])
        last = both.aggregate(last=Max("number"))["last"] or 0
        if both.filter(person=new.pk, upload_key=row.upload_key).exists():
            report.decided.append(f"{row} stays with the joined account: it is the same upload.")
            continue
        Submission.objects.filter(pk=row.pk).update(person=new, number=last + 1, is_active=False)
        report.decided.append(f"{row} becomes attempt {last + 1} of {row.assignment.short}.")
        make_active(Submission.objects.get(pk=row.pk))
    return []


def _pieces(old: Any, new: Any, rows: list[Any], report: Report) -> list[Any]:
    """What lies on both desks: that of the remaining account stays, the other's is taken away and kept with what was handed in.

    A key that both accounts used (a page open in two of them) is forgotten: it only tells one person's click from the next.
    """
    theirs = Piece.objects.filter(person=new)
    used = theirs.filter(upload_key__in=[row.upload_key for row in rows if row.upload_key])
    keys = set(used.values_list("upload_key", flat=True))
    Piece.objects.filter(pk__in=[row.pk for row in rows if row.upload_key in keys]).update(upload_key=None)
    there = set(theirs.standing().filter(team=None).values_list("assignment_id", "part"))
    twice = [
        row
        for row in rows
        if row.removed_at is None
        and row.team_id is None
        and row.kind != "models"
        and (row.assignment_id, row.part) in there
    ]
    Piece.objects.filter(pk__in=[row.pk for row in twice]).update(removed_at=timezone.now())
    report.decided += [f"{row} is taken from the desk: the remaining account has this part already." for row in twice]
    return rows


def _grades(winner: User) -> None:
    """The events of both accounts are one history now, and its sum another."""
    graded = GradeEvent.objects.filter(person=winner).order_by("assignment").values("assignment").distinct()
    for assignment in Assignment.objects.filter(pk__in=graded).order_by("pk"):
        grades_now_write(assignment, [winner.pk])


def register_decisions() -> None:
    decide("grading.GradeNow.person", stay("that of the remaining account says what all events together come to"))
    AFTERWARDS.append(_grades)
    decide("grading.Piece.person", _pieces)
    decide("grading.Submission.person", _submissions)
    decide("grading.Excuse.person", stay("the remaining account is excused already"))
    decide("grading.RegradeRequest.person", stay("the remaining account asked about the same item"))
    decide("grading.Nickname.person", stay("the remaining account has a nickname of its own in this course"))
    decide("grading.GradingSheet.person", stay("the remaining account has a sheet for this work already"))
    decide("grading.GradingSheet.grader", stay("the remaining account has marked these samples already"))
    decide("grading.Snippet.owner", stay("the remaining account has other words under these letters"))
    decide("grading.ReleasedTo.person", stay("the remaining account sees this grade already"))
    decide("grading.LateVerdict.person", stay("late days are counted anew"))
    decide("grading.PassbackScore.person", stay("a score of the remaining account is there already"))
