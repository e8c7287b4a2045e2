"""Who breaks things: one fault after the other, again from the first, until no job is left. Each is written down with its moment."""

import random
import time
from dataclasses import dataclass, field

from hardware.models import HELD, BoardJob, Runner
from tests.load.boards_at_night import people
from tests.load.boards_at_night.boards import Board, SmallBoard
from tests.load.boards_at_night.site import Site
from tests.load.network import Network

EVERY_S, CUT_S, AWAY_S, FULL_S, SKEW_S, OLD_ONES = 4.0, 120.0, 150.0, 25.0, 3600, 6
KILL, CUT, AWAY, HARD, SOFT, CLOCK, REVOKE, FULL, LATE = (
    "kill an agent", "cut a network for 2 min", "kill, and stay away 2.5 min", "kill the site", "restart the site", "set a clock by an hour",
    "revoke a token in a job", "fill a disk", "say six old calls again",
)  # fmt: skip
SHORT = (
    KILL,
    LATE,
    KILL,
    REVOKE,
    KILL,
    HARD,
    KILL,
    CLOCK,
    KILL,
    KILL,
    LATE,
    KILL,
    REVOKE,
    KILL,
    KILL,
    SOFT,
    KILL,
    KILL,
    CLOCK,
    KILL,
)
LONG, BETWEEN_S = (CUT, AWAY, FULL), 40.0  # one board at a time, so that the others get on


@dataclass(frozen=True)
class Loss:
    """At a moment (site's clock, seconds) a board that held this attempt of a job was gone. what: the fault."""

    what: str
    job: str
    attempt: int
    at: float


@dataclass
class Director:
    """What is there to be broken, and what has been."""

    site: Site
    boards: list[Board]
    network: Network
    every_jobs: int
    seed: int = 5
    done: list[str] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)
    skew_s: list[float] = field(default_factory=list)
    outages: list[tuple[float, float]] = field(default_factory=list)  # of the site, by its clock
    vouched: int = 0
    told: int = 0
    wrong_ends: list[int] = field(default_factory=list)
    _later: list[tuple[float, object]] = field(default_factory=list)
    _short: int = 0
    _long: int = 0
    _long_from: float = 0.0
    _next_at: int = 1 << 30

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.names = {board.runner: board.n for board in self.boards}  # every runner that a board has been

    def step(self, left: int) -> None:
        """What is due is mended and agents are tended. After every few jobs comes the next fault, however slow this machine is; beside it
        one that lasts, where nothing is away. left: jobs that have not ended."""
        self.tend()
        if not self._later and time.monotonic() >= self._long_from:
            self._long += self._try(LONG[self._long % len(LONG)])
            self._long_from = time.monotonic() + BETWEEN_S
        if left <= self._next_at:
            self._try(SHORT[self._short % len(SHORT)])
            self._short += 1
            self._next_at = left - self.every_jobs

    def _try(self, what: str) -> bool:
        is_done = self._break(what)
        self.done += [what] * is_done
        return is_done

    def tend(self) -> None:
        now = time.monotonic()
        due = [mend for at, mend in self._later if at <= now]
        self._later = [(at, mend) for at, mend in self._later if at > now]
        for mend in due:
            mend()
            self._long_from = now + BETWEEN_S
        for board in self.boards:
            code = board.tended()
            if code is not None:
                self._ended(board, code)
        self.vouched += people.boards_vouched_for()

    def step_late(self) -> None:
        """On each line some calls of before come once more, as if they had been on the way since."""
        for board in self.boards:
            for said, n in board.line.say_old_ones(OLD_ONES).items():
                self.answers[said] = self.answers.get(said, 0) + n

    def mend_all(self) -> None:
        """Nothing is broken any more."""
        self._later = [(0.0, mend) for _, mend in self._later]
        for board in self.boards:
            if board.away_until != float("inf"):
                board.away_until = 0.0
        self.tend()

    def _ended(self, board: Board, code: int) -> None:
        """3: it was revoked, as we wanted; the folder is enrolled again as another runner. Anything else should not have been."""
        if code != 3:
            self.wrong_ends.append(code)
            board.away_until = 0.0
            return
        runner, enrolment = people.board_added(board.n)
        with self.site.quiet:
            board.enrol(enrolment)
        board.runner, board.away_until = runner, 0.0
        self.names[runner] = board.n
        board.start()

    # -- what may happen ----------------------------------------------------------------------------------------------

    def _break(self, what: str) -> bool:
        """Whether it could be done now."""
        if what in (HARD, SOFT):
            gone_at = time.time()
            self.site.restart(hard=what == HARD)
            self.outages.append((gone_at, time.time()))
            return True
        if what == LATE:
            self.step_late()
            return True
        if what == FULL:
            return self._fill()
        if what == CLOCK:
            return self._set_clock()
        return self._lose(what)

    def _lose(self, what: str) -> bool:
        """A board is lost in the middle of a job: one by chance, or another one where that holds none for a while."""
        for board in self.chance.sample(self.boards, len(self.boards)):
            for _ in range(20):
                if board.process is not None and board.process.poll() is None and (held := held_by(board)):
                    self.losses.append(Loss(what, str(held.pk), held.attempt, time.time()))
                    self._take(board, what)
                    return True
                time.sleep(0.2)
        return False

    def _take(self, board: Board, what: str) -> None:
        if what == CUT:
            self.network.cut(board.n)
            self._later.append((time.monotonic() + CUT_S, lambda: self.network.mend(board.n)))
        elif what == REVOKE:
            people.board_revoked(board.runner)
        else:
            board.kill()
            board.away_until = time.monotonic() + (AWAY_S if what == AWAY else self.chance.choice((0.0, 2.0)))
            if what == AWAY:
                self._later.append((board.away_until, lambda: None))
            else:
                time.sleep(max(board.away_until - time.monotonic(), 0))
                board.start()

    def _fill(self) -> bool:
        board = next((one for one in self.boards if isinstance(one, SmallBoard)), None)
        if board is None:
            return False
        board.fill()
        self._later.append((time.monotonic() + FULL_S, board.free))
        return True

    def _set_clock(self) -> bool:
        """To and fro; the site must have seen it, else nothing was shown."""
        board = next((one for one in self.boards if isinstance(one, SmallBoard)), None)
        if board is None or board.process is None:
            return False
        ahead_s = SKEW_S if len(self.skew_s) % 2 == 0 else -SKEW_S
        board.set_clock(ahead_s)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            seen = Runner.objects.filter(pk=board.runner).values_list("clock_skew_s", flat=True).first()
            if seen is not None and abs(seen - ahead_s) < 60:
                self.skew_s.append(seen)
                return True
            time.sleep(0.5)
        return False


def held_by(board: Board) -> BoardJob | None:
    """The job that this board works on now, where it is one to be measured."""
    return BoardJob.objects.filter(taken_by_id=board.runner, status__in=HELD, kind="board_run").first()
