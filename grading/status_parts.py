"""What the status page reads of grading: runs, re-runs and counts in line, what arrived, what is due, grades on their way to the LMS."""

from datetime import datetime, timedelta
from statistics import median

from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from courseplatform.core import numbers
from courseplatform.core.lines import LineNow, add_line
from courseplatform.status.hooks import Due, HandedIn, LabLine, registry
from courseplatform.status.rules import Rule
from courseplatform.status.words import length
from grading.models.assignments import Assignment
from grading.models.passback import PassbackScore, ScoreState
from grading.models.runs import Run
from grading.models.submissions import Submission
from grading.queue.forecast import Range, forecast, forecast_line
from grading.queue.wake import RUN_KIND
from grading.selectors.line_now import FORMAT, LAB, line_read, range_words
from hardware import holds
from hardware.line import ready_in_line
from hardware.models import BOARD_KINDS, HELD, OPEN, Job, LineHold, Outcome, Priority, Status

LIVE_SLOW_S, CALL_AT_S, PASSBACK_SLOW_S = 180.0, 600.0, 900.0
DEMO_BEFORE = timedelta(hours=6)
LOOKED_AT = 100  # waiting runs that a range is computed from


def register() -> None:
    add_line("live_runs", live_line)
    add_line("reruns", rerun_line)
    add_line("counts", count_line)
    add_line("passback", passback_line)
    registry.result_in |= {
        "live_runs": live_range,
        "reruns": lambda now: "after live work",
        "counts": lambda now: "when idle",
    }
    registry.lab_lines["runs"] = lab_lines
    registry.handed_in["submissions"] = handed_in
    registry.dues["assignments"] = dues
    registry.lost_runs["runs"] = lost_runs
    registry.pace_s["runs"] = pace_s
    registry.add_probe("our_faults_count", our_faults_count)
    registry.add_rule(
        Rule("slow", "oldest_s.live_runs", "Benchmarking was slow", CALL_AT_S, LIVE_SLOW_S, now="Benchmarking is slow", opens_after_s=0, closes_after_s=60,
             says=lambda worst: f"The oldest run waited {length(worst)}. Handing in was not affected.", shown=length),
        Rule("our_faults", "our_faults_count", "Runs ended by a fault of ours", 1, 1, now="Runs end by a fault of ours", opens_after_s=0, closes_after_s=0,
             says=lambda worst: f"{numbers.count(worst)} in a quarter of an hour. They cost no attempt and can be started again.", shown=numbers.count),
    )  # fmt: skip


def _line(kind: str, title: str, slow_after_s: float, within: Q, *, held_back: bool = False) -> LineNow:
    """One query."""
    now = timezone.now()
    # The demo hands in as of weeks ago what it measures at its first start: those ages are made up.
    of_demo = Q(run__submission__assignment__course__is_demo=True) | Q(
        variantrun__piece__assignment__course__is_demo=True
    )
    made_up = of_demo & Q(queued_at__lt=now - DEMO_BEFORE)
    found = (
        Job.objects.filter(within, status__in=OPEN)
        .exclude(kind__in=BOARD_KINDS)
        .aggregate(
            waiting=Count("pk", filter=Q(status=Status.QUEUED)),
            oldest=Min("queued_at", filter=Q(status=Status.QUEUED) & ~made_up),
            running=Count("pk", filter=Q(status__in=HELD)),
        )
    )
    oldest_s = None if found["oldest"] is None else max((now - found["oldest"]).total_seconds(), 0.0)
    return LineNow(kind, title, found["waiting"], oldest_s, found["running"], slow_after_s, held_back=held_back)


def live_line() -> LineNow:
    """All that comes before re-runs. Two queries."""
    held_back = LineHold.What.MEASURING in holds.held_now()
    return _line("live_runs", "Live runs", LIVE_SLOW_S, Q(priority__lt=Priority.RERUN), held_back=held_back)


def rerun_line() -> LineNow:
    return _line("reruns", "Re-runs", 24 * 3600.0, Q(priority=Priority.RERUN), held_back=True)


def count_line() -> LineNow:
    return _line("counts", "Counts of instructions", 24 * 3600.0, Q(priority=Priority.IDLE), held_back=True)


def passback_line() -> LineNow:
    """Grades for an LMS that could be sent now. One query."""
    now = timezone.now()
    found = PassbackScore.objects.filter(
        state=ScoreState.PENDING, passback__is_on=True, passback__problem="", next_at__lte=now
    ).aggregate(waiting=Count("pk"), oldest=Min("stamp"), running=Count("pk", filter=Q(passback__busy_until__gt=now)))
    oldest_s = None if found["oldest"] is None else max((now - found["oldest"]).total_seconds(), 0.0)
    return LineNow("passback", "Grades for the LMS", found["waiting"], oldest_s, found["running"], PASSBACK_SLOW_S)


def live_range(now: datetime) -> str:
    """When the results of those that wait are there, from the first to the last; where none waits, that of a model handed in now. "": too few
    runs are known to say."""
    line = line_read(now)
    rows = list(ready_in_line(now).filter(priority__lt=Priority.RERUN).values("kind", LAB, FORMAT)[:LOOKED_AT])
    held = line.held_before(Priority.LIVE)
    if rows:
        times = [line.took(row["kind"], row[LAB], row[FORMAT]) for row in rows]
        found = forecast_line(line=times, held=held, workers=line.slots, gap_s=line.gap_s, pace=line.pace)
        ends = [one.end for one in found if one is not None]
        return range_words(Range(ends[0].low_s, ends[-1].high_s)) if ends else ""
    if not line.slots:
        return ""
    one = forecast(own=line.took(RUN_KIND), held=held, workers=line.slots, seed=0, gap_s=line.gap_s, pace=line.pace)
    return range_words(one.end) if one is not None else ""


def lab_lines(now: datetime) -> list[LabLine]:
    """Of each work of which a run is in line or measured. One query."""
    rows = (
        Run.objects.filter(status__in=OPEN, priority__lt=Priority.RERUN)
        .values("submission__assignment__course", "submission__assignment__title", "submission__assignment")
        .annotate(
            waiting=Count("pk", filter=Q(status=Status.QUEUED)),
            oldest=Min(
                "queued_at",
                filter=Q(status=Status.QUEUED)
                & ~Q(submission__assignment__course__is_demo=True, queued_at__lt=now - DEMO_BEFORE),
            ),
            running=Count("pk", filter=Q(status__in=HELD)),
        )
        .order_by("submission__assignment")
    )
    return [
        LabLine(
            row["submission__assignment__course"], row["submission__assignment__title"], row["waiting"],
            None if row["oldest"] is None else max((now - row["oldest"]).total_seconds(), 0.0), row["running"],
        )
        for row in rows
    ]  # fmt: skip


def handed_in(since: datetime) -> HandedIn:
    """One query."""
    found = Submission.objects.filter(received_at__gte=since, received_at__lte=timezone.now()).aggregate(
        arrived=Count("pk"), receipts=Count("pk", filter=~Q(receipt="")), largest=Max("size_bytes")
    )
    return HandedIn(found["arrived"], found["receipts"], found["largest"])


def dues(since: datetime, until: datetime) -> list[Due]:
    """Due times of published work that runs on workers. One query."""
    rows = Assignment.objects.filter(due_at__gt=since, due_at__lte=until, course__is_published=True).exclude(
        bench_spec={}
    )
    shown = rows.select_related("course").order_by("due_at", "pk")[:20]
    return [Due(row.course_id, row.title, row.due_at) for row in shown if row.due_at is not None]


def lost_runs(since: datetime) -> int:
    """Runs that ended by a fault of ours. One query, answered by an index."""
    return Job.objects.filter(outcome=Outcome.INFRASTRUCTURE, finished_at__gte=since).count()


def our_faults_count(now: datetime) -> float:
    return float(lost_runs(now - timedelta(minutes=15)))


def pace_s(now: datetime) -> float | None:
    """Seconds that half of the last runs took at most, from lease to end; None before there were any."""
    rows = Job.objects.filter(
        kind=RUN_KIND, outcome=Outcome.MEASURED, leased_at__isnull=False, finished_at__isnull=False
    )
    last = rows.order_by("-finished_at").values_list("leased_at", "finished_at")[:40]
    took = [(end - begun).total_seconds() for begun, end in last if begun is not None and end is not None]
    return median(took) if took else None
