"""The course's own facts, changed on a page: what it is called, when and in which zone it is held.

A change goes the way of a course file, so that the same is refused, the same follows and the same is told; only no file is recorded,
and the next import knows the change as an edit.
"""

from collections.abc import Mapping

from django.db import transaction

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.access import Visit
from courseplatform.courses.course_file.course_part import FACTS_CHANGED
from courseplatform.courses.course_file.registry import file_parts
from courseplatform.courses.course_file.service import Plan, course_write, plan_import, sign_of, tree_of
from courseplatform.courses.course_file.writing import revive, to_text
from courseplatform.courses.models import Course, ScheduleChange
from courseplatform.courses.sections import registry
from courseplatform.courses.zones import zone_words


def settings_plan(*, course: Course, values: Mapping[str, str]) -> Plan:
    """What the course would be with these facts: keys of `course` in the file, days as ISO text; an empty one is left out.

    Raises FileError where they do not fit together, or not with the schedule.
    """
    tree = tree_of(course)
    about = {key: value for key, value in {**tree["course"], **values}.items() if value != ""}
    return plan_import(to_text(revive({**tree, "course": about}, file_parts.schema)).encode())


def settings_save(*, visit: Visit, values: Mapping[str, str], seen: str) -> Course:
    """Write the facts. Members are told of another zone, since all times mean something else then.

    seen: the sign of the plan that the person has looked at.

    Raises FileError, BadInput (`no_change`), Conflict (`changed_meanwhile`).
    """
    with transaction.atomic():
        course = Course.objects.select_for_update().get(pk=visit.course.pk)
        plan, zone = settings_plan(course=course, values=values), course.zone
        if not plan.changes:
            raise BadInput("The course is so already; nothing is changed.", code="no_change")
        if sign_of(plan) != seen:
            said = "What would change is another than you looked at, or the course was changed meanwhile. Nothing is changed; look at it again."
            raise Conflict(said, code="changed_meanwhile")
        held = tree_of(course)["course"]
        course_write(course=course, plan=plan, by=visit.by)
        changed = [key.replace("_", " ") for key in values if held.get(key, "") != plan.tree["course"].get(key, "")]
        ScheduleChange.objects.create(course=course, by=visit.by, sentence=f"{FACTS_CHANGED}{', '.join(changed)}.")
        if course.zone != zone:
            _tell_zone(visit, course, zone)
    return course


def _tell_zone(visit: Visit, course: Course, before: str) -> None:
    was = f", no longer {zone_words(before)}" if before else ""
    sentence = f"All times of the course are {zone_words(course.zone)} now{was}." if course.zone else "The times of the course are in no zone now."  # fmt: skip
    change = ScheduleChange.objects.create(course=course, by=visit.by, sentence=sentence, is_told=True)
    for listener in registry.change_listeners:
        listener(change)
