"""A night on which everything fails: is each of a thousand hand-ins graded, once, with the right points, and is nobody charged for our faults?

    python -m tests.load.faults [HAND-INS] [--keep] [--only WORDS]     as root; 1,000 take about 25 minutes on two processors

The site runs on machines of its own (outages/machines.py): a PostgreSQL cluster, a Redis, an object store, a small disk, clocks that can be set, and
a host of workers whose link can be cut. Students hand in models whose points are known beforehand, and try again as the page does until they
hold a receipt. outages/director.py breaks what can be broken, one after the other; who keeps the site up starts again what ended. Everything is
then asked of rows and files (outages/verdict.py). Prints a table; exit code 1 where anything is not as it must be, or where a fault could not be
shown.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.journeys.world import wait_for
from tests.load.doors import Door
from tests.load.figures import figure, not_shown, say
from tests.load.network import Network
from tests.load.outages import machines, verdict
from tests.load.outages.director import FAULTS, Director, Lengths
from tests.load.outages.site import BENCHES, FaultedSite
from tests.load.outages.students import Students

ROUNDS, MANY = 4, 400  # from so many hand-ins on each fault comes as often; below that once
PEOPLE_EACH, AT_ONCE, DUE_IN_S = (
    20,
    6,
    5400,
)  # attempts of a student, students at the same time, and when the lab is due
STANDS_S = 90.0


def play(many: int, folder: Path, say=lambda words: None, faults: dict = FAULTS) -> tuple[list[str], str]:
    """(what is wrong, the table)"""
    with Network("mf", "10.77.33") as network:
        return _played(many, folder, network, say, faults)


def _played(many: int, folder: Path, network: Network, say, faults: dict) -> tuple[list[str], str]:
    site = FaultedSite(folder, network, disk_mib=300 + many)
    try:
        cookies = site.bring_up(students=max(10, many // PEOPLE_EACH), attempts=2 * PEOPLE_EACH, due_in_s=DUE_IN_S)
        rounds = ROUNDS if many >= MANY else 1
        lengths = (
            Lengths(away=5.0, full=30.0, gone=60.0, skew=15.0, skew_alone=10.0, cut=45.0) if rounds > 1 else Lengths()
        )
        students = Students(Door(site.port), cookies, many, threads=AT_ONCE)
        night = Director(site, students, lengths, say)
        begun = time.time()
        students.begin()
        for _ in range(rounds):
            night.play(faults, max(1, many // (len(faults) * rounds)))
        students.release(many)
        stuck = [] if drained(site, students) else ["the line did not end"]
        stuck += [] if comes(site.is_well, STANDS_S) else ["the site is not well"]
        took_s = time.time() - begun
        night.close()
        students.close()
        settle(site)
        wrong = stuck + night.wrong + verdict.wrongs(site, students.sent, students.answers)
        told_mail, wrong_mail = verdict.of_mails(site, most_twice=len(night.done))
        wrong += wrong_mail
        wrong += [f"{what} could not be shown" for what in night.missed]
        told = verdict.table(night.done, verdict.recoveries(site, night.done, night.well))
        said = Counter(
            f"{one.what} {one.status} {one.code}".strip()
            for one in students.answers
            if one.status not in (200, 201, 204)
        )
        graded = site.rows("select count(*) from grading_result")[0][0]
        told += f"\n{len(students.sent)} handed in, {graded} graded, {took_s:.0f} s; ended by themselves: {Counter(name for name, *_ in site.ended) or 'none'}"
        told += f"\n{told_mail}\nanswers other than yes: {dict(said)}"
        site.end_processes()
        left = site.processes_left()
        return wrong + [f"process {pid} is left: {command}" for pid, command in left.items()], told
    finally:
        site.stop()


def drained(site: FaultedSite, students: Students) -> bool:
    """Whether the line ends, however slow this machine is: not once nothing has been finished for STANDS_S."""
    finished, since = -1, time.monotonic()
    while time.monotonic() - since < STANDS_S:
        if students.are_done() and site.is_idle():
            return True
        now = site.rows("select count(*) from hardware_job where status = 'finished'")[0][0] + students.received()
        if now != finished:
            finished, since = now, time.monotonic()
        time.sleep(0.3)
    return False


def comes(condition, seconds: float) -> bool:
    try:
        return bool(wait_for(condition, seconds, "it"))
    except AssertionError:
        return False


def settle(site: FaultedSite) -> None:
    """What time alone would bring: the bench workers end in order, and the sweeps of files that nothing speaks for run once."""
    site.quiet |= set(BENCHES)
    for name in BENCHES:
        os.killpg(site.processes[name].pid, signal.SIGTERM)
    for name in BENCHES:
        site.processes[name].wait(timeout=30)
    site.manage(
        "shell", "-v0", "-c", "from courseplatform.uploads.services.sweep import uploads_sweep; uploads_sweep()"
    )


@contextmanager
def scratch(*, keep: bool):
    folder = tempfile.mkdtemp(prefix="milliamp-faults-")
    try:
        yield folder
    finally:
        if keep:
            print(f"logs: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    asked.add_argument("many", type=int, nargs="?", default=1000)
    asked.add_argument("--keep", action="store_true", help="leave the folder with the logs")
    asked.add_argument("--only", default="", help="faults with these words in their names")
    options = asked.parse_args()
    if why := machines.why_not():
        return not_shown(why)
    with scratch(keep=options.keep) as folder:
        aloud = partial(print, file=sys.stderr, flush=True)
        chosen = {what: fault for what, fault in FAULTS.items() if options.only in what}
        wrong, told = play(options.many, Path(folder), aloud, chosen)
    say(told)
    for what, times in Counter(wrong).items():
        say(f"WRONG: {what}" + (f" ({times} times)" if times > 1 else ""))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(figure(main))
