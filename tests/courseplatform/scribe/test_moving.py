"""Scribe notes follow their session to another day."""

from datetime import timedelta

import pytest

from courseplatform.courses.services.sessions import session_save, what_follows
from courseplatform.scribe.models import ScribeDuty
from tests.courseplatform.scribe.builders import duty_of, session_of

pytestmark = pytest.mark.django_db


def move(cast, session, days):
    saved = session_save(
        visit=cast.visit(cast.helen), pk=session.pk, values={"held_on": session.held_on + timedelta(days=days)}
    )
    return saved.moved


def test_notes_due_a_week_after_the_session_follow_it_and_that_is_said(cast):
    session = session_of(cast)
    duty = duty_of(cast, cast.ruth)
    day = duty.due_day
    assert what_follows(session) == [f"Scribe notes are due on {day:%a %b} {day.day}"]
    new = day + timedelta(days=2)
    assert move(cast, session, 2) == [f"Scribe notes are due on {new:%a %b} {new.day}"]
    assert ScribeDuty.objects.get().due_day == new


def test_a_day_of_their_own_keeps_its_distance(cast):
    session = session_of(cast)
    own = session.held_on + timedelta(days=3)
    duty_of(cast, cast.ruth, due_on=own)
    move(cast, session, 5)
    assert ScribeDuty.objects.get().due_on == own + timedelta(days=5)
