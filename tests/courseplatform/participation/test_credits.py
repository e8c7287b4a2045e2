"""Giving credits and taking them back, and the page in class that does it."""

from datetime import date, datetime, time, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from courseplatform.core.errors import BadInput, NotHere
from courseplatform.courses.models import Enrolment
from courseplatform.notices.models import Notification
from courseplatform.participation.hooks import hooks
from courseplatform.participation.models import Attendance, Credit
from courseplatform.participation.selectors.sessions import class_sessions, session_near
from courseplatform.participation.selectors.standings import NO_SCHEME, participation_percent, participation_percents
from courseplatform.participation.services.credits import credit_give, credit_grant, credit_withdraw
from tests.courseplatform.participation.builders import (
    BONUS,
    give,
    many_credits,
    many_students,
    session_of,
    with_scheme,
)

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}


@pytest.fixture
def ta(client, cast):
    with_scheme(cast.course)
    client.force_login(cast.amit)
    return client


def url(name, course="odml"):
    return f"/courses/{course}/participation/{name}"


def tap(client, person, kind="question", *, key=None, session="", **more):
    body = {"person": person.pk, "kind": kind, "client_key": str(key or uuid4()), "session": session} | more
    return client.post(url("entry/record/"), body, headers=JSON)


def test_a_tap_is_a_credit_and_the_answer_says_the_count(ta, cast):
    session = session_of(cast.course)
    answer = tap(ta, cast.ruth, session=session.pk)
    assert answer.status_code == 201 and answer.json()["text"] == "1 of 15"
    credit = Credit.objects.get()
    assert (credit.person, credit.kind, credit.session, credit.given_by, credit.channel) == (
        cast.ruth,
        "question",
        session,
        "Amit",
        "class",
    )


def test_the_same_key_again_counts_once(ta, cast):
    key = uuid4()
    assert [tap(ta, cast.ruth, key=key).status_code for _ in range(3)] == [201, 200, 200]
    assert Credit.objects.count() == 1


def test_an_entry_that_waited_on_the_phone_is_dated_when_it_was_tapped(ta, cast):
    tap(ta, cast.ruth, age_ms=45 * 60 * 1000)
    late = Credit.objects.get()
    assert timedelta(minutes=44) < late.recorded_at - late.at < timedelta(minutes=46)


@pytest.mark.parametrize("age", ["-5", "x", "9" * 40, "²"])
def test_a_nonsense_age_is_now(ta, cast, age):
    tap(ta, cast.ruth, age_ms=age)
    assert timezone.now() - Credit.objects.get().at < timedelta(minutes=1)


def test_somebody_on_zoom_is_credited_on_zoom(ta, cast):
    session = session_of(cast.course)
    Attendance.objects.create(session=session, person=cast.ruth, mode="virtual", by="Amit", at=timezone.now())
    tap(ta, cast.ruth, session=session.pk)
    assert Credit.objects.get().channel == "zoom"


def test_at_the_cap_the_entry_is_noted_and_says_so(ta, cast):
    give(cast, cast.ruth, times=15)
    answer = tap(ta, cast.ruth).json()
    assert answer["is_at_cap"] and answer["text"] == "15 of 15" and "noted: at 15 of 15" in answer["log_html"]
    assert Credit.objects.count() == 16


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [({"person": "x"}, 422, "bad_person"), ({"person": "9" * 30}, 422, "bad_person"), ({"client_key": "x"}, 422, "bad_key"),
     ({"kind": "karma"}, 422, "unknown_kind"), ({"kind": "\x00"}, 422, "unknown_kind"),
     ({"session": "999999"}, 404, "not_found"), ({"session": "x"}, 404, "not_found")],
)  # fmt: skip
def test_a_broken_entry_is_refused_with_a_code(ta, cast, change, status, code):
    body = {"person": cast.ruth.pk, "kind": "question", "client_key": str(uuid4()), "session": ""} | change
    answer = ta.post(url("entry/record/"), body, headers=JSON)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert not Credit.objects.exists()


@pytest.mark.parametrize("who", ["lena", "amit", "oscar"])
def test_nobody_but_a_student_of_the_course_is_credited(ta, cast, who):
    assert tap(ta, getattr(cast, who)).json()["error"]["code"] == "not_a_student"


def test_who_left_gets_nothing_new_and_keeps_what_was_recorded(ta, cast):
    key = uuid4()
    tap(ta, cast.ruth, key=key)
    Enrolment.objects.filter(person=cast.ruth).update(is_active=False)
    assert tap(ta, cast.ruth).status_code == 404
    assert tap(ta, cast.ruth, key=key).status_code == 200  # the phone sends again what the server has
    assert Credit.objects.valid().count() == 1


def test_a_session_of_another_course_is_not_there(ta, cast):
    assert tap(ta, cast.ruth, session=session_of(cast.other_course).pk).status_code == 404


def test_a_key_that_another_course_used_is_refused(cast):
    with_scheme(cast.course)
    key = uuid4()
    give(cast, cast.ruth, key=key)
    Credit.objects.update(course=cast.other_course)
    with pytest.raises(BadInput) as refused:
        give(cast, cast.ruth, key=key)
    assert refused.value.code == "key_taken"


def test_undo_takes_back_once_and_tells_nobody(ta, cast):
    key = uuid4()
    tap(ta, cast.ruth, key=key)
    for _ in range(2):
        answer = ta.post(url("entry/withdraw/"), {"client_key": key}, headers=JSON)
        assert answer.status_code == 200 and answer.json()["text"] == "0 of 15"
    credit = Credit.objects.get()
    assert credit.is_withdrawn and credit.withdrawn_by == "Amit" and credit.withdrawn_why
    assert not Notification.objects.exists()


def test_undo_of_another_courses_entry_is_not_there(ta, cast):
    credit = give(cast, cast.ruth)
    Credit.objects.update(course=cast.other_course)
    assert ta.post(url("entry/withdraw/"), {"client_key": credit.client_key}, headers=JSON).status_code == 404
    assert not Credit.objects.get().is_withdrawn


def test_a_credit_taken_back_later_is_told_with_its_reason(cast):
    with_scheme(cast.course)
    credit = give(cast, cast.ruth)
    assert credit_withdraw(visit=cast.visit(cast.helen), credit=credit, why="asked *before*")
    assert not credit_withdraw(visit=cast.visit(cast.helen), credit=credit, why="again")
    told = Notification.objects.get()
    assert told.person == cast.ruth and told.text == "asked \\*before\\*" and told.kind == "participation"
    assert participation_percent(cast.course, cast.ruth)[0] == 0


def test_taking_back_needs_a_reason(cast):
    with_scheme(cast.course)
    with pytest.raises(BadInput) as refused:
        credit_withdraw(visit=cast.visit(cast.helen), credit=give(cast, cast.ruth), why=" \x00 ")
    assert refused.value.code == "no_reason"


def test_a_credit_with_a_reason_is_told(cast):
    with_scheme(cast.course)
    key = uuid4()
    for _ in range(2):
        credit_give(
            visit=cast.visit(cast.helen),
            person=cast.ruth,
            kind="other",
            client_key=key,
            session=None,
            channel="",
            reason="fixed the board",
        )
    assert Credit.objects.get().reason == Notification.objects.get().text == "fixed the board"


def test_an_event_of_another_app_is_credited_once_and_only_where_the_scheme_has_it(cast):
    facts = {
        "person": cast.ruth,
        "kind": "evaluation",
        "source_key": "survey:1",
        "reason": "mid-term survey",
        "given_by": "survey",
    }
    with_scheme(cast.course)
    assert not credit_grant(course=cast.course, **facts)
    with_scheme(cast.course, BONUS)
    assert [credit_grant(course=cast.course, **facts) for _ in range(2)] == [True, False]
    assert participation_percent(cast.course, cast.ruth)[0] == 1


def test_the_percent_of_one_equals_that_of_all(cast):
    with_scheme(cast.course)
    give(cast, cast.ruth, times=3)
    percent, words = participation_percent(cast.course, cast.ruth)
    assert percent == participation_percents(cast.course)[cast.ruth.pk].percent == 3 and "3 credits" in words
    cast.course.facts = {}
    assert participation_percent(cast.course, cast.ruth) == (0, NO_SCHEME)


# -- the page ----------------------------------------------------------------------------------------------------------


def test_without_a_script_a_button_records_and_comes_back_with_undo(ta, cast):
    session = session_of(cast.course)
    page = ta.get(url("entry/"), {"q": "ruth"})
    key = page.context["entry_key"]
    body = {"tap": f"{cast.ruth.pk}:answer", "entry_key": key, "session": session.pk, "tab": "all", "q": "ruth"}
    for _ in range(2):  # a double click
        back = ta.post(url("entry/record/"), body)
    again = ta.get(back.url)
    assert Credit.objects.count() == 1 and "q=ruth" in back.url
    assert "Ruth, answer" in again.content.decode() and again.context["last"]["text"] == "1 of 15"
    ta.post(url("entry/withdraw/"), {"client_key": again.context["last"]["credit"].client_key})
    assert not Credit.objects.valid().exists()


def test_search_and_tabs_hide_rows_on_the_server_too(ta, cast):
    session = session_of(cast.course)
    Attendance.objects.create(session=session, person=cast.ruth, mode="in_person", by="Amit", at=timezone.now())
    Attendance.objects.create(session=session, person=cast.daniel, mode="virtual", by="Amit", at=timezone.now())

    def shown(**query):
        page = ta.get(url("entry/"), {"session": session.pk} | query)
        return [r["row"].person.name for r in page.context["rows"] if r["row"].is_shown]

    assert shown() == ["Ruth"] and shown(tab="zoom") == ["Daniel"] and len(shown(tab="all")) == 3
    assert shown(q="SOF") == ["Sofia"] and shown(q="nobody \x00") == [] and len(shown(tab="<b>")) == 1


def test_the_log_says_what_each_entry_changed(ta, cast):
    session = session_of(cast.course)
    give(cast, cast.ruth, times=14)
    for _ in range(2):
        give(cast, cast.ruth, session=session)
    log = ta.get(url("entry/"), {"session": session.pk}).context["log"]
    assert [row["change"] for row in log["rows"]] == ["question, noted: at 15 of 15", "question, 14 to 15"]


def test_a_bonus_course_offers_karma(ta, cast):
    with_scheme(cast.course, BONUS)
    page = ta.get(url("entry/"))
    assert page.context["kinds"] == ["question", "answer", "karma"]
    assert tap(ta, cast.ruth, "karma").json()["text"] == "1 of 4"


def test_a_course_without_a_scheme_still_notes(ta, cast):
    with_scheme(cast.course, {})
    assert tap(ta, cast.ruth).json()["text"] == "1 noted"
    assert ta.get(url("entry/")).status_code == 200


def test_the_label_of_another_app_stands_beside_the_name(ta, cast, monkeypatch):
    monkeypatch.setattr(hooks, "label_sources", [lambda course: {cast.ruth.pk: "Magpie"}])
    monkeypatch.setattr(hooks, "picture_sources", [lambda course: {cast.ruth.pk: "/media/ruth.png"}])
    page = ta.get(url("entry/"), {"q": "magpie"}).content.decode()
    assert "Magpie" in page and 'src="/media/ruth.png"' in page


def test_a_note_is_added_later(ta, cast):
    credit = give(cast, cast.ruth, session=cast.course.sessions.get())
    ta.post(url("entry/describe/"), {"client_key": credit.client_key, "reason": "asked <b>why</b>"})
    credit.refresh_from_db()
    assert credit.reason == "asked <b>why</b>"
    assert "asked &lt;b&gt;why&lt;/b&gt;" in ta.get(url("entry/")).content.decode()


@pytest.mark.parametrize("count", [5, 600])
def test_the_page_asks_the_same_number_of_questions_at_any_size(ta, cast, count, django_assert_max_num_queries):
    session = session_of(cast.course)
    people = many_students(cast.course, count)
    many_credits(cast.course, people, session=session)
    with django_assert_max_num_queries(15):
        page = ta.get(url("entry/"), {"session": session.pk})
    assert len(page.context["rows"]) == min(count + 3, 100) and len(page.context["log"]["rows"]) <= 30


def test_of_six_hundred_a_hundred_are_sent_and_each_is_found_by_name(ta, cast):
    people = many_students(cast.course, 597)
    page = ta.get(url("entry/"))
    assert "100 of 600 shown; search by name" in page.content.decode()
    assert page.content.decode().count("<li data-person=") == 100
    for person in (people[0], people[321], people[-1], cast.sofia):
        found = ta.get(url("entry/"), {"q": person.name, "part": "rows"}).content.decode()
        assert found.count("<li data-person=") == 1 and f'data-person="{person.pk}"' in found and "shown;" not in found


def test_of_six_hundred_those_of_the_tab_come_first(ta, cast):
    session = session_of(cast.course)
    people = many_students(cast.course, 597)
    Attendance.objects.create(session=session, person=people[-1], mode="virtual", by="Amit", at=timezone.now())
    found = ta.get(url("entry/"), {"session": session.pk, "tab": "zoom", "part": "rows"}).content.decode()
    assert found.count("<li data-person=") == 1 and people[-1].name in found


def test_a_roster_of_a_hundred_is_sent_as_a_whole(ta, cast):
    many_students(cast.course, 97)
    page = ta.get(url("entry/"), {"q": "ruth"})
    assert page.content.decode().count("<li data-person=") == 100 and page.context["more"] == ""


def at(course, hours, minutes=0, days=0):
    return course.wall(date.today() + timedelta(days=days), time(hours, minutes))


def test_the_session_is_the_one_that_runs_or_the_nearest_of_the_day(cast):
    cast.course.sessions.all().delete()
    morning, noon = session_of(cast.course), session_of(cast.course, title="Lab", starts_at=time(12), ends_at=time(13))
    before = session_of(cast.course, held_on=date.today() - timedelta(days=2), title="Before")
    session_of(cast.course, held_on=date.today() + timedelta(days=1), title="After")
    session_of(cast.course, title="Off", is_class=False)

    def found(now: datetime):
        return session_near(cast.course, class_sessions(cast.course), now)

    assert (
        found(at(cast.course, 10)) == morning
        and found(at(cast.course, 11, 40)) == noon
        and found(at(cast.course, 23)) == noon
    )
    assert found(at(cast.course, 9, days=-1)) == before  # yesterday: what is entered after class


def test_a_course_without_sessions_takes_entries_of_the_day(ta, cast):
    cast.course.sessions.all().delete()
    assert tap(ta, cast.ruth).status_code == 201
    assert ta.get(url("entry/")).context["log"]["total"] == 1


def test_another_courses_credit_is_not_given_through_this_one(cast):
    with pytest.raises(NotHere):
        give(cast, cast.lena)
