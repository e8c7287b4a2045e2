"""What the course staff read: every hand-in of the class with its state and points."""

from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import F, Q, QuerySet
from django.http import QueryDict
from django.utils import timezone

from courseplatform.courses.access import Visit
from grading.anonymity import hidden_assignments, masked
from grading.models.assignments import Assignment
from grading.models.submissions import Submission
from grading.selectors.assignments import attempt_of, with_runs
from grading.selectors.late_words import late_badge
from hardware.models import OPEN, Outcome, Status

LIMIT = 200
COLUMNS = (
    "Person",
    "E-mail",
    "Assignment",
    "Attempt",
    "Active",
    "Received",
    "Late",
    "State",
    "Points",
    "Of",
    "Graded by",
    "File",
    "SHA-256",
)
STOPPED = (
    Outcome.REFUSED,
    Outcome.CRASHED,
    Outcome.TIMED_OUT,
    Outcome.OUT_OF_MEMORY,
    Outcome.MISBEHAVED,
    Outcome.CANCELLED,
    Outcome.REJECTED,
)


@dataclass(frozen=True)
class SubmissionFilter:
    """Filters of the staff's list; they stand in the URL. Unknown values mean no filter, and the page shows that."""

    assignment: str = ""
    state: str = ""
    person: str = ""

    STATES: ClassVar[dict[str, str]] = {
        "open": "in line or running",
        "measured": "measured",
        "parked": "with the staff",
        "stopped": "stopped",
        "ours": "our fault",
        "late": "late",
    }

    @classmethod
    def of(cls, query: QueryDict) -> "SubmissionFilter":
        state = query.get("state", "")
        return cls(
            assignment=query.get("assignment", "")[:60],
            state=state if state in cls.STATES else "",
            person=query.get("person", "")[:120],
        )


def submission_rows(visit: Visit, chosen: SubmissionFilter, limit: int | None = LIMIT) -> list[dict[str, Any]]:
    """Newest first, at most `limit`."""
    found = _filtered(Submission.objects.visible_to(visit), chosen, has_rule="late_policy" in visit.course.facts)
    rows = []
    if chosen.person:  # whoever looks for a name must not find a report without one by it
        found = found.exclude(assignment__in=hidden_assignments(visit))
    for submission in with_runs(found.order_by("-received_at"))[:limit]:
        attempt = attempt_of(masked(visit, submission))
        model = submission.model or submission
        rows.append(
            {
                "person": submission.person, "assignment": submission.assignment, "number": submission.number,
                "received_at": submission.received_at, "late": late_badge(submission), "badge": attempt.badge,
                "earned": attempt.earned, "of": attempt.of, "graded_by": attempt.graded_by, "url": attempt.url, "file_name": model.file_name,
                "is_active": submission.is_active, "sha256": model.sha256, "receipt_url": submission.get_absolute_url(),
            }
        )  # fmt: skip
    return rows


def _filtered(
    submissions: "QuerySet[Submission]", chosen: SubmissionFilter, *, has_rule: bool
) -> "QuerySet[Submission]":
    """has_rule: the course states a late policy, whose verdicts say what is late; else the due time alone does."""
    if chosen.assignment:
        submissions = submissions.filter(assignment__slug=chosen.assignment)
    if chosen.person:
        submissions = submissions.filter(
            Q(person__name__icontains=chosen.person) | Q(person__email__icontains=chosen.person)
        )
    by_state = {
        "open": _by_run(status__in=OPEN),
        "measured": _by_run(outcome=Outcome.MEASURED),
        "parked": _by_run(status=Status.PARKED),
        "stopped": _by_run(outcome__in=STOPPED),
        "ours": _by_run(outcome=Outcome.INFRASTRUCTURE),
        "late": Q(late_verdicts__days_late__gt=0) if has_rule else Q(received_at__gt=F("due_at")),
    }
    return submissions.filter(by_state[chosen.state]).distinct() if chosen.state else submissions


def _by_run(**wanted: Any) -> Q:
    """Attempts by the runs of their model, also where an earlier attempt brought it."""
    ((name, value),) = wanted.items()
    return Q(**{f"runs__{name}": value}) | Q(**{f"model_from__runs__{name}": value})


def filter_choices(visit: Visit, chosen: SubmissionFilter) -> dict[str, Any]:
    labs = Assignment.objects.filter(course=visit.course).exclude(bench_spec={}, parts=[]).values_list("slug", "short")
    return {
        "assignment": [{"value": slug, "label": short, "chosen": slug == chosen.assignment} for slug, short in labs],
        "state": [{"value": key, "label": word, "chosen": key == chosen.state} for key, word in chosen.STATES.items()],
        "person": chosen.person,
        "limit": LIMIT,
    }


def csv_row(row: dict[str, Any]) -> list[Any]:
    return [
        row["person"].name, row["person"].email, row["assignment"].short, row["number"], "yes" if row["is_active"] else "no",
        timezone.localtime(row["received_at"]).isoformat(), row["late"].word, row["badge"].word,
        row["earned"] if row["earned"] is not None else "", row["of"] if row["of"] is not None else "", row["graded_by"], row["file_name"], row["sha256"],
    ]  # fmt: skip
