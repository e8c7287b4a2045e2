"""A whole class in few statements: teams or students with attempts, results, grades, late days and reports of three graders."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.courses.models import Course, Enrolment, Role
from courseplatform.teams.models import Membership, Team
from grading.models import GradeEvent, GradingSheet, LateEntry, Result, RubricItem, Run, Submission
from grading.models.assignments import Assignment
from grading.models.desk import SAMPLES_FROM
from grading.services.class_points import class_points_rebuild
from grading.services.grade_rows import grades_now_write
from hardware.models import Job
from tests.grading.ranks.classroom import DEVICE, document
from tests.people import make_lab

CRITERIA = [
    {"key": "opens", "title": "Submission", "group": "Basic", "points": 2, "rule": {"kind": "pass"}},
    {"key": "accuracy", "title": "Accuracy", "group": "Basic", "metric": "accuracy", "points": 2, "rule": {"kind": "ramp", "from": 0.8, "to": 0.9}},
    {"key": "latency", "title": "Latency, modelled", "group": "Basic", "metric": "latency_ms", "points": 2,
     "rule": {"kind": "steps", "steps": [[30, 1.0], [50, 0.5]]}},
]  # fmt: skip
POLICY = {"unit": {"kind": "hours"}, "penalty": {"each": 10}}
BIRDS = (
    "Avocet", "Bittern", "Curlew", "Dunlin", "Egret", "Finch", "Goshawk", "Heron", "Ibis", "Jackdaw", "Kestrel", "Lapwing", "Merlin", "Nuthatch",
    "Osprey", "Plover", "Quail", "Rook", "Swift", "Tern",
)  # fmt: skip


@dataclass
class Made:
    lab: Assignment
    owners: list[Team | User]
    people: list[User]
    sheets: list[GradingSheet]


def make_class(
    course: Course, spec: dict, units: int, *, teams: bool = True, attempts: int = 5, absent: int = 1, graders: list[User] | None = None,
    seed: int = 7, graded: bool = True, **fields: object,
) -> Made:  # fmt: skip
    """units: teams of two, or students; the last `absent` of them handed nothing in. graders: who marked the reports, in turn; the last of
    three is stricter by a quarter of a point. The due time is three days ago at its hour."""
    rng = random.Random(seed)
    due = (timezone.now() - timedelta(days=3)).replace(second=0, microsecond=0)
    bank = {"bank": {"days": 5, "owner": "team" if teams else "person"}}
    course.facts = course.facts | {"late_policy": {"title": "Late days", "policy": POLICY | bank}}
    course.save()
    spec = {key: value for key, value in spec.items() if key != "criteria"} | {
        "criteria": CRITERIA,
        "devices": [DEVICE],
    }
    facts = {
        "slug": "lab3",
        "short": "Lab 3",
        "title": "Quantization",
        "due_at": due,
        "bench_spec": spec,
        "is_individual": not teams,
    } | fields
    lab = make_lab(course, points=9, **facts)
    owners, people = _owners(course, units, teams=teams, tag=lab.slug)
    active = _attempts(lab, owners[: units - absent], due, attempts, rng)
    class_points_rebuild(assignment=lab)
    sheets = _grades(lab, active, graders or [], rng) if graded else []
    _late_days(lab, owners, active, due)
    return Made(lab, owners, people, sheets)


def _owners(course: Course, units: int, *, teams: bool, tag: str) -> tuple[list, list[User]]:
    count = units * 2 if teams else units
    people = User.objects.bulk_create(
        User(email=f"{tag}-{n}@example.edu", name=f"Student {tag} {n}") for n in range(count)
    )
    Enrolment.objects.bulk_create(Enrolment(course=course, person=one, role=Role.STUDENT) for one in people)
    if not teams:
        return people, people
    names = [BIRDS[n] if n < len(BIRDS) else f"{BIRDS[n % len(BIRDS)]} {n // len(BIRDS) + 1}" for n in range(units)]
    names = [name if tag == "lab3" else f"{name} of {tag}" for name in names]
    found = Team.objects.bulk_create(Team(course=course, name=name, slug=f"{tag}-{n}") for n, name in enumerate(names))
    since = timezone.now() - timedelta(days=60)
    Membership.objects.bulk_create(
        Membership(team=team, course=course, person=person, since_at=since, begun_by="test")
        for n, team in enumerate(found)
        for person in people[2 * n : 2 * n + 2]
    )
    return found, people


def _attempts(
    lab: Assignment, owners: list, due: datetime, attempts: int, rng: random.Random
) -> list[tuple[object, list[User], Submission, Result]]:
    """Owner, its people, its active attempt and the result of that."""
    found = []
    for owner in owners:
        team = owner if isinstance(owner, Team) else None
        people = [one.person for one in team.memberships.select_related("person")] if team else [owner]
        count = rng.randint(1, attempts)
        late = rng.random() < 0.2
        times = sorted(due - timedelta(hours=rng.expovariate(1 / 40)) for _ in range(count))
        times[-1] = (
            due + timedelta(hours=rng.uniform(1, 60)) if late else due - timedelta(minutes=rng.expovariate(1 / 90))
        )
        rows = Submission.objects.bulk_create(
            Submission(assignment=lab, person=people[0], team=team, number=n + 1, upload_key=uuid4(), receipt=uuid4().hex, sha256="0" * 64,
                       counts=True, is_active=n == count - 1, received_at=at, due_at=due)
            for n, at in enumerate(sorted(times))
        )  # fmt: skip
        found.append((owner, people, rows[-1], _result(rows[-1], rng)))
    return found


def _result(row: Submission, rng: random.Random) -> Result:
    latency = 12 * 10 ** (rng.random() * 0.85)
    accuracy = min(0.79 + 0.045 * (latency / 12) ** 0.5 + rng.gauss(0, 0.012), 0.93)
    share = min(max((accuracy - 0.8) / 0.1, 0), 1)
    earned = {
        "opens": "2.00",
        "accuracy": f"{2 * share:.2f}",
        "latency": "2.00" if latency <= 30 else "1.00" if latency <= 50 else "0.00",
    }
    facts = document(
        accuracy=round(accuracy, 4),
        latency_ms=round(latency, 2),
        macs=rng.randrange(10**7),
        model_bytes=rng.randrange(10**6),
    )
    facts["points"] = [
        {"key": one["key"], "title": one["title"], "earned": earned[one["key"]], "of": "2.00"} for one in CRITERIA
    ]
    facts["earned"], facts["of"] = sum(map(Decimal, earned.values())), Decimal("6.00")
    queued = row.received_at
    job = Job.objects.create(
        kind="run", owner_key=str(row.pk)[:60], queued_at=queued, not_before=queued, status="finished", outcome="measured",
        started_at=queued + timedelta(seconds=rng.randint(1, 500)),
    )  # fmt: skip
    Run(job_ptr=job, submission=row, requested_by="test").save_base(raw=True)
    return Result.objects.create(run=Run.objects.get(pk=job.pk), **facts)


def _grades(lab: Assignment, active: list, graders: list[User], rng: random.Random) -> list[GradingSheet]:
    items = [
        RubricItem.objects.create(assignment=lab, key=key, title=title, points=points, position=n)
        for n, (key, title, points) in enumerate((("report", "Report", 2), ("discussion", "Discussion", 1)))
    ]
    events, sheets = [], []
    for n, (owner, people, row, result) in enumerate(active):
        grader = graders[n % len(graders)] if graders else None
        less = Decimal("0.25") if len(graders) > 2 and grader == graders[2] else 0
        given = [Decimal(rng.choice(("1.50", "1.75", "2.00"))) - less, Decimal(rng.choice(("0.75", "1.00")))]
        for person in people:
            common = {"assignment": lab, "person": person, "submission": row}
            events.append(
                GradeEvent(**common, kind="benchmark", points=result.earned, result=result, actor="measurement")
            )
            events += [
                GradeEvent(**common, kind="rubric", item=item, points=points, actor="grader")
                for item, points in zip(items, given, strict=True)
            ]
        if grader:
            team = owner if isinstance(owner, Team) else None
            sheets.append(GradingSheet(
                assignment=lab, number=n + 1, person=None if team else owner, team=team, submission=row, done_at=timezone.now(), done_by=grader,
                points=sum(given),
            ))  # fmt: skip
    GradeEvent.objects.bulk_create(events)
    grades_now_write(lab)
    return GradingSheet.objects.bulk_create(sheets)


def _late_days(lab: Assignment, owners: list, active: list, due: datetime) -> None:
    """The bank gives 5; two of three owners spent 1 to 4 before, and whoever is late spent a day for each that began."""
    row_of = {owner.pk: row for owner, _, row, _ in active}
    lines = []
    for n, owner in enumerate(owners):
        common = {"course": lab.course, "team" if isinstance(owner, Team) else "person": owner, "actor": "test"}
        lines.append(LateEntry(**common, kind="policy", days=5, reason="everybody gets 5"))
        if n % 3:
            lines.append(LateEntry(**common, kind="spend", days=-(1 + n % 4), reason="before"))
        row = row_of.get(owner.pk)
        if row and row.received_at > due:
            days = -(-int((row.received_at - due).total_seconds()) // 86400)
            lines.append(LateEntry(**common, kind="spend", days=-days, assignment=lab, submission=row, reason="late"))
    LateEntry.objects.bulk_create(lines)


def compare_on(made: Made, graders: list[User], given: list[list[str]]) -> None:
    """Choose as many reports as `given` has rows and let each grader mark them blindly."""
    for n, (sheet, row) in enumerate(zip(made.sheets, given, strict=False)):
        GradingSheet.objects.filter(pk=sheet.pk).update(is_sample=True)
        for m, (grader, points) in enumerate(zip(graders, row, strict=True)):
            GradingSheet.objects.create(
                assignment=made.lab, purpose="sample", number=SAMPLES_FROM + 10 * n + m, submission=sheet.submission, sample_of=sheet, grader=grader,
                done_at=timezone.now(), done_by=grader, points=points,
            )  # fmt: skip
