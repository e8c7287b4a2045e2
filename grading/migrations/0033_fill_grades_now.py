"""What was graded already gets its narrow rows. Back again: they are dropped with their table."""

from collections import defaultdict
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import migrations

from grading.book.now import now_of
from grading.course_file.late.policy import policy_of
from grading.grade import Event, Late, grade_of
from grading.rubric import Item
from grading.spec import BenchSpec, SpecError

NOTHING = Decimal(0)
MEASUREMENT = "measurement"
HEAVY = [f"result__{name}" for name in ("report", "host", "metrics", "quality", "points", "environment")]


def measured_of(assignment):
    try:
        criteria = BenchSpec.parse(assignment.bench_spec).criteria if assignment.bench_spec else ()
    except SpecError:
        return NOTHING
    return sum((Decimal(str(one.points)) for one in criteria if not one.bonus), NOTHING)


def event_of(row):
    by_person = row.kind == "benchmark" and row.actor != MEASUREMENT
    return Event(
        row.pk, row.kind, row.made_at, row.actor, row.item.key if row.item else "", row.points, row.result.of if row.result else None,
        row.reason, row.cause_id, left_open=row.result.left_open if row.result and not by_person else NOTHING, is_by_person=by_person,
        options=tuple(row.options),
    )  # fmt: skip


def lates_of(apps, assignment):
    facts = assignment.course.facts.get("late_policy")
    if not facts:
        return {}
    policy = policy_of(facts["policy"], ZoneInfo(assignment.course.zone or "UTC"))
    rows = apps.get_model("grading", "LateVerdict").objects.filter(assignment=assignment)
    return {
        row.person_id: Late(policy, row.penalty_percent, row.accepted, tuple(row.explanation))
        for row in rows
        if row.penalty_percent or not row.accepted
    }


def forwards(apps, schema_editor):
    event, now = apps.get_model("grading", "GradeEvent"), apps.get_model("grading", "GradeNow")
    graded = event.objects.order_by().values("assignment").distinct()
    for assignment in apps.get_model("grading", "Assignment").objects.filter(pk__in=graded).select_related("course"):
        rubric = (
            apps.get_model("grading", "RubricItem").objects.filter(assignment=assignment).order_by("position", "pk")
        )
        items = [
            Item(row.key, row.title, row.points, row.note, row.is_withdrawn, (), row.is_one_of, row.is_extra)
            for row in rubric
        ]
        events = defaultdict(list)
        rows = event.objects.filter(assignment=assignment).select_related("item", "result").defer(*HEAVY).order_by("pk")
        for row in rows:
            events[row.person_id].append(event_of(row))
        of, late = measured_of(assignment), lates_of(apps, assignment)
        now.objects.bulk_create(
            [
                now(
                    assignment=assignment, person_id=person,
                    **now_of(grade_of(items, found, measured_of=of, worth=assignment.points, late=late.get(person))),
                )
                for person, found in events.items()
            ],
            batch_size=500, ignore_conflicts=True,
        )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("grading", "0032_grades_now")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
