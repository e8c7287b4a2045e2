"""What an import changes on a schedule that people see: logged session by session, and told to the members."""

from typing import Any

from courseplatform.courses.models import Course, ScheduleChange, Session
from courseplatform.courses.sections import registry
from courseplatform.courses.services.sessions import FIELDS, SAID, change_sentence

ONE_BY_ONE = 3  # more than so many changes are told in one message
Seen = dict[int, dict[str, Any]]


def seen_sessions(course: Course) -> Seen:
    """The published sessions as they are now, by key."""
    rows = Session.objects.filter(course=course).shown_to(staff=False)
    return {row.pk: {name: getattr(row, name) for name in FIELDS} for row in rows}


def changes_tell(*, course: Course, before: Seen, by: str) -> list[ScheduleChange]:
    """Compare with what was seen before, write a row for each change, and tell the members of those that they plan by.

    Nothing was seen before a first import, so nobody is told of it.
    """
    if not before:
        return []
    now = {row.pk: row for row in Session.objects.filter(course=course).shown_to(staff=False)}
    found: list[tuple[Session | None, str, bool]] = []
    for pk, row in now.items():
        old = before.get(pk)
        changed = {name for name in FIELDS if old is None or getattr(row, name) != old[name]}
        if changed:
            sentence = change_sentence(row, old or {"title": ""}, changed, is_new=old is None)
            found.append((row, sentence, old is None or bool(changed & {*SAID})))
    found += [
        (None, f"{old['title']} was taken off the schedule.", True) for pk, old in before.items() if pk not in now
    ]
    changes = [
        ScheduleChange.objects.create(course=course, session=row, by=by, sentence=sentence[:400], is_told=told)
        for row, sentence, told in found
    ]
    _tell(course, [change for change in changes if change.is_told], by)
    return changes


def _tell(course: Course, changes: list[ScheduleChange], by: str) -> None:
    if len(changes) > ONE_BY_ONE:
        first = " ".join(change.sentence for change in changes[:2])
        said = f"{len(changes)} sessions of the schedule were changed. {first} And {len(changes) - 2} more."
        changes = [ScheduleChange.objects.create(course=course, by=by, sentence=said[:400], is_told=True)]
    for change in changes:
        for listener in registry.change_listeners:
            listener(change)
