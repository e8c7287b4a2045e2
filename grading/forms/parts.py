"""What comes in for a part of a hand-in, from the page or from a program: read, and refused, in one place."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from django.http import HttpRequest, QueryDict

from courseplatform.accounts.models import User
from courseplatform.core.errors import BadInput
from courseplatform.teams.selectors.membership import members_at
from grading.forms.handing_in import FileForm, check_envelope
from grading.handing_in import piece_reading as reading
from grading.handing_in.hand_in_rules import owner_of
from grading.handing_in.piece_reading import Sent
from grading.handing_in.piece_rules import check_key
from grading.handing_in.piece_tables import MOST_TABLE_BYTES, read_table
from grading.handing_in.upload_purpose import PART, part_target_of
from grading.models.assignments import Assignment
from grading.models.owners import Owner
from grading.models.pieces import Piece
from grading.parts import Part

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


@contextmanager
def part_sent(
    request: HttpRequest, *, person: User, assignment: Assignment, part: Part, now: datetime
) -> Iterator[Sent]:
    """What was sent for a part; its file lies on disk in the body. Raises what `FileForm` and the readers of the part raise,
    BadInput (`not_a_form`), Conflict (`upload_key_used`)."""
    _check_is_form(request, part)
    if request.content_type == "multipart/form-data":
        check_envelope(request)
    seen = request.POST.get("seen")
    if not part.is_file:
        content = _written(request, owner_of(person=person, assignment=assignment, now=now), part)
        yield Sent(replace(content, seen=seen))
        return
    form, target = FileForm.of(request, "file"), part_target_of(assignment, part)
    with form.arrived(person=person, purpose=PART, target=target, now=now) as file:
        sent = Sent(None, file.upload_key, file.at)
        known = Piece.objects.filter(person=person, upload_key=file.upload_key).first()
        if known is None:
            labels = _named(request.POST, "label-")
            content = reading.read_file(assignment, part, file.upload, labels)
            sent = replace(sent, content=replace(content, seen=seen))
        else:  # an upload is used up with its piece
            check_key(known, assignment=assignment, part=part, sha256=file.upload.sha256)
        yield sent


def _check_is_form(request: HttpRequest, part: Part) -> None:
    """Raises BadInput (`not_a_form`)."""
    if request.content_type not in (FORMS[1:] if part.is_file else FORMS):
        raise BadInput(
            f"{part.title} is sent as a form ({FORMS[-1]}) with {'its file' if part.is_file else 'what you write'}, "
            f"not as {request.content_type or 'a bare body'}.",
            code="not_a_form",
        )


def _named(post: QueryDict, prefix: str) -> dict[str, str]:
    """The fields whose names begin alike, by the rest of their names."""
    return {key.removeprefix(prefix): str(post[key]) for key in post if key.startswith(prefix)}


def _written(request: HttpRequest, owner: Owner, part: Part) -> reading.Content:
    """What was written into the page, for a part that is no file."""
    text = request.POST.get("text", "")
    if part.kind == "statement":
        return reading.read_statement(text)
    if part.kind == "link":
        return reading.read_link(part, text)
    if part.kind == "table":
        return read_table(part, _table_file(request, part) or text)
    if part.kind == "contributions":
        members = members_at(owner.team) if owner.team else [owner.person]
        return reading.read_contributions(part, members, _named(request.POST, "did-"))
    return reading.read_text(part, text)


def _table_file(request: HttpRequest, part: Part) -> str:
    upload = request.FILES.get("file")
    if upload is None:
        return ""
    if (upload.size or 0) > MOST_TABLE_BYTES:
        raise reading.bad(part, "A table has at most 1 MiB. Choose a smaller CSV file.", "table_too_large", "file")
    try:
        return str(upload.read(), "utf-8-sig")
    except UnicodeDecodeError as error:
        said = "This file is no text in UTF-8. Save it as CSV (UTF-8), or paste the table."
        raise reading.bad(part, said, "not_utf8", "file") from error
