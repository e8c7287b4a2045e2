"""Opening a course to its members or to anybody, and taking it back to a draft."""

from django.db import transaction

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, ScheduleChange, Visibility
from courseplatform.courses.sections import registry

LOGGED = {
    Visibility.DRAFT: "{course} is a draft again, which only its staff see.",
    Visibility.MEMBERS: "{course} is open to its members.",
    Visibility.ANYBODY: "{course} is open to anybody.",
}


def visibility_set(*, visit: Visit, to: str, seen: str) -> Course:
    """Say who sees the course. The members are told when a draft opens to them; of what is closed nobody is told.

    seen: who saw it when the page was opened.

    Raises BadInput (`not_a_choice`), Conflict (`changed_meanwhile`, `no_change`).
    """
    if to not in Visibility.values:
        raise BadInput("Choose who sees the course: its staff, its members, or anybody.", code="not_a_choice")
    with transaction.atomic():
        course = Course.objects.select_for_update().get(pk=visit.course.pk)
        before = course.visibility
        if seen != before:
            said = f"Somebody else changed who sees the course; it is {before.label.lower()} now. Look at it again."
            raise Conflict(said, code="changed_meanwhile")
        if to == before:
            raise Conflict(f"It is {before.label.lower()} already; nothing is changed.", code="no_change")
        course.is_published = to != Visibility.DRAFT
        if course.is_published:  # a draft keeps what its file says about visitors
            course.is_public = to == Visibility.ANYBODY
        course.save(update_fields=["is_published", "is_public"])
        _log(visit, course, is_told=before == Visibility.DRAFT)
    return course


def _log(visit: Visit, course: Course, *, is_told: bool) -> None:
    sentence = LOGGED[course.visibility].format(course=course.name)
    change = ScheduleChange.objects.create(course=course, by=visit.by, sentence=sentence, is_told=is_told)
    if is_told:
        for listener in registry.change_listeners:
            listener(change)
