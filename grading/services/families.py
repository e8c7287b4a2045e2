"""What the owner of a family says about its variants: how each is called, which one is chosen, which are taken away.

A piece is never changed. Who calls a variant otherwise puts a new piece with the same stored file in its place, so an attempt that was
handed in keeps the names that it had.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from courseplatform.core.errors import BadInput, NotHere
from grading.handing_in.hand_in_rules import check_is_open
from grading.handing_in.piece_reading import MOST_LABEL, one_line
from grading.models.assignments import Assignment
from grading.models.owners import Owner
from grading.models.pieces import Piece
from grading.parts import Part
from grading.services.late_days import lock_circle
from grading.services.variants import CHOSEN, KIND, said_of, variant_leave


@dataclass(frozen=True)
class FamilyEdit:
    """What a form says about a family. Keys are those of pieces, as the page had them.

    labels: piece -> {name, and what varies}. chosen: None: as it is. removed: what is taken away.
    """

    labels: Mapping[UUID, Mapping[str, str]] = field(default_factory=dict)
    chosen: UUID | None = None
    removed: frozenset[UUID] = frozenset()


@transaction.atomic
def family_edit(*, owner: Owner, assignment: Assignment, edit: FamilyEdit, now: datetime | None = None) -> int:
    """Make the family say what the form says, all of it or nothing. A variant that the form does not name stays as it is.

    Returns:
        How many variants changed.

    Raises:
        NotHere, Conflict: as `check_is_open`. NotHere also for a variant that is not on this desk.
        BadInput: `label_too_long` or `name_missing`, with `details` {variant, field}.
    """
    now = now or timezone.now()
    check_is_open(owner=owner, assignment=assignment, now=now)
    part = assignment.family
    if part is None:
        raise NotHere(f"{assignment.short} asks for no family of models.")
    lock_circle(course=assignment.course, people={owner.person.pk})
    standing = _standing(owner, assignment, {*edit.labels, *edit.removed} | ({edit.chosen} if edit.chosen else set()))
    removed = {standing[key].pk for key in edit.removed}
    chosen = standing[edit.chosen].pk if edit.chosen else None
    said = {standing[key].pk: _said(part, key, labels) for key, labels in edit.labels.items()}
    changed = 0
    for piece in {piece.pk: piece for piece in standing.values()}.values():
        data = said.get(piece.pk, said_of(piece)) | _mark(piece, chosen)
        if piece.pk in removed:
            Piece.objects.filter(pk=piece.pk).update(removed_at=now)
            variant_leave(piece=piece, by=owner.person.email, now=now)
        elif data != piece.data:
            _replace(owner, piece, data, now)
        else:
            continue
        changed += 1
    return changed


def _standing(owner: Owner, assignment: Assignment, named: set[UUID]) -> dict[UUID, Piece]:
    """All variants on the desk by their key; also by an older key that the form had, because another tab has renamed them since."""
    theirs = Piece.objects.of_owner(owner).filter(assignment=assignment, kind=KIND)
    standing = {piece.pk: piece for piece in theirs.standing().select_related("person", "team")}
    by_hash = {piece.sha256: piece for piece in standing.values()}
    for old in theirs.filter(pk__in=named - set(standing)):
        if old.sha256 in by_hash:
            standing[old.pk] = by_hash[old.sha256]
    if named - set(standing):
        raise NotHere("A variant that this form names is on your desk no longer. Load the page again.")
    return standing


def _said(part: Part, key: UUID, labels: Mapping[str, str]) -> dict[str, Any]:
    clean = {name: one_line(labels.get(name, "")) for name in ("name", *part.vary)}
    for name, value in clean.items():
        if len(value) > MOST_LABEL:
            raise BadInput(
                f"{name.capitalize()} takes at most {MOST_LABEL} letters; this has {len(value)}.",
                code="label_too_long",
                details={"variant": str(key), "field": name},
            )
    name = clean.pop("name")
    if not name:
        raise BadInput(
            "A variant needs a name: that of its file will do.",
            code="name_missing",
            details={"variant": str(key), "field": "name"},
        )
    return {"name": name, "labels": {label: value for label, value in clean.items() if value}}


def _mark(piece: Piece, chosen: UUID | None) -> dict[str, bool]:
    is_chosen = bool(piece.data.get(CHOSEN)) if chosen is None else piece.pk == chosen
    return {CHOSEN: True} if is_chosen else {}


def _replace(owner: Owner, piece: Piece, data: dict[str, Any], now: datetime) -> None:
    """A new piece with the same stored file, which is never written again and never deleted while a piece stands."""
    Piece.objects.filter(pk=piece.pk).update(removed_at=now)
    Piece.objects.create(
        assignment=piece.assignment, person=owner.person, team=piece.team, part=piece.part, kind=piece.kind, data=data,
        file=piece.file.name, file_name=piece.file_name, format=piece.format, size_bytes=piece.size_bytes, sha256=piece.sha256,
        saved_at=now,
    )  # fmt: skip
