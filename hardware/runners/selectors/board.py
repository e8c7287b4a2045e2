"""One board: what it does now, its figures, its history, and what the staff can do with it, said before they do it. Reads alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from courseplatform.courses.access import Visit
from hardware.agent_archive import version
from hardware.models import (
    CASE_OPEN,
    DUTY_MOVES,
    HELD,
    BoardJob,
    BoardSign,
    Duty,
    EnrolCode,
    Happened,
    Health,
    Purpose,
    Runner,
    Status,
)
from hardware.runners.alerts import is_old
from hardware.runners.duty import keeps_item
from hardware.runners.health import golden_for
from hardware.runners.matching import Board, barred_why, boards_of, boards_read, is_here, lacks
from hardware.runners.needs import listed
from hardware.runners.selectors.drawn import FIGURES, SPANS, figure_of, span_of
from hardware.runners.selectors.jobs import late_answers, spells_page
from hardware.runners.selectors.rows import phase_of, rows_of, title_of

MOVES_SHOWN = 40
RETIRE = "retire"  # no duty: it is revoked as soon as it has ended its run
PHASES = {
    "leased": "takes it", "downloading": "fetches its files", "cooling": "cools down", "idle": "reads its power at rest",
    "reference": "measures the reference model",
    "running": "measures", "finished": "sends what it measured",
}  # fmt: skip


@dataclass(frozen=True)
class Deed:
    """Something that can be done with a runner. to: a Duty, or `retire`. says: what follows from it. is_asked: a page asks once more."""

    to: str
    label: str
    says: str
    is_asked: bool = False
    is_danger: bool = False


def board_now(visit: Visit, runner: Runner, now: datetime) -> dict[str, Any]:
    """What changes by itself while the page is looked at."""
    board = boards_read([runner])[0]
    row, job = rows_of(visit, [board], now)[0], board.held
    behind = BoardJob.objects.filter(
        course=visit.course, status=Status.QUEUED, device=runner.device, runner=None
    ).count()
    return {
        "runner": runner,
        "row": row,
        "job": job,
        "doing": _doing(runner, job),
        "state": runner.state,
        "behind": behind,
        "barred": barred_why(board),
    }


def _doing(runner: Runner, job: BoardJob | None) -> dict[str, Any] | None:
    """{words, done, total, share}: the phase of the run and how far it is; None where it holds nothing."""
    if job is None:
        return None
    phase = phase_of(runner, job)
    words = PHASES.get(phase, phase)
    if phase.startswith("step "):
        words = phase.removeprefix("step ").replace("_", " ").replace("-", " ")
        names = [
            str(step.get("name"))
            for step in BoardJob.objects.values_list("plan", flat=True).get(pk=job.pk).get("steps", [])
        ]
        if phase.removeprefix("step ") in names and len(names) > 1:
            words = f"{words}, step {names.index(phase.removeprefix('step ')) + 1} of {len(names)}"
    total = job.progress_total
    return {
        "words": words,
        "done": job.progress_done,
        "total": total,
        "share": min(100 * job.progress_done / total, 100) if total else None,
    }


def runner_page(visit: Visit, runner: Runner, now: datetime, asked: Mapping[str, str]) -> dict[str, Any]:
    """asked: `use` and `heat` name spans, and the filters of the jobs."""
    spans = {"use": span_of(asked.get("use", ""), "week"), "heat": span_of(asked.get("heat", ""), "day"), "checks": ""}
    found = board_now(visit, runner, now)
    figures = [
        {"f": figure_of(runner, slug, spans[slug], now), "span": spans[slug], "spans": SPANS if spans[slug] else {}}
        for slug in FIGURES
    ]
    return found | {
        "facts": runner.facts, "figures": figures if runner.enrolled_at else [], "late": late_answers(runner), "deeds": deeds(found["row"].board, now),
        "moves": _history(runner), "team": found["row"].board.team, "up_since": _up_since(runner), "agent_is_old": is_old(str(runner.facts.get("agent", ""))),
        "agent_here": version(), "has_log": found["job"] is not None, "open_code": _open_code(runner, now), **spells_page(runner, asked), **_of_item(runner),
        "clock_beside": _seconds_beside(runner.clock_skew_s),
    }  # fmt: skip


def _open_code(runner: Runner, now: datetime) -> EnrolCode | None:
    return EnrolCode.objects.filter(runner=runner, used_at=None, expires_at__gt=now).first()


def _of_item(runner: Runner) -> dict[str, Any]:
    """The board in the stock: checks that failed in a row, and the damage case that is open on it."""
    if runner.item is None:
        return {}
    return {
        "item": runner.item,
        "sign": BoardSign.objects.filter(item=runner.item).first(),
        "case": runner.item.cases.filter(status__in=CASE_OPEN).first(),
    }


def _seconds_beside(skew_s: float | None) -> str:
    """−1.2 s, with a true minus; "" where it is not known."""
    return "" if skew_s is None else f"{skew_s:+.1f} s".replace("-", "−")


def _up_since(runner: Runner) -> datetime | None:
    """Since when the machine runs, as far as is known: its last new start that was seen, else its enrolment."""
    booted = runner.events.filter(what=Happened.BOOT).order_by("-at").first()
    return booted.at if booted is not None else runner.enrolled_at


def deeds(board: Board, now: datetime) -> list[Deed]:
    """What can be done with it, and what follows, with the run that it has in hand."""
    runner, job = board.runner, board.held
    ends = f"It ends {title_of(job)}, then its" if job is not None else "Its"
    is_freed = runner.item is not None and not keeps_item(runner)
    back, free = (
        _goes_back(board, now),
        f"its name and {runner.item.tag} are" if is_freed and runner.item else "its name is",
    )
    own = job is not None and job.purpose != Purpose.MEASURE  # which nobody else may go on with
    lent = f" Until then {runner.item.tag} may be lent." if runner.item is not None and runner.team_id is None else ""
    says = {
        Duty.ACTIVE: ("Put on duty", "Its golden model runs first; then it is given work."),
        Duty.PAUSED: ("Pause", f"{ends} agent is given nothing until it is put on duty again.{lent}"),
        Duty.DRAINING: ("Let it finish", f"{ends} agent takes no more, so that the machine can be switched off."),
        Duty.QUARANTINED: ("Quarantine", f"It is given nothing until somebody has looked. {back}"),
        RETIRE: ("Retire", f"{ends} token is void, and {free} free for another one. It does not come back."),
        Duty.REVOKED: (
            "Revoke",
            f"Its token opens nothing from now on, and {free} free for another one. It does not come back. {'' if own else back}",
        ),
    }
    reached = DUTY_MOVES[Duty(runner.status)]
    possible = [to for to in says if to in reached or (to == RETIRE and Duty.REVOKED in reached and not runner.retires)]
    final = {RETIRE, Duty.REVOKED}
    return [
        Deed(to, says[to][0], says[to][1].strip(), to in final | {Duty.QUARANTINED}, to in final) for to in possible
    ]


def _goes_back(board: Board, now: datetime) -> str:
    """What happens to the run that it holds, where it is taken from it."""
    job = board.held
    if job is None:
        return ""
    if job.purpose != Purpose.MEASURE:
        return f"{title_of(job)} is begun anew when it is back."
    others = [
        one
        for one in boards_of(board.runner.course, device=job.device)
        if one.runner.pk != board.runner.pk and not lacks(job, one)
    ]
    there = [one.runner.name for one in others if is_here(one.runner, now) and not barred_why(one)]
    who = f"{listed(there[:3])} could take it" if there else "no other board could take it now"
    kept = "What the board still sends of it is kept and never graded."
    return f"{title_of(job)} goes back into the line with its place, and costs nobody an attempt: {who}. {kept}"


def _history(runner: Runner) -> list[dict[str, Any]]:
    """Duty, health, what changed on the machine and what people changed, the newest first."""
    rows = [
        {"at": move.at, "by": move.by, "words": f"{word}: {labels(move.moved_to).label.lower()}", "why": move.why}
        for word, labels, moves in (("duty", Duty, runner.moves), ("health", Health, runner.health_moves))
        for move in moves.order_by("-at", "-pk")[:MOVES_SHOWN]
    ]
    rows += [
        {"at": event.at, "by": event.by or runner.by, "words": Happened(event.what).label, "why": event.said}
        for event in runner.events.order_by("-at", "-pk")[:MOVES_SHOWN]
    ]
    return sorted(rows, key=lambda row: row["at"], reverse=True)[:MOVES_SHOWN]


def arrival(runner: Runner, now: datetime) -> dict[str, Any]:
    """How far a new machine is: {step, of: [(word, is done)], says}. For the page that shows its code."""
    checked = runner.enrolled_at is not None and runner.health != Health.UNKNOWN
    steps = [
        ("enrolled", runner.enrolled_at is not None),
        ("asks for work", is_here(runner, now)),
        ("golden model measured", checked),
    ]
    if runner.enrolled_at is None:
        open_code = _open_code(runner, now)
        left = (
            "waits for its machine" if open_code is not None else "its code is too old: make another where you made it"
        )
        return {"steps": steps, "says": f"{runner.name} {left}", "is_done": open_code is None}
    if not checked:
        return {"steps": steps, "says": f"{runner.name} has enrolled: {_checks_next(runner, now)}", "is_done": False}
    said = "is well and takes work" if runner.health == Health.GOOD else f"is not well: {runner.health_why}"
    return {"steps": steps, "says": f"{runner.name} {said}", "is_done": True}


def _checks_next(runner: Runner, now: datetime) -> str:
    if BoardJob.objects.filter(runner=runner, purpose=Purpose.HEALTH, status__in=HELD).exists():
        return "its golden model runs"
    if not golden_for(runner):
        return "it has no runtime by which it could be checked, so it is given nothing"
    return "its golden model is next" if is_here(runner, now) else "start its agent with run or install-service"
