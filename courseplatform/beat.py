"""What Celery's beat wakes, and how often in seconds. A wake-up that was not heard until the next one is dropped: the rows say what is to be done."""

from typing import Any

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
    "notices": {"task": "notices.sweep", "schedule": 15.0, "options": {"expires": 15}},
    **{f"heartbeat {name}": {"task": "core.heartbeat", "schedule": 10.0, "args": [name], "options": {"queue": name, "expires": 10}}
       for name in ("ordinary", "bench")},
}  # fmt: skip
