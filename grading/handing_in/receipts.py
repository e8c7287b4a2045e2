"""The receipt of a hand-in: its facts, signed by this site, so that staff can tell later whether one is genuine.

The signature is Django's (HMAC-SHA256 under SECRET_KEY, an older key is accepted while it stands in SECRET_KEY_FALLBACKS). The signed text
holds the facts themselves, so a receipt proves what it says also when the database is gone.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core import signing

from grading.late.facts import Verdict
from grading.late.money import shown
from grading.models.pieces import Piece
from grading.models.submissions import Submission
from grading.parts import STATEMENT

SALT = "milliamp.receipt"
BEGIN, END = "-----BEGIN RECEIPT-----", "-----END RECEIPT-----"
WIDTH = 64


class NotGenuine(Exception):
    """The text holds no receipt of this site, or one that was changed. The message is a sentence."""


def receipt_facts(
    submission: Submission, verdict: Verdict | None, pieces: Iterable[Piece] | None = None
) -> dict[str, Any]:
    """What a receipt says. Times are ISO with the offset of the course's zone; `late` is None where the course states no rule.

    pieces: its own, where they are known already.

    `file` is the model; None: none is handed in. `model_of`: the receipt of the attempt that brought it, where this one did not.
    `parts`: what else was handed in, each with the hash of its file or of what was written.
    """
    assignment = submission.assignment
    course = assignment.course

    def wall(at: datetime) -> str:
        return at.astimezone(course.tz).isoformat(timespec="milliseconds")

    return {
        "receipt": submission.receipt,
        "course": course.slug,
        "assignment": assignment.slug,
        "attempt": submission.number,
        "owner": str(submission.owner),
        "by": submission.person.name,
        "received_at": wall(submission.received_at),
        "due_at": wall(submission.due_at) if submission.due_at else None,
        "zone": str(course.tz),
        "file": {"name": submission.file_name, "bytes": submission.size_bytes, "sha256": submission.sha256}
        if submission.sha256
        else None,
        "model_of": submission.model_from.receipt if submission.model_from else None,
        "parts": [
            _part_facts(piece)
            for piece in (submission.pieces.all() if pieces is None else pieces)
            if piece.part != STATEMENT
        ],
        "statement": submission.statement,
        "late": None
        if verdict is None
        else {
            "days_late": verdict.days_late,
            "free_days_used": verdict.free_days_used,
            "max_percent": shown(verdict.max_percent),
            "accepted": verdict.accepted,
            "explanation": list(verdict.explanation),
        },
    }


def _part_facts(piece: Piece) -> dict[str, Any]:
    facts: dict[str, Any] = {"part": piece.part, "sha256": piece.sha256}
    return facts | ({"name": piece.file_name, "bytes": piece.size_bytes} if piece.file_name else {})


def sign(facts: dict[str, Any]) -> str:
    return signing.dumps(facts, salt=SALT, compress=True)


def receipt_text(facts: dict[str, Any], signature: str) -> str:
    """The receipt as Markdown for a mail: what a person wants to know first, then the signed block."""
    file, late = facts["file"], facts["late"]
    files = [("File", file)] if file else []
    files += [(part["part"], part) for part in facts["parts"]]
    at = datetime.fromisoformat(facts["received_at"])
    lines = [
        f"- Received: {at:%a %b %-d, %Y, %H:%M:%S} ({facts['zone']}, UTC{at:%z})",
        *(_file_line(label, one) for label, one in files),
    ]
    if late is not None:
        used = f", {late['free_days_used']} of them paid by the bank" if late["free_days_used"] else ""
        cost = f"at most {late['max_percent']} %" if late["accepted"] else "not accepted by the late policy"
        lines.append(f"- Late days: {late['days_late']}{used}; {cost}")
    return "\n".join(
        [*lines, "", "Keep this mail: it proves what you handed in, and when.", "", "```", armoured(signature), "```"]
    )


def _file_line(label: str, file: dict[str, Any]) -> str:
    size = f"{file['bytes']} bytes, " if "bytes" in file else ""
    return f"- {label.capitalize()}: {size}SHA-256 `{file['sha256']}`"


def armoured(signature: str) -> str:
    """The signed receipt in short lines, for a mail."""
    lines = [signature[n : n + WIDTH] for n in range(0, len(signature), WIDTH)]
    return "\n".join([BEGIN, *lines, END])


def verify(text: str) -> dict[str, Any]:
    """The facts of the receipt in a text: an armoured one anywhere in a mail, quoted or not, or the bare signature.

    Raises NotGenuine.
    """
    found = re.search(f"{BEGIN}(.*?){END}", text, re.DOTALL)
    bare = re.sub(r"^[>\s]+", "", found[1] if found else text, flags=re.MULTILINE)
    signature = "".join(bare.split())
    if not re.fullmatch(r"[\w.:-]{1,100000}", signature, re.ASCII):  # a mail without a block is no changed receipt
        raise NotGenuine("The text holds no receipt.")
    try:
        facts = signing.loads(signature, salt=SALT)
    except signing.BadSignature as error:
        raise NotGenuine("This was not signed by this site, or a letter of it was changed.") from error
    except ValueError as error:
        raise NotGenuine("The text holds no receipt.") from error
    if not isinstance(facts, dict):
        raise NotGenuine("The text holds no receipt.")
    return facts
