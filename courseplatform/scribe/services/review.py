"""The review: requests, replies, sending back, approving, publishing."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.core.states import move
from courseplatform.courses.access import Visit
from courseplatform.notices.services.notifications import notification_send
from courseplatform.scribe.models import (
    MOVES,
    REQUEST_MOVES,
    ChangeRequest,
    NoteMove,
    NoteVersion,
    RequestMove,
    RequestReply,
    RequestStatus,
    ScribeDuty,
    Status,
)
from courseplatform.scribe.services.drafts import duty_lock

MOST_WORDS, MOST_REQUESTS = 2000, 200


@transaction.atomic
def request_create(
    *, visit: Visit, version: NoteVersion, line: int, text: str, now: datetime | None = None
) -> ChangeRequest:
    """Ask for a change at a line of a round; line 0 is the note as a whole. The same request again is the first one.

    Raises BadInput: `empty_request`, `request_too_long`, `no_such_line`, `too_many_requests`.
    """
    text = _said(text)
    if not 0 <= line <= len(version.lines):
        raise BadInput(
            f"Round {version.round} has {len(version.lines)} lines. Choose one of them, or none for the whole note.",
            code="no_such_line",
        )
    duty = duty_lock(version.duty)
    known = duty.requests.filter(version=version, line=line, text=text).first()
    if known:
        return known
    last = duty.requests.aggregate(last=Max("number"))["last"] or 0
    if last >= MOST_REQUESTS:
        raise BadInput(f"A note takes {MOST_REQUESTS} requests. Talk to the scribes instead.", code="too_many_requests")
    quote = version.lines[line - 1].strip()[:300] if line else ""
    return ChangeRequest.objects.create(
        duty=duty,
        number=last + 1,
        version=version,
        line=line,
        quote=quote,
        text=text,
        by=visit.person,
        at=now or timezone.now(),
    )


def request_reply(*, visit: Visit, request: ChangeRequest, text: str, now: datetime | None = None) -> RequestReply:
    """Raises BadInput: `empty_request`, `request_too_long`."""
    return RequestReply.objects.create(request=request, text=_said(text), by=visit.person, at=now or timezone.now())


@transaction.atomic
def request_move(
    *, visit: Visit, request: ChangeRequest, to: str, text: str = "", now: datetime | None = None
) -> ChangeRequest:
    """Say that a request is done, confirm it, or open it again; `text` is said with it. Said twice, it is said once.

    Raises IllegalMove (`illegal_move`, `lost_race`).
    """
    if text.strip():
        request_reply(visit=visit, request=request, text=text, now=now)
    if request.status == to:
        return request
    changes: dict[str, Any] = {"done_in": _coming_round(request.duty)} if to == RequestStatus.DONE else {}
    return move(request, moves=REQUEST_MOVES, to=to, by=visit.by, history=RequestMove, **changes)


def _coming_round(duty: ScribeDuty) -> int:
    """The round in which a change stands: the last one if its text is the working text, else the next."""
    last = duty.versions.filter(round__isnull=False).order_by("-round").first()
    if last is None or last.round is None:
        return 1
    text = ScribeDuty.objects.values_list("text", flat=True).get(
        pk=duty.pk
    )  # as it is now, not as it was when the request was read
    return last.round if last.text == text else last.round + 1


@transaction.atomic
def changes_ask(*, visit: Visit, version: NoteVersion) -> ScribeDuty:
    """Send the notes back with what is open. Raises BadInput (`no_open_request`), Conflict (`newer_round`)."""
    row = _locked_at(version)
    open_now = row.requests.filter(status=RequestStatus.OPEN).count()
    if not open_now:
        raise BadInput(
            "Nothing is asked for yet. Say at which line what is to change, then send it back.", code="no_open_request"
        )
    if row.status == Status.CHANGES_REQUESTED:
        _tell(
            row,
            f"scribe-{row.pk}-asked-{version.round}-{open_now}",
            f"{_changes(open_now)} to make in your scribe notes of {row.session.heading}",
            "edit",
        )
        return row
    move(row, moves=MOVES, to=Status.CHANGES_REQUESTED, by=visit.by, why=_changes(open_now), history=NoteMove)
    _tell(
        row,
        f"scribe-{row.pk}-asked-{version.round}-{open_now}",
        f"{_changes(open_now)} to make in your scribe notes of {row.session.heading}",
        "edit",
    )
    return row


@transaction.atomic
def note_approve(
    *,
    visit: Visit,
    version: NoteVersion,
    has_full_credit: bool = True,
    publishes: bool = True,
    now: datetime | None = None,
) -> ScribeDuty:
    """Approve the last round as it was read, and publish it. Open requests stay listed. Twice is once.

    Raises Conflict (`newer_round`), IllegalMove.
    """
    row = _locked_at(version)
    if row.status not in (Status.APPROVED, Status.PUBLISHED):
        credit = "full credit" if has_full_credit else "without full credit"
        move(
            row, moves=MOVES, to=Status.APPROVED, by=visit.by, why=f"round {version.round}, {credit}", history=NoteMove,
            has_full_credit=has_full_credit, approved_at=now or timezone.now(),
        )  # fmt: skip
        said = "approved and published" if publishes else "approved"
        _tell(
            row,
            f"scribe-{row.pk}-approved-{version.round}",
            f"Your scribe notes of {row.session.heading} are {said}",
            "note",
        )
    if publishes and row.status == Status.APPROVED:
        _publish(visit, row, version)
    return row


@transaction.atomic
def note_publish(*, visit: Visit, duty: ScribeDuty) -> ScribeDuty:
    """Publish what was approved. Raises IllegalMove when it is not."""
    row = duty_lock(duty)
    last = row.versions.filter(round__isnull=False).order_by("-round").first()
    if row.status == Status.PUBLISHED or last is None:
        return row
    return _publish(visit, row, last)


def _publish(visit: Visit, row: ScribeDuty, version: NoteVersion) -> ScribeDuty:
    return move(
        row,
        moves=MOVES,
        to=Status.PUBLISHED,
        by=visit.by,
        why=f"round {version.round}",
        history=NoteMove,
        published=version,
    )


@transaction.atomic
def note_unpublish(*, visit: Visit, duty: ScribeDuty) -> ScribeDuty:
    """Take the notes off the schedule; they stay approved. Notes of which a later round is being reviewed keep that state."""
    row = duty_lock(duty)
    if row.status == Status.PUBLISHED:
        return move(
            row,
            moves=MOVES,
            to=Status.APPROVED,
            by=visit.by,
            why="taken off the schedule",
            history=NoteMove,
            published=None,
        )
    row.published = None
    row.save(update_fields=["published"])
    return row


def _locked_at(version: NoteVersion) -> ScribeDuty:
    """The locked duty, if this is still its last round: what was read is what is decided on."""
    row = duty_lock(version.duty)
    last = row.versions.aggregate(last=Max("round"))["last"]
    if last != version.round:
        raise Conflict(
            f"Round {last} was handed in while you read round {version.round}. Look at it first.", code="newer_round"
        )
    return row


def _said(text: str) -> str:
    text = text.replace("\0", "").replace("\r\n", "\n").strip()
    if not text:
        raise BadInput("Say in a sentence what is to change.", code="empty_request")
    if len(text) > MOST_WORDS:
        raise BadInput(
            f"This is longer than {MOST_WORDS} characters. Say it shorter, or in two requests.", code="request_too_long"
        )
    return text


def _changes(number: int) -> str:
    return "1 change" if number == 1 else f"{number} changes"


def _tell(duty: ScribeDuty, key: str, title: str, page: str) -> None:
    notification_send(
        course=duty.course,
        people=list(duty.people.all()),
        kind="scribe",
        key=key,
        title=title[:200],
        path=duty.page(page),
    )
