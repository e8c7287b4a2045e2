"""The stages of the project, changed on a page. A change goes the way of a course file: the same is refused, the same follows, and the next
import knows it as an edit."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.access import Visit
from courseplatform.courses.course_file.registry import file_parts
from courseplatform.courses.course_file.service import Plan, course_write, plan_import, sign_of, tree_of
from courseplatform.courses.course_file.writing import revive, to_text
from courseplatform.courses.models import Course, ScheduleChange

Item = dict[str, Any]


def stages_plan(*, course: Course, stages: Sequence[Item]) -> Plan:
    """What the course would be with these stages: entries of `project.stages` in the file, days as ISO text. None: no stages.

    Raises FileError where they do not fit together.
    """
    tree = tree_of(course)
    project = {key: value for key, value in tree.get("project", {}).items() if key != "stages"}
    project = {**({"stages": list(stages)} if stages else {}), **project}
    without = {key: value for key, value in tree.items() if key != "project"}
    whole = {**without, "project": project} if project else without
    return plan_import(to_text(revive(whole, file_parts.schema)).encode())


@transaction.atomic
def stages_save(*, visit: Visit, stages: Sequence[Item], seen: str) -> Course:
    """Write the stages. seen: the sign of the plan that the person has looked at.

    Raises FileError, BadInput (`no_change`), Conflict (`changed_meanwhile`).
    """
    course = Course.objects.select_for_update().get(pk=visit.course.pk)
    plan = stages_plan(course=course, stages=stages)
    if not plan.changes:
        raise BadInput("The stages are so already; nothing is changed.", code="no_change")
    if sign_of(plan) != seen:
        said = "What would change is another than you looked at, or the course was changed meanwhile. Nothing is changed; look at it again."
        raise Conflict(said, code="changed_meanwhile")
    course_write(course=course, plan=plan, by=visit.by)
    ScheduleChange.objects.create(course=course, by=visit.by, sentence="The stages of the project were changed.")
    return course
