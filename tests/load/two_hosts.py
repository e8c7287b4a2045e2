"""Two hosts of workers on one PostgreSQL, one Redis and one object store: do both work, and does a cut link lose or double anything?

    python -m tests.load.two_hosts [HAND-INS] [CUTS]       as root; 200 and 6 take about six minutes on two processors

Each host is a network namespace with a name, a DATA_DIR and one link of its own, and runs an ordinary and a bench worker, as docker/README.md
(Scaling out) has it; web and beat are on the machine of the data. Links are cut while the host measures, in turn. Prints what each host did and
how long each cut took; exit code 1 where anything is not as it must be.
"""

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tests.journeys.world import wait_for
from tests.load.doors import Door
from tests.load.faults import comes, drained, scratch, settle
from tests.load.figures import figure, not_shown, say
from tests.load.network import Network
from tests.load.outages import machines, verdict
from tests.load.outages.site import FaultedSite
from tests.load.outages.students import Students

HOSTS, PEOPLE_EACH, AT_ONCE, DUE_IN_S = (0, 1), 10, 6, 3600
SWEEP_EVERY_S, MORE_SWEEPS = 5.0, 2
CAUGHT_S, TAKEN_S, BACK_S = 60.0, 90.0, 90.0
A_ROUND = 8  # hand-ins: enough that both hosts take some


class TwoHosts(FaultedSite):
    """No clock is set here, and nothing is killed."""

    NAMES = ("web", "beat", "ordinary0", "bench0", "ordinary1", "bench1")
    HOST_OF: ClassVar = {"ordinary0": 0, "bench0": 0, "ordinary1": 1, "bench1": 1}
    CLOCK_OF: ClassVar = {}

    def measured(self, host: int, since: float = 0.0) -> int:
        """How many runs this host has finished."""
        found = self.rows(
            """select count(*) from hardware_jobmove where moved_to = 'finished' and "by" like %s and at > to_timestamp(%s)""",
            f"bench@host{host}:%", since,
        )  # fmt: skip
        return int(found[0][0])


@dataclass(frozen=True)
class Cut:
    """taken_s: until the run that was hit was finished by the other host. back_s: from the link's return to the host's first task."""

    host: int
    taken_s: float
    back_s: float


def cut(site: TwoHosts, students: Students, host: int) -> Cut:
    """In the middle of a run of this host. Raises AssertionError where the run is not taken over, or the host does not come back."""
    students.release(A_ROUND)
    job = wait_for(lambda: hit(site, host), CAUGHT_S, f"a run of host {host} in which its link is cut")
    broke = time.time()
    try:
        ended = "select \"by\" from hardware_jobmove where moved_to = 'finished' and subject_id = %s"
        by = wait_for(lambda: site.rows(ended, job), TAKEN_S, "the end of the run that was cut off")[0][0]
        taken_s = time.time() - broke
        assert by.startswith(f"bench@host{1 - host}:"), f"the run of host {host} was ended by {by}"
    finally:
        site.network.mend(host)
    mended = time.time()
    wait_for(
        lambda: any(at > mended for at, _ in site.tasks(f"bench{host}")), BACK_S, "a task of the host that is back"
    )
    back_s = time.time() - mended
    students.release(A_ROUND)
    wait_for(lambda: site.measured(host, since=mended), BACK_S, "a run of the host that is back")
    return Cut(host, taken_s, back_s)


def hit(site: TwoHosts, host: int) -> str:
    """Cut the link if the host measures now; the run that it holds. "": it measured none, or had ended it by then."""
    held = "select id::text from hardware_job where status = 'running' and leased_by like %s"
    found = site.rows(held, f"bench@host{host}:%")
    if not found:
        return ""
    site.network.cut(host)
    if site.rows(held, f"bench@host{host}:%") == found:
        return str(found[0][0])
    site.network.mend(host)
    return ""


def play(many: int, cuts: int, folder: Path) -> tuple[list[str], str]:
    """(what is wrong, the table)"""
    assert many >= A_ROUND * (2 * cuts + 1), "too few hand-ins for so many cuts"
    with Network("mw", "10.77.32") as network:
        site = TwoHosts(folder, network)
        try:
            return _played(site, many, cuts)
        finally:
            site.stop()


def _played(site: TwoHosts, many: int, cuts: int) -> tuple[list[str], str]:
    cookies = site.bring_up(students=max(10, many // PEOPLE_EACH), attempts=2 * PEOPLE_EACH, due_in_s=DUE_IN_S)
    pids = {name: process.pid for name, process in site.processes.items()}
    students = Students(Door(site.port), cookies, many, threads=AT_ONCE)
    begun, done, wrong = time.time(), [], []
    students.begin()
    students.release(A_ROUND)
    for n in range(cuts):
        try:
            done.append(cut(site, students, host=HOSTS[1 - n % 2]))
        except AssertionError as error:
            wrong.append(f"cut {n + 1}: {error}")
    students.release(many)
    wrong += [] if drained(site, students) else ["the line did not end"]
    wrong += [] if comes(site.is_well, BACK_S) else ["the site is not well"]
    took_s = time.time() - begun
    students.close()
    wrong += [f"{name} ended by itself ({code})" for name, code, _ in site.ended]
    wrong += [f"{name} was started again" for name, process in site.processes.items() if process.pid != pids[name]]
    settle(site)
    wrong += [*verdict.wrongs(site, students.sent, students.answers), *of_hosts(site, many, time.time() - begun)]
    return wrong, table(site, students, done, took_s)


def of_hosts(site: TwoHosts, many: int, took_s: float) -> list[str]:
    """Both hosts worked, and what beat wakes was begun once each time, by one of the two."""
    measured = {host: site.measured(host) for host in HOSTS}
    swept = {host: sweeps(site, host) for host in HOSTS}
    found = [f"host {host} measured nothing" for host in HOSTS if not measured[host]]
    found += [f"host {host} swept nothing" for host in HOSTS if not swept[host]]
    if sum(measured.values()) != many:
        found.append(f"{measured} runs were ended by the hosts, of {many}")
    if sum(swept.values()) > took_s / SWEEP_EVERY_S + MORE_SWEEPS:
        found.append(f"{swept} sweeps in {took_s:.0f} s: somebody wakes the workers twice")
    return found


def sweeps(site: TwoHosts, host: int) -> int:
    return sum(task == "hardware.sweep" for _, task in site.tasks(f"ordinary{host}"))


def table(site: TwoHosts, students: Students, done: list[Cut], took_s: float) -> str:
    lines = [f"{'host':>4} {'runs measured':>13} {'sweeps':>6} {'tasks':>6}"]
    lines += [
        f"{host:4} {site.measured(host):13} {sweeps(site, host):6} {len(site.tasks(f'ordinary{host}', f'bench{host}')):6}"
        for host in HOSTS
    ]
    lines.append(
        f"{'cut':>4} {'its run ended by the other after, s':>36} {'at work again after the link is back, s':>40}"
    )
    lines += [f"{one.host:4} {one.taken_s:36.1f} {one.back_s:40.1f}" for one in done]
    said = Counter(f"{one.what} {one.status}" for one in students.answers if one.status not in (200, 201, 204))
    graded = site.rows("select count(*), count(distinct run_id) from grading_result")[0]
    lines.append(
        f"{len(students.sent)} handed in, {graded[0]} results of {graded[1]} runs, {took_s:.0f} s; answers other than yes: {dict(said)}"
    )
    return "\n".join(lines)


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    asked.add_argument("many", type=int, nargs="?", default=200)
    asked.add_argument("cuts", type=int, nargs="?", default=6)
    asked.add_argument("--keep", action="store_true", help="leave the folder with the logs")
    options = asked.parse_args()
    if why := machines.why_not():
        return not_shown(why)
    with scratch(keep=options.keep) as folder:
        wrong, told = play(options.many, options.cuts, Path(folder))
    say(told)
    for what, times in Counter(wrong).items():
        say(f"WRONG: {what}" + (f" ({times} times)" if times > 1 else ""))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(figure(main))
