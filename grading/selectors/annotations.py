"""What is read of the notes in a report: the staff as they are written, the people whose report it is once the grades are released."""

from collections import Counter
from collections.abc import Collection
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import NotHere
from courseplatform.core.gone import gone_words
from courseplatform.core.markdown import render_markdown
from courseplatform.courses.access import Visit
from courseplatform.teams.models import Membership, Team
from grading.anonymous_pdf import name_hashes
from grading.grade_facts import judged, sees_grade
from grading.models.annotations import Annotation
from grading.models.assignments import Assignment
from grading.models.grades import RubricItem
from grading.models.pieces import Piece
from grading.models.submissions import Submission
from grading.selectors.desk import part_title


def notes_are_open(visit: Visit, piece: Piece) -> bool:
    """Whether the notes in this report are for this visitor: staff always; a student once the grades are released, if it belongs to the
    hand-in that their own grade rests on. At most five queries."""
    if visit.is_staff:
        return True
    if not sees_grade(piece.assignment, visit.person):
        return False
    submission = judged(piece.assignment, {visit.person.pk}).get(visit.person.pk)
    return submission is not None and submission.pieces.filter(pk=piece.pk).exists()


def notes_of(visit: Visit, piece: Piece) -> list[dict[str, Any]]:
    """The notes that stand in this report as JSON takes them, by number; none where they are not this visitor's to read."""
    if not notes_are_open(visit, piece):
        return []
    rows = Annotation.objects.standing().filter(piece=piece).select_related("item").prefetch_related("versions")
    return [_note(visit, row) for row in rows]


def _note(visit: Visit, row: Annotation) -> dict[str, Any]:
    versions = list(row.versions.all())
    last = versions[-1] if row.revision > 1 and versions else None
    earlier = [{"text": one.text, "by": one.by, "at": _at(one.made_at)} for one in versions[:-1]]
    return {
        "id": row.pk, "number": row.number, "page": row.page, "kind": row.kind, "boxes": row.boxes, "quote": row.quote, "text": row.text,
        "html": render_markdown(row.text), "item": row.item.key if row.item else "", "item_title": row.item.title if row.item else "",
        "by": row.by, "at": _at(row.made_at), "revision": row.revision,
        "changed": f"changed by {last.by}, {_at(last.made_at)}" if last else "",
        "earlier": earlier if visit.is_staff else [],
    }  # fmt: skip


def notes_of_hand_in(visit: Visit, submission: Submission) -> list[Annotation]:
    """The notes in all reports of a hand-in, for the API; none where they are not this visitor's to read. At most six queries."""
    pieces = [one for one in submission.pieces.all() if one.kind == "pdf"]
    if not pieces:
        return []
    for piece in pieces:
        piece.assignment = submission.assignment
    if not notes_are_open(visit, pieces[0]):
        return []
    return list(
        Annotation.objects.standing().filter(piece__in=pieces).select_related("item").order_by("piece", "number")
    )


def _at(moment: Any) -> str:
    at = timezone.localtime(moment)
    return f"{at:%a %b} {at.day}, {at:%H:%M}"


def note_get(visit: Visit, piece: Piece, pk: int) -> Annotation:
    """A note in this report, also a removed one, for the staff. Raises NotHere."""
    row = (
        Annotation.objects.filter(piece=piece, pk=pk).select_related("piece", "item").first() if pk < 1 << 63 else None
    )
    if row is None or not visit.is_staff:
        raise NotHere("There is no such note in this report.")
    return row


def report_facts(visit: Visit, piece: Piece | None, *, hide_names: bool = False) -> dict[str, Any] | None:
    """What the viewer needs (templates/grading/desk/_report.html). None where there is no PDF. About five queries."""
    if piece is None or piece.kind != "pdf":
        return None
    gone = gone_words(piece.file)
    may_write = visit.is_staff and not gone and piece.submissions.exists()
    where = {"course": visit.course.slug, "piece": piece.pk}
    return {
        "piece": piece,
        "gone": gone,
        "pages": piece.data.get("pages", 0),
        "title": part_title(piece).split(",")[0],
        "file_url": reverse("grading:piece_report", kwargs=where),
        "notes_url": reverse("grading:piece_notes", kwargs=where),
        "may_write": may_write,
        "notes": notes_of(visit, piece),
        "items": _items(piece) if may_write else [],
        "hide_names": hide_names,
        "hidden": {"salt": str(piece.pk), "hashes": name_hashes(_who(piece), str(piece.pk))} if hide_names else {},
    }


def _items(piece: Piece) -> list[RubricItem]:
    return list(RubricItem.objects.filter(assignment=piece.assignment_id, is_withdrawn=False))


def _who(piece: Piece) -> list[str]:
    """What would tell whose report it is: everybody who was ever in the team, and its name. By the keys, as the table has them: the row at
    hand may say something else where names are hidden."""
    members = Membership.objects.filter(team=piece.team_id).values("person") if piece.team_id else []
    people = User.objects.filter(Q(pk=piece.person_id) | Q(pk__in=members))
    teams = Team.objects.filter(pieces=piece.pk).values_list("name", flat=True)
    return [text for one in people for text in (one.name, one.email)] + list(teams)


def note_links(visit: Visit, assignment: Assignment) -> list[dict[str, Any]]:
    """The reports of one's judged hand-in that have notes, for a page that shows released grades already. Three or four queries."""
    return notes_in(judged(assignment, {visit.person.pk}).get(visit.person.pk))


def notes_in(submission: Submission | None) -> list[dict[str, Any]]:
    """The reports of a hand-in that have notes, with how many. One query; the caller has asked whether they are the reader's."""
    if submission is None:
        return []
    rows = (
        Annotation.objects.standing().filter(piece__submissions=submission).select_related("piece__assignment__course")
    )
    counted = Counter(row.piece for row in rows)
    return [
        {"count": count, "title": part_title(piece).split(",")[0], "url": f"{piece.get_absolute_url()}#notes"}
        for piece, count in counted.items()
    ]


def notes_for(person: User, assignments: Collection[Assignment]) -> Any:
    """Rows for a person's export: the notes in the reports that their grades of these assignments rest on. Two queries; the caller has
    asked whether the grades are released."""
    here = Membership.objects.filter(team=OuterRef("team"), person=person, since_at__lte=OuterRef("received_at"))
    was_in = Exists(here.filter(Q(until_at=None) | Q(until_at__gt=OuterRef("received_at"))))
    mine = Submission.objects.filter(assignment__in=[one.pk for one in assignments], is_active=True)
    mine = mine.filter(Q(team=None, person=person) | was_in).order_by("received_at")
    last = dict(mine.values_list("assignment", "pk"))
    return Annotation.objects.standing().filter(piece__submissions__in=last.values()).order_by("piece", "number")
