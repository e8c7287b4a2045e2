"""The parts of the course file that belong to the course itself."""

from dataclasses import replace
from typing import Any

from courseplatform.courses.course_file.course_part import COURSE_PARTS
from courseplatform.courses.course_file.facts import FACTS
from courseplatform.courses.course_file.grading_check import grading_check
from courseplatform.courses.course_file.registry import fact_part, file_parts
from courseplatform.courses.course_file.sessions_part import SESSIONS_PART
from courseplatform.courses.course_file.stages_check import stages_check
from courseplatform.courses.models import Course

AFTER_THE_SCHEDULE = {"findings": 900}
CHECKS = {"grading": grading_check, "project": stages_check}


def register() -> None:
    facts = [
        fact_part(key, AFTER_THE_SCHEDULE.get(key, 50 + n), schema, CHECKS.get(key))
        for n, (key, schema) in enumerate(FACTS.items())
    ]
    facts = [replace(part, dump=_grading) if part.key == "grading" else part for part in facts]
    file_parts.add(*COURSE_PARTS, SESSIONS_PART, *facts)


def _grading(course: Course) -> Any:
    """Of the demo without the assignments that feed a part: those that are invented do not stand in its file."""
    grading = course.facts.get("grading")
    if grading is None or not course.is_demo:
        return grading
    parts = [{key: value for key, value in part.items() if key != "of"} for part in grading.get("components", [])]
    return {**grading, "components": parts} if parts else grading
