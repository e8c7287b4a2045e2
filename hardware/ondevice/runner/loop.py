"""The agent's life: recover what an earlier run has left, bring what is finished, ask for a job, do it, again."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hardware.ondevice import processes
from hardware.ondevice.runner import PROTOCOL, facts, journal, power, serial_meter, spool
from hardware.ondevice.runner.attempt import Attempt
from hardware.ondevice.runner.beats import Beats
from hardware.ondevice.runner.carry_out import LEASE_VARIABLE, Bench
from hardware.ondevice.runner.client import Answer, Backoff, Client, patiently
from hardware.ondevice.runner.deliver import Delivery
from hardware.ondevice.runner.isolation import Isolation, bounded
from hardware.ondevice.runner.job import Job, NotUnderstood, read
from hardware.ondevice.runner.journal import Held, Journal
from hardware.ondevice.runner.progress import REVOKED, STOP, Progress
from hardware.ondevice.runner.settings import TOKEN, Settings, save_token
from hardware.ondevice.runner.state import Machine
from hardware.ondevice.runner.words import DONE, DiskFull, LeaseLost, NotReady, Revoked, Unreachable

JOURNAL, SPOOL, LOCK = "journal.sqlite3", "spool", "lock"
RESTARTED = "before this job had ended."
FULL_WAIT_S = 60.0
LIMIT_AGAIN_S = 600.0
TOKEN_LASTS_S = 30 * 24 * 3600
TOKEN_ROOM_BYTES = 1 << 20
NO_ROOM = "The disk of the board was full."
KEPT_BADLY = "The result was no longer on the disk when the agent was started again."


@dataclass(frozen=True)
class Places:
    """Where the agent looks at the machine; other roots only in tests."""

    root: Path = Path("/")
    sys: Path = Path("/sys")


class Agent:
    """One runner. ``run`` returns when a signal asked it to stop; it raises RunnerError where it cannot go on."""

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        token: str,
        isolation: Isolation,
        places: Places = Places(),
        say: Callable[[str], None] | None = None,
    ) -> None:
        self._folder, self._settings, self._isolation = folder, settings, isolation
        self._client = Client(settings.site, token)
        self._journal = Journal(folder / JOURNAL)
        self._spools = folder / SPOOL
        self._backoff = Backoff(settings.wait_scale)
        self._say = say or _to_standard_error
        self._meter = serial_meter.of_settings(settings.meter)
        sensors = power.find(places.sys)
        if self._meter is not None:  # whoever plugged one in means it
            sensors = [self._meter.start().sensor(), *sensors]
        found = [each.as_json() for each in sensors]
        self._facts = facts.gather(settings.install_id, isolation.as_json(), found, isolation.runtimes)
        sensor = power.choose(sensors, settings.sensor)
        machine = Machine(folder, places.root, sensor.read if sensor else lambda: None)
        self._bench = Bench(isolation.sandbox, machine, isolation.group, sensor)
        self._stopping = threading.Event()
        self._progress = Progress()
        self._duty = ""
        self._limit_again = time.monotonic() + LIMIT_AGAIN_S * settings.wait_scale

    def stop(self) -> None:
        """End the job in hand, give it back, and return from ``run``. Called by a signal or another thread."""
        self._stopping.set()
        self._progress.stop(STOP)

    def rest(self) -> None:
        """Return from ``run`` when the job in hand has ended. Called by another thread."""
        self._stopping.set()

    def run(self) -> None:
        """Until stopped."""
        try:
            if not self._isolation.limits_memory:
                self._say(f"Memory cannot be bounded. {self._isolation.why}")
            self.recover()
            while not self._stopping.is_set():
                self._wait(self._round())
            self._settle()
        except DiskFull as error:
            self._say(str(error))
        except Unreachable:
            self._say("The site was not reached; what is left is brought at the next start.")
        except Revoked:
            self._wipe()
            raise
        finally:
            self._journal.close()
            self._isolation.close()
            if self._meter is not None:
                self._meter.close()

    # -- after a start --------------------------------------------------------------------------------------------

    def recover(self) -> None:
        """Kill what still runs for a lease of ours; what was not finished is given back and never run again from here."""
        held = self._journal.held()
        kill_leftovers({each.lease for each in held})
        if self._isolation.group is not None:
            self._isolation.group.end()
        kept = set()
        for each in held:
            place = spool.Spool(self._spools, each.lease, each.attempt)
            if each.phase in journal.UNFINISHED:
                who = "agent" if each.boot_id == self._facts["boot_id"] else "board"
                why = f"The {who} was restarted {RESTARTED}"
                self._journal.give_back(each.lease, why, fault=each.phase == journal.RUNNING)
            elif each.phase == journal.FINISHED and not _is_whole(each, place):
                self._journal.give_back(each.lease, KEPT_BADLY, fault=True)
            elif each.phase == journal.FINISHED:
                kept.add(place.folder.name)
        spool.keep_only(self._spools, kept)

    def _wipe(self) -> None:
        """Nothing of the site's stays here but what was finished; the journal remembers the rest."""
        finished = [each for each in self._journal.held() if each.phase == journal.FINISHED]
        kept = {spool.Spool(self._spools, each.lease, each.attempt).folder.name for each in finished}
        spool.keep_only(self._spools, kept)

    # -- one round ------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Tell the site how every job has ended. Raises Unreachable where the agent is stopped before that."""
        for held in self._journal.held():
            place = spool.Spool(self._spools, held.lease, held.attempt)
            if held.phase == journal.FINISHED:
                with self._beating(held):
                    delivery = Delivery(self._client, self._journal, place, held, self._wait_on, self._backoff)
                    ended = delivery.bring()
                self._say(f"{held.title or held.lease}: {ended}.")
            else:
                # Not finished and not in hand: the disk was too full to write down how it ended.
                is_said = held.phase == journal.GIVING_BACK
                self._give_back(held if is_said else replace(held, ending=journal.given_back(NO_ROOM, fault=True)))
                place.clear()

    def _beating(self, held: Held) -> Beats:
        """A large result over a slow line takes longer than a lease lasts without a beat."""
        progress, scale = Progress("delivering"), self._settings.wait_scale
        return Beats(
            self._client, held, self._settings.beat_s, progress, self._bench.machine, None, self._say, Backoff(scale)
        )

    def _give_back(self, held: Held) -> None:
        why, fault = held.reason
        try:
            patiently(
                lambda: self._client.release(held.lease, held.attempt, why, fault=fault),
                self._wait_on,
                self._backoff,
            )
        except LeaseLost:
            why = "the site had given it to somebody else"
        self._backoff.reset()
        self._journal.settle(held.lease, f"given back: {why}")

    def _round(self) -> float:
        """Returns how long to wait until the next."""
        try:
            self._settle()
            return 0.0 if self._stopping.is_set() else self._once()
        except DiskFull as error:
            self._say(f"{error} Nothing is taken until there is room.")
            return FULL_WAIT_S * self._settings.wait_scale

    def _once(self) -> float:
        """Report, and do a job where there is one. Returns how long to wait."""
        self._bound_memory()
        held = [{"lease": each.lease, "attempt": each.attempt} for each in self._journal.held()]
        state = self._bench.machine.state("idle")
        try:
            self._renew_token()
            answer = self._client.lease(PROTOCOL, {**self._facts, "clock_utc": facts.clock_utc()}, state, held)
        except Unreachable as error:
            self._say(f"The site cannot be reached: {error}")
            return self._backoff.next_s(error.after_s)
        self._backoff.reset()
        if answer.status != 200:
            self._say(f"The site refused: {answer.sentence}")
            return self._backoff.longest_s * self._settings.wait_scale
        self._note(answer)
        raw = answer.document.get("job")
        poll_s = float(answer.document.get("poll_s", self._settings.poll_s))
        if not isinstance(raw, dict):
            return poll_s
        self._do(raw)
        # What this board gives back it may be offered again at once: without a wait the two would go on like that all day.
        gives_back = any(each.phase == journal.GIVING_BACK for each in self._journal.held())
        self._settle()
        return poll_s if gives_back else 0.0

    def _bound_memory(self) -> None:
        """Where there was no memory limit, see every ten minutes whether there is one now.

        Nobody looks at a board for what went wrong once while it started, and programs would wait for it all the time.
        """
        before = self._isolation
        if before.limits_memory or not before.name or time.monotonic() < self._limit_again:
            return
        self._isolation = found = bounded(before)
        if found.as_json() != before.as_json():
            self._say("Memory is bounded now." if found.limits_memory else f"Memory cannot be bounded. {found.why}")
        self._facts = {**self._facts, "isolation": found.as_json()}
        self._bench = replace(self._bench, sandbox=found.sandbox, group=found.group)
        self._limit_again = time.monotonic() + LIMIT_AGAIN_S * self._settings.wait_scale

    def _renew_token(self) -> None:
        """Every thirty days by this machine's own clock. The old one holds for a while, so that a lost answer costs nothing.

        Not without room to keep it: after the while nothing would open any more.
        """
        age_s = time.time() - (self._folder / TOKEN).stat().st_mtime
        if age_s > TOKEN_LASTS_S and spool.free_bytes(self._folder) > TOKEN_ROOM_BYTES:
            token = self._client.new_token().document.get("token")
            if isinstance(token, str) and token.isascii():
                save_token(self._folder, token)
                self._client.token = token

    def _note(self, answer: Answer) -> None:
        duty = f"{answer.document.get('duty', 'active')}, health {answer.document.get('health', 'unknown')}"
        if duty != self._duty:
            self._duty = duty
            self._say(f"The site says: {duty}.")
        dropped = answer.document.get("drop") or []
        for held in self._journal.held():
            if held.lease in dropped:
                self._journal.settle(held.lease, "dropped by the site")
                spool.Spool(self._spools, held.lease, held.attempt).clear()

    def _do(self, raw: dict[str, Any]) -> None:
        lease, number = str(raw.get("lease", "")), raw.get("attempt")
        try:
            job = read(raw)
        except NotUnderstood as error:
            self._say(str(error))
            if spool.NAME.fullmatch(lease) and type(number) is int:
                self._journal.take(lease, number, str(raw.get("title", ""))[:200], str(self._facts["boot_id"]))
                self._journal.give_back(lease, str(error), fault=False)
            return
        self._say(f"Job {job.title or job.lease}, attempt {job.attempt}.")
        self._progress = Progress()
        self._take(job)
        if self._stopping.is_set():
            self._progress.stop(STOP)
        attempt = Attempt(
            job, self._client, self._journal, self._bench, self._facts, self._spools, self._progress, self._say,
            self._settings.wait_scale,
        )  # fmt: skip
        attempt.carry_out()
        if self._progress.reason == REVOKED:
            raise Revoked("The site has revoked this runner while it worked.", self._progress.for_good)

    def _take(self, job: Job) -> None:
        """Raises DiskFull where it cannot even be written down; the site knows then."""
        boot_id = str(self._facts["boot_id"])
        try:
            self._journal.take(job.lease, job.attempt, job.title, boot_id)
        except DiskFull as error:
            ending = journal.given_back(str(error), fault=True)
            self._give_back(Held(job.lease, job.attempt, journal.GIVING_BACK, job.title, ending, boot_id))
            raise

    # -- waiting --------------------------------------------------------------------------------------------------

    def _wait(self, seconds: float) -> None:
        self._stopping.wait(seconds)

    def _wait_on(self, seconds: float) -> bool:
        """Sleep; False where the agent is to stop."""
        return not self._stopping.wait(seconds)


def kill_leftovers(leases: set[str], proc: Path = Path("/proc")) -> int:
    """Kill every process that was started for one of these leases. Returns how many there were."""
    wanted = {f"{LEASE_VARIABLE}={lease}".encode() for lease in leases}
    found = 0
    for path in proc.glob("[0-9]*/environ"):
        try:
            carried = set(path.read_bytes().split(b"\0"))
        except OSError:
            continue  # ended meanwhile, or another user's
        if wanted & carried and int(path.parent.name) != os.getpid():
            processes.kill(int(path.parent.name))
            found += 1
    return found


def _is_whole(held: Held, place: spool.Spool) -> bool:
    """Whether what `finish` names is on the disk, byte for byte."""
    named = json.loads(held.ending)["results"]
    if named is None:
        return place.folder.is_dir()
    try:
        return bool(spool.sha256_of(place.results()) == named["sha256"])
    except OSError:
        return False


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold the folder's lock. Raises NotReady where another agent holds it."""
    with open(folder / LOCK, "w", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise NotReady(f"Another agent runs in {folder}.") from error
        yield


@contextmanager
def stopped_by_signals(agent: Agent, within_s: float) -> Iterator[None]:
    """SIGTERM and SIGINT stop the agent, as draining does; where a call to the site hangs, it just ends.

    That is safe at every line: the journal says what is left to do, and what runs in the sandbox ends with us.
    """
    kinds = (signal.SIGTERM, signal.SIGINT)

    def stop(*_: object) -> None:
        agent.stop()
        ending = threading.Timer(within_s, os._exit, (DONE,))
        ending.daemon = True
        ending.start()

    before = [signal.signal(kind, stop) for kind in kinds]
    try:
        yield
    finally:
        for kind, handler in zip(kinds, before):
            signal.signal(kind, handler)


def _to_standard_error(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()
