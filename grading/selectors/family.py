"""What the page of a family shows: whose it is, what each variant came to, and what the lab asks."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from courseplatform.core.errors import Conflict, NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Enrolment
from grading.anonymity import check_names, masked, masked_piece
from grading.families.front import Family, Variant, variant_of
from grading.families.plots import PLOTS, Plot
from grading.handing_in.hand_in_rules import owner_of, pieces_of
from grading.models.assignments import Assignment
from grading.models.owners import Owner
from grading.models.pieces import Piece
from grading.models.runs import Phase, Run
from grading.models.submissions import Submission
from grading.models.variants import VariantRun
from grading.parts import Part
from hardware.models import Outcome, Status

KIND = "models"
HELD = (
    "This very file was handed in, and its result was kept back or rejected by the staff. So nothing is shown of it here either, unless "
    "they release it. It stays in the family."
)
OURS = "Our machine failed on this model several times. That says nothing about the model; have it measured again."


@dataclass(frozen=True)
class Row:
    """One variant: its piece, its newest measurement, and what it came to.

    state: `measured`, `waiting`, `running`, `refused` (the check, or what it did while it ran), `ours` (not measured through our fault),
    `held` (the same file was handed in, and the staff keep what it came to back).
    """

    piece: Piece
    run: VariantRun | None
    variant: Variant | None
    state: str
    note: str

    @property
    def name(self) -> str:
        return str(self.piece.data.get("name") or self.piece.file_name)


@dataclass(frozen=True)
class Whose:
    """Whose family is shown: what lies on an owner's desk, or what was handed in with an attempt. `query` leads to the same again."""

    owner: Owner
    pieces: list[Piece]
    attempt: Submission | None
    is_mine: bool
    query: str

    @property
    def may_edit(self) -> bool:
        return self.is_mine and self.attempt is None


def part_of(assignment: Assignment) -> Part:
    """Raises Conflict (`no_family`)."""
    if assignment.family is None:
        raise Conflict(f"{assignment.short} asks for no family of models.", code="no_family")
    return assignment.family


def whose(visit: Visit, assignment: Assignment, person: str, attempt: str, now: datetime) -> Whose:
    """Left out: the visitor's own. Raises NotHere for what is not theirs to see."""
    if attempt:
        found = _attempt(visit, assignment, attempt)
        pieces = found.pieces.filter(kind=KIND).select_related("assignment", "person", "team")
        is_mine = found.person_id == visit.person.pk or not visit.is_staff
        found.assignment = assignment
        shown = [masked_piece(visit, piece) for piece in pieces]
        return Whose(masked(visit, found).owner, shown, found, is_mine, f"?attempt={found.pk}")
    is_mine = not person or person == str(visit.person.pk)
    someone = visit.person
    if not is_mine:
        key = int(person) if person.isascii() and person.isdecimal() and len(person) < 19 else 0
        row = Enrolment.objects.filter(course=visit.course, person=key).select_related("person").first()
        if row is None or not visit.is_staff:
            raise NotHere("There is no such family, or it is not yours.")
        check_names(visit, assignment)
        someone = row.person
    owner = owner_of(person=someone, assignment=assignment, now=now)
    pieces_now = [piece for piece in pieces_of(owner=owner, assignment=assignment) if piece.kind == KIND]
    return Whose(owner, pieces_now, None, is_mine, "" if is_mine else f"?person={someone.pk}")


def variant_get(visit: Visit, pk: UUID) -> Piece:
    """Also one that is not handed in, for staff: their list of families shows what our machine did not measure. Raises NotHere."""
    of_course = (
        Piece.objects.filter(assignment__course=visit.course) if visit.is_staff else Piece.objects.visible_to(visit)
    )
    found = of_course.filter(pk=pk, kind=KIND).select_related("assignment__course", "person", "team").first()
    if found is None:
        raise NotHere("There is no such variant, or it is not yours.")
    return found


def _attempt(visit: Visit, assignment: Assignment, key: str) -> Submission:
    try:
        pk = UUID(key)
    except ValueError as error:
        raise NotHere("There is no such attempt, or it is not yours.") from error
    rows = Submission.objects.visible_to(visit).filter(assignment=assignment).select_related("person", "team")
    found = rows.filter(pk=pk).first()
    if found is None:
        raise NotHere("There is no such attempt, or it is not yours.")
    return found


def family_rows(pieces: Sequence[Piece], part: Part | None) -> list[Row]:
    """The variants among `pieces`, all of one owner, each with its measurement. Two queries."""
    variants = [piece for piece in pieces if piece.kind == KIND]
    if not variants:
        return []
    owner = variants[0].owner
    theirs = {"piece__team": owner.team} if owner.team else {"piece__team": None, "piece__person": owner.person}
    runs = VariantRun.objects.filter(
        **theirs, piece__assignment=variants[0].assignment_id, piece__sha256__in={piece.sha256 for piece in variants}
    )
    by_hash: dict[str, list[VariantRun]] = defaultdict(list)
    for run in runs.select_related("piece").order_by("-queued_at"):
        by_hash[run.piece.sha256].append(run)
    kept_back = _kept_back(variants[0].assignment_id, {piece.sha256 for piece in variants})
    return [
        Row(piece, None, None, "held", HELD)
        if piece.sha256 in kept_back
        else _row(piece, by_hash[piece.sha256], part.vary if part else ())
        for piece in variants
    ]


def _kept_back(assignment: int, hashes: set[str]) -> set[str]:
    """Which of these files came to numbers that nobody is told: a variant of the same bytes must not tell them. A hand-in may come after
    the variant or be measured beside it, so what counts is asked when the family is read."""
    runs = Run.objects.filter(submission__assignment=assignment, submission__sha256__in=hashes)
    found = runs.filter(Q(status=Status.PARKED) | Q(outcome__in=[Outcome.REJECTED, Outcome.MEASURED]))
    ends = set(found.values_list("submission__sha256", "outcome"))
    return {sha256 for sha256, _ in ends} - {sha256 for sha256, outcome in ends if outcome == Outcome.MEASURED}


def family_of(pieces: Sequence[Piece], part: Part | None) -> Family:
    """The measured variants among the pieces of a desk or of an attempt, with fronts and knee."""
    return family_among(family_rows(pieces, part), part)


def family_among(rows: Iterable[Row], part: Part | None) -> Family:
    """Of a lab whose task was changed the variants that were measured for one of the tasks: others cannot stand beside them."""
    found = [row.variant for row in rows if row.variant is not None]
    return Family(tuple(one for one in found if one.scored == found[0].scored), part.vary if part else ())


def _row(piece: Piece, runs: Sequence[VariantRun], vary: Sequence[str]) -> Row:
    run = next((one for one in runs if one.outcome == Outcome.MEASURED), runs[0] if runs else None)
    if run is None:
        return Row(piece, None, None, "ours", "This model was not measured yet.")
    if run.outcome == Outcome.MEASURED:
        return Row(piece, run, variant_of(str(piece.pk), piece.data, run.measured, vary, piece.sha256), "measured", "")
    if run.status == Status.QUEUED:
        return Row(piece, run, None, "waiting", "in line")
    if run.status != Status.FINISHED:
        phase = dict(Phase.choices).get(run.phase, "")
        return Row(piece, run, None, "running", str(phase or run.get_status_display()).lower())
    if run.outcome in {Outcome.INFRASTRUCTURE, Outcome.CANCELLED}:
        return Row(
            piece,
            run,
            None,
            "ours",
            OURS if run.outcome == Outcome.INFRASTRUCTURE else "The measurement was cancelled.",
        )
    return Row(piece, run, None, "refused", run.error_message)


def plot_get(family: Family, slug: str) -> Plot:
    """Raises NotHere."""
    if slug not in PLOTS or not family.variants:
        raise NotHere("There is no such plot of this family.")
    return PLOTS[slug](family)


def progress(rows: Sequence[Row]) -> dict[str, Any]:
    """How far the measuring is, for the part of the page that asks again and again."""
    done = sum(row.state not in {"waiting", "running"} for row in rows)
    return {
        "done": done,
        "total": len(rows),
        "left": len(rows) - done,
        "running": next((row for row in rows if row.state == "running"), None),
    }


def family_list(assignment: Assignment) -> list[dict[str, Any]]:
    """For staff: whose families lie on a desk. One query."""
    pieces = Piece.objects.standing().filter(assignment=assignment, kind=KIND)
    found: dict[Any, dict[str, Any]] = {}
    for piece in pieces.select_related("person", "team").order_by("saved_at"):
        key = ("team", piece.team_id) if piece.team_id else ("person", piece.person_id)
        row = found.setdefault(key, {"owner": str(piece.owner), "person": piece.person_id, "count": 0})
        row["count"] += 1
        row["saved_at"] = piece.saved_at
    return sorted(found.values(), key=lambda row: row["owner"])
