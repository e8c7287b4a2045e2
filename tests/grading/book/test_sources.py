"""What enters the course grade by itself: each duty in each state, worth what docs/gradebook.md says, with the page of its cause."""

from datetime import time, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from courseplatform.courses.models import Session
from courseplatform.scribe.models.duties import ScribeDuty, ScribeMember
from courseplatform.seminar.models.highlights import Highlight, HighlightPerson
from courseplatform.teams.models.feedback import FeedbackForm
from grading.book.sources.all import SOURCES
from grading.models import Assignment
from tests.courseplatform.teams.builders import close, make_round, make_team
from tests.grading.book.classes import PARTICIPATION, credit, presentation, with_scheme
from tests.hardware.inventory.lent import came_back, lent

pytestmark = pytest.mark.django_db
D = Decimal


def pieces(cast, source, person=None, for_students=False):
    found = SOURCES[source].read(cast.course, [(person or cast.ruth).pk], timezone.now(), for_students)
    return [(piece.state, piece.points) for piece in found.get((person or cast.ruth).pk, [])]


def session(cast, days):
    day = timezone.localdate() + timedelta(days=days)
    return Session.objects.create(course=cast.course, held_on=day, column="lecture", title="Pruning", position=7)


@pytest.mark.parametrize(
    ("status", "days", "credit", "found"),
    [
        ("published", -20, True, ("graded", 1)), ("approved", -20, False, ("graded", D("0.5"))), ("handed_in", -20, False, ("grading", None)),
        ("changes_requested", -20, False, ("grading", None)), ("draft", -20, False, ("missing", None)), ("draft", -2, False, ("ahead", None)),
    ],
)  # fmt: skip
def test_scribe_notes(cast, status, days, credit, found):
    duty = ScribeDuty.objects.create(
        course=cast.course, session=session(cast, days), due_clock=time(23, 59), status=status, has_full_credit=credit
    )
    ScribeMember.objects.create(duty=duty, person=cast.ruth)
    assert pieces(cast, "scribe") == [found]
    assert pieces(cast, "scribe", cast.daniel) == []


@pytest.mark.parametrize(
    ("status", "days", "found"),
    [
        ("published", -9, [("graded", 1)]), ("submitted", -9, [("grading", None)]), ("returned", -9, [("missing", None)]),
        ("assigned", -9, [("missing", None)]), ("assigned", 2, [("ahead", None)]), ("cancelled", -9, []),
    ],
)  # fmt: skip
def test_lecture_highlights(cast, status, days, found):
    row = Highlight.objects.create(session=session(cast, days), status=status)
    HighlightPerson.objects.create(highlight=row, person=cast.ruth)
    assert pieces(cast, "highlights") == found


def test_peer_feedback_is_counted_by_teams_and_not_of_ones_own(cast):
    own, other, third = (
        make_team(cast, "Magpie", cast.ruth),
        make_team(cast, "Heron", cast.daniel),
        make_team(cast, "Tern", cast.sofia),
    )
    round_ = make_round(cast, own, other, third)
    round_.opens_at = timezone.now() - timedelta(minutes=30)
    round_.save()
    assert pieces(cast, "peer_feedback") == [("ahead", None)]
    FeedbackForm.objects.create(round=round_, team=other, author=cast.ruth, made_at=timezone.now())
    close(round_)
    assert pieces(cast, "peer_feedback") == [("graded", 1)]
    (piece,) = SOURCES["peer_feedback"].read(cast.course, [cast.ruth.pk], timezone.now(), True)[cast.ruth.pk]
    assert (piece.of, piece.says) == (2, "1 of 2 teams")
    assert pieces(cast, "peer_feedback", cast.sofia) == [("missing", 0)]


def test_participation_counts_from_the_first_credit_of_anybody(cast):
    with_scheme(cast.course, {}, participation=PARTICIPATION)
    assert pieces(cast, "participation") == [("ahead", None)]
    credit(cast.course, cast.daniel, 2)
    assert (pieces(cast, "participation"), pieces(cast, "participation", cast.daniel)) == (
        [("graded", 0)],
        [("graded", 2)],
    )


def test_presentations_are_hidden_from_students_until_their_points_are_released(cast):
    presentation(cast.course, cast.ruth, 12, is_released=False)
    assert pieces(cast, "presentations") == [("graded", 12)]
    assert pieces(cast, "presentations", for_students=True) == [("grading", None)]


def test_who_has_no_slot_has_a_presentation_ahead_until_the_course_has_ended(cast):
    assert pieces(cast, "presentations") == [("ahead", None)]
    cast.course.ends_on = timezone.localdate() - timedelta(days=2)
    assert pieces(cast, "presentations") == [("missing", None)]


def test_the_return_of_the_hardware(cast):
    Assignment.objects.create(
        course=cast.course,
        slug="return",
        kind="hardware_return",
        short="Return",
        due_at=timezone.now() - timedelta(days=1),
    )
    assert pieces(cast, "hardware_return") == [("excused", None)]
    loan = lent(cast, person=cast.ruth)
    assert pieces(cast, "hardware_return") == [("missing", None)]
    came_back(loan)
    assert pieces(cast, "hardware_return") == [("graded", 1)]
