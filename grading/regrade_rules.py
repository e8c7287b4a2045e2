"""When regrade requests may be made, and how many: plain times from what the course file says and when grades were released."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from courseplatform.courses.models import Course

OPENS_HOURS, CLOSES_DAYS, LIMIT = 24, 7, 3  # where the course file leaves one of them out
LAST_MINUTE = time(23, 59)
REASON_LETTERS = (20, 2000)


@dataclass(frozen=True)
class RegradeRules:
    """opens_hours: after the release, so that nobody asks before having read. closes_days: days to ask, and days to object to an answer.
    limit: requests that a student, or a team, may make for one assignment."""

    opens_hours: int = OPENS_HOURS
    closes_days: int = CLOSES_DAYS
    limit: int = LIMIT

    @classmethod
    def of(cls, facts: dict[str, Any]) -> "RegradeRules | None":
        """From an assignment's `regrade_rules`; None: its course takes no requests for it."""
        return cls(**facts) if facts else None

    def window(self, course: Course, released_at: datetime) -> "Window":
        return Window(released_at + timedelta(hours=self.opens_hours), self.ends(course, released_at))

    def ends(self, course: Course, since: datetime) -> datetime:
        """The last minute, on the course's clock, of the day `closes_days` after an instant."""
        day = since.astimezone(course.tz).date() + timedelta(days=self.closes_days)
        return course.wall(day, LAST_MINUTE)


@dataclass(frozen=True)
class Window:
    """From `opens_at` (included) to `closes_at` (excluded)."""

    opens_at: datetime
    closes_at: datetime

    def state(self, now: datetime) -> str:
        """before, open or over."""
        if now < self.opens_at:
            return "before"
        return "open" if now < self.closes_at else "over"
