"""What came out: every job once, no attempt of anybody used, and how long a job waits for a board that is gone."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

from django.db.models import Count, F

from hardware.models import BoardEnd, BoardJob, JobMove, Outcome, Status
from hardware.ondevice.stats import percentile
from tests.load.boards_at_night.boards import WATTS
from tests.load.boards_at_night.director import Loss
from tests.load.boards_at_night.people import DEVICE

MOST_RECOVERY_S = 90.0


def work():
    """The jobs that were put in."""
    return BoardJob.objects.filter(kind="board_run", device=DEVICE)


def left() -> int:
    return work().exclude(status=Status.FINISHED).count()


def outcomes() -> Counter[str]:
    return Counter(work().values_list("outcome", flat=True))


def ended_twice() -> int:
    """Jobs that were moved to their end more than once."""
    moved = JobMove.objects.filter(moved_to=Status.FINISHED, subject__in=work())
    return moved.values("subject").annotate(n=Count("pk")).filter(n__gt=1).count()


def held_not_to_stand() -> int:
    """Results of boards that came in time and were measured again, because the golden model around them had drifted."""
    done = BoardEnd.objects.filter(counted=True, said__outcome="done", job__in=work())
    return done.exclude(attempt=F("job__attempt"), job__outcome=Outcome.MEASURED).count()


def given_up_after() -> list[str]:
    """For each job that was given up, why it went back into the line, each time."""
    rows = JobMove.objects.filter(subject__in=work().filter(outcome=Outcome.INFRASTRUCTURE)).exclude(why="")
    return [f"{row.subject_id}: {row.why}" for row in rows.order_by("subject_id", "pk")]


def without_result() -> int:
    """Jobs called measured whose attempt has no file that came back, or no end that counts."""
    found = 0
    for job in work().filter(outcome=Outcome.MEASURED):
        has_file = job.files.filter(attempt=job.attempt, name="results.json").exists()
        found += not (
            has_file and job.ends.filter(attempt=job.attempt, counted=True, said__outcome="done").count() == 1
        )
    return found


def late_words() -> int:
    return BoardEnd.objects.filter(counted=False, job__in=work()).count()


def energies(runners: Iterable[str]) -> tuple[int, int, int]:
    """Jobs of boards with a sensor that asked for the energy: it is that of the rail, it is another, there is none."""
    rows = (
        work()
        .filter(outcome=Outcome.MEASURED, taken_by__in=list(runners), plan__idle_s__gt=0)
        .values_list("environment", flat=True)
    )
    watts = [row["energy"]["loaded_w"] for row in rows if row.get("energy")]
    right = sum(abs(each - WATTS) < 0.01 for each in watts)
    return right, len(watts) - right, len(rows) - len(watts)


def waits(losses: Iterable[Loss], outages: Iterable[tuple[float, float]], to: Status) -> dict[str, list[float]]:
    """By fault: seconds until the lost job was back in the line (QUEUED) or was taken anew (LEASED), or was ended by what its board had kept.

    What had ended already is left out. Seconds in which there was no site to give anything back are not counted.
    """
    found: dict[str, list[float]] = {}
    for loss in losses:
        later = JobMove.objects.filter(
            subject_id=loss.job, at__gt=datetime.fromtimestamp(loss.at, UTC), moved_to__in=(to, Status.FINISHED)
        )
        first = later.order_by("at").values_list("at", flat=True).first()
        if first is not None:
            found.setdefault(loss.what, []).append(
                first.timestamp() - loss.at - away_s(loss.at, first.timestamp(), outages)
            )
    return found


def away_s(begin: float, end: float, outages: Iterable[tuple[float, float]]) -> float:
    """How much of this time lies in outages."""
    return sum(max(0.0, min(end, back) - max(begin, gone)) for gone, back in outages)


def spread(seconds: list[float]) -> str:
    """As 12 times: median 3.2, p90 8.0, p99 9.1, most 9.3."""
    if not seconds:
        return "never"
    ordered = [f"{name} {percentile(seconds, share):.1f}" for name, share in (("median", 50), ("p90", 90), ("p99", 99))]
    return f"{len(seconds)} times: {', '.join(ordered)}, most {max(seconds):.1f}"


def by_board(names: dict[str, int]) -> dict[int, int]:
    """Board -> how many jobs it measured, 0 too. names: runner -> which board it was."""
    count = Counter(dict.fromkeys(names.values(), 0))
    for runner, n in work().filter(outcome=Outcome.MEASURED).values_list("taken_by").annotate(n=Count("pk")):
        count[names.get(str(runner), -1)] += n
    return dict(sorted(count.items()))


def said_again(answers: dict[str, int]) -> str:
    return ", ".join(f"{said}: {n}" for said, n in sorted(answers.items()))
