"""Requests, decisions, publication, credit."""

import pytest

from courseplatform.core.errors import AppError, IllegalMove
from courseplatform.core.states import move
from courseplatform.notices.models.notifications import Notification
from courseplatform.scribe.models import MOVES, REQUEST_MOVES, ChangeRequest, RequestStatus, ScribeDuty, Status
from courseplatform.scribe.selectors.duties import calendar_entries, due_marks, published_notes, scribe_credits
from courseplatform.scribe.selectors.notes import requests_at
from courseplatform.scribe.services import review as writing
from courseplatform.scribe.services.duties import duties_spread, duty_assign, duty_change, duty_remove
from tests.courseplatform.scribe.builders import TEXT, duty_of, handed_in, saved, session_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def duty(cast):
    return duty_of(cast, cast.ruth, cast.daniel)


@pytest.fixture
def version(cast, duty):
    return handed_in(cast, duty)


@pytest.fixture
def staff(cast):
    return cast.visit(cast.amit)


def now_of(duty):
    return ScribeDuty.objects.get(pk=duty.pk)


def refused(act):
    with pytest.raises(AppError) as found:
        act()
    return found.value.code


def test_a_request_quotes_its_line_and_has_the_next_number(staff, version):
    first = writing.request_create(visit=staff, version=version, line=5, text="round() is missing")
    second = writing.request_create(visit=staff, version=version, line=0, text="say more")
    assert (first.number, first.quote, second.number, second.quote) == (1, "$$ r = S (q - Z) $$", 2, "")


def test_a_double_click_asks_once(staff, version):
    a, b = (writing.request_create(visit=staff, version=version, line=5, text="same") for _ in range(2))
    assert a == b


@pytest.mark.parametrize(
    ("line", "text", "code"),
    [
        (999, "x", "no_such_line"),
        (-1, "x", "no_such_line"),
        (1, " ", "empty_request"),
        (1, "x" * 2001, "request_too_long"),
    ],
)
def test_a_request_that_says_nothing_is_refused(staff, version, line, text, code):
    assert refused(lambda: writing.request_create(visit=staff, version=version, line=line, text=text)) == code


def test_a_request_keeps_its_line_over_the_rounds_and_says_when_it_is_gone(cast, staff, duty, version):
    writing.request_create(visit=staff, version=version, line=5, text="a")
    writing.request_create(visit=staff, version=version, line=8, text="b")
    handed_in(cast, duty, "# New\n\n" + TEXT.replace("- second\n", ""))
    rows = {row.request.number: row for row in requests_at(duty, now_of(duty).text)}
    assert (rows[1].place.line, rows[1].where) == (7, "line 7")
    assert rows[2].is_gone
    assert "the line is gone" in rows[2].where


def test_sending_back_needs_a_request(staff, version):
    assert refused(lambda: writing.changes_ask(visit=staff, version=version)) == "no_open_request"


def test_sending_back_tells_the_scribes(staff, duty, version):
    writing.request_create(visit=staff, version=version, line=5, text="a")
    writing.changes_ask(visit=staff, version=version)
    assert now_of(duty).status == Status.CHANGES_REQUESTED
    told = Notification.objects.filter(key=f"scribe-{duty.pk}-asked-1-1").values_list("person__name", flat=True)
    assert set(told) == {"Ruth", "Daniel"}


def test_what_was_not_read_is_not_approved(cast, staff, duty, version):
    handed_in(cast, duty, TEXT + "more")
    assert refused(lambda: writing.note_approve(visit=staff, version=version)) == "newer_round"
    assert now_of(duty).status == Status.HANDED_IN


def test_approved_with_an_open_request_it_is_published_and_the_request_stays(cast, staff, duty, version):
    writing.request_create(visit=staff, version=version, line=5, text="a")
    writing.note_approve(visit=staff, version=version)
    row = now_of(duty)
    assert (row.status, row.published, row.has_full_credit) == (Status.PUBLISHED, version, True)
    assert duty.requests.get().status == RequestStatus.OPEN
    assert published_notes(cast.course) == {duty.session_id: duty.get_absolute_url()}


def test_approving_twice_is_approving_once(staff, duty, version):
    for _ in range(2):
        writing.note_approve(visit=staff, version=version)
    assert [row.moved_to for row in duty.moves.all()] == ["handed_in", "approved", "published"]


def test_a_later_round_leaves_what_is_published_until_it_is_approved(cast, staff, duty, version):
    writing.note_approve(visit=staff, version=version)
    second = handed_in(cast, duty, TEXT + "better")
    assert (now_of(duty).status, now_of(duty).published) == (Status.HANDED_IN, version)
    writing.note_approve(visit=staff, version=second)
    assert now_of(duty).published == second


def test_published_notes_can_be_taken_off_and_put_back(cast, staff, duty, version):
    writing.note_approve(visit=staff, version=version)
    writing.note_unpublish(visit=staff, duty=duty)
    assert (now_of(duty).status, published_notes(cast.course)) == (Status.APPROVED, {})
    writing.note_publish(visit=staff, duty=duty)
    assert now_of(duty).published == version


def test_the_students_notes_stand_before_the_example(cast, staff, duty, version):
    example = duty_of(cast, cast.amit, is_example=True)
    writing.note_approve(visit=staff, version=handed_in(cast, example, person=cast.amit))
    assert published_notes(cast.course)[duty.session_id] == example.get_absolute_url()
    writing.note_approve(visit=staff, version=version)
    assert published_notes(cast.course)[duty.session_id] == duty.get_absolute_url()


def test_what_is_done_names_the_round_in_which_it_stands(cast, duty, staff, version):
    asked = writing.request_create(visit=staff, version=version, line=5, text="a")
    saved(cast, duty, TEXT + "changed")
    writing.request_move(visit=cast.visit(cast.ruth), request=asked, to=RequestStatus.DONE, text="see there")
    asked.refresh_from_db()
    assert (asked.status, asked.done_in, asked.replies.get().text) == (RequestStatus.DONE, 2, "see there")
    writing.request_move(visit=staff, request=asked, to=RequestStatus.CONFIRMED)
    writing.request_move(visit=staff, request=asked, to=RequestStatus.CONFIRMED)
    assert [row.moved_to for row in asked.moves.all()] == ["done", "confirmed"]


@pytest.mark.parametrize("old", RequestStatus.values)
@pytest.mark.parametrize("new", RequestStatus.values)
def test_every_move_of_a_request_is_legal_or_refused(staff, version, old, new):
    asked = writing.request_create(visit=staff, version=version, line=5, text="a")
    ChangeRequest.objects.filter(pk=asked.pk).update(status=old)
    asked.refresh_from_db()
    if new in REQUEST_MOVES[old]:
        assert move(asked, moves=REQUEST_MOVES, to=new, by="x").status == new
    else:
        with pytest.raises(IllegalMove):
            move(asked, moves=REQUEST_MOVES, to=new, by="x")


@pytest.mark.parametrize("old", Status.values)
@pytest.mark.parametrize("new", Status.values)
def test_every_move_of_a_note_is_legal_or_refused(duty, old, new):
    ScribeDuty.objects.filter(pk=duty.pk).update(status=old)
    duty.refresh_from_db()
    if new in MOVES[old]:
        assert move(duty, moves=MOVES, to=new, by="x").status == new
    else:
        with pytest.raises(IllegalMove):
            move(duty, moves=MOVES, to=new, by="x")


def test_credit_is_said_once_a_person_and_examples_give_none(cast, staff, duty, version):
    duty_of(cast, cast.amit, is_example=True)
    writing.note_approve(visit=staff, version=version, has_full_credit=False, publishes=False)
    found = scribe_credits(cast.course)
    assert {credit.person_id for credit in found} == {cast.ruth.pk, cast.daniel.pk}
    assert [credit.has_full_credit for credit in found] == [False, False]
    assert len(scribe_credits(cast.course, cast.ruth)) == 1
    assert scribe_credits(cast.course, cast.sofia) == []


# -- duties -------------------------------------------------------------------------------------------------------------


def test_a_session_has_one_duty_and_one_example(cast, duty):
    assert refused(lambda: duty_of(cast, cast.sofia)) == "already_assigned"
    assert duty_of(cast, cast.amit, is_example=True).is_example


def test_people_are_told_once_when_they_get_a_duty(cast, staff, duty):
    duty_change(visit=staff, duty=duty, people=[cast.ruth, cast.sofia], due_on=None)
    told = Notification.objects.filter(key=f"scribe-{duty.pk}-assigned").values_list("person__name", flat=True)
    assert sorted(told) == ["Daniel", "Ruth", "Sofia"]
    assert {member.person for member in duty.members.all()} == {cast.ruth, cast.sofia}


def test_a_duty_without_people_or_due_before_its_lecture_is_refused(cast, staff):
    session = session_of(cast)
    assert refused(lambda: duty_assign(visit=staff, session=session, people=[])) == "no_scribe"
    early = session.held_on.replace(year=session.held_on.year - 1)
    assert (
        refused(lambda: duty_assign(visit=staff, session=session, people=[cast.ruth], due_on=early))
        == "due_before_session"
    )


def test_a_duty_with_work_is_never_removed(cast, duty):
    saved(cast, duty, "a")
    assert refused(lambda: duty_remove(duty=duty)) == "has_work"
    other = duty_of(cast, cast.sofia, session=session_of(cast, title="Other"))
    duty_remove(duty=other)
    assert not ScribeDuty.objects.filter(pk=other.pk).exists()


def test_a_plan_is_made_whole_or_not_at_all(cast, staff, duty):
    free = session_of(cast, title="Other")
    assert (
        refused(lambda: duties_spread(visit=staff, plan={free: [cast.sofia], duty.session: [cast.sofia]}))
        == "already_assigned"
    )
    assert not ScribeDuty.objects.filter(session=free).exists()


def test_the_own_duty_is_due_on_the_pages_of_the_course_and_in_the_own_calendar(cast, duty):
    marks = due_marks(cast.visit(cast.ruth), duty.made_at)
    assert [(mark.label, mark.title, mark.due_at) for mark in marks] == [("Scribe notes", "Compression", duty.due_at)]
    assert due_marks(cast.visit(cast.sofia), duty.made_at) == []
    assert [entry.uid for entry in calendar_entries(cast.course, cast.ruth)] == [f"scribe-{duty.pk}"]
    assert calendar_entries(cast.course, None) == []
