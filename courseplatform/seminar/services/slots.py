"""Slots of sessions: making and changing them, putting people into them, slides and parts."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import BadInput, Conflict
from courseplatform.core.markdown import escaped
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Enrolment, Role, Session
from courseplatform.notices.services.notifications import notification_send
from courseplatform.seminar.models import Duty, Paper, PresentationSlot, SlotChange, SlotPerson
from courseplatform.seminar.people import day_words
from courseplatform.seminar.policy import policy_of


@dataclass(frozen=True)
class SlotFacts:
    session: Session
    paper: Paper | None
    minutes: int
    question_minutes: int
    presenter_places: int
    reviewer_places: int
    choose_by: date | None = None


FIELDS = ("session", "paper", "minutes", "question_minutes", "presenter_places", "reviewer_places")


def slot_note(slot: PresentationSlot, sentence: str, by: str) -> None:
    """One line in the slot's history."""
    SlotChange.objects.create(slot=slot, sentence=sentence[:300], by=by[:120])


def slots_lock(keys: list[int]) -> dict[int, PresentationSlot]:
    """Inside a transaction: these slots, each waited for in the order of its key, so that two who lock two slots never wait for each other."""
    found = PresentationSlot.objects.select_for_update(of=("self",)).select_related("session__course", "paper")
    return {slot.pk: slot for slot in found.filter(pk__in=keys).order_by("pk")}


@transaction.atomic
def slots_make(*, visit: Visit, session: Session, count: int) -> list[PresentationSlot]:
    """Add `count` empty slots to a session, with the sizes and minutes of the course's policy."""
    Session.objects.select_for_update().get(pk=session.pk)
    policy = policy_of(visit.course)
    last = session.slots.aggregate(last=Max("position"))["last"]
    made = []
    for position in range(0 if last is None else last + 1, (0 if last is None else last + 1) + count):
        slot = PresentationSlot.objects.create(
            session=session, position=position, minutes=policy.minutes(policy.presenters_most),
            presenter_places=policy.presenters_most, reviewer_places=policy.reviewers_most,
        )  # fmt: skip
        slot_note(slot, "Made", visit.by)
        made.append(slot)
    return made


@transaction.atomic
def slot_change(*, visit: Visit, slot: PresentationSlot, facts: SlotFacts) -> PresentationSlot:
    """Change what a slot holds; those in it are told when its paper or its day changes.

    Raises:
        Conflict: `too_few_places` when more people are in it than it would have places, `same_session` when somebody in it has a duty in
            the new session already, `paper_taken` when another slot holds the paper.
        BadInput: `bad_choose_day` when the paper would not be chosen within the year before its session.
    """
    slot = slots_lock([slot.pk])[slot.pk]
    people = list(slot.people.select_related("person"))
    for role, places in ((Duty.PRESENTER, facts.presenter_places), (Duty.REVIEWER, facts.reviewer_places)):
        if (taken := sum(row.role == role for row in people)) > places:
            raise Conflict(f"{taken} people {'present' if role == Duty.PRESENTER else 'review'} here. Take somebody out first.",
                           code="too_few_places")  # fmt: skip
    if facts.session != slot.session:
        _check_free(facts.session, [row.person for row in people], [slot])
    if facts.paper and PresentationSlot.objects.of(visit.course).filter(paper=facts.paper).exclude(pk=slot.pk).exists():
        raise Conflict("Another slot holds this paper.", code="paper_taken")
    sentence = _difference(slot, facts)
    for name in FIELDS:
        setattr(slot, name, getattr(facts, name))
    slot.choose_days = _choose_days(facts)
    slot.sequence += 1
    slot.save()
    if sentence:
        slot_note(slot, sentence, visit.by)
        _tell(slot, [row.person for row in people], f"{slot.short}: {sentence[0].lower()}{sentence[1:]}")
    return slot


def _choose_days(facts: SlotFacts) -> int | None:
    """Days between the day by which the paper is chosen and its session's."""
    day, by = facts.session.held_on, facts.choose_by
    if by is None:
        return None
    if day is None or not 0 <= (day - by).days <= 366:
        said = f"in the year before its session, {day_words(day)}" if day else "before a session that has a day"
        raise BadInput(f"The paper has to be chosen {said}.", code="bad_choose_day")
    return (day - by).days


def _difference(slot: PresentationSlot, facts: SlotFacts) -> str:
    """What people in the slot have to know."""
    words = []
    if facts.session != slot.session:
        words.append(f"Moved to {day_words(facts.session.held_on)}")
    if facts.paper != slot.paper:
        words.append(f"paper is now {facts.paper.short}" if facts.paper else "its paper is open again")
    sentence = "; ".join(words)
    return sentence[:1].upper() + sentence[1:]


def _check_free(session: Session, people: list[User], apart_from: list[PresentationSlot]) -> None:
    """Raises Conflict (`same_session`) if one of the people has a duty in this session, in another slot than these."""
    busy = SlotPerson.objects.filter(slot__session=session, slot__is_withdrawn=False, person__in=people)
    found = busy.exclude(slot__in=apart_from).select_related("person", "slot__paper").first()
    if found is not None:
        raise Conflict(
            f"{found.person} already {found.get_role_display()} {found.slot.short} in that session.",
            code="same_session",
        )


@transaction.atomic
def slot_withdraw(*, visit: Visit, slot: PresentationSlot) -> None:
    """Take an empty slot out of its session. Raises Conflict (`slot_in_use`) while somebody is in it."""
    slot = slots_lock([slot.pk])[slot.pk]
    if slot.people.exists():
        raise Conflict("People are in this slot. Take them out first, or move the slot.", code="slot_in_use")
    slot.is_withdrawn = True
    slot.save(update_fields=["is_withdrawn"])
    slot_note(slot, "Withdrawn", visit.by)


def _all_places(count: int) -> str:
    return "The one place is" if count == 1 else f"All {count} places are"


@transaction.atomic
def duty_give(*, visit: Visit, slot: PresentationSlot, person: User, role: str, why: str = "") -> SlotPerson:
    """Put a student into a slot; they are told.

    Raises:
        Conflict: `slot_full`, `same_session`, `not_a_student`.
    """
    slot = slots_lock([slot.pk])[slot.pk]
    if not Enrolment.objects.filter(course=visit.course, person=person, is_active=True, role=Role.STUDENT).exists():
        raise Conflict(f"{person} is not a student of this course now.", code="not_a_student")
    if slot.people.filter(role=role).count() >= slot.places(role):
        raise Conflict(
            f"{_all_places(slot.places(role))} taken. Raise their number, or take somebody out.", code="slot_full"
        )
    _check_free(slot.session, [person], [])
    row = SlotPerson.objects.create(slot=slot, person=person, role=role)
    _touch(slot, f"{person} {row.get_role_display()}{f', {why}' if why else ''}", visit.by)
    _tell(slot, [person], f"You {'present' if role == Duty.PRESENTER else 'review'} {slot.short}")
    return row


@transaction.atomic
def duty_take(*, visit: Visit, duty: SlotPerson) -> None:
    """Take somebody out of a slot; they are told."""
    slot = slots_lock([duty.slot_id])[duty.slot_id]
    gone, _ = SlotPerson.objects.filter(pk=duty.pk, person=duty.person).delete()
    if not gone:
        raise Conflict("This place has changed hands meanwhile. Look again.", code="place_moved")
    _touch(slot, f"{duty.person} no longer {duty.get_role_display()}", visit.by)
    _tell(slot, [duty.person], f"You no longer {'present' if duty.role == Duty.PRESENTER else 'review'} {slot.short}")


def _touch(slot: PresentationSlot, sentence: str, by: str) -> None:
    slot_note(slot, sentence, by)
    PresentationSlot.objects.filter(pk=slot.pk).update(sequence=F("sequence") + 1)


@transaction.atomic
def part_set(*, visit: Visit, duty: SlotPerson, part: str) -> None:
    """Which part of the presentation somebody takes; any presenter of the slot, or staff, may write it."""
    SlotPerson.objects.filter(pk=duty.pk).update(part=part)
    slot_note(duty.slot, f"Part of {duty.person}: {part or 'open'}", visit.by)


@transaction.atomic
def slides_set(
    *, visit: Visit, slot: PresentationSlot, url: str, questions: str, now: datetime | None = None
) -> PresentationSlot:
    """Where the slides are, and what the presenters ask the room. Both given: they are in."""
    now = now or timezone.now()
    slot = slots_lock([slot.pk])[slot.pk]
    slot.slides_url, slot.questions = url, questions
    slot.slides_in_at = (slot.slides_in_at or now) if url and questions.strip() else None
    slot.save(update_fields=["slides_url", "questions", "slides_in_at"])
    slot_note(
        slot, "Slides and questions saved" if slot.slides_in_at else "Slides or questions saved in part", visit.by
    )
    return slot


def _tell(slot: PresentationSlot, people: list[User], title: str) -> None:
    """Each change is an event of its own, so the number of the slot's changes makes the key."""
    notification_send(
        course=slot.session.course, people=people, kind="paper", key=f"slot-{slot.pk}-change-{slot.changes.count()}", title=title,
        text=f"{escaped(slot.title)}, {day_words(slot.session.held_on)}.", path=slot.get_absolute_url(),
    )  # fmt: skip
