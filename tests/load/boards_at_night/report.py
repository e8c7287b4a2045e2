"""The table, and whether it is well."""

import sys
from collections import Counter

from hardware.models import Status
from tests.load.boards_at_night import director as faults
from tests.load.boards_at_night import figures
from tests.load.boards_at_night.boards import MeteredBoard
from tests.load.boards_at_night.director import Director
from tests.load.boards_at_night.people import Students
from tests.load.boards_at_night.races import RACES, Races
from tests.load.figures import say, table

KILLS = (faults.KILL, faults.AWAY)


def progress(jobs: int, director: Director, after_s: float) -> None:
    """A line after each fault."""
    last = director.done[-1] if director.done else ""
    if len(director.done) != director.told:
        print(f"{after_s:5.0f} s  {figures.left():4} of {jobs} left  {last}", file=sys.stderr, flush=True)
        director.told = len(director.done)


def told(jobs: int, director: Director, students: Students, races: Races, took_s: float) -> int:
    """Prints the table. Returns the exit code."""
    ends, handed = figures.outcomes(), students.figures()
    back, again = (figures.waits(director.losses, director.outages, to) for to in (Status.QUEUED, Status.LEASED))
    metered = [name for name, n in director.names.items() if isinstance(director.boards[n], MeteredBoard)]
    right, other, without = figures.energies(metered)
    killed = [seconds for what in KILLS for seconds in back.get(what, [])]
    times, boards = Counter(director.done), figures.by_board(director.names)
    rows = [
        ("jobs in", jobs), ("measured", ends["measured"]), ("lost", figures.left()), ("ended twice", figures.ended_twice()),
        ("given up", ends["infrastructure"]),
        ("held not to stand, measured again", figures.held_not_to_stand()), ("measured without a result", figures.without_result()),
        ("by board", ", ".join(f"board {name}: {n}" for name, n in boards.items())), ("late results refused and kept", figures.late_words()),
        ("handed in by students", handed["handed in"]), ("graded by a board's result", handed["graded"]), ("attempts used up by faults", handed["attempts"]),
        ("energy: of the rail, another, none", f"{right}, {other}, {without}"), ("calls said twice", sum(board.line.said_twice for board in director.boards)),
        ("old calls said again, and the answers", figures.said_again(director.answers)),
        ("races, and jobs that went to one", f"{len(races.won)}, {races.won.count(1)}"),
        ("a stale result", {True: "refused, kept, not counted", False: "WRONG", None: f"NOT SHOWN {races.error or ''}"}[races.stale]),
        ("clock seen by the site, s", ", ".join(f"{seen:+.0f}" for seen in director.skew_s)),
        ("boards vouched for", director.vouched), ("agents that ended wrongly", len(director.wrong_ends)),
        *((f"times: {what}", times[what]) for what in dict.fromkeys((*faults.SHORT, *faults.LONG))),
        *((f"back in the line, s: {what}", figures.spread(found)) for what, found in back.items()),
        ("back in the line, s: every killed agent", figures.spread(killed)),
        *((f"taken by the next, s: {what}", figures.spread(found)) for what, found in again.items()), ("all, s", f"{took_s:.0f}"),
    ]  # fmt: skip
    row = table("what|49", "seen|<")
    for name, value in rows:
        row(name, str(value))
    for why in figures.given_up_after():
        say(f"given up {why}")
    faulty = {
        "not every job was measured": ends["measured"] != jobs or figures.left() > 0,
        "a job was ended twice, or has no result": figures.ended_twice() + figures.without_result() > 0,
        "hand-ins are not graded": handed["graded"] != handed["handed in"],
        "attempts were used up": handed["attempts"] > 0,
        "a job of a killed agent waited too long": not killed or max(killed) >= figures.MOST_RECOVERY_S,
        "a race was not won by one": races.won != [1] * RACES,
        "a stale result": races.stale is not True,
        "energies are not those of the rail": not right or other > 0 or without > right / 10,
        "a board measured nothing": not all(boards.values()),
        "an agent ended that should not": bool(director.wrong_ends),
        "not shown": any(times[what] == 0 for what in (*faults.SHORT, *faults.LONG)),
    }
    for said in (said for said, is_so in faulty.items() if is_so):
        say(f"WRONG: {said}")
    return int(any(faulty.values()))
