"""Which work which runner may take. The one place that says so: leases ask it, whether there is a board for a lab at all is asked here, and
the page that tells why something waits (waiting.py) uses its words.

Three questions, apart: what a board can never do for a job as both are (`lacks`), why it is given nothing just now (`barred_why`), and which of the
waiting jobs is next (`waiting_for`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from courseplatform.courses.models import Course
from courseplatform.teams.models import Team
from hardware.inventory.serving import in_repair, pieces_out, verdict_of
from hardware.line import ORDER
from hardware.models import DEMO_KIND, HELD, BoardJob, Duty, Health, Purpose, Runner, Status
from hardware.runners.facts import EXECUTABLE
from hardware.runners.needs import REFUSED, REQUIRED, listed

# A board that has said nothing for so long is away: nobody waits for it.
AWAY_AFTER = timedelta(seconds=60)
READ_AT_ONCE = 100


@dataclass(frozen=True)
class Board:
    """A runner as it is now.

    team: the one whose work it does: its own board's, or who has the board on loan; None: it does everybody's. unfit: why the board itself may serve
    nobody (in repair, lost, lent to others), in a sentence; "" where it may. held: what it works on.
    """

    runner: Runner
    team: Team | None
    unfit: str = ""
    held: BoardJob | None = None


def boards_of(course: Course, *, device: str = "") -> list[Board]:
    """Runners of a course, those that were revoked left out, by name. Four queries, however many there are."""
    found = Runner.objects.filter(course=course).exclude(status=Duty.REVOKED)
    found = found.filter(device=device) if device else found
    return boards_read(found.select_related("team", "item__product", "course").order_by("name"))


def boards_read(runners: Iterable[Runner]) -> list[Board]:
    """These runners as they are now."""
    rows = list(runners)
    items = [row.item for row in rows if row.item is not None]
    out, broken = (pieces_out(items), in_repair(items)) if items else ({}, set())
    held = {job.taken_by_id: job for job in BoardJob.objects.filter(taken_by__in=rows, status__in=HELD).defer("plan")}
    boards = []
    for row in rows:
        piece = out.get(row.item_id or 0)
        team = row.team or (piece.loan.team if piece is not None else None)
        fit = verdict_of(row.item, piece, team, is_in_repair=row.item_id in broken) if row.item is not None else None
        boards.append(Board(row, team, "" if fit is None or fit.ok else fit.why, held.get(row.pk)))
    return boards


def serves_team(runner: Runner) -> Team | None:
    """The one team whose work it does; None: it does everybody's."""
    return boards_read([runner])[0].team


def cannot_work(runner: Runner) -> str:
    """Why a runner is given nothing now, in a sentence; "" where it may be."""
    return barred_why(boards_read([runner])[0])


def barred_why(board: Board) -> str:
    """Why staff, its health or the state of its board keep it from work, in a sentence; "" where nothing does."""
    runner = board.runner
    if runner.status != Duty.ACTIVE:
        return f"{runner.name} is not on duty: {runner.get_status_display().lower()}."
    if runner.health == Health.BAD:
        return f"{runner.name} is not well: {runner.health_why or 'its golden model failed'}. A person has to look at it first."
    return board.unfit


def lacks(job: BoardJob, board: Board) -> str:
    """What keeps this board from ever taking the job, as both are now: in words that go on from its name; "" where nothing does."""
    runner, facts = board.runner, board.runner.facts
    if runner.is_demo != (job.kind == DEMO_KIND):
        return (
            "is a board of the demo, and measures nothing for anybody"
            if runner.is_demo
            else "takes no work of the demo"
        )
    if job.runner_id is not None and job.runner_id != runner.pk:
        return "is not the board that this is for"
    if runner.enrolled_at is None:
        return "has not enrolled yet"
    needed = {job.runtime, *job.more_runtimes}
    if missing := sorted(needed - set(facts.get("runtimes", {}))):
        return f"runs no {listed(missing)}"
    if not facts.get("isolation", {}).get("memory_limit") and (job.needs_memory_limit or needed & EXECUTABLE):
        return "has not proven its memory limit, so it is given no file that can run code"
    if job.runner_id is not None:
        return ""
    if job.device != runner.device:
        return "is another kind of board"
    return _lacks_by_lab(job, board)


def _lacks_by_lab(job: BoardJob, board: Board) -> str:
    """What the lab asks for besides the kind of board, and whose board it is."""
    if board.team is not None and board.team.pk != job.team_id:
        return "works for another team"
    if board.team is None and job.own_board == REQUIRED:
        return "is not the team's own, and the lab asks for that"
    if board.team is not None and job.own_board == REFUSED:
        return "is the team's own, and the lab is measured on boards of the course"
    if missing := sorted(set(job.tags) - set(board.runner.tags)):
        return f"has no tag {listed(missing)}"
    if job.needs_power_sensor and not board.runner.facts.get("sensors"):
        return "has no power sensor"
    return ""


def is_free(board: Board, now: datetime) -> bool:
    """Whether it would take a job that it can do, when it asks the next time."""
    runner = board.runner
    return board.held is None and runner.health == Health.GOOD and is_here(runner, now) and not barred_why(board)


def waiting_for(runner: Runner, now: datetime) -> Iterator[BoardJob]:
    """What waits and this runner can do, in the order of the line. Its own checks come before everything else.

    A job of a team whose own board is free is left to that board: who brings one shares the others' only while their own is busy.
    """
    board = boards_read([runner])[0]
    found = BoardJob.objects.filter(status=Status.QUEUED, not_before__lte=now, course=runner.course)
    found = found.filter(Q(runner=runner) | Q(runner=None, device=runner.device))
    if runner.health != Health.GOOD:
        found = found.filter(purpose=Purpose.HEALTH)
    others: list[Board] | None = None
    for job in found.defer("plan").order_by(*ORDER).iterator(READ_AT_ONCE):
        if lacks(job, board):
            continue
        if board.team is None and job.team_id is not None and job.runner_id is None:
            if others is None:
                others = [one for one in boards_of(runner.course, device=runner.device) if one.team is not None]
            if is_left_to_own(job, others, now):
                continue
        yield job


def is_left_to_own(job: BoardJob, boards: Iterable[Board], now: datetime) -> bool:
    """Whether a board that works for this job's team alone can do it and is free."""
    return any(one.team is not None and not lacks(job, one) and is_free(one, now) for one in boards)


def is_here(runner: Runner, now: datetime) -> bool:
    return runner.last_seen_at is not None and runner.last_seen_at > now - AWAY_AFTER
