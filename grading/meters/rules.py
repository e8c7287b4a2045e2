"""Which reading of a result stands, and whether one may be entered: read by the page that offers it and by the service that takes it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from courseplatform.courses.access import Visit
from courseplatform.teams.selectors.membership import is_member
from grading.grade_facts import sees_grade
from grading.meters.arithmetic import Metered
from grading.models.meters import MeterReading, Said
from grading.models.runs import Result, Run
from grading.models.submissions import Submission
from grading.reruns.rules import points_by
from grading.spec.board import NONE

ENERGY = "energy_mj"
OTHER_RULES = "{} asks something else since this result. The staff count it again first, under Re-runs of the lab."


@dataclass(frozen=True)
class May:
    """code: "" where a reading may be entered. why: the sentence of the refusal. is_told: whether the page says it."""

    code: str = ""
    why: str = ""
    is_told: bool = True

    @property
    def ok(self) -> bool:
        return not self.code


def may_enter(*, visit: Visit, run: Run) -> May:
    """About six queries."""
    refused = _of_result(run) or _of_owner(visit, run.submission)
    if refused is not None:
        return refused
    if standing(run.result) is not None:
        return May(
            "reading_stands", "A reading of this run stands already. Take it back first, then enter the other one."
        )
    return May()


def is_for_readings(run: Run) -> bool:
    """Whether a board without a sensor measured it, in a lab whose points ask for energy and that takes what a team reads."""
    result = getattr(run, "result", None)
    if result is None or not run.submission.assignment.bench_spec:
        return False
    spec, board = run.submission.assignment.spec, result.environment.get("on_board") or {}
    asks = any(ENERGY in criterion.metrics for criterion in spec.criteria)
    is_there = board.get("device") == spec.device and bool(board.get("p50_ms")) and not board.get(ENERGY)
    return asks and is_there and spec.board.readings != NONE


def _of_result(run: Run) -> May | None:
    submission, assignment = run.submission, run.submission.assignment
    if assignment.is_withdrawn:
        return May("withdrawn", f"{assignment.short} was withdrawn, so no reading is taken for it.", is_told=False)
    if not is_for_readings(run):
        said = "A reading belongs to a run on a board without a power sensor, in a lab that gives points for energy."
        return May("not_for_readings", said, is_told=False)
    newest = Result.objects.filter(run__submission=submission).order_by("made_at", "pk").values_list("pk", flat=True)
    if newest.last() != run.result.pk:
        return May("newer_result", "This attempt has a newer result: a reading belongs to that one.")
    return None if counted_by_now(run) else May("rules_changed", OTHER_RULES.format(assignment.short))


def counted_by_now(run: Run) -> bool:
    """Whether the result was counted by what the lab asks now. Where it was not, nothing is counted beside a re-run, which shows what changes."""
    return not run.result.points_by or run.result.points_by == points_by(run.submission.assignment)


def _of_owner(visit: Visit, submission: Submission) -> May | None:
    """A student enters what is theirs or their team's now, while grades are not out; the staff do for everybody."""
    if visit.is_staff:
        return None
    team = submission.team
    is_own = is_member(team, visit.person) if team is not None else submission.person_id == visit.person.pk
    if not is_own:
        return May("not_yours", "Only the team whose attempt it is enters a reading.", is_told=False)
    if sees_grade(submission.assignment, visit.person):
        return May("grades_are_out", "The grades are released, so no reading is taken any more. Ask for a regrade.")
    return None


def said_of(reading: MeterReading) -> set[str]:
    return {word.said for word in reading.words.all()}


def carried(result: Result) -> int | None:
    """The reading that a result has from one of before it: measured here again, what a board measured stands, and what was read there with it."""
    found = (result.environment.get("on_board") or {}).get("reading") or {}
    return found.get("reading") if isinstance(found, Mapping) else None


def of_result(result: Result) -> Q:
    """Readings that were entered for it, and the one that it has from before."""
    return Q(result=result) | Q(pk=carried(result) or 0)


def standing(result: Result) -> MeterReading | None:
    """The reading that is neither refused nor taken back; there is one at most. Two queries."""
    rows: Iterable[MeterReading] = (
        MeterReading.objects.filter(of_result(result)).prefetch_related("words").order_by("-pk")
    )
    return next((row for row in rows if not said_of(row) & {Said.REFUSED, Said.TAKEN_BACK}), None)


def counts(reading: MeterReading) -> bool:
    """Of one that stands: whether points rest on it."""
    return Said.COUNTS in said_of(reading)


def metered(reading: MeterReading) -> Metered:
    return Metered(reading.volts, reading.idle_w, reading.loaded_w, reading.load_s)


def facts_of(reading: MeterReading) -> dict[str, Any]:
    """What the result keeps of it, as `environment.on_board.reading`."""
    own = {"reading": reading.pk, "meter": reading.meter, "by": reading.by, "counts": counts(reading)}
    found = metered(reading)
    return own | found.to_json() | found.each(reading.inference_ms)
