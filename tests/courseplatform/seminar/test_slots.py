"""Slots: who is in them, what moves with their session, slides, parts."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courseplatform.courses.services.sessions import session_save
from courseplatform.notices.models import Notification
from courseplatform.seminar.models import Duty, PresentationSlot, SlotPerson
from courseplatform.seminar.offers import offered_slots
from courseplatform.seminar.people import day_words
from courseplatform.seminar.services.slots import (
    SlotFacts,
    duty_give,
    duty_take,
    slot_change,
    slot_withdraw,
    slots_make,
)
from tests.courseplatform.seminar.builders import (
    code_of,
    make_paper,
    make_session,
    make_slot,
    open_round,
    put_in,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def helen(cast):
    return cast.visit(cast.helen)


def test_slots_are_made_with_the_sizes_and_minutes_of_the_course(cast, helen):
    parts = [
        {"title": "Overview", "minutes": [5, 7], "per": "team"},
        {"title": "Strengths", "minutes": [1.5], "per": "student"},
    ]
    sizes = {"presenters": {"most": 2}, "reviewers": {"least": 2, "most": 4}}
    cast.course.facts = {"presentations": {**sizes, "parts": [*parts, {"title": "Questions"}]}}
    cast.course.save()
    made = slots_make(visit=cast.visit(cast.helen), session=make_session(cast.course), count=3)
    assert [(slot.position, slot.minutes, slot.presenter_places, slot.reviewer_places) for slot in made] == [
        (n, 10, 2, 4) for n in range(3)
    ]


def test_a_full_slot_takes_nobody_more(cast, helen):
    slot = make_slot(cast.course, presenter_places=1)
    duty_give(visit=helen, slot=slot, person=cast.ruth, role=Duty.PRESENTER)
    assert code_of(lambda: duty_give(visit=helen, slot=slot, person=cast.daniel, role=Duty.PRESENTER)) == "slot_full"


def test_one_session_has_one_duty_for_a_person(cast, helen):
    slot = make_slot(cast.course)
    other = make_slot(cast.course, paper="Another", session=slot.session)
    duty_give(visit=helen, slot=slot, person=cast.ruth, role=Duty.PRESENTER)
    for target in (slot, other):
        assert (
            code_of(lambda target=target: duty_give(visit=helen, slot=target, person=cast.ruth, role=Duty.REVIEWER))
            == "same_session"
        )


def test_staff_and_strangers_are_not_put_in(cast, helen):
    slot = make_slot(cast.course)
    for person in (cast.amit, cast.lena, cast.oscar):
        assert (
            code_of(lambda person=person: duty_give(visit=helen, slot=slot, person=person, role=Duty.PRESENTER))
            == "not_a_student"
        )


def test_who_is_put_in_or_taken_out_is_told_and_it_is_kept(cast, helen):
    slot = make_slot(cast.course)
    duty = duty_give(visit=helen, slot=slot, person=cast.ruth, role=Duty.PRESENTER)
    duty_take(visit=helen, duty=duty)
    assert [row.title for row in Notification.objects.filter(person=cast.ruth).order_by("pk")] == [
        "You present Green AI",
        "You no longer present Green AI",
    ]
    assert [change.sentence for change in slot.changes.order_by("pk")] == ["Ruth presents", "Ruth no longer presents"]
    slot.refresh_from_db()
    assert slot.sequence == 2


def test_a_place_that_changed_hands_is_not_taken_from_another(cast, helen):
    duty = put_in(make_slot(cast.course), cast.ruth)
    SlotPerson.objects.filter(pk=duty.pk).update(person=cast.daniel)
    assert code_of(lambda: duty_take(visit=helen, duty=duty)) == "place_moved"


def facts_of(slot, **changes):
    names = SlotFacts.__dataclass_fields__
    return SlotFacts(**({name: getattr(slot, name) for name in names} | changes))


def test_people_in_a_slot_are_told_of_a_new_day_or_paper(cast, helen):
    slot = make_slot(cast.course)
    put_in(slot, cast.ruth)
    slot_change(visit=helen, slot=slot, facts=facts_of(slot, minutes=20))
    assert Notification.objects.count() == 0
    slot_change(
        visit=helen,
        slot=slot,
        facts=facts_of(slot, session=make_session(cast.course, 30), paper=make_paper(cast.course, "MCUNet")),
    )
    assert Notification.objects.get().person == cast.ruth


def test_a_changed_slot_is_told_with_the_day_in_words_and_the_paper_as_it_is_written(cast, helen):
    slot, session = make_slot(cast.course), make_session(cast.course, 30)
    put_in(slot, cast.ruth)
    slot_change(visit=helen, slot=slot, facts=facts_of(slot, session=session, paper=make_paper(cast.course, "MCUNet")))
    told, day = Notification.objects.get(), day_words(session.held_on)
    assert told.title.endswith(f": moved to {day}; paper is now MCUNet")
    assert told.text == f"MCUNet, {day}."


def test_a_slot_does_not_shrink_below_its_people_nor_share_a_paper(cast, helen):
    slot, other = make_slot(cast.course), make_slot(cast.course, 20, "Another")
    put_in(slot, cast.ruth)
    assert (
        code_of(lambda: slot_change(visit=helen, slot=slot, facts=facts_of(slot, presenter_places=0)))
        == "too_few_places"
    )
    assert (
        code_of(lambda: slot_change(visit=helen, slot=slot, facts=facts_of(slot, paper=other.paper))) == "paper_taken"
    )
    put_in(other, cast.ruth)
    assert (
        code_of(lambda: slot_change(visit=helen, slot=slot, facts=facts_of(slot, session=other.session)))
        == "same_session"
    )
    assert code_of(lambda: slot_withdraw(visit=helen, slot=slot)) == "slot_in_use"


def test_a_slot_moves_with_its_session(cast):
    slot = make_slot(cast.course)
    before = slot.begins_at
    slot.session.held_on += timedelta(days=7)
    slot.session.save()
    moved = PresentationSlot.objects.select_related("session__course").get(pk=slot.pk)
    assert moved.begins_at.date() == before.date() + timedelta(days=7)
    assert (moved.begins_at.hour, moved.begins_at.minute) == (9, 30)


def test_presenters_and_staff_save_slides_others_do_not(client, cast):
    slot = make_slot(cast.course)
    put_in(slot, cast.ruth)
    url = f"{slot.get_absolute_url()}slides/"
    client.force_login(cast.daniel)
    assert client.post(url, {"url": "https://example.edu/a"}).status_code == 404
    client.force_login(cast.ruth)
    assert client.post(url, {"url": "ftp://example.edu/a", "questions": "Kept?"}).status_code == 422
    assert client.post(url, {"url": "https://example.edu/a", "questions": ""}).status_code == 302
    slot.refresh_from_db()
    assert slot.slides_in_at is None  # questions are missing
    client.post(url, {"url": "https://example.edu/a", "questions": "Why?"})
    slot.refresh_from_db()
    assert slot.slides_in_at is not None


def test_presenters_part_their_presentation(client, cast):
    slot = make_slot(cast.course)
    mine, other = put_in(slot, cast.ruth), put_in(slot, cast.daniel)
    client.force_login(cast.ruth)
    client.post(
        f"{slot.get_absolute_url()}parts/", {f"part-{mine.pk}": "Overview", f"part-{other.pk}": " Strengths  and "}
    )
    assert [row.part for row in slot.people.all()] == ["Overview", "Strengths and"]


def test_slots_of_another_course_are_not_there(client, cast):
    slot = make_slot(cast.other_course)
    client.force_login(cast.helen)
    for path in ("", "change/", "people/", "scores/"):
        address = f"/courses/odml/papers/slots/{slot.pk}/{path}"
        assert (client.post if path else client.get)(address).status_code == 404


def test_staff_walk_from_an_empty_course_to_a_filled_slot(client, cast):
    session, paper = make_session(cast.course, 10), make_paper(cast.course)
    client.force_login(cast.amit)
    desk = "/courses/odml/papers/manage/"
    assert client.post(f"{desk}slots/", {"session": session.pk, "count": "99"}).status_code == 422
    assert client.post(f"{desk}slots/", {"session": session.pk, "count": "1"}).status_code == 302
    slot = PresentationSlot.objects.get()
    form = {
        "session": session.pk,
        "paper": paper.pk,
        "minutes": 12,
        "question_minutes": 3,
        "presenter_places": 1,
        "reviewer_places": 2,
        "choose_by": "",
    }
    address = f"/courses/odml/papers/slots/{slot.pk}/"
    assert client.post(f"{address}change/", form).status_code == 302
    assert client.post(f"{address}people/", {"person": cast.ruth.pk, "role": "presenter"}).status_code == 302
    assert client.post(f"{address}people/", {"person": cast.daniel.pk, "role": "presenter"}).status_code == 422
    assert client.post(f"{address}people/", {"person": cast.lena.pk, "role": "presenter"}).status_code == 422
    slot.refresh_from_db()
    assert (slot.paper, slot.minutes) == (paper, 12)
    assert client.get(desk).status_code == 200
    duty = slot.people.get()
    assert client.post(f"{address}people/", {"out": str(duty.pk)}).status_code == 302
    assert client.post(f"{address}people/", {"out": str(duty.pk)}).status_code == 409
    assert client.post(f"{address}change/", {"do": "withdraw"}).status_code == 302
    assert client.get(address).status_code == 404


def with_choice(slot, days):
    by = slot.session.held_on - timedelta(days=days) if slot.session.held_on else timezone.localdate()
    return SlotFacts(slot.session, None, 15, 5, 1, 2, by)


def test_the_day_to_choose_a_paper_moves_with_its_session(client, cast, helen):
    slot = slot_change(
        visit=helen, slot=make_slot(cast.course, paper=None), facts=with_choice(make_slot(cast.course), 11)
    )
    before = slot.choose_by
    session_save(visit=helen, pk=slot.session_id, values={"held_on": slot.session.held_on + timedelta(days=7)})
    slot = PresentationSlot.objects.get(pk=slot.pk)
    assert slot.choose_by == before + timedelta(days=7)
    client.force_login(cast.helen)
    page = client.get(slot.get_absolute_url()).content.decode()
    assert f'value="{slot.choose_by.isoformat()}"' in page


@pytest.mark.parametrize("days", [-1, 367])
def test_a_paper_is_chosen_before_its_session(cast, helen, days):
    slot = make_slot(cast.course, paper=None)
    assert code_of(lambda: slot_change(visit=helen, slot=slot, facts=with_choice(slot, days))) == "bad_choose_day"


def test_a_session_without_a_date_has_no_day_to_choose_by(cast, helen):
    slot = make_slot(cast.course, paper=None)
    slot.session.held_on = None
    slot.session.save()
    assert code_of(lambda: slot_change(visit=helen, slot=slot, facts=with_choice(slot, 0))) == "bad_choose_day"
    slot.choose_days = 3
    assert slot.choose_by is None


def test_a_session_without_a_date_breaks_no_page(client, cast):
    slot = make_slot(cast.course)
    put_in(slot, cast.ruth)
    slot.session.held_on = None
    slot.session.save()
    for person in (cast.ruth, cast.helen):
        client.force_login(person)
        for address in (
            "/courses/odml/papers/",
            slot.get_absolute_url(),
            "/courses/odml/",
            "/courses/odml/papers/slots.csv",
        ):
            assert client.get(address).status_code == 200


def test_students_see_no_slot_of_a_session_that_is_not_published_but_their_own(client, cast):
    hidden = make_session(cast.course, 9, title="Not on the schedule yet", is_published=False)
    slot = make_slot(cast.course, session=hidden)
    put_in(slot, cast.daniel)
    pages = [f"/courses/{cast.course.slug}/papers/{page}" for page in ("?past=1", "slots.csv", f"slots/{slot.pk}/")]

    def sees(person):
        client.force_login(person)
        return ["Not on the schedule yet" in client.get(page).content.decode() for page in pages]

    assert sees(cast.ruth) == [False, False, False]
    assert sees(cast.daniel) == [True, False, True]
    assert sees(cast.amit) == [True, True, True]


def test_slots_of_a_session_that_is_not_published_are_offered_to_nobody(cast):
    hidden = make_session(cast.course, 9, is_published=False)
    shown, _ = make_slot(cast.course, 10, "Shown"), make_slot(cast.course, session=hidden)
    assert [slot.pk for slot in offered_slots(open_round(cast))] == [shown.pk]
