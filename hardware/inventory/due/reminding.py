"""When a borrower is reminded. Pure: a due time, the rules and a moment in; the reminder that is due then out.

Reminders go out in the morning, on the wall clock of the course: so many days before the due day, on it, then daily for three days, then
each week. A sweep that comes late sends the latest one alone, and what lies before it never.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MORNING = time(8)
DAILY = (1, 2, 3)
WEEK = 7
MOST_DAYS = 365  # who has kept it for a year is no longer moved by mails


@dataclass(frozen=True)
class Reminder:
    """name: `soon-7`, `today`, `over-3`: the same due time gives each name once. at: from when on it is due."""

    name: str
    at: datetime


def reminder_due(due_at: datetime, now: datetime, *, zone: ZoneInfo, days_before: Iterable[int]) -> Reminder | None:
    """The latest reminder whose moment has come."""
    due_day, today = due_at.astimezone(zone).date(), now.astimezone(zone).date()
    names = {f"soon-{days}": -days for days in days_before if days > 0} | {"today": 0}
    names |= {f"over-{days}": days for days in _overdue_days((today - due_day).days)}
    found = [Reminder(name, _morning(due_day + timedelta(days=days), zone)) for name, days in names.items()]
    come = [one for one in found if one.at <= now and (one.name != "today" or now < due_at)]
    last = max(come, key=lambda one: one.at, default=None)
    is_stale = last is not None and last.name.startswith("soon") and now >= due_at
    return None if is_stale else last


def _overdue_days(passed: int) -> list[int]:
    """1, 2, 3, 10, 17, ..., as far as they have passed."""
    weeks = range(DAILY[-1] + WEEK, min(passed, MOST_DAYS) + 1, WEEK)
    return [days for days in DAILY if days <= passed] + list(weeks)


def _morning(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, MORNING, tzinfo=zone)


def days_words(due_at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """`due back in 7 days`, `due back today`, `due back 3 days ago`."""
    days = (due_at.astimezone(zone).date() - now.astimezone(zone).date()).days
    if days == 0:
        return "due back today" if now < due_at else "was due back today"
    if abs(days) == 1:
        return "due back tomorrow" if days > 0 else "was due back yesterday"
    return f"due back in {days} days" if days > 0 else f"was due back {-days} days ago"
