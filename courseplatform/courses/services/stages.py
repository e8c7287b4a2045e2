"""The stages of the project, changed on a page as a part of the course file (parts.py)."""

from collections.abc import Sequence
from typing import Any

from courseplatform.courses.access import Visit
from courseplatform.courses.course_file.service import Plan
from courseplatform.courses.models import Course
from courseplatform.courses.services.parts import part_plan, part_save

Item = dict[str, Any]
KEY = "project"


def stages_plan(*, course: Course, stages: Sequence[Item]) -> Plan:
    """What the course would be with these stages: entries of `project.stages` in the file, days as ISO text. None: no stages.

    Raises FileError where they do not fit together.
    """
    return part_plan(course=course, key=KEY, value=_project(course, stages))


def stages_save(*, visit: Visit, stages: Sequence[Item], seen: str) -> Course:
    """Write the stages. seen: the sign of the plan that the person has looked at.

    Raises FileError, BadInput (`no_change`), Conflict (`changed_meanwhile`).
    """
    said = "The stages of the project were changed."
    project = _project(Course.objects.get(pk=visit.course.pk), stages)
    return part_save(visit=visit, key=KEY, value=project, seen=seen, name="The stages", sentence=said)


def _project(course: Course, stages: Sequence[Item]) -> dict[str, Any]:
    rest = {key: value for key, value in course.fact(KEY, default={}).items() if key != "stages"}
    return {**({"stages": list(stages)} if stages else {}), **rest}
