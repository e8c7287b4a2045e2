"""The course grade as far as it is released, and late days line by line."""

from __future__ import annotations

from typing import Any

from courseplatform.cli.client.cost import percent
from courseplatform.cli.client.session import Session
from courseplatform.cli.client.text import clean, many, table, when
from courseplatform.cli.client.words import DONE

STATES = {
    "graded": "graded", "missing": "missing", "grading": "not released yet", "ahead": "not due yet", "excused": "excused",
    "uncounted": "does not count",
}  # fmt: skip


def grades(session: Session) -> int:
    """`grades`."""
    found = session.line.get("courses", session.course(), "grades", "me")
    if session.options.json:
        session.console.json(found)
        return DONE
    console = session.console
    if not found["parts"]:
        console.out("There is no course grade of yours here.")
        return DONE
    letter = f", {clean(found['letter'])}" if found["letter"] else ""
    sure = (
        f"{found['percent']} % of what is decided{letter}" if found["percent"] is not None else "Nothing is decided yet"
    )
    console.out(console.toned(f"{sure} ({found['earned']} of {found['so_far']} % so far)", "head"))
    for part in found["parts"]:
        console.out()
        console.out(f"{clean(part['title'])}: {part['earned']} of {part['percent']} %")
        console.lines(table([_line(one) for one in part["lines"]], right=(1,), indent="  "))
    for one in found["passes"]:
        state = "met" if one["is_met"] else "cannot be met any more" if one["is_lost"] else "open"
        console.out(f"To pass: {one['turned_in']} of {one['needed']} handed in, {state}")
    return DONE


def _line(one: dict[str, Any]) -> tuple[str, str, str]:
    points = f"{one['points']} of {one['of']}" if one["points"] is not None else f"- of {one['of']}"
    dropped = "dropped" if one["is_dropped"] else ""
    return one["title"], points, ", ".join(filter(None, [STATES.get(one["state"], one["state"]), dropped, one["says"]]))


def late_days(session: Session) -> int:
    """`late-days`."""
    found = session.line.get("courses", session.course(), "late-days")
    if session.options.json:
        session.console.json(found)
        return DONE
    console = session.console
    if found["unit"] is None:
        console.out("This course states no late policy.")
        return DONE
    for bank in found["banks"]:
        name = " ".join(filter(None, [clean(bank["name"]), f"of team {clean(bank['team'])}" if bank["team"] else ""]))
        console.out(console.toned(f"{many(bank['balance'], 'late day')} left{f' ({name})' if name else ''}", "head"))
        rows = [
            (when(one["made_at"]), f"{one['days']:+d}", one["assignment"] or "", one["reason"]) for one in bank["lines"]
        ]
        console.lines(table(rows, right=(1,), indent="  ", gives=3, columns=console.columns))
    rows = [_verdict(one) for one in found["verdicts"]]
    if rows:
        console.out()
        console.lines(table(rows, ("Lab", "Days late", "Paid", "At most"), right=(1, 2, 3)))
    if not found["is_counted"]:
        console.say("A change is still being counted; ask again in a moment.")
    return DONE


def _verdict(one: dict[str, Any]) -> tuple[str, str, str, str]:
    most = f"{percent(float(one['max_percent']))} %" if one["accepted"] else "not taken"
    return one["assignment"], str(one["days_late"]), str(one["free_days_used"]), most
