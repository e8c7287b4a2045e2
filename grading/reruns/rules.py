"""Which rules a result stands by, as two short digests: of what was measured, and of all that its points follow from.

Two results with the same digest were made by the same rules. A digest says nothing else: which key differs is told by the history of the lab.
"""

import json
from hashlib import sha256

from django.db.models import OuterRef, QuerySet, Subquery

from grading.calibrating.adopted import adopted_numbers
from grading.models.assignments import Assignment
from grading.models.runs import Result
from grading.spec.criteria import MODELLED

# Of a spec, what changes no number that is measured: points follow from it, or it is asked before anything runs. A result holds what the
# cost model says of every device of the course, so other devices are read from it (grading/points/again.py).
NOT_MEASURED = frozenset(
    {
        "criteria",
        "baselines",
        "bonus_most",
        "formats",
        "max_bytes",
        "devices",
        "device",
        "board",
        "board_wait",
        "fallback",
    }
)


def measured_by(assignment: Assignment) -> str:
    """Of the test data, the task, the input and the limits; and of the calibration of the lab's board, where points rest on what is modelled."""
    bench = {key: value for key, value in assignment.bench_spec.items() if key not in NOT_MEASURED}
    hidden = assignment.hidden_set
    data = [hidden.slug, hidden.inputs_sha256, hidden.labels_sha256] if hidden is not None else []
    own = _calibration(assignment)
    return _digest([bench, data, own] if own else [bench, data])


def _calibration(assignment: Assignment) -> list[int]:
    """Of the course's own, those that speak for the lab's first device; [] where no points rest on the cost model, or none was adopted."""
    raw = assignment.bench_spec
    asked = json.dumps(raw.get("criteria", []))
    if not any(f'"{name}"' in asked for name in MODELLED):
        return []
    first = raw.get("device") or next(iter(raw.get("devices") or []), "")
    return adopted_numbers(assignment.course, [first] if first else [])


def points_by(assignment: Assignment, measured: str = "") -> str:
    """Of everything that the points of a result follow from. measured: on what it was measured, where not as the lab asks now."""
    return _digest([assignment.bench_spec, measured or measured_by(assignment)])


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(text.encode()).hexdigest()[:16]


def newest_results(assignment: Assignment) -> "QuerySet[Result]":
    """The newest result of each attempt that counts, with its attempt. One query when it is read."""
    newest = (
        Result.objects.filter(run__submission=OuterRef("run__submission")).order_by("-made_at", "-pk").values("pk")[:1]
    )
    found = Result.objects.filter(
        run__submission__assignment=assignment, run__submission__counts=True, pk=Subquery(newest)
    )
    return found.select_related("run__submission__person", "run__submission__team")


def of_before(assignment: Assignment) -> tuple[int, int]:
    """How many attempts have a newest result by other rules than the lab has now, and how many of these were measured otherwise. One query.

    A result that does not say by which rules it was made is among the first, and not among the second.
    """
    rows = Result.objects.filter(run__submission__assignment=assignment, run__submission__counts=True)
    newest: dict[object, tuple[str, str]] = {}
    for submission, points, measured in rows.order_by("made_at", "pk").values_list(
        "run__submission", "points_by", "measured_by"
    ):
        newest[submission] = (points, measured)
    points_now, measured_now = points_by(assignment), measured_by(assignment)
    others = [one for one in newest.values() if one[0] != points_now]
    return len(others), sum(bool(measured) and measured != measured_now for _, measured in others)
