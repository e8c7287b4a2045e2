"""What the editor, the review and the published page of one note read."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Prefetch

from courseplatform.core.errors import AppError, NotHere
from courseplatform.courses.access import Reader, Visit
from courseplatform.scribe.checks import check_note
from courseplatform.scribe.lines import Fate, Place, find_line
from courseplatform.scribe.models import (
    ChangeRequest,
    NoteImage,
    NoteVersion,
    RequestReply,
    RequestStatus,
    ScribeDuty,
    Status,
)
from courseplatform.scribe.rendering import current_images, render_note, version_html, with_marks
from courseplatform.scribe.selectors.duties import is_scribe

FATES = {Fate.SAME: "", Fate.CHANGED: "the line was changed", Fate.GONE: "the line is gone"}


@dataclass
class RequestRow:
    """A request at the place where its line stands in the text that is looked at."""

    request: ChangeRequest
    place: Place
    replies: list[RequestReply] = field(default_factory=list)

    @property
    def where(self) -> str:
        if not self.request.line:
            return "whole note"
        said = FATES[self.place.fate]
        return f"line {self.place.line}" + (f", {said}" if said else "")

    @property
    def is_gone(self) -> bool:
        return self.place.fate is Fate.GONE


def requests_at(duty: ScribeDuty, text: str) -> list[RequestRow]:
    """All requests with their place in `text`: open ones first, then done, then confirmed."""
    replies = Prefetch("replies", RequestReply.objects.select_related("by"))
    found = duty.requests.select_related("version", "by").prefetch_related(replies)
    new = text.split("\n")
    old_lines: dict[int, list[str]] = {}
    rows = []
    for request in found:
        old = old_lines.setdefault(request.version_id, request.version.lines)
        place = find_line(old, request.line, new) if request.line else Place(0, Fate.SAME)
        rows.append(RequestRow(request, place, list(request.replies.all())))
    order = [RequestStatus.OPEN, RequestStatus.DONE, RequestStatus.CONFIRMED]
    return sorted(rows, key=lambda row: (order.index(RequestStatus(row.request.status)), row.request.number))


def marks_of(rows: list[RequestRow]) -> dict[int, list[tuple[int, str]]]:
    marks: dict[int, list[tuple[int, str]]] = {}
    for row in rows:
        if row.place.line and not row.is_gone:
            marks.setdefault(row.place.line, []).append((row.request.number, row.request.status))
    return marks


# -- the editor ---------------------------------------------------------------------------------------------------------


def preview(duty: ScribeDuty, text: str) -> dict[str, Any]:
    """The rendered text with its checks, or the refusal as words: a preview never fails."""
    try:
        html, facts = render_note(duty, text, current_images(duty))
    except AppError as error:
        return {"preview_error": error}
    return {"preview_html": html, "checks": check_note(text, facts)}


def editor(duty: ScribeDuty, text: str) -> dict[str, Any]:
    """Everything beside the text itself."""
    rows = requests_at(duty, text)
    return preview(duty, text) | {
        "requests": rows,
        "open_count": sum(row.request.status == RequestStatus.OPEN for row in rows),
        "images": duty.images.filter(is_current=True),
        "kept": duty.versions.filter(round__isnull=True).select_related("by").defer("text", "html").order_by("-at"),
        "rounds": duty.versions.filter(round__isnull=False)
        .select_related("by")
        .defer("text", "html")
        .order_by("-round"),
    }


def kept_get(duty: ScribeDuty, pk: int) -> NoteVersion:
    found = duty.versions.select_related("by").filter(pk=pk).first()
    if found is None:
        raise NotHere("There is no such text of these notes.")
    return found


# -- the review ---------------------------------------------------------------------------------------------------------


def version_get(duty: ScribeDuty, number: str) -> NoteVersion | None:
    """A round by its number, the last one for an empty or unknown number, None before the first."""
    rounds = duty.versions.filter(round__isnull=False).select_related("by").order_by("-round")
    chosen = (
        rounds.filter(round=int(number)).first() if number.isascii() and number.isdigit() and len(number) < 5 else None
    )
    found = chosen or rounds.first()
    if found is not None:
        found.duty = duty
    return found


def request_get(duty: ScribeDuty, number: int) -> ChangeRequest:
    found = duty.requests.filter(number=number).first()
    if found is None:
        raise NotHere("There is no such request.")
    found.duty = duty
    return found


@dataclass
class SourceLine:
    """`look`: heading, formula, image, code or nothing, for the eye."""

    number: int
    text: str
    look: str
    marks: list[tuple[int, str]]

    @property
    def tone(self) -> str:
        tones = [tone for _, tone in self.marks]
        return next((tone for tone in ("open", "done", "confirmed") if tone in tones), "")


def source_lines(lines: list[str], marks: dict[int, list[tuple[int, str]]]) -> list[SourceLine]:
    found, inside = [], ""
    for number, text in enumerate(lines, 1):
        bare = text.strip()
        look = inside or _look(bare)
        if bare.startswith(("```", "~~~")):
            inside, look = ("" if inside == "code" else "code"), "code"
        elif bare.startswith("$$") and not inside and not (len(bare) > 2 and bare.endswith("$$")):
            inside = "formula"
        elif inside == "formula" and (bare.endswith("$$") or not bare):
            inside = ""
        found.append(SourceLine(number, text, look, marks.get(number, [])))
    return found


def _look(bare: str) -> str:
    if bare.startswith("#"):
        return "heading"
    if bare.startswith("$$"):
        return "formula"
    return "image" if bare.startswith("![") else ""


def review(visit: Visit, duty: ScribeDuty, version: NoteVersion) -> dict[str, Any]:
    """The three columns: source, preview, requests, each with the same numbers."""
    rows = requests_at(duty, version.text)
    marks = marks_of(rows)
    rounds = list(duty.versions.filter(round__isnull=False).order_by("round").values_list("round", flat=True))
    counts = {status: sum(row.request.status == status for row in rows) for status in RequestStatus.values}
    is_last = version.round == rounds[-1]
    return {
        "version": version, "rounds": rounds, "is_last": is_last, "lines": source_lines(version.lines, marks),
        "html": with_marks(version_html(version), marks), "requests": rows, "counts": counts, "open_count": counts[RequestStatus.OPEN],
        "settled": counts[RequestStatus.DONE] + counts[RequestStatus.CONFIRMED], "is_scribe": is_scribe(duty, visit.person),
        "may_decide": visit.is_staff and is_last, "is_approved": duty.status in (Status.APPROVED, Status.PUBLISHED),
    }  # fmt: skip


# -- the page that is read ----------------------------------------------------------------------------------------------


def note_page(reader: Reader, duty: ScribeDuty, now: datetime) -> dict[str, Any]:
    """The published text; or, for members, how far it is. Raises NotHere for a visitor when nothing is published."""
    version = duty.versions.select_related("by").filter(pk=duty.published_id).first() if duty.published_id else None
    if version is None:
        if reader.visit is None:
            raise NotHere("These notes are not published.")
        return {"version": None}
    version.duty = duty
    html = version_html(version)
    still = requests_at(duty, version.text) if reader.visit is not None else []
    return {
        "version": version,
        "html": html,
        "words": _words(version),
        "still_open": [r for r in still if r.request.status == RequestStatus.OPEN],
    }


def _words(version: NoteVersion) -> str:
    return next(
        (str(check["words"]) for check in reversed(version.checks) if str(check["words"]).endswith(" words")), ""
    )


def image_get(reader: Reader, duty: ScribeDuty, pk: Any) -> NoteImage:
    """An image for who may see a text that shows it: scribes and staff always, others when the published text does."""
    found = NoteImage.objects.filter(duty=duty, pk=pk).first()
    visit = reader.visit
    works_on_it = visit is not None and (visit.is_staff or is_scribe(duty, visit.person))
    if found is not None and not works_on_it and not _is_shown(duty, found):
        found = None
    if found is None:
        raise NotHere("There is no such image.")
    found.duty = duty
    return found


def _is_shown(duty: ScribeDuty, image: NoteImage) -> bool:
    if duty.published_id is None:
        return False
    images: Any = NoteVersion.objects.only("images").get(pk=duty.published_id).images
    return str(image.pk) in images.values()


def own_image(duty: ScribeDuty, pk: Any) -> NoteImage:
    found = NoteImage.objects.filter(duty=duty, pk=pk).first()
    if found is None:
        raise NotHere("There is no such image.")
    return found
