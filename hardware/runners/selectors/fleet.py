"""The fleet of a course: every board as it is now, what the staff have to look at, and what waits for a board. Reads alone."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from courseplatform.core import numbers
from courseplatform.courses.access import Visit
from hardware.course_devices import profiles_of
from hardware.models import BoardJob, Duty, Runner, Status
from hardware.runners.health import percent_off
from hardware.runners.needs import listed
from hardware.runners.selectors.rows import BADGES, SICK, Row, fleet_rows
from hardware.runners.waiting import waits

MOST_NAMED, MOST_KINDS = 3, 4


@dataclass(frozen=True)
class Line:
    """What waits for one kind of board. least, most: until the last of it is begun; None where nothing is known. says: why it waits."""

    device: str
    count: int
    oldest_at: datetime
    least: timedelta | None
    most: timedelta | None
    says: str
    nobody_can: bool

    @property
    def range(self) -> str:
        return range_words(self.least, self.most) if self.least is not None and self.most is not None else ""


def fleet_page(visit: Visit, now: datetime) -> dict[str, Any]:
    return live_part(visit, now) | {"revoked": list(_revoked(visit))}


def live_part(visit: Visit, now: datetime) -> dict[str, Any]:
    """What changes by itself while the page is looked at."""
    rows, lines = fleet_rows(visit, now), lines_of(visit, now)
    return {
        "rows": rows,
        "now": now,
        "headline": headline(rows, now),
        "lines": lines,
        "waiting": waiting_words(lines),
        "percent_off": percent_off(),
    }


def _revoked(visit: Visit) -> "QuerySet[Runner]":
    return Runner.objects.filter(course=visit.course, status=Duty.REVOKED).order_by("name", "made_at")


def block(visit: Visit, now: datetime) -> dict[str, Any] | None:
    """The block Runners of the page Hardware; None where the course has none. said: for the head of the page."""
    rows = fleet_rows(visit, now)
    if not rows:
        return None
    lines = lines_of(visit, now)
    return {
        "template": "hardware/runners/_block.html", "rows": rows, "waiting": waiting_words(lines), "said": f"{headline(rows, now)}.",
        "headline": headline(rows, now), "percent_off": percent_off(),
    }  # fmt: skip


def headline(rows: Sequence[Row], now: datetime) -> str:
    """5 of 6 runners are well; nano-02 has not answered since 14:02"""
    if not rows:
        return "No board measures here yet"
    well = [row for row in rows if row.state not in SICK and row.state != "new"]
    some = "" if len(well) == len(rows) else f"{len(well)} of "
    many = f"{some}{len(rows)} runner{'' if len(rows) == 1 else 's'} {'is' if len(well if some else rows) == 1 else 'are'} well"
    troubles = [
        _troubled([row for row in rows if row.state == state], state, now) for state in ("away", "bad", "quarantined")
    ]
    return "; ".join([many, *(said for said in troubles if said)])


def _troubled(rows: list[Row], state: str, now: datetime) -> str:
    if not rows:
        return ""
    if len(rows) == 1 and state == "away" and rows[0].since is not None:
        return f"{rows[0].runner.name} has not answered since {_moment(rows[0].since, now)}"
    names = [row.runner.name for row in rows]
    who = (
        listed(names)
        if len(names) <= MOST_NAMED
        else f"{', '.join(names[:MOST_NAMED])} and {len(names) - MOST_NAMED} more"
    )
    verb = {"away": ("does not answer", "do not answer")}.get(
        state, (f"is {BADGES[state].word}", f"are {BADGES[state].word}")
    )
    return f"{who} {verb[len(rows) > 1]}"


def _moment(at: datetime, now: datetime) -> str:
    local = timezone.localtime(at)
    return (
        f"{local:%H:%M}"
        if local.date() == timezone.localtime(now).date()
        else f"{local:%a %b} {local.day}, {local:%H:%M}"
    )


def lines_of(visit: Visit, now: datetime) -> list[Line]:
    """What waits, by kind of board, the longest line first; of the longest four with how long it lasts, told for the last of the line."""
    waiting = BoardJob.objects.filter(course=visit.course, status=Status.QUEUED, runner=None).select_related(
        "course", "team", "taken_by"
    )
    jobs = list(waiting.defer("plan").order_by("priority", "turn", "queued_at", "pk"))
    if not jobs:
        return []
    names = {slug: profile.name for slug, profile in profiles_of(visit.course).items()}
    counts = Counter(job.device for job in jobs)
    last, oldest = {job.device: job for job in jobs}, {job.device: job.queued_at for job in reversed(jobs)}
    found = []
    for place, (device, count) in enumerate(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))):
        told = waits(last[device], now) if place < MOST_KINDS else None
        found.append(
            Line(
                names.get(device, device), count, oldest[device], told.least if told else None, told.most if told else None, told.sentence if told else "",
                told.nobody_can if told else False,
            )
        )  # fmt: skip
    return found


def waiting_words(lines: Sequence[Line]) -> str:
    """Waiting for a board: 4 runs, 50 min to 2 h"""
    if not lines:
        return "Nothing waits for a board"
    count = sum(line.count for line in lines)
    said = f"Waiting for a board: {count} run{'' if count == 1 else 's'}"
    least = [line.least for line in lines if line.least is not None]
    most = [line.most for line in lines if line.most is not None]
    return f"{said}, {range_words(min(least), max(most))}" if least and most else said


def range_words(least: timedelta, most: timedelta) -> str:
    low, high = numbers.span(_round(least)), numbers.span(_round(most))
    return f"under {high}" if not least else low if low == high else f"{low} to {high}"


def _round(length: timedelta) -> timedelta:
    """A forecast to the minute, from an hour on to five minutes."""
    step = 60 if length < timedelta(hours=1) else 300
    return timedelta(seconds=max(round(length.total_seconds() / step) * step, step))
