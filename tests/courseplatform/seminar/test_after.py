"""What follows a presentation: feedback of the listeners, points of the staff."""

from datetime import timedelta
from decimal import Decimal

import pytest

from courseplatform.core.errors import Conflict
from courseplatform.courses.models import Enrolment
from courseplatform.notices.models import Notification
from courseplatform.seminar.models import Duty, Feedback, Score
from courseplatform.seminar.selectors.slot_page import heard
from courseplatform.seminar.services.after import FeedbackFacts, ScoreFacts, feedback_give, score_set, scores_release
from courseplatform.seminar.services.slots import (
    duty_give,
)
from tests.courseplatform.seminar.builders import (
    code_of,
    make_slot,
    make_students,
    put_in,
)

pytestmark = pytest.mark.django_db
FACTS = FeedbackFacts(4, 3, "Clear figures.", "Fewer slides.")


@pytest.fixture
def held(cast):
    """A slot of yesterday, whose feedback is open, presented by Ruth."""
    slot = make_slot(cast.course, -1)
    put_in(slot, cast.ruth)
    return slot


def test_feedback_is_given_and_changed_until_the_end_of_the_next_day(cast, held):
    sofia = cast.visit(cast.sofia)
    moment = held.begins_at + timedelta(hours=1)
    feedback_give(visit=sofia, slot=held, facts=FACTS, now=moment)
    feedback_give(
        visit=sofia, slot=held, facts=FeedbackFacts(1, 1, "Changed"), now=held.feedback_until - timedelta(minutes=1)
    )
    assert Feedback.objects.get().good == "Changed"
    for now in (held.begins_at - timedelta(minutes=1), held.feedback_until):
        assert code_of(lambda now=now: feedback_give(visit=sofia, slot=held, facts=FACTS, now=now)) == "feedback_closed"
    assert (
        code_of(lambda: feedback_give(visit=cast.visit(cast.ruth), slot=held, facts=FACTS, now=moment))
        == "own_presentation"
    )


def test_the_feedback_form_keeps_what_was_typed(client, cast, held):
    client.force_login(cast.sofia)
    response = client.post(f"{held.get_absolute_url()}feedback/", {"clarity": "4", "depth": "9", "good": "Kept words"})
    assert response.status_code == 422
    assert "Kept words" in response.content.decode()
    assert (
        client.post(f"{held.get_absolute_url()}feedback/", {"clarity": "4", "depth": "3", "good": "Yes"}).status_code
        == 302
    )


def test_presenters_read_feedback_without_names_after_it_closed_and_from_three_on(cast, held):
    closed = held.feedback_until + timedelta(minutes=1)
    people = make_students(cast.course, 3)
    for number, person in enumerate(people, start=1):
        feedback_give(visit=cast.visit(person), slot=held, facts=FACTS, now=held.begins_at)
        shown = heard(cast.visit(cast.ruth), held, closed)
        assert len(shown["rows"]) == (3 if number == 3 else 0)
    assert heard(cast.visit(cast.ruth), held, held.begins_at)["rows"] == []
    assert len(heard(cast.visit(cast.helen), held, held.begins_at)["rows"]) == 3


def test_the_presenters_page_names_no_listener(client, cast):
    slot = make_slot(cast.course, -5)
    put_in(slot, cast.ruth)
    for person in make_students(cast.course, 3):
        Feedback.objects.create(slot=slot, person=person, clarity=3, depth=4, good=f"Words {person.pk}")
    client.force_login(cast.ruth)
    page = client.get(slot.get_absolute_url()).content.decode()
    assert "Words" in page
    assert "Student" not in page
    client.force_login(cast.daniel)  # who only listened
    assert "Words" not in client.get(slot.get_absolute_url()).content.decode()
    client.force_login(cast.helen)
    assert "Student0" not in page
    assert "Student 0" in client.get(slot.get_absolute_url()).content.decode()


def test_points_are_seen_after_the_release_only_and_by_their_presenter_only(client, cast, held):
    duty = held.people.select_related("person", "slot").get()
    score_set(visit=cast.visit(cast.helen), duty=duty, facts=ScoreFacts(Decimal("12.5"), Decimal(15), "Clear."))
    client.force_login(cast.ruth)
    assert "12.50" not in client.get(held.get_absolute_url()).content.decode()
    assert scores_release(visit=cast.visit(cast.helen), slot=held) == 1
    assert scores_release(visit=cast.visit(cast.helen), slot=held) == 0
    assert "12.50" in client.get(held.get_absolute_url()).content.decode()
    assert Notification.objects.get().person == cast.ruth
    client.force_login(cast.daniel)
    assert "12.50" not in client.get(held.get_absolute_url()).content.decode()


def test_a_released_score_that_is_corrected_is_told_again(cast, held):
    duty, helen = held.people.select_related("person", "slot").get(), cast.visit(cast.helen)
    score_set(visit=helen, duty=duty, facts=ScoreFacts(Decimal(12), Decimal(15)))
    scores_release(visit=helen, slot=held)
    score_set(visit=helen, duty=duty, facts=ScoreFacts(Decimal(13), Decimal(15)))
    score_set(visit=helen, duty=duty, facts=ScoreFacts(Decimal(13), Decimal(15)))  # nothing new
    assert Notification.objects.filter(person=cast.ruth).count() == 2
    assert Score.objects.get().released_at is not None


def test_saving_points_says_whether_the_presenter_sees_them(client, cast, held):
    client.force_login(cast.helen)
    form = {"duty": held.people.get().pk, "points": "12.50", "out_of": "15", "comment": ""}
    address = f"{held.get_absolute_url()}scores/"
    assert "sees it after the release" in client.post(address, form, follow=True).content.decode()
    client.post(address, {"do": "release"}, follow=True)
    assert "was told of a change" in client.post(address, form | {"points": "13"}, follow=True).content.decode()
    titles = Notification.objects.filter(person=cast.ruth).order_by("pk").values_list("title", flat=True)
    assert [title.rsplit(": ")[-1] for title in titles] == ["12.5 of 15 points", "13 of 15 points"]


@pytest.mark.parametrize("points", ["16", "-1", "many", ""])
def test_points_outside_their_range_are_refused(client, cast, held, points):
    duty = held.people.get()
    client.force_login(cast.helen)
    response = client.post(
        f"{held.get_absolute_url()}scores/",
        {"duty": duty.pk, "points": points, "out_of": "15", "comment": "Kept comment"},
    )
    assert response.status_code == 422
    assert "Kept comment" in response.content.decode()
    assert Score.objects.count() == 0


def test_a_reviewer_gets_no_points(cast, held):
    duty = put_in(held, cast.daniel, Duty.REVIEWER)
    assert (
        code_of(lambda: score_set(visit=cast.visit(cast.helen), duty=duty, facts=ScoreFacts(Decimal(1), Decimal(2))))
        == "not_a_presenter"
    )


def test_who_left_the_course_keeps_the_past_and_is_offered_nothing(cast, held):
    Enrolment.objects.filter(person=cast.ruth).update(is_active=False)
    assert held.people.get().person == cast.ruth
    with pytest.raises(Conflict):
        duty_give(
            visit=cast.visit(cast.helen), slot=make_slot(cast.course, 9, "Z"), person=cast.ruth, role=Duty.PRESENTER
        )
