"""Reports of the demo that wait at the desk: Lab 1 with the rubric of 11-767's labs, a page of PDF beside each model, and snippets."""

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from courseplatform.accounts.models import User
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, Role
from grading.course_file.rubric import rubric_load
from grading.handing_in.hand_in_rules import owner_of
from grading.handing_in.piece_reading import Content
from grading.models.annotations import NoteKind
from grading.models.assignments import Assignment
from grading.models.pieces import Piece
from grading.services.annotations import annotation_add
from grading.services.pieces import piece_put
from grading.services.snippets import snippet_keep

LAB, PART = "lab1", "report"
HEAD = ("Variant", "Accuracy, %", "Peak, KiB", "MACs, thousands")


@dataclass
class _File:
    """A page of ours that is put on the desk like an upload."""

    name: str | None
    size: int
    sha256: str
    path: Path

    def temporary_file_path(self) -> str:
        return str(self.path)


def put_reports(*, facts: Mapping[str, Any], people: Mapping[str, User], now: datetime) -> None:
    """Before anything is handed in: the rubric, and each person's page on their desk."""
    lab = Assignment.objects.select_related("course").get(course__slug="demo", slug=LAB)
    lab.is_anonymous = True
    lab.points += sum(one["points"] for one in facts["rubric"] if not one.get("extra"))
    lab.save(update_fields=["is_anonymous", "points"])
    rubric_load(lab, facts["rubric"])
    part = next(one for one in lab.all_parts if one.key == PART)
    at = min(lab.due_at or now, now) - timedelta(days=6)
    with tempfile.TemporaryDirectory(prefix="milliamp-demo-") as folder:
        for n, (email, page) in enumerate(facts["pages"].items()):
            path = Path(folder) / f"{n}.pdf"
            path.write_bytes(pdf_of(page))
            content = path.read_bytes()
            name = f"{email.split('@')[0].replace('.', '_')}_lab1.pdf"
            upload = _File(name, len(content), hashlib.sha256(content).hexdigest(), path)
            owner = owner_of(person=people[email], assignment=lab, now=at)
            piece_put(owner=owner, assignment=lab, part=part, content=Content(data={"pages": 1}, upload=upload), now=at)


def snippets(*, course: Course, people: Mapping[str, User], facts: Mapping[str, Any]) -> None:
    ta = Visit(people["amit.rosen@example.edu"], course, Role.TA)
    for short, text in facts["snippets"].items():
        snippet_keep(visit=ta, short=short, text=text, is_shared=True)


def notes(*, people: Mapping[str, User], facts: Mapping[str, Any]) -> None:
    """What a grader wrote into reports that were handed in."""
    for said in facts["notes"]:
        piece = Piece.objects.get(
            assignment__course__slug="demo", assignment__slug=LAB, person=people[said["in"]], part=PART, removed_at=None
        )
        visit = Visit(people[said["by"]], piece.assignment.course, Role.TA)
        annotation_add(
            visit=visit, piece=piece, page=1, kind=NoteKind.POINT, boxes=[said["at"] * 2], text=said["text"], item=said["item"],
            entry_key=uuid5(NAMESPACE_URL, said["text"]),
        )  # fmt: skip


def pdf_of(page: Mapping[str, Any]) -> bytes:
    """One page: title, set-up, a table, the discussion. It names nobody."""
    out, styles = BytesIO(), getSampleStyleSheet()
    table = Table([HEAD, *[tuple(map(str, row)) for row in page["rows"]]], hAlign="LEFT", colWidths=[190, 90, 80, 110])
    table.setStyle(TableStyle([("LINEABOVE", (0, 0), (-1, 0), 1, "#111111"), ("LINEBELOW", (0, 0), (-1, 0), 0.6, "#111111"),
        ("LINEBELOW", (0, -1), (-1, -1), 1, "#111111"), ("ALIGN", (1, 0), (-1, -1), "RIGHT"), ("FONTSIZE", (0, 0), (-1, -1), 9)]))  # fmt: skip
    story = [
        Paragraph(page["title"], styles["Title"]), Paragraph("Set-up", styles["Heading3"]), Paragraph(page["setup"], styles["BodyText"]),
        Paragraph("Results", styles["Heading3"]), table, Spacer(1, 8),
        Paragraph("Discussion", styles["Heading3"]), Paragraph(page["discussion"], styles["BodyText"]),
    ]  # fmt: skip
    # invariant: the same page is the same file, whenever the demo is made
    SimpleDocTemplate(out, pagesize=A4, title=page["title"], author="", invariant=1, margin=56).build(story)
    return out.getvalue()
