"""What the results so far would get by changed criteria: for the preview of the editor. Reads alone."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from grading.models.assignments import Assignment
from grading.models.runs import Result
from grading.models.submissions import Submission
from grading.points.again import Stored, points_again
from grading.points.lines import Points
from grading.points.shares import CENT
from grading.spec import BenchSpec, SpecError

MOST_RESULTS, SHOWN = 400, 15


@dataclass(frozen=True)
class Would:
    """One active attempt. now: what its result gives; then: what it would by the changed criteria. open_: what would be left to the staff."""

    owner: str
    number: int
    now: Decimal
    then: Decimal
    open_: Decimal
    lines: str

    @property
    def change(self) -> Decimal:
        return self.then - self.now

    @property
    def change_words(self) -> str:
        return f"{self.change:+.2f}" if self.change else "the same"


def would_get(row: Assignment, bench: dict[str, Any]) -> dict[str, Any]:
    """Of the active attempts of an assignment: who would get more and who less. One query; at most MOST_RESULTS are looked at.

    Returns {} where nothing was measured or the criteria cannot be read.
    """
    try:
        spec = BenchSpec.parse(bench)
    except SpecError:
        return {}
    rows = [_would(spec, result, hides_names=row.is_anonymous) for result in _newest(row)]
    if not rows:
        return {}
    moved = sorted((one for one in rows if one.change), key=lambda one: (-abs(one.change), one.owner))
    return {
        "count": len(rows), "more": sum(one.change > 0 for one in rows), "less": sum(one.change < 0 for one in rows),
        "same": sum(not one.change for one in rows), "open": sum(bool(one.open_) for one in rows), "is_all": len(rows) < MOST_RESULTS,
        "mean_now": _mean([one.now for one in rows]), "mean_then": _mean([one.then for one in rows]),
        "of": spec.points, "rows": moved[:SHOWN], "further": max(len(moved) - SHOWN, 0),
    }  # fmt: skip


def _newest(row: Assignment) -> list[Result]:
    """The newest result of each active attempt."""
    active = Submission.objects.filter(assignment=row, is_active=True)
    found = Result.objects.filter(run__submission__in=active).select_related(
        "run__submission__person", "run__submission__team"
    )
    newest: dict[Any, Result] = {}
    for result in found.defer("report", "host").order_by("-made_at")[:MOST_RESULTS]:
        newest.setdefault(result.run.submission_id, result)
    return list(newest.values())


def _would(spec: BenchSpec, result: Result, *, hides_names: bool) -> Would:
    then = points_again(spec, Stored(result.metrics, result.quality, result.environment))
    submission = result.run.submission
    owner = f"team {submission.team.name}" if submission.team else submission.person.name
    return Would(
        "a report" if hides_names else owner,
        submission.number,
        result.earned,
        Decimal(then.earned),
        Decimal(then.left_open),
        _changed(result, then),
    )


def _changed(result: Result, then: Points) -> str:
    """Accuracy 1.88 to 2.00, Size +0.50: the lines that differ."""
    before = {line["key"]: line for line in result.points}
    said = []
    for line in then.lines:
        old = before.pop(line.key, None)
        if old is None:
            said.append(f"{line.title}: {line.earned}, new")
        elif old["earned"] != line.earned or bool(old.get("left_open")) != bool(line.left_open):
            said.append(f"{line.title}: {_worth(old)} to {'open' if line.left_open else line.earned}")
    said += [f"{line.get('title', key)}: {_worth(line)}, gone" for key, line in before.items()]
    return "; ".join(said)


def _worth(line: dict[str, Any]) -> str:
    return "open" if line.get("left_open") else str(line["earned"])


def _mean(values: list[Decimal]) -> Decimal:
    return (sum(values, Decimal()) / len(values)).quantize(CENT, ROUND_HALF_UP)
