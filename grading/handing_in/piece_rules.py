"""What stands in the way of a piece although it is good: a key used twice, somebody else's newer one, too many in an hour."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import Conflict, TooMany
from grading.handing_in.piece_reading import Content
from grading.models.assignments import Assignment
from grading.models.pieces import Piece
from grading.parts import Part

PER_HOUR, MODELS_PER_HOUR = 60, 120  # of one person in one assignment; a family of forty may be sent three times
HOUR = timedelta(hours=1)


def check_key(known: Piece, *, assignment: Assignment, part: Part, sha256: str) -> None:
    """The piece that was put with this upload key is what is sent again. Raises Conflict (`upload_key_used`)."""
    if (known.assignment_id, known.part, known.sha256) != (assignment.pk, part.key, sha256):
        raise Conflict(
            f"The key of this upload was used for {known.file_name or 'something else'} before, so this one was not saved. "
            "Load the page anew, and send it again. A program makes a new key for each file.",
            code="upload_key_used",
        )


def check_seen(there: Sequence[Piece], *, part: Part, content: Content, person: User) -> None:
    """What stands now is what the sender's page showed, or the sender's own. Raises Conflict (`changed_meanwhile`).

    `there`: what stands of the part. A page that does not say what it showed (a program) is not asked.
    """
    newest = there[-1] if there else None
    if content.seen is None or newest is None or part.kind == "models":
        return
    if str(newest.pk) == content.seen or newest.person_id == person.pk:
        return
    at, today = timezone.localtime(newest.saved_at), timezone.localdate()
    day = "" if at.date() == today else f" on {at:%a %b} {at.day}"
    yours = "Send yours again" if part.is_file else "Yours stands in the field. Save it again"
    raise Conflict(
        f"{newest.person.name} saved another one{day} at {at:%H:%M}, since you opened this page. {yours} to put it in its place.",
        code="changed_meanwhile",
        details={"part": part.key, "seen": str(newest.pk)},
    )


def check_pace(*, person: User, assignment: Assignment, part: Part, now: datetime) -> None:
    """What is replaced is kept for a while, files too, so something must bound how many there are. Raises TooMany (`too_many_parts`)."""
    recent = Piece.objects.filter(person=person, assignment=assignment, saved_at__gt=now - HOUR)
    is_family, most = part.kind == "models", MODELS_PER_HOUR if part.kind == "models" else PER_HOUR
    # A variant that was only renamed is a piece too, without an upload.
    recent = recent.filter(kind="models", upload_key__isnull=False) if is_family else recent.exclude(kind="models")
    times = list(recent.order_by("-saved_at").values_list("saved_at", flat=True)[:most])
    if len(times) == most:
        again = timezone.localtime(times[-1] + HOUR)
        raise TooMany(
            f"You saved {most} parts of {assignment.short} within an hour. The next one can come at {again:%H:%M %Z}. "
            "What is here stays as it is.",
            code="too_many_parts",
        )
