"""What students will see and read once the grades are released: one grade as its page shows it, and the mail."""

from collections.abc import Collection, Sequence
from typing import Any

from courseplatform.accounts.models import User
from courseplatform.courses.access import Visit
from courseplatform.notices.kinds import MailChoice
from courseplatform.notices.mails import message_of
from courseplatform.notices.models import Notification
from grading.grade_facts import somebody_of
from grading.models.assignments import Assignment
from grading.models.desk import GradingSheet, Purpose
from grading.models.grades import grade_path
from grading.releases.choice import release_title
from grading.selectors.my_grade import explained

MAIL_ENDS = "\n-- \n"  # what follows is about mail in general, with a link that is each person's own


def preview(
    visit: Visit, assignment: Assignment, people: Sequence[User], done: Collection[int], who: str, words: str, *, hides: bool
) -> dict[str, Any]:  # fmt: skip
    """whom: those whose page can be looked at, by the number of their report where names are hidden."""
    whom, chosen = _by_number(assignment, who) if hides else _by_name(people, done, who)
    shown = explained(assignment, chosen, [], None) if chosen else {}
    return {"whom": whom, "mail": _mail(visit, assignment, words), "has_preview": chosen is not None, **shown}


def _by_name(people: Sequence[User], done: Collection[int], who: str) -> tuple[list[dict[str, Any]], User | None]:
    named = next((one for one in people if str(one.pk) == who), None)
    chosen = named or next((one for one in people if one.pk in done), people[0] if people else None)
    return [{"value": one.pk, "label": one.name, "chosen": one == chosen} for one in people], chosen


def _by_number(assignment: Assignment, who: str) -> tuple[list[dict[str, Any]], User | None]:
    """Three queries for the report that is shown."""
    found = GradingSheet.objects.filter(assignment=assignment, purpose=Purpose.GRADE).order_by("number")
    rows = list(found.select_related("submission__team", "submission__person", "submission__assignment__course"))
    row = next((one for one in rows if str(one.number) == who), None) or next(
        (one for one in rows if one.done_at), rows[0] if rows else None
    )
    whom = [{"value": one.number, "label": f"Report {one.number}", "chosen": one == row} for one in rows]
    return whom, somebody_of(row.submission) if row else None


def _mail(visit: Visit, assignment: Assignment, words: str) -> dict[str, str]:
    """As it goes to each, made by what makes the mails."""
    news = Notification(
        course=visit.course, person=visit.person, kind="grade", title=release_title(assignment.short), text=words,
        path=grade_path(assignment), mail=MailChoice.AT_ONCE,
    )  # fmt: skip
    found = message_of([news])
    return {"subject": str(found.subject), "body": str(found.body).split(MAIL_ENDS)[0].strip()}
