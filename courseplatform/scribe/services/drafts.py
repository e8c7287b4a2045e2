"""The working text: saving, importing, handing in. What is replaced by somebody else's text is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import BadInput, Conflict
from courseplatform.core.states import move
from courseplatform.courses.access import Visit
from courseplatform.courses.models import STAFF
from courseplatform.notices.services.notifications import notification_send
from courseplatform.scribe.errors import EditedMeanwhile
from courseplatform.scribe.models import MOVES, NoteMove, NoteVersion, Origin, ScribeDuty, Status
from courseplatform.scribe.rendering import current_images, fill_version
from courseplatform.scribe.services.images import image_add
from courseplatform.scribe.text import note_text


def duty_lock(duty: ScribeDuty) -> ScribeDuty:
    """Inside a transaction: the row as it is now; what is written to one note happens one after the other."""
    return ScribeDuty.objects.select_for_update().get(pk=duty.pk)


@transaction.atomic
def draft_save(
    *,
    visit: Visit,
    duty: ScribeDuty,
    text: str,
    edition: int,
    tab: UUID | None = None,
    keeps: bool = False,
    now: datetime | None = None,
) -> ScribeDuty:
    """Save the working text that was read as `edition`. The same text again changes nothing.

    Args:
        tab: names the open page; one that saved last may save again although the answer was lost on the way.
        keeps: the text that is replaced is kept, whoever wrote it: it was shown, and this one was chosen.

    Raises:
        EditedMeanwhile: somebody saved another text since; nothing is overwritten.
        BadInput, TooLarge: see scribe.text.note_text.
    """
    text = note_text(text)
    row = duty_lock(duty)
    if row.text == text:
        return row
    if row.edition != edition and not (tab and row.saved_tab == tab):
        raise EditedMeanwhile(row, visit.person.pk)
    if row.text and (keeps or row.saved_by_id not in (None, visit.person.pk)):
        _keep(row, row.text, row.saved_by, row.saved_at or row.made_at)
    _write(row, text, visit, tab, Source(), now or timezone.now())
    return row


def text_keep(*, visit: Visit, duty: ScribeDuty, text: str) -> None:
    """Keep a text that was not chosen, beside the working text."""
    text = note_text(text)
    if text.strip():
        _keep(duty, text, visit.person, timezone.now())


@dataclass(frozen=True)
class Source:
    """Where a text comes from."""

    origin: str = Origin.EDITOR
    pull_request: int | None = None
    commit: str = ""
    file_name: str = ""


@transaction.atomic
def draft_import(
    *,
    visit: Visit,
    duty: ScribeDuty,
    text: str,
    source: Source,
    images: Mapping[str, bytes] | None = None,
    now: datetime | None = None,
) -> ScribeDuty:
    """Replace the working text by one that was written elsewhere; the text before is kept. Images take over names that are there.

    Raises BadInput or TooLarge with the code of what cannot be taken; then nothing is changed.
    """
    text = note_text(text)
    if not text.strip():
        raise BadInput("This text is empty. Nothing was imported.", code="empty_note")
    row = duty_lock(duty)
    for name, content in (images or {}).items():
        image_add(visit=visit, duty=row, name=name, content=content)
    if row.text and row.text != text:
        _keep(row, row.text, row.saved_by, row.saved_at or row.made_at)
    _write(row, text, visit, None, source, now or timezone.now())
    return row


@transaction.atomic
def note_hand_in(*, visit: Visit, duty: ScribeDuty, edition: int, now: datetime | None = None) -> NoteVersion:
    """Hand in the working text as the next round.

    Raises:
        EditedMeanwhile: the text was saved by somebody since it was read.
        BadInput: `empty_note`. Conflict: `nothing_new` when it is what the last round was.
    """
    now = now or timezone.now()
    row = duty_lock(duty)
    if row.edition != edition:
        raise EditedMeanwhile(row, visit.person.pk)
    if not row.text.strip():
        raise BadInput("There is no text yet. Write or import the notes first, then hand them in.", code="empty_note")
    rounds = NoteVersion.objects.filter(duty=row, round__isnull=False)
    last = rounds.order_by("-round").first()
    images: Any = current_images(row)
    if last and last.text == row.text and last.images == images:
        raise Conflict(f"This is what you handed in as round {last.round}. Change something first.", code="nothing_new")
    number = (rounds.aggregate(last=Max("round"))["last"] or 0) + 1
    version = NoteVersion(
        duty=row, round=number, text=row.text, images=images, by=visit.person, at=now, origin=row.origin or Origin.EDITOR,
        pull_request=row.pull_request, commit=row.commit, file_name=row.file_name,
    )  # fmt: skip
    fill_version(version)
    version.save(force_insert=True)
    move(
        row,
        moves=MOVES,
        to=Status.HANDED_IN,
        by=visit.by,
        why=f"round {number}",
        history=NoteMove,
        guard={"edition": edition},
    )
    staff = User.objects.filter(
        enrolments__course=row.course_id, enrolments__is_active=True, enrolments__role__in=STAFF
    )
    notification_send(
        course=row.course, people=staff.exclude(pk=visit.person.pk).distinct(), kind="scribe", key=f"scribe-{row.pk}-round-{number}",
        title=f"Scribe notes handed in, round {number}: {row.session.heading}", path=row.page("review"),
    )  # fmt: skip
    return version


def _keep(duty: ScribeDuty, text: str, by: User | None, at: datetime) -> None:
    if not NoteVersion.objects.filter(duty=duty, text=text).exists():
        NoteVersion.objects.create(duty=duty, text=text, by=by, at=at)


def _write(row: ScribeDuty, text: str, visit: Visit, tab: UUID | None, source: Source, now: datetime) -> None:
    row.text, row.edition, row.saved_by, row.saved_at, row.saved_tab = text, row.edition + 1, visit.person, now, tab
    row.origin, row.pull_request, row.commit, row.file_name = (
        source.origin,
        source.pull_request,
        source.commit,
        source.file_name,
    )
    row.save(
        update_fields=[
            "text",
            "edition",
            "saved_by",
            "saved_at",
            "saved_tab",
            "origin",
            "pull_request",
            "commit",
            "file_name",
        ]
    )
