"""Two steps of every change that may cost somebody something: it is tried and shown, and only what was seen is kept.

The trial is the change itself, in a transaction that is rolled back: so that what is shown is what would be, refusals included.
"""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from django.db import transaction

from courseplatform.courses.models import Course
from grading.late_rows.compare import CostChange, compared
from grading.late_rows.facts import Circle, LateFacts, everybody, facts_of
from grading.services.late_days import lock_circle


@dataclass(frozen=True)
class Trial:
    """changes: whose cost differs. digest: names values, facts and changes; is_done: they were those that were seen, and it is kept.

    is_other: something was seen, and it is not what would happen now.
    """

    changes: list[CostChange]
    digest: str
    is_done: bool
    is_other: bool = False


def late_change_try(
    *, course: Course, act: Callable[[], object], values: Any, people: Collection[int] | None = None, seen: str = ""
) -> Trial:
    """Do `act`, compare what everything costs before and after, and keep it only if that is what was seen.

    Args:
        act: the service that changes something. What it raises is raised: then nothing is changed.
        values: what was filled in, as values that JSON can hold.
        people: keys of those whom it may concern, with the circle around them; None: everybody.
        seen: the digest of the trial that the person looked at; empty: it is only shown.
    """
    judged: Trial | None = None
    with transaction.atomic():
        # One change at a time; `no_key`, so that a hand-in, whose row points to the course, need not wait.
        Course.objects.select_for_update(no_key=True).get(pk=course.pk)
        circle = everybody(course) if people is None else lock_circle(course=course, people=people)
        before = facts_of(circle)
        act()
        after = facts_of(replace(circle, course=Course.objects.get(pk=course.pk)))
        if seen:
            judged = _judged(circle, values, before, after, seen)
        if judged is None or not judged.is_done:
            transaction.set_rollback(True)
    # What is only shown is judged outside: a class of 600 takes seconds, and nobody's hand-in has to wait for them.
    return judged or _judged(circle, values, before, after, seen)


def _judged(circle: Circle, values: Any, before: LateFacts | None, after: LateFacts | None, seen: str) -> Trial:
    changes = compared(before, after)
    digest = _digest(circle, values, before, changes)
    return Trial(changes, digest, is_done=seen == digest, is_other=seen not in ("", digest))


def _digest(circle: Circle, values: Any, before: LateFacts | None, changes: list[CostChange]) -> str:
    """Hand-ins count by what they cost alone: on the night of a deadline they arrive all the time, and change no preview that they do
    not concern. Everything that staff gave counts, so that the same favour is not given twice by a second click."""
    given = None
    if before is not None:
        given = [before.extensions, before.grants, before.excused, before.policy, sorted(before.deadlines.items())]
    said = [(c.person.pk, c.assignment, repr(c.before), repr(c.after)) for c in changes]
    text = json.dumps([circle.course.pk, values, repr(given), said], sort_keys=True, default=str)
    return sha256(text.encode()).hexdigest()
