"""From grades to scores that wait: only released ones, only complete ones, only what changed."""

from datetime import datetime, timedelta
from hashlib import sha256

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.courses.models import Enrolment, Role
from courseplatform.lti.models import CourseLink
from courseplatform.lti.selectors import link_of_course, subs_of
from grading.grade_facts import grades_of, is_visible, judged, release_of, who_see
from grading.models.assignments import Assignment
from grading.models.grades import GradeEvent, RubricItem
from grading.models.late_days import LateVerdict
from grading.models.passback import Passback, PassbackScore, ScoreState
from grading.passback.plan import Wanted, changed, stamp_after

AT_LEAST = timedelta(minutes=10)  # what no marker tells, like a person who was enrolled again, is found then

NEWER = ["points", "of", "submitted_at", "stamp", "version", "state", "tries", "next_at", "problem", "problem_says"]


def passbacks_collect(*, now: datetime | None = None) -> int:
    """All assignments whose grades may have changed. Returns how many scores wait anew."""
    rows = Passback.objects.filter(is_on=True).select_related("assignment__course")
    return sum(passback_collect(passback=row, now=now) for row in rows)


def passback_collect(*, passback: Passback, now: datetime | None = None, force: bool = False) -> int:
    """Compare the grades with what was sent or waits; a newer grade takes the place of one that waits."""
    at, assignment = now or timezone.now(), passback.assignment
    link, release = link_of_course(assignment.course), release_of(assignment)
    if link is None or not is_visible(release):
        return 0
    marker = _marker(assignment, link, release.pk if release else 0)
    if not force and marker == passback.seen and passback.collected_at > at - AT_LEAST:
        return 0
    with transaction.atomic():
        row = Passback.objects.select_for_update().filter(pk=passback.pk, is_on=True).first()
        if row is None:
            return 0
        count = _queue(row, _wanted(assignment, link), at)
        Passback.objects.filter(pk=row.pk).update(seen=marker, collected_at=at)
    return count


def _marker(assignment: Assignment, link: CourseLink, release: int) -> str:
    """What changes whenever a grade may have: cheap to ask, compared as text."""
    events = GradeEvent.objects.filter(assignment=assignment).aggregate(newest=Max("pk"))["newest"]
    late = LateVerdict.objects.filter(assignment=assignment).aggregate(newest=Max("counted_at"))["newest"]
    items = list(RubricItem.objects.filter(assignment=assignment).values_list("points", "is_withdrawn", "is_extra"))
    known = link.platform.identities.count(), link.members.count()
    return f"{events} {release} {late and late.timestamp()} {sha256(str(items).encode()).hexdigest()[:12]} {assignment.points} {known}"[
        :200
    ]


def students_of(assignment: Assignment) -> list[User]:
    rows = Enrolment.objects.filter(course=assignment.course_id, role=Role.STUDENT, is_active=True)
    return [row.person for row in rows.select_related("person").order_by("person__name", "person__pk")]


def _wanted(assignment: Assignment, link: CourseLink) -> dict[int, Wanted]:
    everybody = students_of(assignment)
    see = who_see(assignment, {person.pk for person in everybody})
    people = [person for person in everybody if person.pk in see]
    subs = subs_of(link, people)
    ids = {person.pk for person in people if person.pk in subs}
    hand_ins = judged(assignment, ids)
    return {
        pk: Wanted(grade.points, grade.of, hand_ins[pk].received_at if pk in hand_ins else None)
        for pk, grade in grades_of(assignment, ids).items()
        if grade.is_complete and grade.points is not None and grade.of > 0
    }


def _queue(passback: Passback, wanted: dict[int, Wanted], now: datetime) -> int:
    rows = {row.person_id: row for row in PassbackScore.objects.select_for_update().filter(passback=passback)}
    kept = {pk: Wanted(row.points, row.of, row.submitted_at) for pk, row in rows.items()}
    found = changed(wanted, kept)
    fresh = [PassbackScore(passback=passback, person_id=pk, version=0) for pk in found if pk not in rows]
    known = [rows[pk] for pk in found if pk in rows]
    for row in (*fresh, *known):
        score = found[row.person_id]
        row.points, row.of, row.submitted_at = score.points, score.of, score.submitted_at
        row.stamp, row.version = stamp_after(row.stamp if row.version else None, now), row.version + 1
        row.state, row.tries, row.next_at, row.problem, row.problem_says = ScoreState.PENDING, 0, now, "", ""
    PassbackScore.objects.bulk_create(fresh)
    PassbackScore.objects.bulk_update(known, NEWER, batch_size=100)
    return len(found)
