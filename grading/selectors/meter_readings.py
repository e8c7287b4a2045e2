"""What pages say of readings of a meter: those of one run with what was said of each, and the ones that wait for the staff."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from courseplatform.accounts.models import User
from courseplatform.core import numbers
from courseplatform.core.errors import Conflict, NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.stages import dated_stages
from grading.anonymity import masked
from grading.meters.rules import facts_of, is_for_readings, may_enter, metered, of_result, said_of, standing
from grading.models.meters import MeterReading, MeterWord, Said
from grading.models.runs import Run
from grading.spec.board import TEAM

LIMIT = 200


def meter_part(visit: Visit, run: Run) -> dict[str, Any] | None:
    """What the page of a result says of a meter; None where there is nothing to say."""
    if not is_for_readings(run):
        return None
    found, may = standing(run.result), may_enter(visit=visit, run=run)
    if found is None and not may.ok:
        return None
    row = reading_row(visit, run, found) if found is not None else None
    return {"row": row, "may": may, "runner": run.result.environment["on_board"]["runner"], "one": one_of(run)}


def meter_page(visit: Visit, run: Run) -> dict[str, Any]:
    """Raises Conflict (`not_for_readings`) where no reading belongs to this run and none was ever entered."""
    said = "A reading of a meter belongs to a run on a board without a power sensor, in a lab that gives points for energy."
    rows = list(_readings(run).order_by("-pk"))
    if not rows and not is_for_readings(run):
        raise Conflict(said, code="not_for_readings")
    submission, board, names = run.submission, run.result.environment["on_board"], _names(rows)
    return {
        "run": run, "submission": submission, "assignment": submission.assignment, "rows": [reading_row(visit, run, row, names) for row in rows],
        "may": may_enter(visit=visit, run=run), "runner": board["runner"], "one": one_of(run), "each": numbers.milliseconds(float(board["p50_ms"])),
        "is_at_once": submission.assignment.spec.board.readings == TEAM, "has_budget": has_budget(run),
    }  # fmt: skip


def one_of(run: Run) -> str:
    """What the board repeated: a step where the hand-in learns there, else an inference."""
    return "training step" if run.submission.assignment.spec.kind.trains else "inference"


def _readings(run: Run) -> "QuerySet[MeterReading]":
    """Of its result, with their words; none of a run that has none."""
    result = getattr(run, "result", None)
    found = MeterReading.objects.filter(of_result(result)) if result is not None else MeterReading.objects.none()
    return found.prefetch_related("words")


def has_budget(run: Run) -> bool:
    """Whether the charge of a load can be counted in the energy of a project."""
    return run.submission.team is not None and bool(dated_stages(run.submission.assignment.course))


def reading_get(run: Run, pk: int) -> MeterReading:
    """Raises NotHere, also for a reading of another run."""
    found: MeterReading | None = _readings(run).filter(pk=pk).first()
    if found is None:
        raise NotHere("There is no such reading of this run.")
    return found


def reading_row(visit: Visit, run: Run, row: MeterReading, names: Mapping[str, str] | None = None) -> dict[str, Any]:
    """names: address -> name of those who entered readings and said something of them. Makes no query where the words are there already."""
    facts, said, names = facts_of(row), said_of(row), names or {}
    is_over = bool(said & {Said.REFUSED, Said.TAKEN_BACK})
    used_mah = metered(row).used_mah
    used = "" if used_mah is None else f"{numbers.digits(used_mah)}{numbers.NARROW}mAh"
    return {
        "reading": row, "state": state_of(said), "is_over": is_over, "by": names.get(row.by, row.by),
        "words": [{"said": word.get_said_display(), "by": names.get(word.by, word.by), "at": word.made_at, "reason": word.reason} for word in row.words.all()],
        "idle": f"{row.idle_w:.2f}", "loaded": f"{row.loaded_w:.2f}", "volts": f"{row.volts:.2f}", "load": numbers.digits(row.load_s) if row.load_s else "",
        "energy": numbers.millijoules(facts["energy_mj"]), "above": numbers.millijoules(facts["energy_mj_above_idle"]),
        "charge": f"{numbers.digits(facts['mah_per_1000'])}{numbers.NARROW}mAh", "used": used, "each": numbers.milliseconds(row.inference_ms),
        "may_confirm": visit.is_staff and not is_over and Said.COUNTS not in said, "may_take_back": not is_over and _may_take_back(visit, row),
        "run": run, "submission": run.submission, "one": one_of(run),
    }  # fmt: skip


def _names(rows: Iterable[MeterReading]) -> dict[str, str]:
    """Address -> name of whoever entered one or said something of it. One query; who is gone keeps the address."""
    people = {by for row in rows for by in (row.by, *(word.by for word in row.words.all()))}
    return dict(User.objects.filter(email__in=people).values_list("email", "name"))


def state_of(said: set[str]) -> dict[str, str]:
    """As a badge: tone, icon, words."""
    if Said.TAKEN_BACK in said:
        return {"tone": "neutral", "icon": "close", "words": "taken back"}
    if Said.REFUSED in said:
        return {"tone": "bad", "icon": "octagon", "words": "does not count"}
    if Said.COUNTS in said:
        return {"tone": "good", "icon": "tick", "words": "counts"}
    return {"tone": "warn", "icon": "clock", "words": "waits for the staff"}


def _may_take_back(visit: Visit, row: MeterReading) -> bool:
    if visit.is_staff:
        return True
    confirmed = any(word.said == Said.COUNTS and word.by != row.by for word in row.words.all())
    return not confirmed and not row.is_by_staff


def waiting_section(visit: Visit, now: datetime) -> dict[str, Any] | None:
    """For the home of the staff: how many readings nobody has looked at yet. One query."""
    count = _waiting(visit).count() if visit.is_staff else 0
    return {"count": count} if count else None


def _waiting(visit: Visit) -> "QuerySet[MeterReading]":
    found = MeterReading.objects.filter(result__run__submission__assignment__course=visit.course)
    waiting: QuerySet[MeterReading] = found.filter(~Exists(MeterWord.objects.filter(reading=OuterRef("pk"))))
    return waiting


def waiting_list(visit: Visit) -> dict[str, Any]:
    """Readings of the course of which nobody has said anything yet, the oldest first. Four queries."""
    found = _waiting(visit)
    related = (
        "result__run__submission__assignment__course",
        "result__run__submission__person",
        "result__run__submission__team",
    )
    rows = list(found.select_related(*related).prefetch_related("words").order_by("made_at", "pk")[:LIMIT])
    for row in rows:
        masked(visit, row.result.run.submission)
    return {"rows": [reading_row(visit, row.result.run, row) for row in rows], "limit": LIMIT}
