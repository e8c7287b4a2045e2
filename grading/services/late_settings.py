"""The rules of lateness, changed on their pages: the late policy of the course, and the dates of an assignment.

Both end where the course file ends: an export holds what was written here, and an import shows that it would overwrite it.
"""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from courseplatform.core.errors import BadInput
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course
from grading.course_file.late.checked import refused_in
from grading.course_file.late.course_part import KEY
from grading.course_file.late.times import wrong_moment
from grading.models.assignments import ActiveRule, Assignment
from grading.services.activity import choose_again
from grading.services.course_log import change_log, due_words
from grading.services.late_days import late_days_mark_all


def policy_names(course: Course) -> set[str]:
    """The assignments that a policy may name: those of the course file, its drafts too."""
    found = Assignment.objects.kept_of(course).filter(is_demo=False)
    return set(found.values_list("slug", flat=True))


@transaction.atomic
def late_policy_save(*, visit: Visit, policy: dict[str, Any]) -> None:
    """Write the fields of the late policy into the course; its heading and its source stay. Everybody's late days are counted again.

    Raises BadInput with the code of what is refused (docs/late-days.md), or `no_change`.
    """
    course = Course.objects.select_for_update(no_key=True).get(pk=visit.course.pk)
    for refused in refused_in(policy, policy_names(course)):
        raise BadInput(refused.sentence, code=refused.code, details={"path": list(refused.path)})
    held = course.facts.get(KEY, {})
    if held.get("policy") == policy:
        raise BadInput("The policy says this already; nothing is changed.", code="no_change")
    course.facts = {**course.facts, KEY: {**held, "policy": policy}}
    course.save(update_fields=["facts"])
    said = "The late policy was changed." if held else "The course has a late policy now."
    change_log(visit=visit, sentence=said, is_told=True)
    late_days_mark_all(course=course, cause="the late policy was changed", actor=visit.person.name)


@dataclass(frozen=True)
class Dates:
    """When an assignment opens and is due (wall times of the course; empty: none), how far its lateness reaches, and which attempt counts.

    late_rules: `cap`, `no_late` and `cutoff`, as the course file says them.
    """

    released: str
    due: str
    active_rule: str
    late_rules: dict[str, Any]


@transaction.atomic
def assignment_dates_save(*, visit: Visit, assignment: Assignment, dates: Dates) -> None:
    """Members are told of another due time; everybody's late days are counted again.

    Raises BadInput: `no_such_time`, `ends_before_it_begins`, `not_a_choice`, `no_change`.
    """
    row = Assignment.objects.select_for_update().select_related("course").get(pk=assignment.pk, course=visit.course)
    _check(row, dates)
    before, was = _held(row), row.due_at
    row.set_dates(released=dates.released, due=dates.due)
    if row.released_at and row.due_at and row.released_at >= row.due_at:
        raise _refused("It would be due before it opens.", "ends_before_it_begins", "due")
    row.sequence += 1 if row.due_at != was else 0  # the calendars take the new time only by a higher number
    is_other_rule = row.active_rule != dates.active_rule
    row.active_rule, row.late_rules = dates.active_rule, dates.late_rules
    if _held(row) == before:
        raise BadInput("The dates say this already; nothing is changed.", code="no_change")
    row.save()
    if is_other_rule:
        choose_again(row)
    if row.due_at != was:
        change_log(visit=visit, sentence=due_words(row), is_told=not row.is_draft)
    late_days_mark_all(course=row.course, cause=f"the dates of {row.short} were changed", actor=visit.person.name)


def _held(row: Assignment) -> tuple[object, ...]:
    return (row.released_at, row.released_wall, row.due_at, row.due_wall, row.active_rule, row.late_rules)


def _check(row: Assignment, dates: Dates) -> None:
    cutoff = dates.late_rules.get("cutoff", "")
    said = {"released": dates.released, "due": dates.due, "cutoff": cutoff if isinstance(cutoff, str) else ""}
    for field, text in said.items():
        if wrong := wrong_moment(text, row.course.tz):
            raise _refused(wrong[0].upper() + wrong[1:], "no_such_time", field)
    if dates.active_rule not in ActiveRule.values:
        raise _refused("Choose which attempt counts.", "not_a_choice", "active_rule")


def _refused(sentence: str, code: str, field: str) -> BadInput:
    return BadInput(sentence, code=code, details={"field": field})
