"""The collaboration statement: whom one worked with. It is saved beside the hand-in, so that a file need not be sent again for it."""

from courseplatform.core.errors import BadInput, NotHere
from courseplatform.courses.models import Enrolment
from grading.models.assignments import Assignment
from grading.models.submissions import Owner, Statement

MOST_LETTERS = 2000


def statement_save(*, owner: Owner, assignment: Assignment, text: str) -> Statement:
    """Keep what the owner says now. The same words again are not kept twice.

    Raises:
        BadInput: `statement_missing`, `statement_too_long`.
        NotHere: the person is in the course no longer.
    """
    said = "\n".join(" ".join(line.split()) for line in text.replace("\0", "").strip().splitlines())
    if not said:
        raise BadInput(
            "Say with whom you talked about this work, or that it was nobody.",
            code="statement_missing",
            details={"field": "text"},
        )
    if len(said) > MOST_LETTERS:
        raise BadInput(
            f"A statement has at most {MOST_LETTERS} letters; this one has {len(said)}.",
            code="statement_too_long",
            details={"field": "text"},
        )
    if not Enrolment.objects.filter(course=assignment.course_id, person=owner.person, is_active=True).exists():
        raise NotHere("There is no such assignment, or it is not yours.")
    newest = Statement.objects.of_owner(owner).filter(assignment=assignment).first()
    if newest is not None and newest.text == said:
        return newest
    return Statement.objects.create(assignment=assignment, person=owner.person, team=owner.team, text=said)
