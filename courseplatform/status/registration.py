"""What the status page watches by itself; the rooms above add theirs."""

from typing import Any

from courseplatform.core import numbers
from courseplatform.metrics.kinds import POLL, mark_routes
from courseplatform.status import machine
from courseplatform.status.hooks import Measure, registry
from courseplatform.status.rules import Rule


def percent(value: float) -> str:
    return numbers.share(value, 0)


def register_all() -> None:
    mark_routes(POLL, "status:live")
    for name in (
        "cpu_share", "memory_share", "disk_share", "database_connections_share", "storage_fails", "requests_per_s", "page_p95_ms",
        "hand_in_p95_ms", "errors_count",
    ):  # fmt: skip
        registry.add_probe(name, getattr(machine, name))
    _rules()
    registry.add_measure(
        Measure("requests_per_s", "Requests", lambda value: f"{value:.1f} / s"),
        Measure("page_p95_ms", "Page, p95", numbers.milliseconds, "page_slow"),
        Measure("hand_in_p95_ms", "Hand-in, p95", numbers.milliseconds, "hand_in_slow"),
        Measure("errors_count", "Errors of our own (5xx), last 5 min", numbers.count, "errors"),
        Measure("cpu_share", "Processors, wanted of all", percent, "cpu"),
        Measure("memory_share", "Memory", percent, "memory"),
        Measure("database_connections_share", "Database connections", percent, "connections"),
        Measure("disk_share", "Disk", percent, "disk"),
    )


def _rules() -> None:
    alert: Any = {"is_public": False, "opens_after_s": 120.0, "closes_after_s": 300.0}
    registry.add_rule(
        Rule("storage", "storage_fails", "The store of files did not answer", 1, 1, now="Files cannot be handed in or fetched", is_down=True,
             says=lambda worst: "Nothing could be handed in or fetched meanwhile. What had a receipt before is kept."),
        Rule("errors", "errors_count", "Pages ended in an error of ours", 5, 1, now="Some pages end in an error of ours", opens_after_s=0, closes_after_s=60,
             says=lambda worst: f"Up to {numbers.count(worst)} answers in five minutes. What was handed in with a receipt is kept.", shown=numbers.count),
        Rule("page_slow", "page_p95_ms", "Pages were slow", 300, 250, now="Pages are slow", shown=numbers.milliseconds, **alert),
        Rule("hand_in_slow", "hand_in_p95_ms", "Handing in was slow", 2000, 1000, now="Handing in is slow", shown=numbers.milliseconds, **alert),
        Rule("cpu", "cpu_share", "The processors were full", 1.5, 1.0, now="The processors are full", shown=percent, **alert),
        Rule("memory", "memory_share", "Memory ran short", 0.92, 0.85, now="Memory runs short", shown=percent, **alert),
        Rule("connections", "database_connections_share", "Connections to the database ran short", 0.8, 0.7,
             now="Connections to the database run short", shown=percent, **alert),
        Rule("disk", "disk_share", "The disk was nearly full", 0.9, 0.88, now="The disk is nearly full", shown=percent, **alert),
    )  # fmt: skip
