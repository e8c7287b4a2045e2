"""Comments that are kept to be put in again."""

from django.db import transaction

from courseplatform.core.errors import BadInput, NotHere
from courseplatform.courses.access import Visit
from grading.models.desk import Snippet
from grading.services.grade_writing import check_text

MOST_SHORT, MOST_SNIPPETS = 24, 300


@transaction.atomic
def snippet_keep(*, visit: Visit, short: str, text: str, is_shared: bool) -> Snippet:
    """Under the letters of one's own that are taken, the new words take the place of the old ones.

    Raises BadInput: `short_missing`, `short_too_long`, `text_missing`, `text_too_long`, `too_many_snippets`.
    """
    letters = check_text(short, "short", "Give the letters that find it.", most=MOST_SHORT)
    words = check_text(text, "text", "Write the comment first; it becomes the snippet.")
    mine = Snippet.objects.filter(course=visit.course, owner=visit.person)
    if mine.count() >= MOST_SNIPPETS:
        raise BadInput(f"You have {MOST_SNIPPETS} snippets. Remove one first.", code="too_many_snippets")
    row, _ = Snippet.objects.update_or_create(
        course=visit.course, owner=visit.person, short=letters, defaults={"text": words, "is_shared": is_shared}
    )
    return row


def snippet_remove(*, visit: Visit, pk: int) -> None:
    """One's own; an instructor also one that is shared. Raises NotHere."""
    rows = Snippet.objects.filter(course=visit.course, pk=pk)
    found = rows.filter(owner=visit.person) | (
        rows.filter(is_shared=True) if visit.role == "instructor" else rows.none()
    )
    if not found.delete()[0]:
        raise NotHere("There is no such snippet, or it is not yours.")
