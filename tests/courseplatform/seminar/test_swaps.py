"""Swaps: both sides confirm, or nothing changes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courseplatform.courses.models import Enrolment
from courseplatform.notices.models import Notification
from courseplatform.seminar.models import Duty, SlotPerson, Swap
from courseplatform.seminar.selectors.marks import calendar_entries
from courseplatform.seminar.services.slots import duty_take
from courseplatform.seminar.services.swaps import swap_answer, swap_ask, swap_withdraw, swaps_expire
from tests.courseplatform.seminar.builders import code_of, make_slot, put_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def places(cast):
    """Ruth presents in 14 days, Daniel in 21, Sofia in 28."""
    return {name: put_in(make_slot(cast.course, days, f"Paper of {name}"), getattr(cast, name))
            for name, days in (("ruth", 14), ("daniel", 21), ("sofia", 28))}  # fmt: skip


def today(cast, days=0):
    return timezone.localdate(timezone=cast.course.tz) + timedelta(days=days)


def ask(cast, places, asker="ruth", asked="daniel", days=5, **more):
    return swap_ask(
        visit=cast.visit(getattr(cast, asker)),
        mine=places[asker],
        theirs=places[asked],
        answer_by=today(cast, days),
        **more,
    )


def answer(cast, swap, person, is_yes=True, **more):
    return swap_answer(visit=cast.visit(person), swap=swap, is_yes=is_yes, **more)


def who(places, name):
    return SlotPerson.objects.get(pk=places[name].pk).person.name


def told(person):
    return list(Notification.objects.filter(person=person).order_by("pk").values_list("title", flat=True))


def test_nothing_moves_before_the_other_side_confirms(cast, places):
    ask(cast, places)
    assert (who(places, "ruth"), who(places, "daniel")) == ("Ruth", "Daniel")
    assert told(cast.daniel) == ["Ruth asks to swap places with you"]


def test_confirmed_both_places_change_hands_and_all_are_told(cast, places):
    SlotPerson.objects.filter(pk=places["ruth"].pk).update(part="Overview")
    swap = answer(cast, ask(cast, places), cast.daniel)
    assert swap.status == "confirmed"
    assert (who(places, "ruth"), who(places, "daniel")) == ("Daniel", "Ruth")
    assert SlotPerson.objects.get(pk=places["ruth"].pk).part == ""  # it was Ruth's, not the place's
    assert told(cast.ruth) == ["Daniel confirmed: you now have Paper of daniel"]
    assert told(cast.helen) == told(cast.amit) == ["Ruth and Daniel swapped places"]
    assert [row.moved_to for row in swap.moves.all()] == ["asked", "confirmed"]


def test_both_calendars_change_and_their_entries_are_newer(cast, places):
    before = {entry.uid: entry for entry in calendar_entries(cast.course, cast.ruth)}
    answer(cast, ask(cast, places), cast.daniel)
    after = {entry.uid: entry for entry in calendar_entries(cast.course, cast.ruth)}
    mine, theirs = f"slot-{places['ruth'].slot_id}", f"slot-{places['daniel'].slot_id}"
    assert mine in before
    assert mine not in after
    assert after[theirs].title == "You present: Paper of daniel"
    assert after[theirs].sequence > 0
    assert mine in {entry.uid for entry in calendar_entries(cast.course, cast.daniel)}


def test_declined_or_withdrawn_nothing_has_changed(cast, places):
    declined = answer(cast, ask(cast, places), cast.daniel, is_yes=False)
    withdrawn = swap_withdraw(visit=cast.visit(cast.ruth), swap=ask(cast, places))
    assert (declined.status, withdrawn.status) == ("declined", "withdrawn")
    assert (who(places, "ruth"), who(places, "daniel")) == ("Ruth", "Daniel")
    assert code_of(lambda: answer(cast, withdrawn, cast.daniel)) == "swap_over"


def test_one_asks_one_person_at_a_time(cast, places):
    first = ask(cast, places)
    assert code_of(lambda: ask(cast, places, asked="sofia")) == "one_swap_at_a_time"
    swap_withdraw(visit=cast.visit(cast.ruth), swap=first)
    assert ask(cast, places, asked="sofia").status == "asked"


def test_no_answer_in_time_changes_nothing_and_frees_the_asker(cast, places):
    swap = ask(cast, places, days=2)
    late = swap.answer_until + timedelta(minutes=1)
    assert code_of(lambda: answer(cast, swap, cast.daniel, now=late)) == "swap_expired"
    swap.refresh_from_db()
    assert swap.status == "expired"
    assert who(places, "ruth") == "Ruth"
    assert told(cast.ruth) == ["Daniel gave no answer; nothing has changed"]
    assert ask(cast, places, asked="sofia", now=late).status == "asked"


def test_the_last_minute_still_counts(cast, places):
    swap = ask(cast, places, days=2)
    assert answer(cast, swap, cast.daniel, now=swap.answer_until - timedelta(seconds=1)).status == "confirmed"


@pytest.mark.parametrize("days", [-1, 14, 30])
def test_the_day_of_the_answer_lies_before_the_earlier_session(cast, places, days):
    assert code_of(lambda: ask(cast, places, days=days)) == "bad_answer_day"
    assert ask(cast, places, days=13).status == "asked"


def test_a_session_that_has_begun_is_not_swapped(cast, places):
    begun = places["ruth"].slot.begins_at
    assert code_of(lambda: ask(cast, places, now=begun)) == "place_over"
    swap = ask(cast, places)
    Swap.objects.update(answer_by=today(cast, 40))
    assert code_of(lambda: answer(cast, Swap.objects.get(pk=swap.pk), cast.daniel, now=begun)) == "place_over"


def test_nobody_gets_two_duties_in_one_session(cast, places):
    other = make_slot(cast.course, paper="Third", session=places["daniel"].slot.session)
    duty = put_in(other, cast.ruth, Duty.REVIEWER)
    assert code_of(lambda: ask(cast, places)) == "same_session"
    duty.delete()
    swap = ask(cast, places)
    put_in(other, cast.ruth, Duty.REVIEWER)  # meanwhile
    assert code_of(lambda: answer(cast, swap, cast.daniel)) == "same_session"
    assert Swap.objects.get(pk=swap.pk).status == "asked"


def test_two_papers_of_one_session_can_be_swapped(cast, places):
    other = put_in(make_slot(cast.course, paper="Third", session=places["ruth"].slot.session), cast.sofia)
    places["sofia"].delete()
    swap = swap_ask(visit=cast.visit(cast.ruth), mine=places["ruth"], theirs=other, answer_by=today(cast, 3))
    assert answer(cast, swap, cast.sofia).status == "confirmed"


def test_a_place_that_is_no_longer_there_is_not_swapped(cast, places):
    swap = ask(cast, places)
    duty_take(visit=cast.visit(cast.helen), duty=places["ruth"])
    assert code_of(lambda: answer(cast, swap, cast.daniel)) == "place_moved"
    assert who(places, "daniel") == "Daniel"


@pytest.mark.parametrize("gone", ["ruth", "daniel"])
def test_nobody_swaps_with_somebody_who_was_dropped_meanwhile(cast, places, gone):
    swap, visit = ask(cast, places), cast.visit(cast.daniel)
    Enrolment.objects.filter(person=getattr(cast, gone)).update(is_active=False)
    assert code_of(lambda: swap_answer(visit=visit, swap=swap, is_yes=True)) == "left_the_course"
    assert (who(places, "ruth"), who(places, "daniel"), Swap.objects.get().status) == ("Ruth", "Daniel", "asked")
    assert swap_answer(visit=visit, swap=swap, is_yes=False).status == "declined"


def test_nobody_asks_somebody_who_was_dropped(cast, places):
    Enrolment.objects.filter(person=cast.daniel).update(is_active=False)
    assert code_of(lambda: ask(cast, places)) == "left_the_course"


def test_the_page_says_why_a_swap_with_somebody_who_left_is_refused(client, cast, places):
    swap = ask(cast, places)
    Enrolment.objects.filter(person=cast.ruth).update(is_active=False)
    client.force_login(cast.daniel)
    answer = client.post(f"/courses/odml/papers/swaps/{swap.pk}/", {"do": "confirm"})
    assert answer.status_code == 409 and "Ruth has left the course" in answer.content.decode()


def test_other_open_swaps_about_the_same_places_are_overtaken(cast, places):
    one = ask(cast, places, "ruth", "daniel")
    two = ask(cast, places, "sofia", "daniel")
    answer(cast, one, cast.daniel)
    two.refresh_from_db()
    assert two.status == "overtaken"
    assert "A swap was overtaken by another one" in told(cast.sofia)
    assert code_of(lambda: answer(cast, two, cast.daniel)) == "swap_over"


def test_only_the_asked_person_answers(client, cast, places):
    swap = ask(cast, places)
    assert code_of(lambda: answer(cast, swap, cast.sofia)) == "not_asked_you"
    address = f"/courses/odml/papers/swaps/{swap.pk}/"
    for person, do, status in (
        (cast.sofia, "confirm", 404),
        (cast.ruth, "confirm", 403),
        (cast.daniel, "withdraw", 422),
        (cast.helen, "confirm", 403),
    ):
        client.force_login(person)
        assert client.post(address, {"do": do}).status_code == status
    assert Swap.objects.get().status == "asked"
    client.force_login(cast.daniel)
    assert client.post(address, {"do": "confirm"}).status_code == 302
    assert who(places, "ruth") == "Daniel"


def test_expiring_twice_tells_once(cast, places):
    swap = ask(cast, places, days=1)
    late = swap.answer_until
    assert swaps_expire(course=cast.course, now=late) == 1
    assert swaps_expire(course=cast.course, now=late) == 0


def test_the_pages_show_both_sides_and_what_no_answer_means(client, cast, places):
    client.force_login(cast.ruth)
    slot = places["daniel"].slot
    page = client.get(slot.get_absolute_url()).content.decode()
    assert "Ask for this place" in page
    form = {"theirs": places["daniel"].pk, "answer_by": today(cast, 5).isoformat(), "reason": "Lab week"}
    assert (
        client.post(f"{slot.get_absolute_url()}swap/", form | {"answer_by": today(cast, 99).isoformat()}).status_code
        == 422
    )
    assert client.post(f"{slot.get_absolute_url()}swap/", form).status_code == 302
    page = client.get("/courses/odml/papers/").content.decode()
    assert "Swap, waiting for Daniel" in page
    assert "No answer by then: nothing changes" in page
    client.force_login(cast.daniel)
    page = client.get("/courses/odml/papers/").content.decode()
    assert "Ruth asks you to swap" in page
    assert "Lab week" in page
    assert "Somebody asks you to swap" in client.get("/courses/odml/").content.decode()
    client.force_login(cast.sofia)
    assert "Somebody asks you to swap" not in client.get("/courses/odml/").content.decode()


def test_somebody_without_a_place_has_nothing_to_swap(client, cast, places):
    places["sofia"].delete()
    client.force_login(cast.sofia)
    slot = places["daniel"].slot
    assert "Ask for this place" not in client.get(slot.get_absolute_url()).content.decode()
    assert client.post(f"{slot.get_absolute_url()}swap/", {}).status_code == 409
