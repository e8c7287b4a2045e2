"""Papers, slots and people in them, for the tests of the seminar."""

from dataclasses import dataclass
from datetime import time, timedelta

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import AppError
from courseplatform.courses.models import Course, Enrolment, Role, Session
from courseplatform.seminar.models import (
    Duty,
    Highlight,
    MatchingRun,
    Paper,
    PreferenceRound,
    PresentationSlot,
    SlotPerson,
    Swap,
)
from courseplatform.seminar.services.highlights import highlight_assign, highlight_publish, highlight_submit
from courseplatform.seminar.services.rounds import matching_publish, matching_run, ranking_save, round_open
from tests.people import Cast


def code_of(call):
    """The code of the refusal."""
    with pytest.raises(AppError) as caught:
        call()
    return caught.value.code


def make_session(course: Course, days: int = 14, **fields: object) -> Session:
    """A lecture in `days` days, 09:30 to 10:50."""
    day = timezone.localdate(timezone=course.tz) + timedelta(days=days)
    facts = {"column": "lecture", "title": f"Lecture in {days} days", "starts_at": "09:30", "ends_at": "10:50"} | fields
    session = Session.objects.create(course=course, held_on=day, **facts)
    session.refresh_from_db()
    return session


def make_paper(course: Course, title: str = "Green AI", **fields: object) -> Paper:
    facts = {
        "slug": title.lower().replace(" ", "-")[:60],
        "venue": "CACM",
        "year": 2020,
        "authors": "Roy Schwartz",
    } | fields
    return Paper.objects.create(course=course, title=title, **facts)


def make_slot(
    course: Course,
    days: int = 14,
    paper: Paper | str | None = "Green AI",
    session: Session | None = None,
    **fields: object,
) -> PresentationSlot:
    """A slot in a session of its own, with a paper of this title."""
    if isinstance(paper, str):
        paper = Paper.objects.filter(course=course, title=paper).first() or make_paper(course, paper)
    slot = PresentationSlot.objects.create(session=session or make_session(course, days), paper=paper, **fields)
    return PresentationSlot.objects.select_related("session__course", "paper").get(pk=slot.pk)


def put_in(slot: PresentationSlot, person: User, role: str = Duty.PRESENTER) -> SlotPerson:
    duty = SlotPerson.objects.create(slot=slot, person=person, role=role)
    return SlotPerson.objects.select_related("slot__session__course", "slot__paper", "person").get(pk=duty.pk)


def make_students(course: Course, count: int, start: int = 0) -> list[User]:
    """Many at once, without a password."""
    people = User.objects.bulk_create(
        User(email=f"student{number}@example.edu", name=f"Student {number}", password="!")
        for number in range(start, start + count)
    )
    Enrolment.objects.bulk_create(Enrolment(course=course, person=person, role=Role.STUDENT) for person in people)
    return people


def open_round(cast: Cast, role: str = Duty.REVIEWER, days: int = 3, **fields: object) -> PreferenceRound:
    due = timezone.localdate(timezone=cast.course.tz) + timedelta(days=days)
    facts = {"role": role, "due_on": due, "due_time": time(23, 59), "least": 0} | fields
    found = round_open(visit=cast.visit(cast.helen), **facts)
    found.refresh_from_db()
    return PreferenceRound.objects.select_related("course").get(pk=found.pk)


def after_due(found: PreferenceRound):
    return found.due_at + timedelta(minutes=1)


@dataclass
class SeminarObjects:
    """One object of each kind that an address names. Everybody in the course may look at them."""

    slot: PresentationSlot
    paper: Paper
    swap: Swap
    round: PreferenceRound
    matching: MatchingRun
    highlight: Highlight


def seminar_objects(cast: Cast) -> SeminarObjects:
    """For tests/courseplatform/test_access.py."""
    first, second = make_slot(cast.course, 20, "One"), make_slot(cast.course, 21, "Two")
    put_in(first, cast.ruth)
    put_in(second, cast.daniel)
    found = open_round(cast)
    ranking_save(visit=cast.visit(cast.sofia), found=found, order=[first.pk])
    late = after_due(found)
    run = matching_run(visit=cast.visit(cast.helen), found=found, now=late)
    run = matching_publish(visit=cast.visit(cast.helen), run=run, now=late)
    highlight = highlight_assign(visit=cast.visit(cast.helen), session=first.session, people=[cast.ruth])
    highlight = highlight_submit(visit=cast.visit(cast.ruth), highlight=highlight, text="Words", version=0)
    highlight_publish(visit=cast.visit(cast.helen), highlight=highlight)
    swap = Swap.objects.create(
        course=cast.course,
        asker=cast.ruth,
        asked=cast.daniel,
        give=first,
        get=second,
        answer_by=timezone.localdate(),
        asked_at=timezone.now(),
    )
    first.paper.pdf.save("paper.pdf", ContentFile(b"%PDF-1.7"))
    return SeminarObjects(first, first.paper, swap, found, run, highlight)
