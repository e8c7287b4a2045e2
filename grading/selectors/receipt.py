"""The page of a receipt: it is safely here, when, what its lateness costs, and the signed block that proves it."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from courseplatform.core import numbers
from courseplatform.core.badges import Badge
from grading.handing_in.receipts import armoured
from grading.late.facts import Policy, Verdict
from grading.late_rows.facts import circle_of, facts_of
from grading.late_rows.preview import verdict_of
from grading.models.pieces import Piece
from grading.models.submissions import Submission
from grading.parts import STATEMENT
from grading.selectors.assignments import attempt_of, line_words
from grading.selectors.handed import handed_parts
from grading.selectors.late_words import cost_words, kept_verdict, owner_line, plain_late, steps_of, verdict_badge


def receipt(submission: Submission) -> dict[str, Any]:
    """What the page shows. Asks the late-day rules about this attempt, also where another one counts."""
    attempt = attempt_of(submission)
    arrived = timezone.localtime(submission.received_at)
    facts = facts_of(circle_of(submission.assignment.course, {submission.person_id}))
    verdict = verdict_of(submission, facts) if facts is not None else None
    said = _judged(submission, arrived, verdict, facts.policy) if facts and verdict else _plain(submission, arrived)
    offset = f"{arrived:%z}"
    utc = f"UTC{offset[0]}{int(offset[1:3])}" + (f":{offset[3:5]}" if offset[3:5] != "00" else "")
    stamp = f"{arrived:%a %b %-d, %Y, %H:%M:%S}.{arrived.microsecond // 1000:03d} {arrived:%Z} ({utc})"
    return {
        "attempt": attempt,
        "verdict": said["head"],
        "rows": [
            {"label": "Work", "value": f"{submission.assignment.full_title}, attempt {submission.number}"},
            {"label": "Who", "value": owner_line(submission)},
            {"label": "Server time", "value": stamp},
            *_model_rows(submission),
            *_part_rows(submission),
            {"label": "Late", "value": said["late"], "steps": said["steps"]},
            *([{"label": "Collaboration", "value": submission.statement}] if submission.statement else []),
        ],
        "signed": armoured(submission.signature) if submission.signature else "",
        "line": line_words(attempt.run, submission.number),
    }


def _model_rows(submission: Submission) -> list[dict[str, Any]]:
    """The model that came with it, and the one that stands beside its parts where none came, or none that could be measured."""
    rows = list[dict[str, Any]]()
    if submission.sha256:
        value = f"{submission.file_name}, {numbers.count(submission.size_bytes)} bytes"
        rows = [{"label": "Model", "value": value}, {"label": "SHA-256", "value": submission.sha256, "mono": True}]
    if submission.model_from is not None:
        words = f"that of attempt {submission.model_from.number}, {submission.model_from.file_name}"
        rows.append({"label": "Model" if not rows else "What counts", "value": words})
    return rows


def _part_rows(submission: Submission) -> list[dict[str, Any]]:
    """What came beside the model: of each part its hash, of a family how many models; their hashes stand in the signed block."""
    rows = list[dict[str, Any]]()
    for row in handed_parts(submission):
        if row["kind"] == STATEMENT or row["is_missing"]:
            continue
        if row["kind"] == "models":
            rows.append({"label": row["title"], "value": row["said"], "url": row["url"]})
        else:
            rows += [entry for piece in row["pieces"] for entry in _piece_rows(submission, piece)]
    return rows


def _piece_rows(submission: Submission, piece: Piece) -> list[dict[str, Any]]:
    """A part as it was handed in: what it is, and the hash of its file or of what was written."""
    part = next((one for one in submission.assignment.all_parts if one.key == piece.part), None)
    size = f", {numbers.count(piece.size_bytes)} bytes" if piece.size_bytes else ""
    piece.assignment = submission.assignment
    row = {
        "label": part.title if part else piece.part,
        "value": f"{piece.file_name or 'written here'}{size}",
        "url": piece.get_absolute_url(),
    }
    return [row, {"label": "", "value": piece.sha256, "mono": True}]


def _head(badge: Badge, sentence: str) -> dict[str, str]:
    return {
        "tone": badge.tone,
        "title": f"It is here, {badge.word}" if badge.word else "It is here",
        "sentence": sentence,
    }


def _judged(submission: Submission, arrived: datetime, verdict: Verdict, policy: Policy) -> dict[str, Any]:
    """Where the course states a late policy: what it says, line by line."""
    badge = verdict_badge(verdict, policy)
    counts = kept_verdict(submission) is not None
    if not verdict.accepted:
        cost = "The late policy does not take it. It is kept with its time, and the staff can still extend yours."
    else:
        bank = f" of team {submission.team.name}" if submission.team and verdict.free_days_used else ""
        verb = (
            "It costs"
            if counts
            else "It would cost"
            if submission.counts is not False
            else "It is not counted; else it would cost"
        )
        cost = f"{verb} {cost_words(verdict, policy)}{bank}."
    other = "" if counts or submission.counts is False else " Another attempt is the one that counts."
    sentence = f"Attempt {submission.number} arrived complete at {arrived:%H:%M:%S %Z}. {cost}{other}"
    return {"head": _head(badge, sentence), "late": badge.word, "steps": steps_of(verdict)}


def _plain(submission: Submission, arrived: datetime) -> dict[str, Any]:
    """Where no rule is stated: how long before or after the due time."""
    said = f"Attempt {submission.number} arrived complete at {arrived:%H:%M:%S %Z}"
    if submission.due_at is None:
        late = "no due time is stated, so nothing is late"
        return {"head": _head(Badge("good", "check", ""), f"{said}. No due time is stated."), "late": late, "steps": []}
    late_by = plain_late(submission)
    gap = numbers.span(late_by or submission.due_at - submission.received_at)
    badge = Badge("warn", "triangle", f"{gap} late") if late_by else Badge("good", "check", "on time")
    side = "after" if late_by else "before"
    due = timezone.localtime(submission.due_at)
    late = f"{arrived:%b %-d %H:%M:%S} is {gap} {side} {due:%b %-d %H:%M:%S}"
    return {"head": _head(badge, f"{said}, {gap} {side} the due time."), "late": late, "steps": []}
