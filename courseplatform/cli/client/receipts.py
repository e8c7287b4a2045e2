"""A receipt, as lines."""

from __future__ import annotations

from collections import Counter
from typing import Any

from courseplatform.cli.client.cost import percent
from courseplatform.cli.client.session import Session
from courseplatform.cli.client.text import clean, many, size, table, when


def receipt_lines(session: Session, receipt: dict[str, Any], assignment: dict[str, Any] | None = None) -> list[str]:
    """What a person wants to know first, then the proofs."""
    title = clean(assignment["title"]) if assignment else clean(receipt["assignment"])
    known = receipt.get("created") is False
    head = "It was here before; the first receipt stands." if known else "It is here."
    rows = [
        ("Receipt", receipt["receipt"]),
        ("Work", f"{title} ({receipt['course']}/{receipt['assignment']}), attempt {receipt['number']}"),
        ("By", receipt["person"] + (f", for team {receipt['team']}" if receipt["team"] else "")),
        ("Arrived", when(receipt["received_at"])),
        *_file_rows(receipt),
        ("Late", late_words(receipt)),
        ("Page", session.page(receipt["course"], "submissions", receipt["id"])),
    ]
    return [session.console.toned(head, "head"), *table(rows)]


def _file_rows(receipt: dict[str, Any]) -> list[tuple[str, str]]:
    files = [("Model", receipt)] if receipt["sha256"] else []
    found, many_of = [], Counter(one["part"] for one in receipt["parts"])
    files += [(one["part"].capitalize(), one) for one in receipt["parts"] if many_of[one["part"]] == 1]
    for label, one in files:
        named = f"{one['file_name']}, {size(one['size_bytes'])}, " if one["file_name"] else ""
        found.append((label, f"{named}SHA-256 {one['sha256']}"))
    return found + [(key.capitalize(), f"{count} files") for key, count in many_of.items() if count > 1]


def late_words(receipt: dict[str, Any]) -> str:
    """What the late policy says of a hand-in; the seconds where another attempt counts, or no policy is stated."""
    late = receipt["late"]
    if late is None:
        return "on time" if receipt["late_s"] <= 0 else "after the due time"
    if not late["accepted"]:
        return f"{many(late['days_late'], 'day')}; the late policy does not take it"
    if not late["days_late"]:
        return "on time"
    most = percent(float(late["max_percent"]))
    return f"{many(late['days_late'], 'day')}, {late['free_days_used']} paid by the bank; at most {most} %"


def run(session: Session) -> int:
    """`receipt [LAB] [--attempt N]`."""
    found = session.line.get("submissions", session.hand_in()["id"])
    if session.options.json:
        session.console.json(found)
        return 0
    session.console.lines(receipt_lines(session, found))
    if found.get("signature"):
        session.console.lines(["", "-----BEGIN RECEIPT-----", *_armoured(found["signature"]), "-----END RECEIPT-----"])
    return 0


def _armoured(signature: str) -> list[str]:
    return [clean(signature[n : n + 64]) for n in range(0, len(signature), 64)]
