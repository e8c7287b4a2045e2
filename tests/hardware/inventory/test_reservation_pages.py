"""What is free when, the form that asks, my requests, and the list that the staff answer."""

from datetime import UTC, time, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from courseplatform.teams.services.teams import team_create
from hardware.inventory.services.reservations import reservation_approve
from hardware.models import Kit, Reservation
from tests.hardware.inventory.builders import BASE, cables_of, hand_over, items_of, kit_of, product_of, stockroom_of
from tests.hardware.inventory.lending import ask, coming_back, in_days, lend_by

pytestmark = pytest.mark.django_db


@pytest.fixture
def pis(cast):
    product = product_of(cast)
    items_of(cast, product, "PI-01", "PI-02")
    return product


def page(client, address, status=200):
    answer = client.get(address)
    assert answer.status_code == status, address
    return " ".join(answer.content.decode().split())


def day(number):
    return (timezone.now() + timedelta(days=number)).date().isoformat()


def form_of(client, cast, **more):
    form = client.get(f"{BASE}reserve/").context["form"]
    sent = {"count": "1", "from_day": day(2), "until_day": day(5), "key": str(uuid4())}
    return sent | {"borrower": f"person-{cast.ruth.pk}"} | more if form else sent


def test_students_see_how_many_are_free_now_and_over_the_days_they_choose(cast, client, pis):
    ask(cast, cast.daniel, pis, 2, 6)
    cables_of(cast)
    client.force_login(cast.ruth)
    found = page(client, f"{BASE}free/")
    assert "<b>2</b> of 2" in found and "1 from " in found and "only counted is not reserved" in found
    found = page(client, f"{BASE}free/?from_day={day(3)}&until_day={day(4)}")
    assert "<b>1</b> of 2" in found and f"from_day={day(3)}" in found
    refused = client.get(f"{BASE}free/?from_day={day(5)}&until_day={day(2)}")
    assert refused.status_code == 422 and "end before it begins" in refused.content.decode()
    assert client.get(f"{BASE}free/?from_day=never&until_day=x").status_code == 422


def test_the_page_makes_the_same_queries_for_forty_products(cast, client, pis, django_assert_max_num_queries):
    client.force_login(cast.ruth)
    for n in range(40):
        items_of(cast, product_of(cast, f"Camera {n}", kind="camera"), f"C{n}-1", f"C{n}-2")
    for kit in range(5):
        made = Kit.objects.create(stockroom=pis.stockroom, tag=f"KIT-{kit}", name="Vision kit")
        made.slots.create(product=pis, count=1)
    for _ in range(2):
        ask(cast, cast.daniel, pis, 2, 6)
    with django_assert_max_num_queries(14):
        assert "KIT-4" in page(client, f"{BASE}free/?from_day={day(3)}&until_day={day(4)}")


def test_a_student_asks_on_the_page_and_sees_what_becomes_of_it(cast, client, pis):
    client.force_login(cast.ruth)
    sent = form_of(client, cast, thing=f"product-{pis.pk}", why="for the camera project")
    for _ in range(2):
        answer = client.post(f"{BASE}reserve/", sent, follow=True)
        assert "waits for an answer" in answer.content.decode()
    row = Reservation.objects.get()
    assert (row.person, row.status, row.why) == (cast.ruth, "asked", "for the camera project")
    assert f"{row.from_at.astimezone(cast.course.tz):%H:%M}" == "00:00"
    assert "for the camera project" in page(client, f"{BASE}requests/")
    client.post(f"{BASE}requests/{row.pk}/cancel/", {"why": "found one"})
    assert "cancelled" in page(client, f"{BASE}requests/{row.pk}/")


def test_one_certain_item_is_asked_for_from_its_page_and_from_a_scan(cast, client, pis):
    client.force_login(cast.ruth)
    here = f"{BASE}items/PI-02/"
    assert "Free now</dd>" in page(client, here) and f'href="{BASE}reserve/?item=PI-02"' in page(client, here)
    found = page(client, f"{BASE}reserve/?item=pi-02")
    thing = f"item-{pis.items.get(tag='PI-02').pk}"
    assert (
        f'<option value="{thing}" selected>PI-02, Raspberry Pi 4, 8 GB' in found
        and "PI-02 is free now. It is held itself" in found
    )
    client.post(f"{BASE}reserve/", form_of(client, cast, thing=thing, until_day=day(5)))
    row = Reservation.objects.get()
    assert (row.item.tag, row.bookings.get().item.tag, row.bookings.get().is_pinned) == ("PI-02", "PI-02", True)
    assert "PI-02</span> Raspberry Pi 4, 8 GB" in page(client, BASE)
    hand_over(cast, pis.items.get(tag="PI-01"), person=cast.sofia)
    client.force_login(cast.daniel)
    assert "Free now, until " in page(client, here)
    assert "Not free, and nobody knows until when" in page(client, f"{BASE}items/PI-01/")
    refused = client.post(f"{BASE}reserve/", form_of(client, cast, thing=thing, borrower=f"person-{cast.daniel.pk}"))
    assert (
        refused.status_code == 422
        and "it is not free" in refused.content.decode()
        and "It can be had for as long from" in refused.content.decode()
    )
    client.force_login(cast.amit)
    scanned = client.post(f"{BASE}scan/", {"code": "/t/odml/PI-02", "do": "reserve"})
    assert scanned.headers["Location"] == f"{BASE}reserve/?item=PI-02"
    other = items_of(cast, pis, "PI-03")[0]
    kit_of(cast, "KIT-01", "PI-03")
    assert f'href="{BASE}reserve/?kit=' in page(client, f"{BASE}items/PI-03/") and "with its kit alone" in page(
        client, f"{BASE}items/PI-03/"
    )
    assert "<span>free now</span>" in page(client, f"{BASE}kits/KIT-01/")
    kept = client.post(f"{BASE}reserve/", form_of(client, cast, thing=f"item-{other.pk}"))
    assert "PI-03 is a part of KIT-01 and lent with it alone" in kept.content.decode()
    for wrong in ("item-", "item-0", "item-x", f"item-{10**30}"):
        assert client.post(f"{BASE}reserve/", form_of(client, cast, thing=wrong)).status_code == 422


def test_what_is_not_free_is_refused_beside_the_form_and_may_wait(cast, client, pis):
    ask(cast, cast.daniel, pis, 1, 8, count=2)
    client.force_login(cast.ruth)
    sent = form_of(client, cast, thing=f"product-{pis.pk}")
    refused = client.post(f"{BASE}reserve/", sent)
    assert refused.status_code == 422 and ">Join the waiting list</button>" in refused.content.decode()
    client.post(f"{BASE}reserve/", sent | {"wait": "on"})
    assert Reservation.objects.get(person=cast.ruth).status == "waiting"
    assert "place 1" in page(client, f"{BASE}requests/")


def test_a_team_asks_for_itself_and_others_do_not_see_it(cast, client, pis):
    team = team_create(visit=cast.visit(cast.ruth), name="Heron")
    client.force_login(cast.ruth)
    client.post(f"{BASE}reserve/", form_of(client, cast, thing=f"product-{pis.pk}", borrower=f"team-{team.pk}"))
    row = Reservation.objects.get()
    assert row.team == team
    client.force_login(cast.daniel)
    assert "Nothing asked for yet" in page(client, f"{BASE}requests/")
    assert client.get(f"{BASE}requests/{row.pk}/").status_code == 404
    assert client.post(f"{BASE}requests/{row.pk}/cancel/").status_code == 404
    refused = client.post(
        f"{BASE}reserve/", form_of(client, cast, thing=f"product-{pis.pk}", borrower=f"team-{team.pk}")
    )
    assert refused.status_code == 422


def test_for_the_term_is_offered_where_everything_comes_back_on_a_day(cast, client, pis):
    client.force_login(cast.ruth)
    assert "For the term" not in page(client, f"{BASE}reserve/")
    with coming_back(in_days(30)):
        assert "For the term" in page(client, f"{BASE}reserve/")
        client.post(f"{BASE}reserve/", form_of(client, cast, thing=f"product-{pis.pk}", for_term="on", until_day=""))
    assert Reservation.objects.get().is_term


def test_a_course_that_lends_to_teams_sends_who_has_none_to_find_one(cast, client, pis):
    lend_by(cast, borrowers="team")
    client.force_login(cast.ruth)
    assert "This course lends to teams" in page(client, f"{BASE}reserve/")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"thing": "product-999"}, "Choose one of the list."),
        ({"count": "many"}, "Write a number from 1 to 50."),
        ({"from_day": ""}, "Choose the day from which you need it."),
        ({"until_day": ""}, "Choose the day until which you need it."),
        ({"from_time": "25:00"}, "Write the hour as 09:30."),
        ({"from_day": "0202-01-01"}, "Check the year."),
        ({"key": "x"}, "Something"),
    ],
)
def test_a_form_that_cannot_be_read_says_where(cast, client, pis, more, said):
    client.force_login(cast.ruth)
    answer = client.post(f"{BASE}reserve/", form_of(client, cast, thing=f"product-{pis.pk}") | more)
    assert answer.status_code == 422 and said in answer.content.decode()
    assert Reservation.objects.count() == 0


def test_an_hour_that_the_clocks_skip_is_refused_and_days_around_it_are_taken(cast, client, pis):
    days = (timezone.localdate(timezone=cast.course.tz) + timedelta(days=n) for n in range(2, 400))
    skipped = next(
        one for one in days if cast.course.wall(one, time(2, 30)).astimezone(UTC).astimezone(cast.course.tz).hour != 2
    )
    client.force_login(cast.helen)
    before, after = ((skipped + timedelta(days=n)).isoformat() for n in (-1, 1))
    sent = form_of(client, cast, thing=f"product-{pis.pk}") | {
        "from_day": before,
        "until_day": skipped.isoformat(),
        "until_time": "02:30",
    }
    refused = client.post(f"{BASE}reserve/", sent)
    assert refused.status_code == 422 and f"02:30 does not exist on {skipped:%b %-d}" in refused.content.decode()
    assert client.post(f"{BASE}reserve/", sent | {"until_day": after}).status_code == 302
    assert Reservation.objects.get().until_at - Reservation.objects.get().from_at == timedelta(hours=49.5)


def test_the_staff_answer_one_by_its_button_and_several_that_are_ticked(cast, client, pis):
    rows = [ask(cast, person, pis, n, n + 1) for n, person in ((1, cast.ruth), (1, cast.daniel), (3, cast.sofia))]
    client.force_login(cast.amit)
    assert "3 wait for an answer" in page(client, f"{BASE}requests/")
    answer = client.post(f"{BASE}requests/answer/", {"approve": str(rows[0].pk)}, follow=True)
    assert "1 request approved." in answer.content.decode()
    ticked = {"decline": "ticked", "reservation": [str(rows[1].pk), str(rows[2].pk)], "answer": "come to the lab first"}
    answer = client.post(f"{BASE}requests/answer/", ticked, follow=True)
    assert "2 requests declined." in answer.content.decode()
    assert sorted(Reservation.objects.values_list("status", "answer")) == [
        ("approved", ""), ("declined", "come to the lab first"), ("declined", "come to the lab first"),
    ]  # fmt: skip
    assert client.post(f"{BASE}requests/answer/", {"approve": "ticked"}).status_code == 422
    again = client.post(f"{BASE}requests/answer/", {"approve": str(rows[1].pk)}, follow=True)
    assert "is declined now, so it cannot become approved" in again.content.decode()
    client.force_login(cast.ruth)
    assert client.post(f"{BASE}requests/answer/", {"approve": str(rows[2].pk)}).status_code == 403


def test_the_pick_list_names_what_begins_today_and_its_tags(cast, client, pis):
    today = ask(cast, cast.ruth, pis, 0.0001, 4)
    later = ask(cast, cast.daniel, pis, 3, 6)
    for row in (today, later):
        reservation_approve(visit=cast.visit(cast.amit), reservation=row)
    client.force_login(cast.amit)
    found = page(client, f"{BASE}requests/pick-list/")
    assert "Ruth" in found and "PI-0" in found and "Daniel" not in found
    assert "Later" in page(client, f"{BASE}requests/")


def test_the_list_of_the_staff_makes_the_same_queries_for_many(cast, client, pis, django_assert_max_num_queries):
    for n in range(30):
        ask(cast, [cast.ruth, cast.daniel, cast.sofia][n % 3], pis, 2 * n + 1, 2 * n + 2, by=cast.amit)
    for _ in range(5):
        ask(cast, cast.ruth, pis, 1, 30, count=2, wait=True)
    client.force_login(cast.amit)
    with django_assert_max_num_queries(16):
        found = page(client, f"{BASE}requests/")
    assert "place 5" in found and "Waiting lists" in found


def test_days_are_changed_on_the_page_of_a_request(cast, client, pis):
    row = ask(cast, cast.ruth, pis, 2, 4)
    client.force_login(cast.ruth)
    client.post(f"{BASE}requests/{row.pk}/dates/", {"from_day": day(3), "until_day": day(6)})
    row.refresh_from_db()
    assert row.from_at.astimezone(cast.course.tz).date().isoformat() == day(3)
    refused = client.post(f"{BASE}requests/{row.pk}/dates/", {"from_day": day(6), "until_day": day(3)})
    assert refused.status_code == 422 and "end before it begins" in refused.content.decode()


def test_a_course_without_a_stock_says_so(cast, client):
    client.force_login(cast.ruth)
    assert [client.get(f"{BASE}{path}").status_code for path in ("free/", "reserve/", "requests/")] == [404] * 3
    stockroom_of(cast)
    assert "Nothing to reserve" in page(client, f"{BASE}free/")
    assert "Nothing to reserve" in page(client, f"{BASE}reserve/")
