"""The return of the hardware as the loans ask for it: when it is due for a borrower, and what lateness would cost."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from functools import partial

from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.courses.models import Course
from courseplatform.teams.models import Membership, Team
from courseplatform.teams.selectors.membership import members_at
from grading.late.words_of_time import moment, units
from grading.late_rows.facts import later
from grading.late_rows.preview import late_table
from grading.models.assignments import Assignment
from grading.models.late_days import Accommodation, Extension
from grading.models.owners import Owner
from grading.returns.work import return_of
from hardware.hooks import BorrowerKey, ReturnDay


def return_day_of(course: Course, person: User | None, team: Team | None) -> ReturnDay | None:
    """The due time of the course's return with the extensions of this borrower, and what late days mean for them now."""
    item = return_of(course)
    if item is None or item.due_at is None:  # a return may be announced before its day is known
        return None
    borrower = (person.pk if person else None, team.pk if team else None)
    due = return_dues(course, {borrower})[borrower]
    return ReturnDay(item.slug, item.full_title, due, item.get_absolute_url(), partial(late_words, item, person, team))


def return_dues(course: Course, borrowers: Collection[BorrowerKey]) -> dict[BorrowerKey, datetime]:
    """Of many borrowers at once. Four queries. A member's accommodation is that member's alone; an extension of a team is everybody's."""
    item = return_of(course)
    if item is None or item.due_at is None or not borrowers:
        return {}
    people = {person for person, _ in borrowers if person}
    moved = defaultdict[BorrowerKey, list[datetime]](list)
    for row in Extension.objects.filter(assignment=item, withdrawn_at=None, keeps_penalty=False):
        if row.until_at is not None:
            moved[(None, row.team_id) if row.team_id else (row.person_id, None)].append(row.until_at)
    for rule in Accommodation.objects.filter(course=course, person__in=people, withdrawn_at=None):
        if not rule.kinds or item.kind in rule.kinds:
            moved[rule.person_id, None].append(later(item, rule.extra_days))
    here = Membership.objects.filter(course=course, person__in=people, until_at=None)
    team_of = dict(here.values_list("person", "team"))
    return {
        one: max([item.due_at, *moved[one], *(moved[None, team_of[one[0]]] if one[0] in team_of else ())])
        for one in borrowers
    }


def late_words(item: Assignment, person: User | None, team: Team | None) -> str:
    """`5 late days are left: back by Tue Dec 12, 23:59 EST it costs 5 of them, and no points.`"""
    people = [person] if person else members_at(team) if team else []
    table = late_table(item.course, item, Owner(people[0], team), timezone.now()) if people and people[0] else None
    if table is None or table.left is None:
        return ""
    policy, left = table.facts.policy, table.left
    free = [row for row in table.rows if row.verdict.accepted and row.verdict.max_percent == 100 and row.verdict.free_days_used]  # fmt: skip
    if not left or not free:
        return f"No {units(policy, 1).removeprefix('1 ')} is left for it." if not left else ""
    used = free[-1].verdict.free_days_used
    are = "is" if left == 1 else "are"
    return f"{units(policy, left)} {are} left: back by {moment(free[-1].by, policy.zone)} it costs {used} of them, and no points."
