"""The result of a run: points line by line, metrics with their units; and why nothing was measured."""

from __future__ import annotations

from typing import Any

from courseplatform.cli.client.session import Session
from courseplatform.cli.client.text import clean, cut, measure, table, width
from courseplatform.cli.client.words import DONE, NOT_MEASURED

WORDS = {
    "refused": "not counted: the check found it unfit", "crashed": "crashed", "timed_out": "took too long",
    "out_of_memory": "out of memory", "misbehaved": "stopped", "infrastructure": "our fault, not counted",
    "cancelled": "cancelled", "rejected": "rejected by the staff",
}  # fmt: skip


def run(session: Session) -> int:
    """`results [LAB] [--attempt N]`."""
    hand_in = session.hand_in()
    if not hand_in["runs"]:
        return ended(session, None, hand_in)
    # The newest run that came to a result; where none has, the newest says why.
    newest = next((one for one in hand_in["runs"] if one["earned"] is not None), hand_in["runs"][0])
    found = session.line.get("runs", newest["id"])
    if found["status"] not in ("finished", "parked"):
        if session.options.json:
            session.console.json(found)
        else:
            session.console.out(f"It is not measured yet. To follow it: milliamp status {found['id']} --watch")
        return DONE
    return ended(session, found, hand_in)


def ended(session: Session, run: dict[str, Any] | None, hand_in: dict[str, Any] | None = None) -> int:
    """Prints a run that has ended, or a hand-in that has none. Returns the exit code."""
    console = session.console
    if session.options.json:
        console.json(run if run is not None else hand_in)
    if run is None:
        if not session.options.json:
            console.out("No model came with this hand-in, so nothing is measured.")
        return DONE
    hand_in = hand_in or session.line.get("submissions", run["submission"])
    if not session.options.json:
        console.lines(_lines(session, run, hand_in))
    is_good = run["result"] is not None or run["status"] == "parked"
    return DONE if is_good else NOT_MEASURED


def _lines(session: Session, run: dict[str, Any], hand_in: dict[str, Any]) -> list[str]:
    toned, name = session.console.toned, f"{clean(hand_in['assignment'])}, attempt {hand_in['number']}"
    page = ["", f"Page: {session.page(hand_in['course'], 'runs', run['id'])}"]
    result = run["result"]
    if result is None:
        error = run["error"] or {}
        if run["status"] == "parked":
            return [toned(f"{name}: with the staff, who look at it first", "warn"), *page]
        said = clean(error.get("message") or "Nothing more is known.", lines=True).splitlines()
        code = [f"Code: {clean(error['code'])}"] if error.get("code") else []
        return [toned(f"{name}: {WORDS.get(run['outcome'], clean(run['outcome']))}", "bad"), *said, *code, *page]
    counts = "" if hand_in["is_active"] else " (another attempt counts)"
    head = toned(f"{name}: {result['earned']} of {result['of']} measured points{counts}", "head")
    return [
        head,
        "",
        *points_table(result["points"], session.console.columns),
        "",
        *metrics_table(run["metrics"]),
        *page,
    ]


def points_table(lines: list[dict[str, Any]], columns: int = 0) -> list[str]:
    """The points line by line, and where each comes from: in a column of its own, or below the line on a narrow terminal."""
    heads, rows = ("Points", "Value", "Earned", "Of", "How"), []
    for line in lines:
        earned = "open" if line.get("left_open") else line["earned"]
        how = line.get("left_open") or line.get("arithmetic", "")
        rows.append((line["title"], line.get("value", ""), earned, line["of"], how))
    whole = table(rows, heads, right=(2, 3))
    if not columns or max(map(width, whole)) <= columns:
        return whole
    head, *narrow = table([row[:4] for row in rows], heads[:4], right=(2, 3), gives=1, columns=columns)
    hows = [f"  {cut(clean(row[4]), columns - 2)}" if row[4] else "" for row in rows]
    return [head, *(line for pair in zip(narrow, hows) for line in pair if line)]


def metrics_table(rows: list[dict[str, Any]]) -> list[str]:
    return table(
        [(one["title"], measure(one["value"], one["unit"]), one["basis"]) for one in rows],
        ("Metric", "Value", "Basis"),
        right=(1,),
    )
