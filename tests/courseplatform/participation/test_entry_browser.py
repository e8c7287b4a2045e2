"""The phone in class, in a real browser: one tap, undo in place, a lost network, another account, no script."""

from functools import partial

import pytest
from playwright.sync_api import expect

from courseplatform.participation.models import Attendance, Credit
from tests.browsing import sign_in, wrong_but
from tests.courseplatform.participation.builders import BONUS, give, many_students, session_of, with_scheme

pytestmark = [pytest.mark.part("chromium"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cast(cast):
    with_scheme(cast.course)
    cast.session = session_of(cast.course)
    return cast


@pytest.fixture
def phone(page_of, live_server, cast):
    """A signed-in TA with a phone of 360 px. `phone.sign_in(person)` changes who holds it."""
    page = page_of(cast.amit, 360, 740)
    page.sign_in = partial(sign_in, page.context, address=live_server.url)
    page.address = f"/courses/odml/participation/entry/?session={cast.session.pk}"
    page.goto(page.address)
    yield page
    assert wrong_but(page, "Failed to load resource") == []  # the network comes and goes


def tap(page, name, kind="question"):
    page.get_by_role("button", name=f"{name}, {kind}").click()


def saved(page):
    expect(page.locator("[data-status]")).to_contain_text("Saved on the server")


def test_a_tap_counts_at_once_and_is_undone_in_place(phone, cast):
    tap(phone, "Ruth")
    expect(phone.locator("[data-said]")).to_contain_text("Ruth, question: 1")
    saved(phone)
    expect(phone.locator("[data-log] li").first).to_contain_text("question, 0 to 1")
    assert Credit.objects.valid().count() == 1
    phone.locator("[data-said]").get_by_role("button", name="Undo").click()
    expect(phone.locator("[data-log] li").first).to_contain_text("taken back")
    expect(phone.locator(f"[data-person='{cast.ruth.pk}'] [data-text]")).to_have_text("0 of 15")
    assert not Credit.objects.valid().exists()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360


def test_without_a_network_entries_wait_outlive_a_reload_and_count_once(phone, cast):
    phone.context.set_offline(True)
    tap(phone, "Ruth")
    tap(phone, "Daniel", "answer")
    expect(phone.locator("[data-status]")).to_contain_text("2 entries wait on this phone: no network")
    expect(phone.locator(f"[data-person='{cast.ruth.pk}'] [data-text]")).to_have_text("1 of 15")
    assert not Credit.objects.exists()
    # The page loads again, and what it sends is still lost: else it would be in flight while the page is loaded.
    phone.route("**/record/", lambda route: route.abort())
    phone.context.set_offline(False)
    phone.reload()
    expect(phone.locator("[data-status]")).to_contain_text("2 entries wait on this phone")
    phone.unroute("**/record/")
    phone.evaluate("dispatchEvent(new Event('online'))")
    saved(phone)
    expect(phone.locator(f"[data-person='{cast.ruth.pk}'] [data-text]")).to_have_text("1 of 15")
    assert sorted(Credit.objects.values_list("person__name", "kind")) == [("Daniel", "answer"), ("Ruth", "question")]


def test_an_answer_that_was_lost_on_the_way_back_is_not_counted_twice(phone, cast):
    sent = []

    def lose_the_first_answer(route):
        sent.append(route.request.post_data)
        if len(sent) > 1:
            return route.continue_()
        assert route.fetch().status == 201
        return route.abort()

    phone.route("**/record/", lose_the_first_answer)
    tap(phone, "Ruth")
    expect(phone.locator("[data-status]")).to_contain_text("1 entry waits on this phone")
    saved(phone)
    assert len(sent) == 2 and Credit.objects.count() == 1


def test_an_entry_undone_before_it_left_the_phone_never_arrives(phone, cast):
    phone.context.set_offline(True)
    tap(phone, "Ruth")
    tap(phone, "Ruth", "answer")
    phone.locator("[data-said]").get_by_role("button", name="Undo").click()
    expect(phone.locator("[data-status]")).to_contain_text("1 entry waits")
    phone.context.set_offline(False)
    saved(phone)
    assert list(Credit.objects.values_list("kind", flat=True)) == ["question"]


def test_signed_out_entries_wait_and_another_account_never_sends_them(phone, cast):
    session = phone.context.cookies()
    phone.context.clear_cookies(name="sessionid")
    tap(phone, "Ruth")
    expect(phone.locator("[data-status]")).to_contain_text("you are signed out")
    phone.sign_in(cast.helen)
    phone.goto(phone.address)
    expect(phone.locator("[data-status]")).to_contain_text("All entries shown are saved")
    assert not Credit.objects.exists() and session
    phone.sign_in(cast.amit)
    phone.goto(phone.address)
    saved(phone)
    assert Credit.objects.get().given_by == "Amit"


def test_what_the_server_refuses_is_said_and_not_counted(phone, cast):
    cast.course.enrolments.filter(person=cast.ruth).update(is_active=False)
    tap(phone, "Ruth")
    expect(phone.locator("[data-refused]")).to_contain_text(
        "Not recorded: Ruth, question. Ruth is no student of this course any more"
    )
    expect(phone.locator(f"[data-person='{cast.ruth.pk}'] [data-text]")).to_have_text("0 of 15")
    phone.get_by_role("button", name="Dismiss").click()
    expect(phone.locator("[data-refused]")).to_be_hidden()


def test_at_the_cap_the_row_says_so_and_the_tap_is_noted(phone, cast):
    give(cast, cast.ruth, times=14)
    phone.reload()
    for _ in range(2):
        tap(phone, "Ruth")
    expect(phone.locator("[data-log] li").first).to_contain_text("noted: at 15 of 15")
    expect(phone.locator(f"[data-person='{cast.ruth.pk}'] .cap")).to_be_visible()
    saved(phone)
    assert Credit.objects.count() == 16


def test_a_bonus_is_painted_as_the_server_counts_it(phone, cast):
    with_scheme(cast.course, BONUS)
    phone.goto(phone.address)
    row = phone.locator(f"[data-person='{cast.ruth.pk}']")
    tap(phone, "Ruth")
    expect(row.locator("[data-text]")).to_have_text("3 of 4")
    expect(row.locator("progress")).to_have_js_property("value", 3)
    tap(phone, "Ruth", "karma")
    expect(row.locator(".cap")).to_be_visible()
    phone.locator("[data-said]").get_by_role("button", name="Undo").click()
    expect(row.locator("[data-text]")).to_have_text("3 of 4")
    expect(row.locator(".cap")).to_be_hidden()


def test_search_and_tabs_work_in_place(phone, cast):
    phone.get_by_placeholder("Find a student").fill("dan")
    expect(phone.locator("[data-person]:visible")).to_have_count(1)
    phone.get_by_placeholder("Find a student").fill("nobody")
    expect(phone.get_by_text("Nobody here fits")).to_be_visible()
    phone.get_by_placeholder("Find a student").fill("")
    phone.get_by_role("link", name="Zoom 0").click()
    expect(phone.locator("[data-person]:visible")).to_have_count(0)


def test_of_six_hundred_a_name_and_two_strokes_are_an_entry(phone, cast):
    many_students(cast.course, 597)
    phone.goto(phone.address)
    assert phone.evaluate("document.querySelectorAll('*').length") < 2500
    phone.keyboard.press("/")
    phone.keyboard.type("dent 555")
    phone.keyboard.press("Enter")
    expect(phone.get_by_role("button", name="Student 555, question")).to_be_focused()
    phone.keyboard.press("Enter")
    expect(phone.locator("[data-said]")).to_contain_text("Student 555, question: 1")
    saved(phone)
    assert Credit.objects.get().person.name == "Student 555"
    phone.keyboard.press("/")
    phone.keyboard.press("Delete")
    expect(phone.get_by_text("100 of 600 shown; search by name")).to_be_visible()
    expect(phone.locator("[data-person]")).to_have_count(100)


def test_of_six_hundred_without_a_network_those_read_so_far_are_searched(phone, cast):
    many_students(cast.course, 597)
    phone.goto(phone.address)
    phone.context.set_offline(True)
    phone.get_by_placeholder("Find a student").fill("ruth")
    expect(phone.get_by_text("Only the 100 people read so far are searched")).to_be_visible()
    tap(phone, "Ruth")
    phone.get_by_placeholder("Find a student").fill("daniel")
    phone.context.set_offline(False)
    saved(phone)
    expect(phone.locator("[data-log] li").first).to_contain_text("question, 0 to 1")


def test_of_six_hundred_attendance_counts_also_who_is_not_on_the_page(phone, cast):
    many_students(cast.course, 597)
    phone.goto(phone.address.replace("/entry/", "/attendance/"))
    phone.get_by_placeholder("Find a student").fill("student 555")
    phone.get_by_label("Excused").check()
    saved(phone)
    expect(phone.locator("[data-count-of=excused]")).to_have_text("1")
    expect(phone.locator("[data-count-of='']")).to_have_text("599")


def test_attendance_is_saved_choice_by_choice_also_after_a_lost_network(phone, cast):
    phone.goto(phone.address.replace("/entry/", "/attendance/"))
    row = phone.locator(f"[data-person='{cast.ruth.pk}']")
    row.get_by_label("Zoom").check()
    saved(phone)
    phone.context.set_offline(True)
    row.get_by_label("Excused").check()
    expect(phone.locator("[data-status]")).to_contain_text("1 entry waits")
    phone.context.set_offline(False)
    saved(phone)
    assert Attendance.objects.get().mode == "excused"
    expect(phone.locator("[data-count-of=excused]")).to_have_text("1")
