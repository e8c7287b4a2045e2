"""The desk of a piece of work: what is here, what is missing, and what handing in would mean."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core import numbers
from courseplatform.core.errors import NotHere
from courseplatform.core.gone import gone_words
from courseplatform.core.markdown import render_markdown
from courseplatform.courses.access import Visit
from grading.anonymity import masked_piece, names_hidden
from grading.handing_in.hand_in_rules import missing_of, pieces_of, work_on
from grading.handing_in.piece_reading import most_bytes_of, part_endings, too_large_words, wrong_ending_words
from grading.handing_in.piece_tables import table_text
from grading.handing_in.upload_purpose import part_target_of
from grading.late_rows.preview import LateTable
from grading.models.assignments import Assignment
from grading.models.owners import Owner
from grading.models.pieces import Piece
from grading.models.submissions import Submission
from grading.parts import STATEMENT, Part
from grading.selectors.assignments import Attempt
from grading.selectors.late_panel import cost_key, cost_of_now


@dataclass(frozen=True)
class DeskRow:
    """One part as the page shows it.

    state: `handed` (it belongs to what counts), `here` (on the desk only), `missing`, `optional` (not here, not needed).
    typed: what somebody wrote that was refused, to be mended in place; else what stands.
    """

    part: Part
    pieces: list[Piece]
    state: str
    note: str
    limits: dict[str, Any]
    typed: dict[str, str]
    is_refused: bool
    link: dict[str, str] | None = None

    @property
    def piece(self) -> Piece | None:
        return self.pieces[-1] if self.pieces else None

    @property
    def icon(self) -> tuple[str, str]:
        """(icon, tone)"""
        return {
            "handed": ("check", "tone-good"),
            "here": ("clock", "tone-warn"),
            "missing": ("triangle", "tone-warn"),
        }.get(self.state, ("info", "tone-neutral"))

    @property
    def word(self) -> str:
        if self.state == "here" and self.part.kind == STATEMENT:
            return "goes with the next hand-in"
        return {"missing": "missing", "here": "not handed in yet", "optional": "optional"}.get(self.state, "")

    @property
    def tone(self) -> str:
        return (
            "second"
            if self.state == "optional" or (self.part.kind == STATEMENT and self.state == "here")
            else "tone-warn"
        )

    @property
    def has_form(self) -> bool:
        """The model has an upload below, a family a page of its own."""
        return not (self.part.is_model or self.part.kind == "models")

    @property
    def is_open(self) -> bool:
        """Whether the form stands in the page at once, or behind a word."""
        return self.is_refused or self.state == "missing"


def part_get(assignment: Assignment, key: str) -> Part:
    """Raises NotHere, also for the model, which has a way of its own."""
    found = next((part for part in assignment.all_parts if part.key == key and not part.is_model), None)
    if found is None:
        raise NotHere("There is no such part in this assignment.")
    return found


def piece_get(visit: Visit, pk: Any) -> Piece:
    """Raises NotHere: also for somebody else's."""
    rows = Piece.objects.visible_to(visit).select_related("assignment__course", "person", "team")
    found = rows.filter(pk=pk).first()
    if found is None:
        raise NotHere("There is no such part, or it is not yours.")
    return masked_piece(visit, found)


def desk(
    assignment: Assignment, owner: Owner, members: list[User], attempts: list[Attempt], table: LateTable | None, now: datetime,
    typed: dict[str, Any] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What the page shows between the deadline and the upload. `typed`: {part, values} that was refused just now."""
    if all(part.is_model for part in assignment.all_parts):
        return {"rows": []}  # a model alone has its own place on the page
    pieces = pieces_of(owner=owner, assignment=assignment)
    missing = missing_of(owner=owner, assignment=assignment, pieces=pieces)
    counting, model = _counting(attempts), _standing_model(attempts)
    handed = {piece.pk: piece.part for piece in counting.pieces.all()} if counting else {}
    desk_now = {piece.pk: piece.part for piece in pieces}
    rows = []
    for part in assignment.all_parts:
        if part.kind == "contributions" and owner.team is None:
            continue
        if part.is_model:
            rows.append(_model_row(part, attempts, counting, model))
            continue
        mine = [piece for piece in pieces if piece.part == part.key]
        state = _state(part, mine, part in missing, set(handed))
        refused = typed is not None and typed["part"] == part.key
        values = typed["values"].dict() if refused and typed else _standing_values(part, mine)
        link = _link(assignment, part, mine)
        rows.append(DeskRow(part, mine, state, _note(part, mine), limits_of(assignment, part), values, refused, link))
    lacks_model = assignment.takes_model and model is None
    first_statement = counting is not None and not counting.statement and STATEMENT in desk_now.values()
    is_newer = work_on(desk_now) != work_on(handed) or first_statement
    words = [_in_sentence(part) for part in missing] + (["the model"] if lacks_model else [])
    return {
        "rows": rows,
        "is_refused": typed is not None,
        "members": [{"person": one, "did": _did(rows, one)} for one in members],
        "missing": words,
        "sentence": _sentence(words, has_some=bool(pieces) or counting is not None, is_newer=is_newer),
        "offer": _offer(assignment, words, counting, model, table, now) if is_newer else None,
        "is_newer": is_newer,
    }  # fmt: skip


def _model_row(part: Part, attempts: list[Attempt], counting: Submission | None, model: Attempt | None) -> DeskRow:
    """The model has an upload of its own below; here stands whether one is there."""
    link = {"url": "#hand-in", "label": "Hand in another" if model else "Hand one in"}
    if model is None:
        last = next((one for one in attempts if one.submission.sha256), None)
        note = f"attempt {last.number} brought one: {last.badge.word}" if last is not None else ""
        return DeskRow(part, [], "missing", note, {}, {}, is_refused=False, link=link)
    earned = f"stands with {model.earned} of {model.of}" if model.earned is not None else f"is {model.badge.word}"
    note = f"{model.submission.file_name}; attempt {model.number} {earned}"
    return DeskRow(part, [], "handed", note, {}, {}, is_refused=False, link=link)


def _standing_model(attempts: list[Attempt]) -> Attempt | None:
    """The attempt whose model counts; before one was measured the newest that is in line. A refused one is none."""
    own = {one.submission.pk: one for one in attempts if one.submission.model is one.submission}
    counting = _counting(attempts)
    named = own.get(counting.measured_pk) if counting is not None else None
    return named or next(iter(own.values()), None)


def _link(assignment: Assignment, part: Part, mine: list[Piece]) -> dict[str, str] | None:
    """Where what is here can be looked at; a family has a page of its own, also while it is empty."""
    if part.kind == "models":
        slugs = {"course": assignment.course.slug, "assignment": assignment.slug}
        return {"url": reverse("grading:family", kwargs=slugs), "label": "Look at the plots" if mine else "Add models"}
    return {"url": mine[-1].get_absolute_url(), "label": "Look at it"} if mine else None


def _counting(attempts: list[Attempt]) -> Submission | None:
    """The attempt that counts: the active one, before there is one the newest that may become it."""
    rows = [attempt.submission for attempt in attempts if attempt.submission.counts is not False]
    return next((row for row in rows if row.is_active), rows[0] if rows else None)


def _state(part: Part, mine: list[Piece], is_missing: bool, handed: set[Any]) -> str:
    if is_missing:
        return "missing"
    if not mine:
        return "optional"
    return "handed" if all(piece.pk in handed for piece in mine) else "here"


def _note(part: Part, mine: list[Piece]) -> str:
    """quantization_report.pdf, 1 page, 412 KiB, Fri Nov 3, 23:41:07"""
    if not mine:
        return part.note
    newest = mine[-1]
    at = timezone.localtime(newest.saved_at)
    when = f"{at:%a %b} {at.day}, {at:%H:%M:%S}"
    by = f" by {newest.person.name}" if newest.team_id else ""
    if part.kind == "models":
        return f"{len(mine)} models, the last one {when}{by}"
    said = [newest.file_name] if newest.file_name else []
    if pages := newest.data.get("pages"):
        said.append(f"{pages} page{'s' if pages != 1 else ''}")
    said += [numbers.size(newest.size_bytes)] if newest.size_bytes else []
    if part.kind == "table":
        said.append(f"{len(newest.data['rows'])} rows of {len(newest.data['columns'])} columns")
    if part.kind == "contributions":
        said.append(f"{len(newest.data['rows'])} members")
    if part.kind == "link":
        said.append(newest.text)
    return ", ".join([*said, f"{'' if said else 'saved '}{when}{by}"])


def _standing_values(part: Part, mine: list[Piece]) -> dict[str, str]:
    if not mine:
        return {}
    if part.kind == "table":
        return {"text": table_text(mine[-1].data["columns"], mine[-1].data["rows"])}
    if part.kind == "contributions":
        return {f"did-{row['person']}": row["did"] for row in mine[-1].data["rows"]}
    return {"text": mine[-1].text}


def _did(rows: list[DeskRow], person: User) -> str:
    row = next((row for row in rows if row.part.kind == "contributions"), None)
    return row.typed.get(f"did-{person.pk}", "") if row else ""


def limits_of(assignment: Assignment, part: Part) -> dict[str, Any]:
    """What stands beside the field of a file, in the same words that the server uses."""
    if not part.is_file:
        return {}
    endings = sorted(part_endings(assignment, part))
    most = most_bytes_of(assignment, part)
    pages = f", at most {part.pages} page{'s' if part.pages > 1 else ''}" if part.pages else ""
    return {
        "target": part_target_of(assignment, part),
        "max_bytes": most,
        "endings": " ".join(endings),
        "accept": ",".join(endings),
        "words": f"{', '.join(endings)}{pages}, at most {numbers.size(most)}; a broken upload goes on where it stopped",
        "too_large_words": too_large_words(assignment, part, "{size}"),
        "wrong_ending_words": wrong_ending_words(assignment, part, "{name}"),
    }


def _in_sentence(part: Part) -> str:
    if part.kind == "models":
        return f"{part.title[:1].lower()}{part.title[1:]} ({part.least} or more)"
    return f"the {part.title[:1].lower()}{part.title[1:].split(',')[0]}"


def _sentence(missing: list[str], *, has_some: bool, is_newer: bool) -> str:
    if not missing:
        return "Everything is here, but not handed in yet." if is_newer else "Everything is here and handed in."
    count = "One thing is" if len(missing) == 1 else f"{numbers.count(len(missing))} things are"
    listed = missing[0] if len(missing) == 1 else f"{', '.join(missing[:-1])} and {missing[-1]}"
    rest = " Everything else is safely here." if has_some else ""
    return f"{count} missing: {listed}.{rest}"


def _offer(
    assignment: Assignment, missing: list[str], counting: Submission | None, model: Attempt | None, table: LateTable | None, now: datetime
) -> dict[str, str] | None:  # fmt: skip
    """What the button says that hands in what is here without a new model. None: the statement has to come first, or the late policy would
    not take it while it takes what counts."""
    if any("collaboration statement" in one for one in missing):
        return None
    if table is not None and not table.now.accepted and counting is not None:
        return None
    beside = f" with the model of attempt {model.number}" if model is not None else ""
    label = "Hand in as it is" if missing else f"Hand in{' again' if counting else ''}"
    cost = cost_of_now(table) if table is not None else ""
    if not cost and assignment.due_at is not None and table is None and now > assignment.due_at:
        cost = "It is late; the receipt says by how much."
    lacks = f", without {' and '.join(missing)}" if missing else ""
    sentence = "What lies here is newer than what counts." if counting else f"Nothing is handed in yet{lacks}."
    replaces = " It takes the place of what counts." if cost and counting else ""
    return {
        "label": f"{label}{beside}",
        "sentence": f"{sentence} {cost or 'Handing in costs nothing now.'}{replaces}",
        "shown_cost": cost_key(table, assignment, now),
    }


def part_title(piece: Piece) -> str:
    """Its key where the assignment has this part no longer."""
    return next((part.title for part in piece.assignment.all_parts if part.key == piece.part), piece.part)


def piece_page(visit: Visit, piece: Piece) -> dict[str, Any]:
    """One piece as it was put on the desk, with the attempts that it was handed in with."""
    attempts = piece.submissions.order_by("number")
    return {
        "piece": piece,
        "part_title": part_title(piece),
        "text_html": render_markdown(piece.text) if piece.kind == "text" else "",
        "attempts": list(attempts),
        "owner": piece.owner,
        "gone": gone_words(piece.file) if piece.file_name else "",
        "hide_names": names_hidden(visit, piece.assignment),
        "page_keys": [("+ −", "size of the report"), ("0", "fit its width")]
        + ([("A", "write a note")] if visit.is_staff else [])
        if piece.kind == "pdf"
        else [],
    }
