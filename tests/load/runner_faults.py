"""Three boards against a whole site while everything around them fails: is each job ended once, and how long does a job wait for a dead board?

    python -m tests.load.runner_faults [JOBS] [--no-arm]       as root; 500 jobs take about half an hour on two processors

The site runs on PostgreSQL and Redis: web, ordinary worker with beat, two bench workers. Each board is the agent's one file as a process in a
network namespace of its own: one on a small disk and with a clock that is set, one with a power sensor and a line that says every call
twice, one an arm64 container under QEMU. Part of the jobs are hand-ins of students that come out graded. Beside it two more runners
race for single jobs. What happens stands in boards_at_night/director.py. Exit code 1 where a job is lost or was ended twice, where an attempt
was used up, where a job of a killed agent was not back in the line after 90 s, or where a fault could not be shown.
"""

import argparse
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from tests import parts
from tests.load.boards_at_night.boards import FAKETIME, Board, MeteredBoard, SmallBoard
from tests.load.boards_at_night.line import Line
from tests.load.boards_at_night.site import Site, own_connection
from tests.load.figures import figure, not_shown, say
from tests.load.line_workers import scratch_folder
from tests.load.network import Network
from tests.parts import ROOT

HAND_INS, HAND_IN_EVERY_S, LONGEST_S_A_JOB, MOST_JOBS_A_FAULT = 24, 12.0, 12, 5


def why_not() -> str:
    """What this machine lacks; "" where it can show all of it."""
    if os.geteuid():
        return "only root may cut networks"
    missing = [parts.find(name)[1] for name in ("postgresql", "redis")]
    return "; ".join(filter(None, [*missing, "" if FAKETIME.exists() else "faketime is not installed"]))


def boards_made(folder: Path, site: Site, network: Network, *, with_arm: bool) -> list[Board]:
    from tests.load.boards_at_night import arm_board

    file = folder / "milliamp-runner.pyz"
    subprocess.run(
        [sys.executable, "manage.py", "build_runner", "--out", str(file)], check=True, cwd=ROOT, capture_output=True
    )
    made: list[Board] = []
    for n, kind in enumerate((SmallBoard, MeteredBoard)):
        line = Line(network.site, site.port, twice=kind is MeteredBoard, seed=n)
        made.append(kind(n, file, folder / f"board-{n}", line, ["nsenter", f"--net={network.add(n)}"]))
    if with_arm:
        arm_board.image_made()
        machine = arm_board.Machine(folder)
        network.add(2, machine.pid)
        line = Line(network.site, site.port, twice=False, seed=2)
        made.append(arm_board.ArmBoard(2, file, folder / "board-2", line, [], machine=machine))
    return made


def brought_up(boards: list[Board]) -> None:
    """Every board is enrolled and its golden model has run."""
    from hardware.models import Health, Runner
    from tests.journeys.world import wait_for
    from tests.load.boards_at_night import people

    for board in boards:
        board.runner, code = people.board_added(board.n)
        board.enrol(code)
        board.start()
    mine = Runner.objects.filter(pk__in=[board.runner for board in boards], health=Health.GOOD)
    wait_for(lambda: mine.count() == len(boards), 300, "every board measured its golden model")


def play(jobs: int, folder: Path, *, with_arm: bool) -> int:
    network, boards = Network("ma", "10.77.31"), []
    site = Site(folder, network.site)
    try:
        site.bring_up()
        site.join()
        from tests.load.boards_at_night import people

        people.line_emptied()
        with network:
            try:
                boards = boards_made(folder, site, network, with_arm=with_arm)
                brought_up(boards)
                return shown(jobs, site, boards, network)
            finally:
                for board in boards:
                    board.close()
                    board.line.close()
    finally:
        site.stop()


def shown(jobs: int, site: Site, boards: list[Board], network: Network) -> int:
    from tests.load.boards_at_night import director as faults
    from tests.load.boards_at_night import figures, people, report
    from tests.load.boards_at_night.races import Races

    students, races = people.Students(site), Races(site)
    hand_ins = min(HAND_INS, jobs // 12)
    people.work_made(jobs - hand_ins)
    director = faults.Director(site, boards, network, every_jobs=max(1, min(MOST_JOBS_A_FAULT, jobs // 20)))
    handing_in = threading.Thread(target=in_thread, args=(students.hand_in, hand_ins, HAND_IN_EVERY_S), daemon=True)
    begun = time.monotonic()
    handing_in.start()
    races.thread.start()
    with suppress(KeyboardInterrupt):  # then the table says what was lost until here: all that was not done
        while time.monotonic() - begun < 300 + jobs * LONGEST_S_A_JOB:
            time.sleep(faults.EVERY_S)
            if not handing_in.is_alive() and not figures.left() and not students.figures()["open"]:
                break
            director.step(figures.left() + hand_ins - students.handed_in)
            report.progress(jobs, director, time.monotonic() - begun)
    took_s = time.monotonic() - begun
    director.mend_all()
    races.thread.join(200)
    director.step_late()
    for board in boards:
        board.stop()
    return report.told(jobs, director, students, races, took_s)


def in_thread(call, *args) -> None:
    with own_connection():
        call(*args)


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    asked.add_argument("jobs", type=int, nargs="?", default=500)
    asked.add_argument("--no-arm", action="store_true", help="two boards, without the one under QEMU")
    options = asked.parse_args()
    why = why_not()
    if why:
        return not_shown(why)
    without_arm = "as asked" if options.no_arm else parts.find("docker")[1]
    if without_arm:
        say(f"without the board under QEMU, {without_arm}")
    with scratch_folder() as folder:
        return play(options.jobs, Path(folder), with_arm=not without_arm)


if __name__ == "__main__":
    sys.exit(figure(main))
