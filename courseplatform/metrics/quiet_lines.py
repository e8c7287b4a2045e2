"""Which lines of a log say nothing new. Imported by the settings of the logs, before there are models."""

import logging

from django.conf import settings

PROBES = frozenset({"core:healthz", "metrics:metrics"})
SLOW_MS = 1000  # a sweep that took longer is worth a line


def due_tasks() -> frozenset[str]:
    """The tasks that beat wakes; heartbeats have rows of their own."""
    return frozenset(entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values() if "args" not in entry)


class Quiet(logging.Filter):
    """Drops what beat wakes every few seconds and ends well at once or runs out unheard, probes that are answered well, and Django's second line about a
    request that has one of ours."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.msg
        if not isinstance(said, dict):
            return not (record.name == "django.request" and hasattr(getattr(record, "request", None), "has_line"))
        if said.get("event") == "request_finished":
            return not (said.get("route") in PROBES and said.get("status", 500) < 400)
        is_due = said.get("task") in due_tasks() or said.get("task") == "core.heartbeat"
        if said.get("event") == "task_succeeded":
            return not (is_due and "request_id" not in said and said.get("duration_ms", 0) < SLOW_MS)
        return not (is_due and said.get("event") == "task_revoked" and said.get("expired"))
