"""What the status page reads of the hardware room: workers and boards, runs that wait for a board, workers that were lost, and acts of operators."""

from datetime import datetime, timedelta

from django.db.models import Count, Min, Q
from django.utils import timezone

from courseplatform.core import health
from courseplatform.core.badges import Badge
from courseplatform.core.lines import LineNow, add_line
from courseplatform.status.hooks import Act, Loss, Machine, Measure, registry
from courseplatform.status.rules import Rule
from courseplatform.status.words import length
from hardware import holds, workers
from hardware.leases import LEASE_TTL_S
from hardware.models import (
    BOARD_KINDS,
    DEMO_KIND,
    HELD,
    Duty,
    Job,
    JobMove,
    LineHold,
    Priority,
    Runner,
    Status,
    WorkerSign,
)
from hardware.profiles import load_profiles
from hardware.runners.matching import boards_read
from hardware.runners.selectors.rows import BADGES, SICK, state_of

BOARDS_SLOW_S = 4 * 3600.0
# What a worker does, without a lab or a person.
NOW = {
    Priority.NEXT: "a hand-in, put first", Priority.LIVE: "a hand-in", Priority.AGAIN: "a hand-in, once more", Priority.BESIDE: "a model of a family",
    Priority.RERUN: "a re-run", Priority.IDLE: "a count of instructions",
}  # fmt: skip
STATE_SAYS = {
    "running": "a run", "checking": "its golden model", "cooling": "waits until it is cool", "draining": "its last run", "idle": "waiting for work",
    "paused": "given nothing by its staff", "quarantined": "given nothing until somebody has looked", "bad": "given nothing until it is well",
    "away": "its runs go to other boards", "new": "waits for its code", "unfit": "out of service",
}  # fmt: skip


def register() -> None:
    add_line("board_runs", board_line)
    registry.machines["workers"] = worker_rows
    registry.machines["boards"] = board_rows
    registry.losses["workers"] = lost_workers
    registry.acts["workers"] = acts
    registry.add_probe("bench_silent_s", bench_silent_s)
    registry.add_probe("sweep_age_s", sweep_age_s)
    registry.add_measure(Measure("sweep_age_s", "Sweep of lost runs, last", length, "sweep"))
    registry.add_probe("workers_missing_count", lambda now: float(len(workers.silent(now))))
    registry.add_rule(
        Rule("bench_silent", "bench_silent_s", "Measuring stood still: no worker answered", 45, 30, opens_after_s=0, closes_after_s=0,
             now="Measuring stands still: no worker answers",
             says=lambda worst: "Runs kept their place in line and are measured now. Handing in was not affected."),
        Rule("worker_missing", "workers_missing_count", "A worker stopped for a while", 1, 1, opens_after_s=0, closes_after_s=0,
             now="A worker stopped and is not back yet",
             says=lambda worst: "Its run went to another worker and is not counted twice. Measuring is slower meanwhile."),
        Rule("sweep", "sweep_age_s", "The sweep of lost runs stood still", 60, 30, opens_after_s=0, closes_after_s=0, is_public=False,
             now="The sweep of lost runs stands still", shown=length),
    )  # fmt: skip


def board_line() -> LineNow:
    """Two queries at most: what waits for a board may begin as soon as one that fits is free."""
    found = Job.objects.filter(kind__in=[kind for kind in BOARD_KINDS if kind != DEMO_KIND]).aggregate(
        waiting=Count("pk", filter=Q(status=Status.QUEUED)), oldest=Min("queued_at", filter=Q(status=Status.QUEUED)),
        running=Count("pk", filter=Q(status__in=HELD)),
    )  # fmt: skip
    oldest = found["oldest"]
    oldest_s = None if oldest is None else max((timezone.now() - oldest).total_seconds(), 0.0)
    return LineNow("board_runs", "Board runs", found["waiting"], oldest_s, found["running"], BOARDS_SLOW_S)


def bench_silent_s(now: datetime) -> float | None:
    """For how long no bench worker has given a sign of life; None before the first one ever."""
    last = health.last_sign("bench")
    return None if last is None else max((now - last).total_seconds(), 0.0)


def sweep_age_s(now: datetime) -> float | None:
    """Since the last sweep; None before the first one ever."""
    last = health.last_sign("sweep")
    return None if last is None else max((now - last).total_seconds(), 0.0)


def worker_rows(now: datetime) -> list[Machine]:
    """Two queries. A row stays in its place as long as its worker is meant to be there."""
    signs = list(WorkerSign.objects.order_by("number", "name"))
    held = {row.leased_by: row for row in Job.objects.filter(status__in=HELD).exclude(kind__in=BOARD_KINDS)}
    return [_worker_row(sign, held.get(sign.name), now) for sign in signs]


def _worker_row(sign: WorkerSign, job: Job | None, now: datetime) -> Machine:
    name = f"bench-{sign.number or sign.pk}"
    if now - sign.at > health.FRESH:
        lasted = (now - sign.at).total_seconds()
        badge = Badge("bad", "octagon", "not answering")
        return Machine(name, "worker", badge, "its run goes to another worker", lasted, is_well=False, is_worker=True)
    if job is not None:
        lasted = (now - (job.leased_at or now)).total_seconds()
        badge = Badge("warn", "clock", "ends after its run") if sign.leave_asked_at else BADGES["running"]
        return Machine(name, "worker", badge, NOW[Priority(job.priority)], lasted, is_well=True, is_worker=True)
    lasted = (now - sign.since).total_seconds()
    return Machine(name, "worker", BADGES["idle"], "waiting for work", lasted, is_well=True, is_worker=True)


def board_rows(now: datetime) -> list[Machine]:
    """Boards of courses, by name; those of teams are their own business. Four queries."""
    found = Runner.objects.filter(team=None, course__is_published=True).exclude(status=Duty.REVOKED)
    boards = boards_read(found.select_related("team", "item__product", "course").order_by("name", "pk")[:60])
    rows = []
    for board in boards:
        if board.team is not None:
            continue
        state, runner = state_of(board, now), board.runner
        profile = load_profiles().get(runner.device)
        since = board.held.leased_at if board.held is not None else runner.last_seen_at if state == "away" else None
        rows.append(
            Machine(
                runner.name, f"{profile.name if profile else 'board'}{' (demo)' if runner.is_demo else ''}", BADGES[state],
                STATE_SAYS.get(state, ""), None if since is None else max((now - since).total_seconds(), 0.0), is_well=state not in SICK,
            )
        )  # fmt: skip
    return rows


def lost_workers(since: datetime) -> list[Loss]:
    """Workers whose place another process took: killed, for instance for memory, and started again. Told once the sweep has given back what
    they had."""
    given_back_by = timezone.now() - timedelta(seconds=2 * LEASE_TTL_S)
    rows = WorkerSign.objects.filter(lost_at__isnull=False, since__gte=since, since__lte=given_back_by)
    return [_loss(row, row.lost_at) for row in rows if row.lost_at is not None]


def _loss(row: WorkerSign, lost_at: datetime) -> Loss:
    """A run that it had is begun again by the sweep, within the life of a lease."""
    until = row.since + timedelta(minutes=1)
    began = JobMove.objects.filter(
        moved_from__in=HELD, moved_to=Status.QUEUED, by="sweep", at__gte=lost_at - timedelta(seconds=15), at__lte=until
    ).count()
    runs = f"{began} run{'' if began == 1 else 's'} started again by {'itself' if began == 1 else 'themselves'}, not counted twice."
    says = runs if began else "No run was begun again."
    return Loss(f"worker {row.number} {lost_at.isoformat()}", f"Worker bench-{row.number} stopped", says, lost_at, row.since)  # fmt: skip


def acts(now: datetime) -> list[Act]:
    """What an operator can do to the line and to workers."""
    held = holds.held_now()
    found = [_hold_act(what, is_held=what in held) for what in LineHold.What]
    signs = workers.living(now)
    leaving = [_leave_act(sign.number) for sign in signs if sign.leave_asked_at is None and sign.number is not None]
    return [*found, *leaving]


def _hold_act(what: "LineHold.What", *, is_held: bool) -> Act:
    name = "re-runs" if what == LineHold.What.RERUNS else "all measuring"
    if is_held:

        def let_go(by: str) -> str:
            holds.let_go(what)
            return f"Let {name} go on"

        return Act(f"let-go-{what}", f"Let {name} go on", "Workers take it up within seconds.", let_go)

    def keep(by: str) -> str:
        holds.hold(what, by=by)
        return f"Held back {name}"

    says = (
        "What is being measured ends; no further re-run begins until you let them go on."
        if what == LineHold.What.RERUNS
        else "What is being measured ends; nothing further begins. Handing in goes on, and what waits keeps its place."
    )
    return Act(f"hold-{what}", f"Hold back {name}", says, keep)


def _leave_act(number: int) -> Act:
    def leave(by: str) -> str:
        workers.leave_ask(number)
        return f"Asked bench-{number} to restart after its run"

    says = "It begins no further run and ends with this one; the supervisor starts it again. No run is lost."
    return Act(f"restart-{number}", f"Restart bench-{number} after its run", says, leave)
