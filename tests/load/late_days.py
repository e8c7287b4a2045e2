"""What counting late days costs: the rules alone, by policy and size, and the file of late_report. Prints two tables.

python -m tests.load.late_days [most hand-ins]

Each figure is the median of five runs, in time on a processor; compare the rows of one run. `a circle` is a team of three with ten assignments: what
one hand-in counts.
"""

import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import django
import yaml

from grading.late.facts import Bank, Deadline, HandIn, Membership, Penalty, Policy, Unit
from grading.latepolicy import assess
from tests.load.figures import figure, numbers, table

ZONE = ZoneInfo("America/New_York")
START = datetime(2023, 9, 8, 3, 59, tzinfo=UTC)
POLICIES = {
    "calendar days, person": Policy(
        ZONE, banks=(Bank(6, "person"),), penalty=Penalty(steps=(Fraction(50), Fraction(100)))
    ),
    "hours, team's bank": Policy(ZONE, banks=(Bank(5, "team"),), unit=Unit("hours"), penalty=Penalty(each=Fraction(2))),
    "hours of 1 h, poorest": Policy(ZONE, banks=(Bank(48),), unit=Unit("hours", hours=Fraction(1)), team="poorest"),
    "weekends skipped, best": Policy(ZONE, banks=(Bank(5),), weekend="skipped", attempt="best"),
}
SIZES = ((3, 10, 3), (60, 10, 3), (600, 20, 3))  # people, assignments, attempts at each


def world(
    people: int, work: int, attempts: int
) -> tuple[dict[str, Deadline], list[HandIn], list[Membership], list[str], list[str]]:
    rng = random.Random(7)
    deadlines = {f"lab{n}": Deadline(START + timedelta(days=7 * n)) for n in range(work)}
    names, teams = [f"p{n}" for n in range(people)], [f"t{n}" for n in range((people + 2) // 3)]
    members = [Membership(teams[n // 3], name) for n, name in enumerate(names)]
    hand_ins = [
        HandIn(f"{owner}-{lab}-{n}", owner, lab, due.due + timedelta(hours=rng.uniform(-40, 60)), raw_percent=Fraction(rng.randrange(101)))
        for owner in teams for lab, due in deadlines.items() for n in range(attempts)
    ]  # fmt: skip
    return deadlines, hand_ins, members, names, teams


def median_ms(act: Callable[[], object], runs: int = 5) -> float:
    taken = []
    for _ in range(runs):
        begun = time.process_time()
        act()
        taken.append(1000 * (time.process_time() - begun))
    return statistics.median(taken)


def rules() -> None:
    row = table("policy|24", "people", "labs", "hand-ins", "CPU, ms|9.1f", "us a hand-in|.1f")
    for name, policy in POLICIES.items():
        for people, work, attempts in SIZES:
            deadlines, hand_ins, members, names, teams = world(people, work, attempts)
            if len(hand_ins) > numbers(20_000)[0]:
                continue
            ms = median_ms(
                lambda p=policy, d=deadlines, h=hand_ins, m=members, n=names, t=teams: assess(
                    p, d, h, memberships=m, people=n, teams=t
                )  # type: ignore[misc]
            )
            row(name, people, work, len(hand_ins), ms, 1000 * ms / len(hand_ins))


def files() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "courseplatform.settings")
    django.setup()
    from grading.course_file.late.report import late_report  # needs the settings above, which the rules alone do not

    row = table("hand-ins of late_report", "KiB", "CPU, s|7.2f")
    for count in (200, 2000, 20_000):
        if count > numbers(20_000)[0]:
            break
        rows = [
            {
                "id": f"s{n}",
                "owner": f"p{n % 600}",
                "assignment": f"lab{n % 20}",
                "at": f"2023-09-{9 + n % 20:02} 10:00",
            }
            for n in range(count)
        ]
        document = {
            "zone": "America/New_York", "policy": {"bank": {"days": 5, "owner": "person"}, "penalty": {"each": 2}},
            "people": [f"p{n}" for n in range(600)], "submissions": rows,
            "assignments": {f"lab{n}": {"due": f"2023-09-{9 + n:02} 23:59"} for n in range(20)},
        }  # fmt: skip
        content = yaml.safe_dump(document, sort_keys=False).encode()
        seconds = median_ms(lambda c=content: late_report(c), runs=1) / 1000  # type: ignore[misc]
        row(count, len(content) // 1024, seconds)


def main() -> int:
    rules()
    files()
    return 0


if __name__ == "__main__":
    sys.exit(figure(main))
