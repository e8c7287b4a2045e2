"""What the page reads on which somebody tries what a lab would give."""

from collections.abc import Mapping
from typing import Any

from courseplatform.courses.access import Visit
from grading.models.assignments import Assignment
from grading.models.runs import Result
from grading.models.submissions import Submission
from grading.points.trial import Trial, tried
from grading.spec import BenchSpec
from grading.spec.reader import MOST_NUMBER
from hardware.course_devices import profiles_of

PREFIX = "try-"  # of the names in an address: metrics are one's own words


def trial_context(visit: Visit, assignment: Assignment, sent: Mapping[str, str]) -> dict[str, Any]:
    """The table of a trial for the visitor: where nothing is sent, it starts at their active attempt. Three queries."""
    if not assignment.takes_model or not assignment.bench_spec:
        return {}
    spec: BenchSpec = assignment.spec
    number, start = _own(visit, assignment)
    return {"trial": trial_of(spec, assignment, sent, start), "trial_start": number}


def trial_of(
    spec: BenchSpec, assignment: Assignment, sent: Mapping[str, str], start: Mapping[str, float] | None = None
) -> Trial:
    """sent: names with PREFIX, as the page sends them; what is no number is as if it were not sent."""
    found = {name.removeprefix(PREFIX): _number(text) for name, text in sent.items() if name.startswith(PREFIX)}
    values = {metric: value for metric, value in found.items() if value is not None}
    profile = profiles_of(assignment.course, with_retired=True).get(spec.device) if spec.device else None
    # A box that is not ticked sends nothing, so one that is always sent says whether the page was.
    fits = bool(sent.get(f"{PREFIX}fits")) or f"{PREFIX}sent" not in sent
    return tried(spec, values, start=start, fits=fits, device=profile.name if profile else "")


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if -MOST_NUMBER <= value <= MOST_NUMBER else None


def _own(visit: Visit, assignment: Assignment) -> tuple[int | None, dict[str, float]]:
    """The visitor's active attempt that was measured: its number, and its metrics."""
    mine = Submission.objects.of_person(visit.person).filter(assignment=assignment, is_active=True)
    rows = Result.objects.filter(run__submission__in=mine).order_by("-made_at")
    found = rows.values_list("run__submission__number", "metrics").first()
    if found is None:
        return None, {}
    return found[0], {name: float(value) for name, value in found[1].items() if isinstance(value, int | float)}
