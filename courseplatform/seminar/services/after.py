"""After a presentation: what the room says of it, and the staff's score."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from courseplatform.core.errors import Conflict
from courseplatform.core.markdown import escaped
from courseplatform.courses.access import Visit
from courseplatform.notices.services.notifications import notification_send
from courseplatform.seminar.models import Duty, Feedback, PresentationSlot, Score, SlotPerson
from courseplatform.seminar.services.slots import slot_note


@dataclass(frozen=True)
class FeedbackFacts:
    """clarity and depth: 1 (least) to 5."""

    clarity: int
    depth: int
    good: str
    better: str = ""


@transaction.atomic
def feedback_give(
    *, visit: Visit, slot: PresentationSlot, facts: FeedbackFacts, now: datetime | None = None
) -> Feedback:
    """Say something of a presented paper, or change what one said. Raises Conflict (`feedback_closed`, `own_presentation`)."""
    now = now or timezone.now()
    begins, until = slot.begins_at, slot.feedback_until
    if begins is None or until is None or now < begins:
        raise Conflict("Feedback opens when the session begins.", code="feedback_closed")
    if now >= until:
        raise Conflict("Feedback closed at the end of the day after the session.", code="feedback_closed")
    if SlotPerson.objects.filter(slot=slot, person=visit.person, role=Duty.PRESENTER).exists():
        raise Conflict("You presented this paper; the others say how it was.", code="own_presentation")
    fields = {"clarity": facts.clarity, "depth": facts.depth, "good": facts.good, "better": facts.better}
    found, _ = Feedback.objects.update_or_create(slot=slot, person=visit.person, defaults=fields)
    return found


@dataclass(frozen=True)
class ScoreFacts:
    points: Decimal
    out_of: Decimal
    comment: str = ""


@transaction.atomic
def score_set(*, visit: Visit, duty: SlotPerson, facts: ScoreFacts) -> Score:
    """Points of one presenter. A score that was released stays released, and the presenter is told of the change.

    Raises Conflict (`not_a_presenter`, `more_than_all`).
    """
    if duty.role != Duty.PRESENTER:
        raise Conflict(f"{duty.person} does not present this paper.", code="not_a_presenter")
    if not 0 <= facts.points <= facts.out_of:
        raise Conflict(f"Points go from 0 to {facts.out_of}.", code="more_than_all")
    fields = {"points": facts.points, "out_of": facts.out_of, "comment": facts.comment, "by": visit.by}
    old = Score.objects.filter(slot=duty.slot, person=duty.person).first()
    if old and (old.points, old.out_of, old.comment) == (facts.points, facts.out_of, facts.comment):
        return old
    score, _ = Score.objects.update_or_create(slot=duty.slot, person=duty.person, defaults=fields)
    slot_note(duty.slot, f"{duty.person}: {facts.points} of {facts.out_of} points", visit.by)
    if score.released_at:
        _tell(score)
    return score


@transaction.atomic
def scores_release(*, visit: Visit, slot: PresentationSlot, now: datetime | None = None) -> int:
    """Show the presenters of a slot their points. Returns how many were released now."""
    scores = list(Score.objects.select_for_update().filter(slot=slot, released_at=None).select_related("person"))
    for score in scores:
        score.released_at = now or timezone.now()
        score.save(update_fields=["released_at"])
        _tell(score)
    if scores:
        slot_note(slot, f"Scores released: {len(scores)}", visit.by)
    return len(scores)


def _plain(points: Decimal) -> str:
    """12.5, 13: one form for what was just typed and for what comes from the database."""
    return f"{points.normalize():f}"


def _tell(score: Score) -> None:
    slot = PresentationSlot.objects.select_related("session__course", "paper").get(pk=score.slot_id)
    notification_send(
        course=slot.session.course, people=[score.person], kind="paper", key=f"score-{score.pk}-{slot.changes.count()}",
        title=f"{slot.short}: {_plain(score.points)} of {_plain(score.out_of)} points", text=escaped(score.comment), path=slot.get_absolute_url(),
    )  # fmt: skip
