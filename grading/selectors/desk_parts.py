"""What came with a hand-in beside the PDF, as a grader reads it: words, tables, who did what. Without names where they are hidden."""

from typing import Any

from courseplatform.core.markdown import render_markdown
from grading.handing_in.piece_tables import table_text
from grading.models.pieces import Piece
from grading.models.submissions import Submission
from grading.parts import STATEMENT

SAID = frozenset({"text", STATEMENT, "link"})


def parts_part(submission: Submission, *, hides_names: bool) -> list[dict[str, Any]]:
    """In the order of the page. The pieces may be fetched before."""
    titles = {part.key: part.title for part in submission.assignment.all_parts}
    rows = [_row(piece, titles.get(piece.part, piece.part), hides_names) for piece in submission.pieces.all()]
    return [row for row in rows if row]


def _row(piece: Piece, title: str, hides_names: bool) -> dict[str, Any]:
    if piece.kind == "contributions":
        names = [f"Member {n}" if hides_names else row["name"] for n, row in enumerate(piece.data["rows"], 1)]
        said = [f"{name}: {row['did']}" for name, row in zip(names, piece.data["rows"], strict=True)]
        return {"title": title, "lines": said}
    if piece.kind == "table":
        return {"title": title, "code": table_text(piece.data["columns"], piece.data["rows"])}
    if piece.kind in SAID and not (hides_names and piece.kind == STATEMENT):  # it says with whom they talked
        return {"title": title, "html": render_markdown(piece.text)}
    return {}
