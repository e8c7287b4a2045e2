"""What Celery's beat wakes, and how often in seconds. A wake-up that was not heard until the next one is dropped: the rows say what is to be done."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from celery.schedules import schedule

_BEGAN, _BEGAN_AT = time.monotonic(), datetime.now(UTC)


def steady_now() -> datetime:
    """The clock of the machine as it was when this process began, and on from there, whoever sets it meanwhile.

    Celery counts the next time from the last one. Where the clock is set back by an hour it would wake nobody for an hour.
    """
    return _BEGAN_AT + timedelta(seconds=time.monotonic() - _BEGAN)


class Every(schedule):
    """So many seconds after the last time. A last time that lies ahead is of a clock that was wrong then: it counts as long ago."""

    def __init__(self, run_every: Any, relative: bool = False, nowfun: Any = None, app: Any = None) -> None:
        super().__init__(run_every, relative, steady_now, app)

    def is_due(self, last_run_at: datetime) -> Any:
        last = self.maybe_make_aware(last_run_at)
        return super().is_due(last if last <= self.now() else self.now() - timedelta(seconds=self.seconds))


SCHEDULE: dict[str, dict[str, Any]] = {
    "sweep": {"task": "hardware.sweep", "schedule": 5.0, "options": {"expires": 5}},
    "loans": {"task": "hardware.sweep_loans", "schedule": 60.0, "options": {"expires": 60}},
    "invitations": {"task": "roster.sweep", "schedule": 60.0, "options": {"expires": 60}},
    "late days": {"task": "grading.count_late_days", "schedule": 30.0, "options": {"expires": 30}},
    "regrades": {"task": "grading.close_regrades", "schedule": 300.0, "options": {"expires": 300}},
    "passback": {"task": "grading.passback", "schedule": 15.0, "options": {"expires": 15}},
    "release news": {"task": "grading.release_news", "schedule": 15.0, "options": {"expires": 15}},
    "lti": {"task": "lti.sweep", "schedule": 3600.0, "options": {"expires": 3600}},
    "reruns": {"task": "grading.carry_on_reruns", "schedule": 15.0, "options": {"expires": 15}},
    "refits": {"task": "grading.refit", "schedule": 60.0, "options": {"queue": "bench", "expires": 60}},
    "parts": {"task": "grading.sweep_pieces", "schedule": 900.0, "options": {"expires": 900}},
    "canvas files": {"task": "grading.sweep_canvas_files", "schedule": 3600.0, "options": {"expires": 3600}},
    "audit": {"task": "audit.sweep", "schedule": 60.0, "options": {"expires": 60}},
    "uploads": {"task": "uploads.sweep", "schedule": 60.0, "options": {"expires": 60}},
    "request minutes": {"task": "metrics.sweep", "schedule": 900.0, "options": {"expires": 900}},
    "files that leave": {"task": "core.sweep_files", "schedule": 300.0, "options": {"expires": 300}},
    "files of nobody": {"task": "core.find_orphans", "schedule": 21600.0, "options": {"expires": 21600}},
    "backups": {"task": "keeping.watch", "schedule": 900.0, "options": {"expires": 900}},
    "retention": {"task": "keeping.retention", "schedule": 900.0, "options": {"expires": 900}},
    "archives": {"task": "keeping.archives", "schedule": 30.0, "options": {"expires": 30}},
    "deletions": {"task": "keeping.deletions", "schedule": 300.0, "options": {"expires": 300}},
    "status": {"task": "status.watch", "schedule": 15.0, "options": {"expires": 15}},
    "notices": {"task": "notices.sweep", "schedule": 15.0, "options": {"expires": 15}},
    **{f"heartbeat {name}": {"task": "core.heartbeat", "schedule": 10.0, "args": [name], "options": {"queue": name, "expires": 10}}
       for name in ("ordinary", "bench")},
}  # fmt: skip
for _entry in SCHEDULE.values():
    _entry["schedule"] = Every(_entry["schedule"])
