"""The parts that came with one attempt, and those that lack."""

from typing import Any

from django.urls import reverse

from courseplatform.core import numbers
from grading.handing_in.hand_in_rules import missing_of
from grading.models.assignments import Assignment
from grading.models.owners import Owner
from grading.models.pieces import Piece
from grading.models.submissions import Submission
from grading.parts import STATEMENT, Part


def handed_parts(submission: Submission) -> list[dict[str, Any]]:
    """In the order of the page, each with what came of it; without the model, which stands apart. The pieces may be fetched before."""
    pieces = list(submission.pieces.all())
    parts = [part for part in submission.assignment.all_parts if not part.is_model]
    lacking = set(lacks(submission, submission.assignment))
    known = {part.key for part in parts}
    rows = [_row(submission, part, [one for one in pieces if one.part == part.key], part in lacking) for part in parts]
    gone = [one for one in pieces if one.part not in known]  # a part that the assignment had when it was handed in
    rows += [_row(submission, Part(one.part, one.kind, one.part), [one], is_missing=False) for one in gone]
    return [row for row in rows if row["said"] or row["is_missing"]]


def lacks(submission: Submission, assignment: Assignment) -> list[Part]:
    """The required parts that did not come with it, the statement aside: without it nothing is taken."""
    owner = Owner(submission.person, submission.team)
    missing = missing_of(owner=owner, assignment=assignment, pieces=submission.pieces.all())
    return [part for part in missing if part.key != STATEMENT]


def lacks_words(parts: list[Part]) -> str:
    """report missing; 2 parts missing"""
    if not parts:
        return ""
    name = parts[0].title.split(",")[0]
    return f"{name[:1].lower()}{name[1:]} missing" if len(parts) == 1 else f"{len(parts)} parts missing"


def _row(submission: Submission, part: Part, pieces: list[Piece], is_missing: bool) -> dict[str, Any]:
    for piece in pieces:
        piece.assignment = submission.assignment
    return {
        "title": part.title,
        "is_missing": is_missing,
        "said": ", ".join(_words(piece) for piece in pieces[:1]) if len(pieces) < 2 else f"{len(pieces)} models",
        "url": _url(submission, part, pieces),
        "kind": part.kind,
        "pieces": pieces,
    }


def _url(submission: Submission, part: Part, pieces: list[Piece]) -> str:
    """The page of a piece; of a family that of its plots, as they were handed in."""
    if part.kind == "models" and pieces:
        slugs = {"course": submission.assignment.course.slug, "assignment": submission.assignment.slug}
        return f"{reverse('grading:family', kwargs=slugs)}?attempt={submission.pk}"
    return pieces[0].get_absolute_url() if pieces else ""


def _words(piece: Piece) -> str:
    """report.pdf, 1 page, 412 KiB"""
    if not piece.file_name:
        return piece.text if piece.kind in {"link", STATEMENT} and len(piece.text) < 100 else "written here"
    pages = piece.data.get("pages")
    said = [
        piece.file_name,
        *([f"{pages} page{'s' if pages != 1 else ''}"] if pages else []),
        numbers.size(piece.size_bytes),
    ]
    return ", ".join(said)
