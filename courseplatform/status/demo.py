"""One past night of the demo, marked as such: how the page looks after a deadline. Nothing is made up about now."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from math import exp

from courseplatform.accounts.models import User
from courseplatform.courses.models import Course
from courseplatform.status.models import Incident, IncidentStatus, Sample

WEEK, HOURS, STEP = timedelta(days=7), 8, timedelta(minutes=5)
PEAK_H, TOP_S, USUAL_S = 4.5, 430.0, 40.0


def load(*, course: Course, people: Mapping[str, User], now: datetime) -> None:
    """The evening a week ago, from 18:00 on in the course's zone, with the one thing that broke in it."""
    start = course.wall((now - WEEK).date(), time(18))
    rows = []
    for n in range(int(HOURS * timedelta(hours=1) / STEP)):
        hours = n * STEP / timedelta(hours=1)
        wait_s = USUAL_S + 12 * (n % 5) + 90 * exp(-(((hours - 6) / 1.2) ** 2)) + TOP_S * exp(-(((hours - PEAK_H) / 0.25) ** 2))  # fmt: skip
        rows.append(Sample(name="oldest_s.live_runs", at=start + n * STEP, value=round(wait_s, 1), is_demo=True))
    Sample.objects.bulk_create(rows, ignore_conflicts=True)
    broke = start + timedelta(hours=PEAK_H) - timedelta(minutes=6)
    Incident.objects.get_or_create(
        key=f"demo {broke.isoformat()}",
        defaults={
            "title": "Worker bench-2 stopped", "says": "1 run started again by itself, not counted twice.", "opened_at": broke,
            "closed_at": broke + timedelta(seconds=50), "status": IncidentStatus.CLOSED, "is_demo": True, "by": "the demo",
        },
    )  # fmt: skip
