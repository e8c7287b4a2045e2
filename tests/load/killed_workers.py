"""Workers that are killed with -9 at random while they measure: is every run ended once, and graded once? Prints a table; run by `make figures`.

python -m tests.load.killed_workers [people] [sqlite|postgresql ...]
"""

import random
import sys
import time
from pathlib import Path

from tests.load.figures import figure, numbers, say, words
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

PEOPLE, EACH, WORKERS, TAKES_S, KILL_EVERY_S = 15, 4, 4, 0.4, 0.7


def main() -> int:
    return in_processes(figures, words("sqlite", "postgresql"))


def figures(kind: str) -> None:
    with scratch_folder() as folder, database_of(kind) as database:
        set_up(database, Path(folder))
        cast = fresh(Path(folder))
        found = killing(
            cast,
            Path(folder),
            people_many=numbers(PEOPLE)[0],
            each=EACH,
            workers=WORKERS,
            takes_s=TAKES_S,
            every_s=KILL_EVERY_S,
        )
        say(f"{kind}: " + ", ".join(f"{name} {value}" for name, value in found.items()))


def killing(
    cast,
    folder: Path,
    *,
    people_many: int,
    each: int,
    workers: int,
    takes_s: float,
    every_s: float,
    most_kills: int = 1000,
) -> dict:
    """All hand in, workers measure and are killed until the line has ended. Raises AssertionError where a run is lost or graded twice."""
    from hardware import leases

    cast.lab.attempts_allowed = 10 * each
    cast.lab.save()
    for person in people(cast, people_many):
        hand_in_many(cast, person, each, folder)
    chance, crew, kills, last = random.Random(3), Workers(workers, takes_s=takes_s), 0, time.monotonic()

    def each_time() -> None:
        nonlocal kills, last
        leases.sweep()
        if time.monotonic() - last > every_s * chance.uniform(0.5, 1.5) and kills < most_kills:
            crew.kill_one(chance)
            kills, last = kills + 1, time.monotonic()

    try:
        wait_until_done(600, each_time)
    finally:
        crew.end()
    return {"killed": kills} | _told(people_many * each)


def _told(handed_in: int) -> dict:
    from django.db.models import Count, Q, Sum

    from grading.models import Result, Run
    from hardware.models import JobMove, Outcome, Status

    runs = list(Run.objects.select_related("submission"))
    measured = {run.pk for run in runs if run.outcome == Outcome.MEASURED}
    given_up = {run.pk for run in runs if run.outcome == Outcome.INFRASTRUCTURE}
    ends = (
        JobMove.objects.filter(moved_to=Status.FINISHED).values("subject").annotate(many=Count("pk")).filter(many__gt=1)
    )
    leased = JobMove.objects.filter(moved_to=Status.LEASED).count()
    assert len(runs) == handed_in and measured | given_up == {run.pk for run in runs}, "a run was lost"
    assert not ends.exists(), "a run ended twice"
    assert set(Result.objects.values_list("run", flat=True)) == measured, (
        "a result without a run, or a run without a result"
    )
    assert all(run.submission.counts is (run.pk in measured) for run in runs), (
        "an attempt was counted that was not measured"
    )
    assert leased == Run.objects.aggregate(sum=Sum("attempt"))["sum"], "a lease without a trace"
    again = Run.objects.filter(Q(faults__gt=0)).count()
    return {
        "runs": len(runs),
        "measured": len(measured),
        "started again": again,
        "given up as ours": len(given_up),
        "graded twice": 0,
        "lost": 0,
    }


if __name__ == "__main__":
    sys.exit(figure(main))
