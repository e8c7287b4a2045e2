"""From a desk to a hand-in: by itself while that is free, by a click when it costs something."""

from datetime import datetime
from uuid import NAMESPACE_OID, uuid5

from courseplatform.accounts.models import User
from courseplatform.core.clock import shared_now
from courseplatform.core.errors import AppError
from grading.handing_in.hand_in_rules import (
    counting_attempt,
    desk_changed_at,
    has_model,
    missing_of,
    owner_of,
    pieces_of,
)
from grading.handing_in.piece_reading import Sent
from grading.late_rows.preview import is_free
from grading.models.assignments import Assignment
from grading.models.pieces import Piece
from grading.models.submissions import Submission
from grading.parts import Part
from grading.services.pieces import piece_put
from grading.services.submissions import submission_create


def part_arrived(
    *, person: User, assignment: Assignment, part: Part, sent: Sent, now: datetime | None = None, hands_in: bool = True
) -> tuple[Piece, Submission | None]:
    """Put what was sent on the desk, and hand the desk in where that is free. Raises as `piece_put`.

    hands_in: False where the model of the same hand-in follows in a moment, so that the two are one attempt.

    Returns the piece, and the hand-in that it completed or None.
    """
    now = now or shared_now()
    if sent.content is None:
        piece = Piece.objects.get(person=person, upload_key=sent.upload_key)
    else:
        owner = owner_of(person=person, assignment=assignment, now=now)
        piece, _ = piece_put(
            owner=owner,
            assignment=assignment,
            part=part,
            content=sent.content,
            upload_key=sent.upload_key,
            now=sent.at or now,
        )
    if part.kind == "models" or not hands_in:
        return piece, None  # the next one is on its way
    return piece, desk_hand_in(person=person, assignment=assignment, now=sent.at or now)


def desk_hand_in(*, person: User, assignment: Assignment, now: datetime | None = None) -> Submission | None:
    """Hand in what lies on the desk if nothing is missing and it costs nothing; else leave it there for a click.

    A part that is put on a complete desk is a hand-in, so nobody forgets a button at 23:58. It waits for one where it is late, and where the
    pieces still come one by one (a family of models).

    Returns the hand-in of this desk, None where it waits.
    """
    now = now or shared_now()
    owner = owner_of(person=person, assignment=assignment, now=shared_now())
    pieces = pieces_of(owner=owner, assignment=assignment)
    if missing_of(owner=owner, assignment=assignment, pieces=pieces):
        return None
    if assignment.takes_model and not has_model(owner=owner, assignment=assignment):
        return None
    at = max(now, desk_changed_at(owner=owner, assignment=assignment) or now)
    if not is_free(assignment, owner, at):
        return None
    # Of this desk and of what counted before it: the same click twice is one hand-in.
    before = counting_attempt(owner=owner, assignment=assignment)
    key = uuid5(NAMESPACE_OID, " ".join([str(before and before.pk), *sorted(str(piece.pk) for piece in pieces)]))
    try:
        submission, created = submission_create(
            person=person, assignment=assignment, upload=None, upload_key=key, now=at, only_complete=True
        )
    except AppError:
        return None  # the page says what stands in the way, beside the button
    return submission if created or submission.upload_key == key else None
