"""From samples to hours: a board says twice a minute how it is, a year of twenty boards would be twenty million rows.

Each hour that has passed becomes one row, in which also the time of its runs is summed; samples go after two weeks. Runs from the sweep,
may run twice and at once, and catches up after the site was away.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import fmean
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from hardware.models import BoardLease, Duty, Runner, RunnerHour, RunnerSample
from hardware.runners.spells import kind_of, seconds_in, spells_between

HOUR = timedelta(hours=1)
SETTLED = timedelta(minutes=2)  # after its end, an hour has all its samples
SILENT = timedelta(seconds=90)  # a longer gap between samples: it was away
KEPT, FORGOTTEN = timedelta(days=14), timedelta(days=30)
AT_ONCE, RUNNERS_AT_ONCE = 48, 20  # hours of one board, and boards, in one sweep
DELETED_AT_ONCE = 20_000


def floor(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def sweep(now: datetime) -> dict[str, int]:
    """Returns how many hours were summed and how many samples went."""
    last = floor(now - SETTLED)
    due = Runner.objects.filter(Q(summed_until=None) | Q(summed_until__lt=last), enrolled_at__isnull=False)
    due = due.filter(last_seen_at__gt=now - FORGOTTEN).exclude(status=Duty.REVOKED, summed_until__gte=F("last_seen_at"))
    summed = sum(_summed(runner, last) for runner in due.order_by("summed_until", "pk")[:RUNNERS_AT_ONCE])
    return {"hours": summed, "samples": _expired(now)}


@transaction.atomic
def _summed(runner: Runner, last: datetime) -> int:
    """Write the hours of one board up to `last`."""
    begun = runner.summed_until or floor(runner.enrolled_at or last)
    ended = min(last, begun + AT_ONCE * HOUR)
    fields = ("at", "temperature_c", "clock_mhz", "is_throttled", "power_w")
    samples = list(RunnerSample.objects.filter(runner=runner, at__gt=begun - SILENT, at__lt=ended + SILENT).order_by("at").only(*fields))  # fmt: skip
    spells = spells_between([runner], begun, ended)
    rows, at = [], begun
    while at < ended:
        facts = hour_of(samples, spells, max(at, runner.enrolled_at or at), at + HOUR)
        rows.append(RunnerHour(runner=runner, at=at, **facts))
        at += HOUR
    RunnerHour.objects.bulk_create(rows, ignore_conflicts=True)
    Runner.objects.filter(pk=runner.pk).update(summed_until=ended)
    return len(rows)


def hours_until(runner: Runner, begun: datetime, now: datetime) -> list[RunnerHour]:
    """Its hours from `begun` until now, in order; what the sweep has not written yet (mostly the hour that runs) is summed here, unsaved."""
    rows = list(RunnerHour.objects.filter(runner=runner, at__gte=begun).order_by("at"))
    if runner.enrolled_at is None:
        return rows
    at = max(runner.summed_until or floor(runner.enrolled_at), floor(begun), floor(now) - AT_ONCE * HOUR)
    if at >= now:
        return rows
    samples = list(RunnerSample.objects.filter(runner=runner, at__gt=at - SILENT).order_by("at"))
    spells = spells_between([runner], at, now)
    while at < now:
        facts = hour_of(samples, spells, max(at, runner.enrolled_at), min(at + HOUR, now))
        rows.append(RunnerHour(runner=runner, at=at, **facts))
        at += HOUR
    return rows


def hour_of(
    samples: Sequence[RunnerSample], spells: Sequence[BoardLease], begun: datetime, ended: datetime
) -> dict[str, Any]:
    """The columns of one RunnerHour, from what may reach beyond it on both sides. Pure."""
    here = [one for one in samples if begun <= one.at < ended]
    heats, clocks = _known(here, "temperature_c"), _known(here, "clock_mhz")
    spent = {"worked": 0.0, "checked": 0.0, "failed": 0.0}
    for spell in spells:
        spent[kind_of(spell)] += seconds_in(spell, begun, ended)
    return {
        "samples": len(here), "throttled": sum(bool(one.is_throttled) for one in here),
        "temperature_c": _mean(heats), "hottest_c": max(heats, default=None),
        "clock_mhz": _mean(clocks), "slowest_mhz": min(clocks, default=None), "power_w": _mean(_known(here, "power_w")),
        "away_s": away_s([one.at for one in samples], begun, ended), **{f"{name}_s": seconds for name, seconds in spent.items()},
    }  # fmt: skip


def away_s(seen: Sequence[datetime], begun: datetime, ended: datetime) -> float:
    """Seconds of this time in gaps longer than a minute and a half between two signs of life, in the order of time."""
    away, last = 0.0, begun if not seen or seen[0] >= begun else seen[0]
    for at in [*seen, ended + SILENT if not seen or seen[-1] < ended else ended]:
        if at - last > SILENT:
            away += max((min(at, ended) - max(last, begun)).total_seconds(), 0.0)
        last = max(at, last)
    return away


def _known(samples: Sequence[RunnerSample], name: str) -> list[float]:
    return [value for one in samples if (value := getattr(one, name)) is not None]


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None


def _expired(now: datetime) -> int:
    """Samples older than two weeks whose hour has been written; a bounded number at once."""
    # The rows are never changed; that they end is told here, and nowhere else.
    old = RunnerSample._base_manager.filter(at__lt=now - KEPT, runner__summed_until__gte=F("at"))
    keys = list(old.order_by("at").values_list("pk", flat=True)[:DELETED_AT_ONCE])
    return RunnerSample._base_manager.filter(pk__in=keys).delete()[0] if keys else 0
