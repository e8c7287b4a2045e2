"""One person hands in fifty models, ten others one each: when does each get the first result? Prints a table; run by `make figures`.

    python -m tests.load.queue_fairness [files of one person] [sqlite|postgresql ...]

Real worker processes, real leases, real hand-ins; measuring is a sleep. The ten come while the fifty are being measured. It also says how
many results came inside the range that the page of the run had promised when the last of the ten had come, how many of all ranges that it
said from then on were kept, and how long the line of two thousand takes to be read.
"""

import sys
import time
from pathlib import Path

from tests.load.figures import figure, numbers, say, table, words
from tests.load.line_workers import (
    Workers,
    database_of,
    fresh,
    hand_in_many,
    in_processes,
    people,
    scratch_folder,
    set_up,
    wait_until_done,
)

TAKES_S, FIFTY, TEN = 0.4, 50, 10
SAYS_EVERY_S = 2.0


def main() -> int:
    return in_processes(figures, words("sqlite", "postgresql"))


def figures(kind: str) -> None:
    with scratch_folder() as folder, database_of(kind) as database:
        set_up(database, Path(folder))
        from django.db import connection

        (fifty,) = numbers(FIFTY)
        say(
            f"{connection.vendor}: {fifty} files of one person, then {TEN} others with one each; a run takes {TAKES_S} s"
        )
        row = table(
            "workers|>",
            "ten have theirs within, s|.2f",
            "turns allow, s|.2f",
            "passed by the fifty",
            "inside the range|20",
            "of all that it said|22",
        )
        for workers in (1, 2, 4):
            found = measure(fresh(Path(folder)), workers, Path(folder), takes_s=TAKES_S, many=fifty, others=TEN)
            allowed = (TEN / workers + 2) * TAKES_S * 1.4
            row(workers, found["slowest_s"], allowed, found["passed"], found["inside"], found["inside_all"])
            assert found["passed"] <= workers, "the fifty went before somebody's first"
        _long_line()


def measure(cast, workers: int, folder: Path, *, takes_s: float, many: int, others: int) -> dict:
    """One evening: {slowest_s: of the others' first results since they handed in, passed: how many of the fifty were taken after an other
    had come and before it, inside: how many results came inside the range}."""
    from django.utils import timezone

    from grading.handing_in import hand_in_rules
    from grading.models import Run
    from hardware.models import Status

    cast.lab.attempts_allowed = 10 * many
    cast.lab.save()
    pace, hand_in_rules.PER_HOUR = hand_in_rules.PER_HOUR, 10 * many
    try:
        hand_in_many(cast, cast.ruth, many, folder)
    finally:
        hand_in_rules.PER_HOUR = pace
    ten = people(cast, others)
    crew = Workers(workers, takes_s=takes_s)
    try:
        while Run.objects.filter(status=Status.FINISHED).count() < 5:
            time.sleep(0.05)
        for person in ten:
            hand_in_many(cast, person, 1, folder)
        said = [_promises(timezone.now(), workers)]
        asks = _every(SAYS_EVERY_S, lambda: said.append(_promises(timezone.now(), workers)))
        wait_until_done(120 + many * takes_s * 4, asks)
    finally:
        crew.end()
    return _told(cast, said)


def _every(seconds: float, act):
    """A function that may be called at any time, and acts no more often than that."""
    last = [time.monotonic()]

    def call() -> None:
        if time.monotonic() - last[0] >= seconds:
            act()
            last[0] = time.monotonic()

    return call


def _promises(now, workers: int) -> dict:
    """What the page of each waiting run says now: when the result is there at the earliest and the latest."""
    from datetime import timedelta

    from grading.models import Run
    from grading.selectors.line_now import line_read, place_of, promise
    from hardware.models import Status
    from hardware.workers import sign_on

    for n in range(workers):
        sign_on(f"load:{n}")
    found = {}
    for run in Run.objects.filter(status=Status.QUEUED).select_related("submission"):
        line = line_read(now, [run.submission.assignment_id])
        said = promise(run, line, place_of(run, now))
        if said is not None:
            found[run.pk] = (now + timedelta(seconds=said.end.low_s), now + timedelta(seconds=said.end.high_s))
    return found


def _told(cast, said: list[dict]) -> dict:
    from grading.models import Run

    runs = list(Run.objects.select_related("submission"))
    others = [run for run in runs if run.submission.person_id != cast.ruth.pk]
    fifty = [run for run in runs if run.submission.person_id == cast.ruth.pk]
    assert all(run.outcome == "measured" for run in runs)
    passed = max(sum(other.queued_at < one.leased_at < other.leased_at for one in fifty) for other in others)
    return {
        "slowest_s": max((run.finished_at - run.queued_at).total_seconds() for run in others),
        "passed": passed, "inside": _kept(runs, said[:1]), "inside_all": _kept(runs, said),
    }  # fmt: skip


def _kept(runs, said: list[dict]) -> str:
    """41 of 48, 5 sooner."""
    ended = {run.pk: run.finished_at for run in runs}
    ranges = [(ended[pk], low, high) for promised in said for pk, (low, high) in promised.items()]
    inside, early = sum(low <= at <= high for at, low, high in ranges), sum(at < low for at, low, _ in ranges)
    return f"{inside} of {len(ranges)}, {early} sooner"


def _long_line() -> None:
    """What it costs to take a job, to put one in line, to know a place, and to draw the pages, with two thousand that wait."""
    from datetime import timedelta

    from django.db import connection
    from django.utils import timezone

    from grading.selectors.line_now import line_read, place_of
    from grading.selectors.line_staff import site_line
    from hardware import leases
    from hardware.line import turn_for
    from hardware.models import Job

    now = timezone.now()
    Job.objects.bulk_create(
        Job(kind="run", owner_key=f"o{n % 300}", turn=1000 + n // 300, queued_at=now + timedelta(microseconds=n))
        for n in range(2000)
    )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE hardware_job")
    last = Job.objects.order_by("-turn", "-queued_at").first()
    acts = {
        "take the next": lambda: leases.lease_next(worker="load", kinds=("run",)),
        "give a turn": lambda: turn_for(Job(kind="run", owner_key="o1"), priority=10),
        "the page of a run": lambda: place_of(last, timezone.now()) and line_read(timezone.now()),
        "the page of the staff": lambda: site_line(timezone.now()),
    }
    say("2000 wait: " + ", ".join(f"{name} {_best_ms(act):.1f} ms" for name, act in acts.items()))


def _best_ms(act) -> float:
    times = []
    for _ in range(7):
        begun = time.perf_counter()
        act()
        times.append((time.perf_counter() - begun) * 1e3)
    return sorted(times)[len(times) // 2]


if __name__ == "__main__":
    sys.exit(figure(main))
