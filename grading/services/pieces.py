"""The desk: parts are put on it and taken from it, and what lies there together is handed in."""

from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from courseplatform.core.errors import Conflict, NotHere
from courseplatform.core.leaving import file_leaves
from grading.handing_in.hand_in_rules import check_is_open, owner_of
from grading.handing_in.piece_reading import Content, read_statement
from grading.handing_in.piece_rules import check_key, check_pace, check_seen
from grading.models.assignments import Assignment
from grading.models.owners import Owner
from grading.models.pieces import Piece
from grading.parts import THE_STATEMENT, Part
from grading.services.late_days import lock_circle
from grading.services.submissions import as_file
from grading.services.variants import mark_of, said_of, variant_enqueue, variant_leave

KEPT_FOR = timedelta(days=7)


@transaction.atomic
def piece_put(
    *,
    owner: Owner,
    assignment: Assignment,
    part: Part,
    content: Content,
    upload_key: UUID | None = None,
    now: datetime | None = None,
) -> tuple[Piece, bool]:
    """Put one part on the desk, in the place of what lay there; a variant of a family beside the others.

    `content` was read by grading/handing_in/piece_reading.py.

    Returns:
        (piece, created): created is False where the very same lies there already; then nothing changes.

    Raises:
        NotHere, Conflict: as `check_is_open`; `upload_key_used`; `changed_meanwhile`, see handing_in/piece_rules.py; `too_many_models` where the
            family is full. TooMany: `too_many_parts`, or as `variant_enqueue`.
    """  # fmt: skip
    now = now or timezone.now()
    check_is_open(owner=owner, assignment=assignment, now=now)
    lock_circle(course=assignment.course, people={owner.person.pk})
    # As it is behind the lock, and by the clock: an upload may count from before its sender joined the team.
    owner = owner_of(person=owner.person, assignment=assignment, now=timezone.now())
    if upload_key is not None:
        known = Piece.objects.filter(person=owner.person, upload_key=upload_key).first()
        if known is not None:
            check_key(known, assignment=assignment, part=part, sha256=content.sha256)
            return known, False
    standing = Piece.objects.of_owner(owner).standing().filter(assignment=assignment, part=part.key)
    there = list(standing.select_related("person"))
    same = next((one for one in there if one.sha256 == content.sha256), None)
    if same is not None and (part.kind != "models" or said_of(same) == dict(content.data)):
        return same, False
    check_seen(there, part=part, content=content, person=owner.person)
    check_pace(person=owner.person, assignment=assignment, part=part, now=now)
    if part.kind == "models":
        there = [same] if same is not None else _with_room(part, there)
    piece = Piece(
        assignment=assignment, person=owner.person, team=owner.team, part=part.key, kind=part.kind, text=content.text,
        data=dict(content.data) | mark_of(same), format=content.format, sha256=content.sha256, upload_key=upload_key, saved_at=now,
    )  # fmt: skip
    Piece.objects.filter(pk__in=[one.pk for one in there]).update(removed_at=now)
    _store(piece, content)
    return piece, True


def _store(piece: Piece, content: Content) -> None:
    """The row and its file, both or none."""
    if content.upload is not None:
        piece.file_name, piece.size_bytes = (content.upload.name or "file")[:255], content.upload.size
        piece.file.save(piece.file_name, as_file(content.upload), save=False)
    try:
        piece.save(force_insert=True)
        variant_enqueue(piece=piece, now=piece.saved_at)
    except BaseException:
        _discard(piece)
        raise


def statement_save(*, owner: Owner, assignment: Assignment, text: str) -> Piece:
    """The collaboration statement as its owner says it now. Raises as `read_statement` and `piece_put`."""
    content = read_statement(text)
    return piece_put(owner=owner, assignment=assignment, part=THE_STATEMENT, content=content)[0]


def _with_room(part: Part, there: list[Piece]) -> list[Piece]:
    """Nothing is replaced by a further variant. Raises Conflict (`too_many_models`)."""
    if len(there) >= part.most:
        raise Conflict(
            f"{part.title} takes at most {part.most} models, and {len(there)} are here. Take one away first.",
            code="too_many_models",
        )
    return []


@transaction.atomic
def piece_remove(*, owner: Owner, piece: Piece, now: datetime | None = None) -> None:
    """Take a piece from the desk. What was handed in with it keeps it.

    The piece was found through the visit. Raises NotHere where it is not on this owner's desk or its assignment was withdrawn, or what
    `check_is_open` raises.
    """
    now = now or timezone.now()
    if piece.assignment.is_withdrawn:
        raise NotHere("This assignment was withdrawn; nothing of it changes any more.")
    check_is_open(owner=owner, assignment=piece.assignment, now=now)
    lock_circle(course=piece.assignment.course, people={owner.person.pk})
    mine = Piece.objects.of_owner(owner).standing().filter(pk=piece.pk)
    if not mine.update(removed_at=now):
        raise NotHere("This is on your desk no longer.")
    variant_leave(piece=piece, by=owner.person.email, now=now)


def pieces_sweep(*, now: datetime | None = None, most: int = 500) -> int:
    """Delete what was taken away or replaced more than a week ago, with its files: no attempt holds it and no measurement names it.

    Returns how many are gone. What is left over goes with the next sweep.
    """
    now = now or timezone.now()
    old = Piece.objects.filter(removed_at__lt=now - KEPT_FOR, submissions=None, runs=None)
    gone = 0
    for piece in old.order_by("removed_at")[:most]:
        with suppress(ProtectedError, IntegrityError), transaction.atomic():  # somebody has it measured just now
            if old.filter(pk=piece.pk).delete()[1].get(Piece._meta.label, 0):
                # Of a variant that was renamed several pieces have the same file; it goes with the last of them.
                file_leaves(piece.file.name or "")
                gone += 1
    return gone


def _discard(piece: Piece) -> None:
    """The file of a piece that is not recorded, and the folder made for it where there are folders."""
    if not piece.file:
        return
    with suppress(NotImplementedError):  # a store without paths has no folders either
        folder = Path(piece.file.path).parent
        piece.file.delete(save=False)
        folder.rmdir()
        return
    piece.file.delete(save=False)
