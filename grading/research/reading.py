"""Attempts of a course with pseudonyms, read for an export; nothing that names anybody is put into a row to begin with."""

import hmac
import secrets
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from courseplatform.courses.models import Course, Enrolment, Role
from courseplatform.teams.models import Membership
from grading.models.late_days import LateVerdict
from grading.models.research import ResearchConsent, ResearchRule
from grading.models.runs import Result, Run
from grading.models.submissions import Submission
from grading.research.coarse import Attempt, hours_after, number_word, rounded, size_word
from grading.spec.criteria import METRICS

MOST_LATENCIES = 100
Names = Callable[[str, Any], str]


def consenting(course: Course) -> set[int]:
    """Keys of the students whose results may be exported now. Two queries."""
    rule = ResearchRule.objects.filter(course=course).first()
    students = set(Enrolment.objects.filter(course=course, role=Role.STUDENT).values_list("person", flat=True))
    if rule is not None and not rule.asks:
        return students
    said = dict(ResearchConsent.objects.filter(course=course).order_by("at", "pk").values_list("person", "is_given"))
    return {person for person in students if said.get(person)}


def names_made() -> Names:
    """Random names of one export: HMAC-SHA256 under a key that nobody keeps."""
    key = secrets.token_bytes(32)
    return lambda kind, pk: hmac.digest(key, f"{kind} {pk}".encode(), "sha256").hex()[:16]


def attempts_of(course: Course) -> list[Attempt]:
    """Of everybody who may be included, unsorted and unsuppressed. A bounded number of queries."""
    named, agreed = names_made(), consenting(course)
    members = _members(course)
    found = Submission.objects.filter(assignment__course=course, assignment__is_withdrawn=False).select_related(
        "assignment"
    )
    numbers = _assignments(course)
    runs, results, late = _runs(course), _results(course), _late(course)
    made = []
    for one in found.iterator(chunk_size=500):
        people = members(one.team_id, one.received_at) if one.team_id else {one.person_id}
        if not people or not people <= agreed:
            continue
        owner = named("team", one.team_id) if one.team_id else named("person", one.person_id)
        result = results.get(one.pk)
        values = _values(one, runs.get(one.pk, ""), result) | late.get(
            one.pk, {"days_late": None, "free_days_used": None}
        )
        made.append(
            Attempt(named("attempt", one.pk), owner, numbers[one.assignment_id], size_word(len(people)), values, _latencies(result))
        )  # fmt: skip
    return made


def _assignments(course: Course) -> dict[int, str]:
    rows = sorted(course.assignments.all(), key=lambda one: (one.due_at is None, one.due_at or one.pk, one.pk))
    return {one.pk: f"A{n}" for n, one in enumerate(rows, 1)}


def _members(course: Course) -> Callable[[int, datetime], set[int]]:
    spans: dict[int, list[Membership]] = defaultdict(list)
    for row in Membership.objects.filter(course=course):
        spans[row.team_id].append(row)
    return lambda team, at: {
        row.person_id for row in spans[team] if row.since_at <= at and (row.until_at is None or at < row.until_at)
    }


def _runs(course: Course) -> dict[Any, str]:
    """How the newest run of each attempt ended."""
    rows = Run.objects.filter(submission__assignment__course=course).order_by("queued_at")
    return dict(rows.values_list("submission", "outcome"))


def _results(course: Course) -> dict[Any, Result]:
    rows = Result.objects.filter(run__submission__assignment__course=course).select_related("run").order_by("pk")
    return {
        row.run.submission_id: row
        for row in rows.only("host", "metrics", "earned", "of", "run__submission").iterator(chunk_size=200)
    }


def _late(course: Course) -> dict[Any, dict[str, Any]]:
    rows = LateVerdict.objects.filter(assignment__course=course, submission__isnull=False)
    return {
        key: {"days_late": days, "free_days_used": used}
        for key, days, used in rows.values_list("submission", "days_late", "free_days_used")
    }


def _values(one: Submission, outcome: str, result: Result | None) -> dict[str, Any]:
    host = result.host if result else {}
    metrics = result.metrics if result else {}
    return {
        "number": number_word(one.number), "hours_after_due": hours_after(one.received_at, one.due_at), "is_active": int(one.is_active),
        "format": one.format, "outcome": outcome, "points": _half(result.earned) if result else None,
        "points_of": float(result.of) if result else None,
        **{f"latency_{name}": _number(host.get(name)) for name in ("p50_ms", "p90_ms", "p99_ms")},
        **{f"metric_{name}": _number(metrics.get(name)) for name in METRICS},
    }  # fmt: skip


def _half(points: Decimal) -> float:
    return round(float(points) * 2) / 2


def _number(value: Any) -> float | int | None:
    """A number or nothing: no text of a document gets through here."""
    return rounded(float(value)) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _latencies(result: Result | None) -> tuple[float, ...]:
    samples = [
        float(one) for one in (result.host.get("samples_ms") or [] if result else []) if isinstance(one, int | float)
    ]
    chosen = secrets.SystemRandom().sample(samples, min(MOST_LATENCIES, len(samples)))
    return tuple(sorted(rounded(one) or 0.0 for one in chosen))
