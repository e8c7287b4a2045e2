"""Who breaks things, one after the other: each fault is written down with when it began, when its cause was gone, and whose run it hit."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from tests.journeys.world import fetch
from tests.load.outages import points
from tests.load.outages.site import FaultedSite
from tests.load.outages.students import Students

SKEW_S, CLOCK_S, CAUGHT_S = 7200, 1.0, 180.0  # CLOCK_S: after so long a clock that was set is heard of


@dataclass
class Event:
    """One fault. mended: when its cause was gone, of a kill the moment itself. job: the run that was hit; "": the next one tells. messages: how
    many were hit."""

    what: str
    broke: float
    mended: float
    job: str = ""
    messages: int = 0


@dataclass
class Lengths:
    """Seconds for which each lasting fault lasts."""

    away: float = 2.0
    full: float = 6.0
    gone: float = 6.0
    skew: float = 6.0  # a sweep and a beat must fall into it
    skew_alone: float = 3.0  # of a host that wakes nobody
    cut: float = 26.0  # longer than a lease lives
    beats: float = 5.5


@dataclass
class Director:
    """`play` goes through faults, each once."""

    site: FaultedSite
    students: Students
    lengths: Lengths
    say: Callable[[str], None]
    done: list[Event] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    well: list[float] = field(default_factory=list)  # moments at which /healthz said so
    _later: list[threading.Thread] = field(default_factory=list)
    _is_over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        threading.Thread(target=self._ask_health, daemon=True).start()

    def _ask_health(self) -> None:
        while not self._is_over.wait(0.3):
            if fetch(f"{self.site.url}/healthz")[0] == 200:
                self.well.append(time.time())

    def play(self, faults: "dict[str, Fault]", hand_ins_a_fault: int) -> None:
        for what, break_it in faults.items():
            self.students.release(hand_ins_a_fault)
            begun, event = time.time(), break_it(self)
            if event is None:
                self.missed.append(what)
            else:
                event.what = what
                self.done.append(event)
            self.say(f"{what}: {'not shown' if event is None else f'{time.time() - begun:.1f} s'}")

    def close(self) -> None:
        """Once all that lasts is mended."""
        for thread in self._later:
            thread.join()
        self._is_over.set()

    # -- what may happen ----------------------------------------------------------------------------------------------

    def kill_at(self, point: str) -> Event | None:
        """A process is caught at this point, and killed there."""
        found = self.site.caught(point, CAUGHT_S)
        if found is None:
            return None
        name, job = found
        self.site.kill(name)
        now = time.time()
        return Event("", now, now, "" if point in (points.BEFORE_CLAIM, points.BEFORE_ACK) else job)

    def kill(self, name: str) -> Event:
        self.site.kill(name)
        now = time.time()
        return Event("", now, now)

    def lasting(self, break_it: Callable[[], object], mend: Callable[[], object], seconds: float) -> Event:
        broke = time.time()
        break_it()
        time.sleep(seconds)
        mend()
        return Event("", broke, time.time())

    def web_in_upload(self) -> Event | None:
        sent = self.students.take(in_pieces=True)
        if sent is None:
            return None
        thread = threading.Thread(target=self.students.one, args=(sent, 0.1), daemon=True)
        thread.start()
        self._later.append(thread)
        end = time.monotonic() + CAUGHT_S
        while time.monotonic() < end:
            if self.site.rows("select 1 from uploads_upload where status = 'receiving' and offset_bytes > 0"):
                return self.kill("web")
            time.sleep(0.03)
        return None

    def two_beats(self) -> Event:
        self.site.quiet.add("beat2")
        self.site.start("beat2")
        return self.lasting(lambda: None, lambda: self.site.kill("beat2"), self.lengths.beats)

    def clock(self, host: str, ahead_s: int) -> Event:
        set_clock, seconds = self.site.set_clock, self.lengths.skew if host == "workers" else self.lengths.skew_alone
        return self.lasting(lambda: set_clock(host, ahead_s), lambda: set_clock(host, 0), seconds)

    def cut(self) -> Event | None:
        """The host's link, in the middle of a run of its bench worker. The night goes on meanwhile."""
        end = time.monotonic() + CAUGHT_S
        for turn in count():
            if time.monotonic() > end:
                return None
            if turn % 100 == 99:
                self.students.release(1)  # the other worker was quicker
            pid = self.site.processes["bench1"].pid
            held = self.site.rows(
                "select id from hardware_job where status = 'running' and leased_by like %s", f"%:{pid}"
            )
            if held:
                break
            time.sleep(0.02)
        self.site.network.cut(1)
        event = Event("", time.time(), time.time() + self.lengths.cut, str(held[0][0]))
        self._later.append(threading.Thread(target=self._mend_line, args=(event,), daemon=True))
        self._later[-1].start()
        return event

    def _mend_line(self, event: Event) -> None:
        time.sleep(self.lengths.cut)
        self.site.network.mend(1)
        event.mended = event.broke  # the run is carried on elsewhere, while the line is cut

    def messages(self, hit: Callable[[], int]) -> Event | None:
        """As soon as one waits."""
        end = time.monotonic() + CAUGHT_S
        while time.monotonic() < end:
            if many := hit():
                return Event("", time.time(), time.time(), messages=many)
            time.sleep(0.01)
        return None

    def mail_in_hand(self) -> Event | None:
        """A worker has taken a mail and goes no further; the clock of the other one is set ahead, beyond any lease, and it looks for mail."""
        self.site.write(
            "update notices_notification set mail_after = now() where mail = 'digest' and mailed_at is null"
        )  # it is seven
        if (found := self.site.caught(points.MAILING, CAUGHT_S)) is None:
            return None
        (name, row), broke = found, time.time()
        other = "ordinary1" if name == "ordinary0" else "ordinary0"
        self.site.set_clock(self.site.CLOCK_OF[other], SKEW_S)
        time.sleep(2 * CLOCK_S)
        before, end = self._looks_for_mail(other), time.monotonic() + points.STAYS_S / 2
        while (
            self._looks_for_mail(other) < before + 2 and time.monotonic() < end
        ):  # the first of the two has ended then
            self.site.broker.wake("notices.mail")
            time.sleep(1)
        has_looked = self._looks_for_mail(other) >= before + 2
        if self.site.rows("select 1 from notices_notification where id = %s and mailed_at is not null", int(row)):
            self.wrong.append(f"mail {row} was in the hands of {name}, and {other} sent it")
        self.site.set_clock(self.site.CLOCK_OF[other], 0)
        self.site.kill(name)
        return Event("", broke, time.time()) if has_looked else None

    def _looks_for_mail(self, name: str) -> int:
        return sum(task in ("notices.mail", "notices.sweep") for _, task in self.site.tasks(name))

    def flushed(self) -> Event:
        self.site.broker.empty()
        return self.now()

    def now(self) -> Event:
        return Event("", time.time(), time.time())


def kill_at(point: str) -> Callable[[Director], Event | None]:
    return lambda night: night.kill_at(point)


def clock(host: str, ahead_s: int) -> Callable[[Director], Event | None]:
    return lambda night: night.clock(host, ahead_s)


Fault = Callable[[Director], Event | None]
FAULTS: dict[str, Fault] = {
    "cut the link of a host of workers": Director.cut,
    "kill a bench worker before it claims": kill_at(points.BEFORE_CLAIM),
    "kill it when it has claimed": kill_at(points.CLAIMED),
    "kill it while it measures": kill_at(points.RUNNING),
    "kill it while it writes the result": kill_at(points.WRITING),
    "kill it before it acknowledges": kill_at(points.BEFORE_ACK),
    "kill the ordinary worker in a sweep": kill_at(points.SWEEPING),
    "kill beat": lambda night: night.kill("beat"),
    "two beats at once": Director.two_beats,
    "kill the web in an upload": Director.web_in_upload,
    "kill the web before it answers": kill_at(points.BEFORE_ANSWER),
    "restart Redis (kill -9)": lambda night: night.lasting(night.site.broker.kill, night.site.broker.start, night.lengths.away),
    "flush Redis": Director.flushed,
    "drop all messages": lambda night: night.messages(night.site.broker.dropped),
    "each message 21 times": lambda night: night.messages(lambda: night.site.broker.doubled(20)),
    "restart PostgreSQL (fast)": lambda night: night.lasting(night.site.cluster.stop_fast, night.site.cluster.start, night.lengths.away),
    "kill PostgreSQL (-9)": lambda night: night.lasting(night.site.cluster.kill, night.site.cluster.start, night.lengths.away),
    "object storage away": lambda night: night.lasting(night.site.store.stop, night.site.store.start, night.lengths.gone),
    "fill the disk": lambda night: night.lasting(night.site.disk.fill, night.site.disk.free, night.lengths.full),
    "clock of worker and beat 2 h ahead": clock("workers", SKEW_S),
    "clock of worker and beat 2 h back": clock("workers", -SKEW_S),
    "the same, while another holds a mail": Director.mail_in_hand,
    "clock of a bench worker 2 h ahead": clock("bench0", SKEW_S),
    "clock of a bench worker 2 h back": clock("bench0", -SKEW_S),
    "clock of the web 2 h ahead": clock("web", SKEW_S),
    "clock of the web 2 h back": clock("web", -SKEW_S),
}  # fmt: skip
