"""What breaks a running deployment, and whether each hand-in is graded once all the same. Who was killed is started again by the engine, as
compose.yml says. The store is left alone: its stand-in keeps everything in memory.

Faults that need a process of one's own (caught at a line of code, clocks, a full disk) are shown in tests/load/faults.py.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import redis

from tests.docker.stack import Stack, run
from tests.journeys.world import wait_for
from tests.load import faults
from tests.load.outages import machines, verdict
from tests.load.outages.director import Event
from tests.load.outages.students import Students

CUT_S, AGAIN_S, CAUGHT_S = 26.0, 90.0, 90.0  # the first is longer than a lease lives
RUNNING = "select id from hardware_job where status = 'running' and kind = 'run'"


@dataclass
class Night:
    stack: Stack
    done: list[Event] = field(default_factory=list)
    well: list[float] = field(default_factory=list)  # moments at which /healthz said so
    _cuts: list[threading.Thread] = field(default_factory=list)
    _is_over: threading.Event = field(default_factory=threading.Event)

    def play(self, students: Students, each: int) -> None:
        """All faults, one after the other; in between the site must give pages again."""
        threading.Thread(target=self._ask_health, daemon=True).start()
        for what, break_it in FAULTS.items():
            students.release(each)
            event = break_it(self)
            event.what = what
            self.done.append(event)
            wait_for(lambda: self.stack.answers("/accounts/login/"), AGAIN_S, f"a page after: {what}")
        for thread in self._cuts:
            thread.join()

    def close(self) -> None:
        self._is_over.set()

    def _ask_health(self) -> None:
        while not self._is_over.wait(0.5):
            if self.stack.is_well():
                self.well.append(time.time())

    # -- what may happen ----------------------------------------------------------------------------------------------

    def killed(self, service: str, job: str = "") -> Event:
        """With -9, from outside: `docker kill` would be an order, and who is ordered to end is not started again."""
        os.kill(int(run("docker", "inspect", "-f", "{{.State.Pid}}", self.stack.container(service))), signal.SIGKILL)
        return Event("", time.time(), time.time(), job)

    def killed_in_a_run(self, service: str) -> Event:
        return self.killed(service, self.running())

    def running(self) -> str:
        return str(wait_for(lambda: self.stack.rows(RUNNING), CAUGHT_S, "a run")[0][0])

    def restarted(self, service: str) -> Event:
        broke = time.time()
        run("docker", "restart", "-t", "30", self.stack.container(service))
        return Event("", broke, time.time())

    def cut(self) -> Event:
        """The bench worker, in a run; the night goes on meanwhile."""
        line, worker = f"{self.stack.project}_bench", self.stack.container("bench")
        event = Event("", time.time(), time.time() + CUT_S, self.running())
        run("docker", "network", "disconnect", line, worker)

        def mend() -> None:
            time.sleep(CUT_S)
            run("docker", "network", "connect", line, worker)
            event.mended = time.time()

        self._cuts.append(threading.Thread(target=mend, daemon=True))
        self._cuts[-1].start()
        return event

    def on_broker(self, act: Callable[["Broker"], object]) -> Event:
        act(Broker(self.stack))
        return Event("", time.time(), time.time())


class Broker(machines.Broker):
    """The stack's own Redis."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    @property
    def lists(self) -> redis.Redis:
        return redis.Redis(self.stack.address("redis"), password=self.stack.given["REDIS_PASSWORD"], socket_timeout=5)


FAULTS: dict[str, Callable[[Night], Event]] = {
    "kill the bench worker in a run": lambda night: night.killed_in_a_run("bench"),
    "kill its engine in a run": lambda night: night.killed_in_a_run("engine"),
    "cut the bench worker off in a run": Night.cut,
    "kill the web": lambda night: night.killed("web"),
    "kill the proxy": lambda night: night.killed("proxy"),
    "kill the ordinary worker": lambda night: night.killed("worker"),
    "kill beat": lambda night: night.killed("beat"),
    "drop all messages": lambda night: night.on_broker(Broker.dropped),
    "each message 21 times": lambda night: night.on_broker(lambda broker: broker.doubled(20)),
    "flush Redis": lambda night: night.on_broker(Broker.empty),
    "kill Redis": lambda night: night.killed("redis"),
    "kill PostgreSQL": lambda night: night.killed("db"),
    "restart PostgreSQL": lambda night: night.restarted("db"),
}


def play(stack: Stack, cookies: list[str], many: int) -> tuple[list[str], str]:
    """(what is wrong, the table)"""
    students, night = Students(stack.door, cookies, many, threads=faults.AT_ONCE), Night(stack)
    begun = time.time()
    try:
        students.begin()
        night.play(students, many // len(FAULTS))
        students.release(many)
        wrong = [] if faults.drained(stack, students) else ["the line did not end"]
        wrong += [] if faults.comes(stack.is_well, faults.STANDS_S) else ["the site is not well"]
    finally:
        night.close()
        students.close()
    wrong += [*verdict.of_rows(stack, students.sent), *verdict.of_answers(students.answers, verdict.OF_A_PROXY)]
    told = verdict.table(night.done, verdict.recoveries(stack, night.done, night.well))
    return wrong, f"{told}\n{len(students.sent)} handed in while these happened, {time.time() - begun:.0f} s"
