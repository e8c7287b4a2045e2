"""The look that is taken every 15 s: read what is watched, open and close incidents, keep a sample each minute.

Everything that it knows stands in rows. A look that is killed is taken again; two at once count one reading and open one incident.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from courseplatform.core import health
from courseplatform.core.errors import AppError
from courseplatform.core.lines import LineNow, lines_now
from courseplatform.core.models import Heartbeat
from courseplatform.core.states import move
from courseplatform.status.banner import banner_refresh, slow_keep
from courseplatform.status.hooks import registry
from courseplatform.status.models import (
    INCIDENT_MOVES,
    Incident,
    IncidentMove,
    IncidentStatus,
    Sample,
    Standing,
)
from courseplatform.status.rules import Event, Rule, Where, step
from courseplatform.status.words import verdict

WATCH = "watch"  # the heartbeat of these looks
BACK = timedelta(hours=1)  # losses that are looked for
STOOD_STILL_AFTER = timedelta(minutes=2)
WHOLE_DAYS, KEPT_DAYS, THINNED_TO_MIN = 7, 120, 5
log = structlog.get_logger(__name__)


def watch(*, now: datetime) -> int:
    """Returns how many incidents were opened or closed."""
    stood_still(now=now)
    lines = lines_now()
    values = values_now(now, lines)
    changed = sum(rule_judge(rule=rule, now=now, value=values.get(rule.probe)) for rule in registry.rules.values())
    losses_keep(now=now)
    if samples_keep(now=now, values=values) and now.minute == 0:
        samples_thin(now=now)
    slow_keep(_slow_words(lines))
    banner_refresh(now=now)
    health.beat(WATCH)
    return changed


def _slow_words(lines: Sequence[LineNow]) -> str:
    """For pages on which somebody waits: "" where all is as usual."""
    rows = Incident.objects.filter(status=IncidentStatus.OPEN, is_public=True).values_list("title", "is_down")
    found = verdict(lines, troubles=list(rows[:5]), silent_s=0.0)
    return "" if found.tone == "good" else found.title


def values_now(now: datetime, lines: Sequence[LineNow]) -> dict[str, float]:
    """Every registered probe, and each line by its kind. What cannot be read is left out, and the log says why."""
    found: dict[str, float] = {}
    for name, read in registry.probes.items():
        try:
            value = read(now)
        except (OSError, DatabaseError, RedisError, OperationalError, AppError) as error:
            log.warning("probe_failed", probe=name, why=type(error).__name__)
            continue
        if value is not None:
            found[name] = float(value)
    for line in lines:
        found[f"waiting.{line.kind}"] = float(line.waiting)
        found[f"oldest_s.{line.kind}"] = 0.0 if line.held_back else line.oldest_s or 0.0
    return found


@transaction.atomic
def rule_judge(*, rule: Rule, now: datetime, value: float | None) -> bool:
    """One reading of one rule. The row of its standing is the lock."""
    row, _ = Standing.objects.select_for_update().get_or_create(rule=rule.key)
    before = Where(row.read_at, row.above_since, row.below_since, row.worst, row.is_open)
    where, event = step(rule, before, now, value)
    if where == before:
        return False
    Standing.objects.filter(pk=row.pk).update(
        read_at=where.read_at, above_since=where.above_since, below_since=where.below_since, worst=where.worst, is_open=where.is_open
    )  # fmt: skip
    if event is None:
        return False
    (_open if event.what == "opened" else _close)(rule, event)
    return True


def _open(rule: Rule, event: Event) -> None:
    made = Incident.objects.create(
        rule=rule.key, key=f"{rule.key} {event.at.isoformat()}", title=rule.now or rule.title, says=rule.says(event.worst), opened_at=event.at,
        is_public=rule.is_public, is_down=rule.is_down,
    )  # fmt: skip
    log.warning("incident_opened", rule=rule.key, incident=made.pk, value=event.worst)


def _close(rule: Rule, event: Event) -> None:
    row = Incident.objects.filter(rule=rule.key, status=IncidentStatus.OPEN).first()
    if row is None:
        return  # an operator has closed it
    move(
        row, moves=INCIDENT_MOVES, to=IncidentStatus.CLOSED, by="the rule", history=IncidentMove,
        closed_at=max(event.at, row.opened_at), title=rule.title, says=rule.says(event.worst),
    )  # fmt: skip
    log.info("incident_closed", rule=rule.key, incident=row.pk, worst=event.worst)


def _keep_closed(*, key: str, title: str, says: str, since: datetime, until: datetime) -> None:
    """Something that is over already. Told twice, it is kept once."""
    if Incident.objects.filter(key=key).exists():
        return
    fields = {
        "title": title,
        "says": says,
        "opened_at": since,
        "closed_at": max(since, until),
        "status": IncidentStatus.CLOSED,
    }
    try:
        with transaction.atomic():
            Incident.objects.create(key=key, **fields)
    except IntegrityError:
        log.info("incident_told_twice", key=key)


def losses_keep(*, now: datetime) -> None:
    """What broke and was whole again between two looks: rooms tell of it."""
    for read in registry.losses.values():
        for loss in read(now - BACK):
            _keep_closed(key=loss.key, title=loss.title, says=loss.says, since=loss.since, until=loss.until)


def stood_still(*, now: datetime) -> None:
    """Nobody looked for minutes though the site was not stopped: the broker or the ordinary worker was away. It is found out afterwards.

    A site that was stopped and started (another boot) has not failed; those minutes are shown as not watched.
    """
    last = Heartbeat.objects.filter(name=WATCH).first()
    if last is None or last.boot != settings.BOOT or now - last.at < STOOD_STILL_AFTER:
        return
    _keep_closed(
        key=f"stood-still {last.at.isoformat()}", title="Work in the background stood still", since=last.at, until=now,
        says="The broker or the ordinary worker was away. Mails and grades for the LMS were late; runs waited for a sweep. Handing in was not affected.",
    )  # fmt: skip


def samples_keep(*, now: datetime, values: dict[str, float]) -> bool:
    """The first look of a minute keeps what it read. Returns whether this was that look."""
    at = now.replace(second=0, microsecond=0)
    if Sample.objects.filter(name="watched", at=at).exists():
        return False
    rows = [Sample(name=name[:60], at=at, value=value) for name, value in (values | {"watched": 1.0}).items()]
    Sample.objects.bulk_create(rows, ignore_conflicts=True)
    return True


def samples_thin(*, now: datetime) -> None:
    """Every minute for a week, every fifth for 120 days, then nothing. `watched` stays whole: the time up is counted from it."""
    old = Sample.objects.filter(at__lt=now - timedelta(days=WHOLE_DAYS), at__gte=now - timedelta(days=WHOLE_DAYS + 1))
    old.exclude(name="watched").exclude(at__minute__in=range(0, 60, THINNED_TO_MIN)).delete()
    Sample.objects.filter(at__lt=now - timedelta(days=KEPT_DAYS)).delete()
