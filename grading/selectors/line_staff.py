"""The line as the staff of a course read it: what is measured, what waits, since when, why, and until when. And as operators do: no names."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models.functions import Coalesce
from django.utils import timezone

from courseplatform.core import health, numbers
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, Role
from grading.anonymity import masked
from grading.models.runs import Run, step_of
from grading.queue.forecast import Forecast, forecast_line
from grading.queue.wake import BENCH_QUEUE, RUN_KIND
from grading.selectors.line_now import FORMAT, LAB, LineNow, line_read, promise, range_words
from hardware import workers
from hardware.line import in_line
from hardware.models import HELD, Job, JobMove, Priority, Status, WorkerSign

LIMIT = 300  # jobs in line that are looked at; a longer line is counted
COURSE = Coalesce(
    "run__submission__assignment__course", "variantrun__piece__assignment__course",
    "countrun__measured_run__submission__assignment__course", "rerunjob__item__rerun__assignment__course", "boardask__submission__assignment__course",
)  # fmt: skip
CLASSES = {
    Priority.NEXT: "put first", Priority.LIVE: "hand-in", Priority.AGAIN: "again, for a student",
    Priority.BESIDE: "model of a family", Priority.RERUN: "re-run", Priority.IDLE: "count of instructions",
}  # fmt: skip
Row = dict[str, Any]


@dataclass(frozen=True)
class Facts:
    """What every row of the page is told from."""

    now: datetime
    line: LineNow
    living: list[WorkerSign]
    waiting: list[Row]
    still_since: datetime | None
    whys: dict[UUID, str]

    @property
    def ready(self) -> list[Row]:
        return [row for row in self.waiting if row["not_before"] <= self.now]


def facts_read(now: datetime, labs: Iterable[int] = ()) -> Facts:
    """Eight queries, whatever the length of the line."""
    wanted = (
        "pk", "kind", "priority", "turn", "owner_key", "queued_at", "not_before", "faults", "attempt", "started_at", "cancel_requested", LAB, FORMAT,
    )  # fmt: skip
    waiting = list(in_line().values(*wanted, course=COURSE)[:LIMIT])
    back = [row["pk"] for row in waiting if row["attempt"]]
    moves = JobMove.objects.filter(subject__in=back, moved_to=Status.QUEUED).order_by("pk")
    since = health.last_sign(BENCH_QUEUE)
    is_still = bool(waiting) and (since is None or now - since > health.FRESH)
    return Facts(
        now=now, line=line_read(now, labs), living=workers.living(now), waiting=waiting,
        still_since=(since or min(row["queued_at"] for row in waiting)) if is_still else None,
        whys=dict(moves.values_list("subject_id", "why")) if back else {},
    )  # fmt: skip


def why_waits(row: Row, facts: Facts, place: int | None, own_before: int) -> str:
    """One sentence for a job in line: what has to happen before it is measured. place: among those that may be taken now."""
    if facts.still_since is not None:
        return f"Measuring stands still: no worker has given a sign of life for {numbers.span(facts.now - facts.still_since)}."
    at = f"{timezone.localtime(row['not_before']):%H:%M:%S}"
    why = facts.whys.get(row["pk"], "")
    if row["faults"] and row["not_before"] > facts.now:
        return f"Our worker failed at it and put it back until {at}: {why}"
    if row["attempt"] and row["started_at"] is None and not row["faults"] and why:
        again = f" Looked at again at {at}." if row["not_before"] > facts.now else ""
        return f"{why}{_who_lives(facts)}{again}"
    if place is None or place == 1:
        busy = len(facts.line.held) >= facts.line.slots
        return "Next, as soon as a worker is free." if busy else "Next; a worker takes it within seconds."
    behind = f"Behind {numbers.count(place - 1)}" + (f", {own_before} of the same owner" if own_before else "")
    if row["priority"] == Priority.NEXT:
        return f"{behind} that the staff put first too."
    if row["priority"] >= Priority.AGAIN:
        return f"{behind}: it is {Priority(row['priority']).label}, which comes after hand-ins."
    return f"{behind}: everybody's first comes before anybody's second."


def _who_lives(facts: Facts) -> str:
    names = Counter(sign.isolation or "nothing yet" for sign in facts.living)
    if not names:
        return ""
    said = ", ".join(f"{many} in {name}" for name, many in sorted(names.items()))
    return f" Workers that live measure: {said}."


def line_page(visit: Visit, now: datetime) -> Row:
    """The page of a course. Runs of other courses are counted, not shown. Twelve queries."""
    labs = list(visit.course.assignments.exclude(bench_spec={}).values_list("pk", flat=True))
    facts = facts_read(now, labs)
    mine = [row for row in facts.waiting if row["course"] == visit.course.pk and row["kind"] == RUN_KIND]
    held = [row["pk"] for row in facts.line.held]
    runs = _runs(visit, [*(row["pk"] for row in mine), *held])
    promised = _promised(facts)
    places, own = _places(facts)
    rows = [
        {
            "run": runs[row["pk"]], "place": places.get(row["pk"]), "class": CLASSES[Priority(row["priority"])],
            "why": why_waits(row, facts, places.get(row["pk"]), own.get(row["pk"], 0)), "expected": _expected(promised.get(row["pk"]), facts),
            "can_put_first": visit.role == Role.INSTRUCTOR and row["priority"] != Priority.NEXT,
        }
        for row in mine
    ]  # fmt: skip
    return {
        "head": _head(facts), "rows": rows, "measured": [_measured(runs[pk], facts) for pk in held if pk in runs],
        "beside": _beside(facts, visit.course), "elsewhere": _elsewhere(facts, visit.course), "limit": LIMIT, "facts": _line_facts(facts),
        "parked": Run.objects.visible_to(visit).filter(status=Status.PARKED).count(),
    }  # fmt: skip


def _runs(visit: Visit, keys: list[UUID]) -> dict[UUID, Run]:
    related = ("submission__assignment__course", "submission__person", "submission__team")
    found = Run.objects.visible_to(visit).filter(pk__in=keys).select_related(*related)
    for run in found:
        masked(visit, run.submission)
    return {run.pk: run for run in found}


def _places(facts: Facts) -> tuple[dict[UUID, int], dict[UUID, int]]:
    """Of jobs that may be taken now: their place, and how many before them are of the same owner."""
    places, own, seen = dict[UUID, int](), dict[UUID, int](), Counter[str]()
    for place, row in enumerate(facts.ready, start=1):
        places[row["pk"]], own[row["pk"]] = place, seen[row["owner_key"]]
        seen[row["owner_key"]] += 1
    return places, own


def _promised(facts: Facts) -> dict[UUID, Forecast | None]:
    ready = facts.ready
    times = [facts.line.took(row["kind"], row[LAB], row[FORMAT]) for row in ready]
    found = forecast_line(
        line=times,
        held=facts.line.held_before(Priority.LIVE),
        workers=facts.line.slots,
        gap_s=facts.line.gap_s,
        pace=facts.line.pace,
    )
    return {row["pk"]: one for row, one in zip(ready, found, strict=True)}


def _expected(found: Forecast | None, facts: Facts) -> str:
    return "" if found is None or facts.still_since is not None else range_words(found.end)


def _measured(run: Run, facts: Facts) -> Row:
    found = promise(run, facts.line, None)
    step, _ = step_of(run.phase)
    phase = step.label.lower() if step else "starting"
    lasted = numbers.span(facts.now - (run.started_at or run.leased_at or facts.now))
    said = (
        "is being cancelled"
        if run.cancel_requested
        else "longer than any of the last"
        if found and found.is_overdue
        else phase
    )
    expected = range_words(found.end) if found and not found.is_overdue else ""
    return {"run": run, "said": said, "lasted": lasted, "worker": run.leased_by, "expected": expected}


def _head(facts: Facts) -> Row:
    """The sentence that answers at once: does it move, how much waits, for how long."""
    waiting = [row for row in facts.waiting if row["priority"] < Priority.IDLE]
    if facts.still_since is not None:
        lasted = numbers.span(facts.now - facts.still_since)
        said = f"No worker has given a sign of life for {lasted}. What waits keeps its place. /healthz says which part is missing."
        return {"tone": "tone-bad", "icon": "octagon", "title": "Measuring stands still", "sentence": said}
    busy = f"{len(facts.line.held)} of {facts.line.slots} worker{'' if facts.line.slots == 1 else 's'} busy"
    if not waiting:
        return {"tone": "tone-good", "icon": "check", "title": "Nothing waits", "sentence": f"{busy}."}
    oldest = numbers.span(facts.now - min(row["queued_at"] for row in waiting))
    many = f"{numbers.count(facts.line.waiting)} wait{'s' if facts.line.waiting == 1 else ''}"
    return {"tone": "", "icon": "clock", "title": many, "sentence": f"The oldest for {oldest}; {busy}."}


def _beside(facts: Facts, course: Course) -> list[Row]:
    """What waits behind all hand-ins and has no page of its own, by class."""
    rows = [row for row in facts.waiting if row["course"] == course.pk and row["kind"] != RUN_KIND]
    counted = Counter(row["priority"] for row in rows)
    return [{"label": CLASSES[Priority(priority)], "value": numbers.count(many)} for priority, many in sorted(counted.items())]  # fmt: skip


def _elsewhere(facts: Facts, course: Course) -> int:
    return sum(row["course"] != course.pk and row["kind"] == RUN_KIND for row in facts.waiting)


def _line_facts(facts: Facts) -> list[Row]:
    living = ", ".join(sorted({sign.isolation for sign in facts.living if sign.isolation}))
    return [
        {"label": "Measuring", "value": str(len(facts.line.held))},
        {"label": "Waiting", "value": numbers.count(facts.line.waiting)},
        {"label": "Workers that live", "value": f"{len(facts.living)}" + (f", in {living}" if living else "")},
    ]


def site_line(now: datetime) -> Row:
    """For operators: every class and every worker of the site, without a name. Nine queries."""
    facts = facts_read(now)
    places, own = _places(facts)
    promised = _promised(facts)
    rows = [
        {
            "place": places.get(row["pk"]), "class": CLASSES[Priority(row["priority"])], "since": row["queued_at"],
            "why": why_waits(row, facts, places.get(row["pk"]), own.get(row["pk"], 0)), "expected": _expected(promised.get(row["pk"]), facts),
        }
        for row in facts.waiting
    ]  # fmt: skip
    held = {row.leased_by: row for row in Job.objects.filter(status__in=HELD)}
    signs = [
        {
            "name": sign.name, "isolation": sign.isolation, "at": sign.at,
            "now": CLASSES[Priority(held[sign.name].priority)] if sign.name in held else "waits for work",
            "lasted": numbers.span(now - (held[sign.name].leased_at or now)) if sign.name in held else "",
        }
        for sign in facts.living
    ]  # fmt: skip
    return {"head": _head(facts), "rows": rows, "workers": signs, "limit": LIMIT, "facts": _line_facts(facts)}
