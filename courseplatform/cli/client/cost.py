"""What a hand-in would cost, in words, and whether somebody should be asked before. Plain values in, sentences out."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from courseplatform.cli.client.text import clean, distance, instant, many, when


def short(assignment: dict[str, Any], now: datetime | None = None) -> str:
    """For a table: nothing; 1 late day; 1 late day, max 80 %; not taken; - where nothing can be said."""
    mine = assignment.get("mine") or {}
    cost = mine.get("cost")
    if cost is None:
        due_at: str | None = mine.get("due_at")
        is_late = due_at is not None and instant(due_at) < (now or datetime.now(timezone.utc))
        return "late" if is_late else "-"
    if not cost["accepted"]:
        return "not taken"
    said = [many(cost["free_days_used"], "late day")] if cost["free_days_used"] else []
    if cost["max_percent"] < 100:
        said.append(f"max {percent(cost['max_percent'])} %")
    return ", ".join(said) or "nothing"


def percent(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def sentences(assignment: dict[str, Any]) -> list[str]:
    """What handing in now means, in full."""
    mine = assignment.get("mine") or {}
    cost = mine.get("cost")
    due_at: str | None = mine.get("due_at")
    due = f"Due {when(due_at)}, {distance(due_at)}." if due_at else "No due time is stated."
    if cost is None:
        is_late = due_at is not None and instant(due_at) < datetime.now(timezone.utc)
        return [f"{due} It is late, and what that costs is not stated." if is_late else due]
    if not cost["days_late"] and cost["accepted"]:
        return [f"{due} It is on time and costs no late days."]
    late = f"It is {many(cost['days_late'], 'day')} late."
    if not cost["accepted"]:
        return [f"{due} {late} The late policy takes it no more: it can be handed in, and earns nothing.", *_why(cost)]
    used, left = cost["free_days_used"], cost["bank_left"]
    bank = f" of the {left} that are left" if left is not None else ""
    paid = f"That costs {many(used, 'late day')}{bank}" if used else "It costs no late days"
    return [f"{due} {late} {paid}, and at most {percent(cost['max_percent'])} % can be reached."]


def _why(cost: dict[str, Any]) -> list[str]:
    return [clean(line) for line in cost["explanation"][-1:]]


def attempts(assignment: dict[str, Any]) -> str:
    """For a hand-in with a model."""
    left, allowed = assignment["attempts_left"], assignment["attempts_allowed"]
    if left == 0:
        return f"All {allowed} attempts are used: it can only take the place of one of yours that still waits."
    if left == 1:
        return "It is the last attempt."
    return f"{left} of {allowed} attempts are left."


def is_asked(assignment: dict[str, Any], *, with_model: bool) -> bool:
    """Whether it costs something that nobody gets back: a late day, points, or the last attempt."""
    cost = (assignment.get("mine") or {}).get("cost")
    is_late = cost is not None and (cost["days_late"] > 0 or not cost["accepted"])
    return is_late or (with_model and assignment["attempts_left"] <= 1)
