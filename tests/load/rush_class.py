"""A class for the deadline rush: so many students in the demo course, with what a term leaves behind. Called in the settings of the site.

python -m tests.load.rush_class SECONDS STUDENTS FILE

Everybody is in a team of the project, has Lab 1 and Lab 2 measured (the rows that the bench worker made for the demo's own students, under
another name), four graded reports, notifications, and a session that is open already. Lab 3 is due in SECONDS and takes 24 MiB. FILE gets
what the visitors need: the cookie of each, and the addresses of their results.
"""

import json
import os
import random
import sys
import uuid
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

COURSE, LAB, LARGEST = "demo", "lab3", 24 << 20
EARLIER, REPORTS, NOTICES, IN_A_TEAM = ("lab1", "lab2"), ("report1", "report2", "report3", "report4"), 12, 3


def fill(students: int, due_at: datetime) -> dict[str, Any]:
    """Make the class; returns what its visitors need: {"due_at", "people": [{"cookie", "runs"}]}."""
    from django.db import transaction

    with transaction.atomic():
        people = _people(students)
        _teams(people)
        runs = {lab: _earlier(lab, people) for lab in EARLIER}
        _reports(people)
        _notices(people)
        _due(due_at)
        cookies = [_session(person) for person in people]
    return {
        "due_at": due_at.isoformat(),
        "target": _target(),
        "people": [
            {"pk": one.pk, "cookie": cookie, "runs": [str(runs[lab][n]) for lab in EARLIER]}
            for n, (one, cookie) in enumerate(zip(people, cookies, strict=True))
        ],
    }


def _course() -> Any:
    from courseplatform.courses.models import Course

    return Course.objects.get(slug=COURSE)


def _people(students: int) -> list[Any]:
    from courseplatform.accounts.models import User
    from courseplatform.courses.models import Enrolment, Role

    first = ["Ada", "Ben", "Chen", "Dora", "Emil", "Fatima", "Goran"]
    last = ["Adeyemi", "Brandt", "Castro", "Ivanova", "Okonkwo", "Lindqvist", "Moreau"]
    people = User.objects.bulk_create(
        User(email=f"rush{n}@example.edu", name=f"{first[n % 7]} {last[n // 7 % 7]} {n}", password="!") for n in range(students)
    )  # fmt: skip
    Enrolment.objects.bulk_create(Enrolment(course=_course(), person=one, role=Role.STUDENT) for one in people)
    return people


def _teams(people: list[Any]) -> None:
    from django.utils import timezone

    from courseplatform.teams.models import Membership, Team

    course, since = _course(), timezone.now() - timedelta(days=40)
    teams = Team.objects.bulk_create(
        Team(course=course, name=f"Flock {n}", slug=f"flock-{n}", project_title=f"Keyword spotting, variant {n}", status="confirmed", made_at=since)
        for n in range(-(-len(people) // IN_A_TEAM))
    )  # fmt: skip
    Membership.objects.bulk_create(
        Membership(team=teams[n // IN_A_TEAM], course=course, person=one, since_at=since, begun_by=one.email)
        for n, one in enumerate(people)
    )


def _earlier(lab: str, people: list[Any]) -> list[uuid.UUID]:
    """A measured attempt of each, made of one that the worker has measured. Returns the runs."""
    from grading.models import Assignment, ClassPoint, GradeNow, LateVerdict, Result, Run, Submission
    from hardware.models import Job

    work = Assignment.objects.get(course__slug=COURSE, slug=lab)
    known = Result.objects.select_related("run__submission").filter(
        run__submission__assignment=work, run__submission__is_active=True
    )
    samples, runs = list(known), []  # fmt: skip
    submissions, jobs, results, points, verdicts, grades = [], [], [], [], [], []
    for n, person in enumerate(people):
        sample = samples[n % len(samples)]
        run, attempt = sample.run, sample.run.submission
        new = _copy(
            attempt,
            Submission,
            id=uuid.uuid4(),
            person=person,
            team=None,
            upload_key=uuid.uuid4(),
            receipt=f"RUSH-{lab}-{n}",
            number=1,
        )
        job = _copy(run, Job, id=uuid.uuid4(), owner_key=f"person:{person.pk}")
        submissions.append(new)
        jobs.append(job)
        runs.append((job, new))
        results.append(_copy(sample, Result, id=None, run_id=job.pk))
        for model, rows in ((LateVerdict, verdicts), (GradeNow, grades)):
            found = model.objects.filter(assignment=work, person=attempt.person).first()
            if found:
                mine = {"submission": new} if model is LateVerdict else {}
                rows.append(_copy(found, model, id=None, person=person, **mine))
    Submission.objects.bulk_create(submissions)
    Job.objects.bulk_create(jobs)
    for job, new in runs:
        Run(job_ptr_id=job.pk, submission=new, requested_by=new.person.email).save_base(raw=True, force_insert=True)
    results = Result.objects.bulk_create(results)
    shown = {point.submission_id: point for point in ClassPoint.objects.filter(assignment=work)}
    for n, new in enumerate(submissions):
        point = shown.get(samples[n % len(samples)].run.submission_id)
        if point:
            points.append(_copy(point, ClassPoint, submission=new, result=results[n]))
    ClassPoint.objects.bulk_create(points)
    LateVerdict.objects.bulk_create(verdicts)
    GradeNow.objects.bulk_create(grades)
    return [job.pk for job, _ in runs]


def _copy(row: Any, model: Any, **other: Any) -> Any:
    kept = {field.attname: getattr(row, field.attname) for field in model._meta.concrete_fields}
    for name in other:
        kept.pop(model._meta.get_field(name).attname if not name.endswith("_id") else name, None)
    return model(**(kept | other))


def _reports(people: list[Any]) -> None:
    from grading.models import Assignment, GradeEvent, RubricItem
    from grading.services.grade_rows import grades_now_write

    chance = random.Random(11)
    for slug in REPORTS:
        work = Assignment.objects.get(course__slug=COURSE, slug=slug)
        item = RubricItem.objects.filter(assignment=work).first()
        GradeEvent.objects.bulk_create(
            GradeEvent(assignment=work, person=one, kind="rubric", item=item, points=Decimal(chance.randrange(200, 500)) / 100, actor="Amit", reason="read")
            for one in people
        )  # fmt: skip
        grades_now_write(work, [one.pk for one in people])


def _notices(people: list[Any]) -> None:
    from django.utils import timezone

    from courseplatform.notices.models import Notification

    now, course = timezone.now(), _course()
    Notification.objects.bulk_create(
        Notification(
            course=course, person=one, kind="result", key=f"rush-{n}", title=f"Lab {n % 3 + 1}: result of attempt {n + 1}", text="Measured.",
            path=f"/courses/{COURSE}/", made_at=now - timedelta(days=3 * n + 1), read_at=None if n < 2 else now, mail="no",
        )
        for one in people for n in range(NOTICES)
    )  # fmt: skip


def _due(due_at: datetime) -> None:
    from grading.models import Assignment

    lab = Assignment.objects.get(course__slug=COURSE, slug=LAB)
    lab.due_at, lab.bench_spec = due_at, lab.bench_spec | {"max_bytes": LARGEST}
    lab.save(update_fields=["due_at", "bench_spec"])


def _target() -> str:
    from grading.handing_in.upload_purpose import target_of
    from grading.models import Assignment

    return str(target_of(Assignment.objects.get(course__slug=COURSE, slug=LAB)))


def _session(person: Any) -> str:
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from courseplatform.accounts.models import SignedIn

    store = SessionStore()
    store[SESSION_KEY], store[BACKEND_SESSION_KEY] = str(person.pk), settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = person.get_session_auth_hash()
    store.create()
    SignedIn.objects.create(session_key=store.session_key, person=person, browser="Rush")
    return str(store.session_key)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "courseplatform.settings")
    import django

    django.setup()
    from django.utils import timezone

    due = timezone.now() + timedelta(seconds=float(sys.argv[1]))
    Path(sys.argv[3]).write_text(json.dumps(fill(int(sys.argv[2]), due)))
