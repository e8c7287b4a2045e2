"""Which work which runner may take. The one place that says so: leases ask it, and the page that tells why something waits."""

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from courseplatform.teams.models import Team
from hardware.inventory.serving import may_serve, piece_out
from hardware.models import BoardJob, Duty, Health, Purpose, Runner, Status
from hardware.runners.facts import EXECUTABLE

# A board that has said nothing for so long is away: nobody waits for it.
AWAY_AFTER = timedelta(seconds=60)


def cannot_work(runner: Runner) -> str:
    """Why a runner is given nothing now, in a sentence; "" where it may be."""
    if runner.status != Duty.ACTIVE:
        return f"{runner.name} is not on duty: {runner.get_status_display().lower()}."
    if runner.health == Health.BAD:
        return f"{runner.name} is not well: {runner.health_why or 'its golden model failed'}. A person has to look at it first."
    if runner.item is not None and not (verdict := may_serve(runner.item, serves_team(runner))).ok:
        return verdict.why
    return ""


def serves_team(runner: Runner) -> Team | None:
    """The one team whose work it does: its own board's, or who has the board on loan; None: it does everybody's."""
    if runner.team is not None:
        return runner.team
    piece = piece_out(runner.item) if runner.item is not None else None
    return piece.loan.team if piece is not None else None


def waiting_for(runner: Runner, now: datetime) -> "QuerySet[BoardJob]":
    """What waits and this runner can do, in the order of the line. Its own checks come before everything else."""
    can = list(runner.facts.get("runtimes", {}))
    found = BoardJob.objects.filter(status=Status.QUEUED, not_before__lte=now, course=runner.course)
    if runner.health != Health.GOOD:
        found = found.filter(purpose=Purpose.HEALTH)
    elif (team := serves_team(runner)) is not None:
        found = found.filter(Q(runner=runner) | Q(team=team))
    found = found.filter(Q(runner=runner) | Q(runner=None, device=runner.device))
    found = found.filter(runtime__in=can)
    if not runner.facts.get("isolation", {}).get("memory_limit"):
        found = found.filter(needs_memory_limit=False).exclude(runtime__in=EXECUTABLE)
    return found.order_by("priority", "turn", "queued_at", "pk")


def has_tags(job: BoardJob, runner: Runner) -> bool:
    return set(job.tags) <= set(runner.tags)


def is_here(runner: Runner, now: datetime) -> bool:
    return runner.last_seen_at is not None and runner.last_seen_at > now - AWAY_AFTER
