"""A plan as the page of the preview shows it."""

from typing import Any

from courseplatform.core.badges import Badge
from courseplatform.roster.models import RosterImport
from courseplatform.roster.selectors import plan as planning
from courseplatform.roster.selectors.plan import Line, Plan

BADGES = {
    planning.NEW: Badge("good", "check", "new, with an account"),
    planning.JOINS: Badge("good", "check", "new here"),
    planning.RETURNS: Badge("good", "check", "comes back"),
    planning.CHANGED: Badge("neutral", "diamond", "changed"),
    planning.UNCHANGED: Badge("neutral", "dot", "unchanged"),
    planning.STAFF_HERE: Badge("neutral", "dot", "staff here"),
    planning.LEFT: Badge("warn", "triangle", "left, says the file"),
    planning.WAITING: Badge("neutral", "clock", "on the waiting list"),
    planning.REFUSED: Badge("bad", "octagon", "refused"),
}
# What needs a look comes first, what needs none is folded away.
GROUPS = (
    ("Refused: these rows are left out", (planning.REFUSED,), True),
    ("Changed", (planning.CHANGED,), True),
    ("New or back in the course", (planning.NEW, planning.JOINS, planning.RETURNS), True),
    ("Not enrolled, says the file: nothing is done", (planning.LEFT, planning.WAITING), True),
    ("Unchanged", (planning.UNCHANGED, planning.STAFF_HERE), False),
)


def preview(roster_import: RosterImport, plan: Plan) -> dict[str, Any]:
    groups = [
        {"title": title, "lines": [_line(line) for line in lines], "is_open": is_open and len(lines) <= 700}
        for title, verdicts, is_open in GROUPS
        if (lines := plan.of(*verdicts))
    ]
    left = {line.known.enrolment.pk for line in plan.of(planning.LEFT, planning.WAITING) if line.known}
    return {
        "import": roster_import,
        "groups": groups,
        "counts": _counts(plan),
        "new_accounts": len(plan.of(planning.NEW)),
        "missing": [{"known": known, "says_left": known.enrolment.pk in left} for known in plan.missing],
        "most_are_missing": len(plan.missing) > len(plan.writes) + len(plan.of(planning.UNCHANGED)),
        "new_sections": plan.new_sections,
        "writes": len(plan.writes),
        "digest": plan.digest,
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "rows": line.rows, "badge": BADGES[line.verdict], "name": line.name, "email": line.row.email, "reason": line.reason,
        "changes": line.changes, "notes": line.notes, "sections": ", ".join(name for name, _ in line.row.sections),
        "sis_id": line.row.sis_id,
    }  # fmt: skip


def _counts(plan: Plan) -> list[dict[str, Any]]:
    words = (
        ("new", (planning.NEW, planning.JOINS)), ("back", (planning.RETURNS,)), ("changed", (planning.CHANGED,)),
        ("unchanged", (planning.UNCHANGED, planning.STAFF_HERE)), ("not enrolled", (planning.LEFT, planning.WAITING)),
        ("refused", (planning.REFUSED,)),
    )  # fmt: skip
    return [{"count": len(found), "word": word} for word, verdicts in words if (found := plan.of(*verdicts))]
