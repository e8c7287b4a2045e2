"""Late days of the demo course, and its grading scheme: the policy, what the staff gave, and a ledger that is dated as if it had been written then.

Last of all parts, because late days belong to teams, and those come after the hand-ins: whoever handed in alone is charged to the bank of the
team that they were in. The receipts are signed once more, now that a policy says what they cost.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from courseplatform.accounts.models import User
from courseplatform.courses.access import Visit, visit_of
from courseplatform.courses.models import Course
from courseplatform.teams.models import Membership, Team
from grading.handing_in.receipts import receipt_facts, sign
from grading.late_rows.facts import everybody, facts_of
from grading.late_rows.preview import verdict_of
from grading.models.assignments import Assignment
from grading.models.late_days import EntryKind, Extension, LateEntry
from grading.models.owners import Owner
from grading.models.submissions import Submission
from grading.services.late_days import late_days_count
from grading.services.late_favours import extension_give, grant_give, owners_in

GIVER = "helen.castell@example.edu"


def load(*, course: Course, people: Mapping[str, User], overlay: Mapping[str, Any], now: datetime) -> None:
    """Called once on the fresh demo course, inside its transaction."""
    course.facts = course.facts | {"late_policy": overlay["late_policy"], "grading": overlay["grading"]}
    course.save(update_fields=["facts"])
    visit = visit_of(people[GIVER], course.slug)
    for fact in overlay["late_favours"]:
        _give(visit, fact, people, now)
    late_days_count(course=course, people={user.pk for user in everybody(course).people.values()})
    _date_ledger(course)
    _sign_again(course)


def _give(visit: Visit, fact: Mapping[str, Any], people: Mapping[str, User], now: datetime) -> None:
    at = now - timedelta(days=fact["days_ago"])
    owners = _owners(visit.course, fact, people)
    if fact["kind"] != "extension":
        batch = grant_give(
            visit=visit, owners=owners, days=fact["days"], reason=fact["reason"], is_refund=fact["kind"] == "refund"
        )
        LateEntry._base_manager.filter(batch=batch).update(made_at=at)
        return
    assignment = Assignment.objects.of(visit.course).select_related("course").get(slug=fact["assignment"])
    until = ""
    if "days_later" in fact:
        wall = datetime.fromisoformat(assignment.due_wall) + timedelta(days=fact["days_later"])
        until = f"{wall:%Y-%m-%d %H:%M}"
    batch = extension_give(
        visit=visit,
        assignment=assignment,
        owners=owners,
        reason=fact["reason"],
        until=until,
        units=fact.get("units", 0),
    )
    Extension.objects.filter(batch=batch).update(made_at=at)


def _owners(course: Course, fact: Mapping[str, Any], people: Mapping[str, User]) -> list[Owner]:
    if "team" in fact:
        return owners_in(course, teams=[Team.objects.get(course=course, name=fact["team"])])
    return owners_in(course, people=[people[fact["person"]]])


def _date_ledger(course: Course) -> None:
    """The count has written all lines just now; in the story each was written when it happened."""
    lines = LateEntry._base_manager.filter(course=course)
    for line in lines.filter(kind=EntryKind.SPEND).select_related("submission"):
        if line.submission is not None:
            lines.filter(pk=line.pk).update(made_at=line.submission.received_at)
    for line in lines.filter(kind=EntryKind.POLICY, team__isnull=False):
        first = Membership.objects.filter(team=line.team_id).order_by("since_at").first()
        if first is not None:
            lines.filter(pk=line.pk).update(made_at=first.since_at)


def _sign_again(course: Course) -> None:
    facts = facts_of(everybody(course))
    for submission in Submission.objects.filter(assignment__course=course).select_related(
        "assignment__course", "person", "team"
    ):
        submission.signature = sign(receipt_facts(submission, verdict_of(submission, facts)))
        submission.save(update_fields=["signature"])
