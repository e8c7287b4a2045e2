"""One part of the course file, changed on a page. A change goes the way of a course file: the same is refused, the same follows, and the
next import knows it as an edit."""

from typing import Any

from django.db import transaction

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.access import Visit
from courseplatform.courses.course_file.registry import file_parts
from courseplatform.courses.course_file.service import Plan, course_write, plan_import, sign_of, tree_of
from courseplatform.courses.course_file.writing import revive, to_text
from courseplatform.courses.models import Course, ScheduleChange


def part_plan(*, course: Course, key: str, value: Any) -> Plan:
    """What the course would be with this value at the top key of its file, days as ISO text; empty: the key is left out.

    Raises FileError where it does not fit together.
    """
    tree = {name: held for name, held in tree_of(course).items() if name != key} | ({key: value} if value else {})
    return plan_import(to_text(revive(tree, file_parts.schema)).encode())


@transaction.atomic
def part_save(*, visit: Visit, key: str, value: Any, seen: str, name: str, sentence: str) -> Course:
    """Write the part. seen: the sign of the plan that the person has looked at. name: as it stands in a refusal: "The stages".

    Raises FileError, BadInput (`no_change`), Conflict (`changed_meanwhile`).
    """
    course = Course.objects.select_for_update().get(pk=visit.course.pk)
    plan = part_plan(course=course, key=key, value=value)
    if not plan.changes:
        raise BadInput(f"{name} are so already; nothing is changed.", code="no_change")
    if sign_of(plan) != seen:
        said = "What would change is another than you looked at, or the course was changed meanwhile. Nothing is changed; look at it again."
        raise Conflict(said, code="changed_meanwhile")
    course_write(course=course, plan=plan, by=visit.by)
    ScheduleChange.objects.create(course=course, by=visit.by, sentence=sentence[:400])
    return course
