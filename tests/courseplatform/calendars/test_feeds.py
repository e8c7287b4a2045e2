"""Feeds as a strict reader takes them: RFC 5545, wall times over clock changes, hostile titles."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from courseplatform.calendars import selectors
from courseplatform.calendars.services import site_id
from courseplatform.calendars.timezones import changes, zone_component
from courseplatform.courses.course_file.service import course_import, plan_import
from courseplatform.courses.models import Course, DatedItem, Enrolment, Role, ScheduleChange, Session
from courseplatform.courses.services.sessions import session_save
from tests.courseplatform.calendars.builders import (
    add_office_hour,
    add_session,
    by_title,
    instant,
    make_dated_course,
    offset_at,
    strict,
)
from tests.people import make_lab

pytestmark = pytest.mark.django_db


def feed(course, person=None):
    return strict(selectors.course_feed(course, person))


def test_a_session_is_a_timed_event_on_the_courses_wall():
    course = make_dated_course()
    session = add_session(course, date(2026, 9, 1), place="DH 1212", number=3, sequence=4)
    event = by_title(feed(course))["Lecture 3: Quantization"]
    assert event["DTSTART"].params["TZID"] == "America/New_York"
    assert event["DTSTART"].dt == datetime(2026, 9, 1, 9, 30, tzinfo=ZoneInfo("America/New_York"))
    assert event["DTEND"].dt - event["DTSTART"].dt == timedelta(minutes=80)
    assert (event["LOCATION"], event["SEQUENCE"], event["STATUS"]) == ("DH 1212", 4, "CONFIRMED")
    assert event["UID"] == f"session-{session.pk}@dated.{site_id()}.milliamp"


ZONES = [
    ("America/New_York", date(2026, 10, 30), date(2026, 11, 2), date(2027, 3, 12), date(2027, 3, 15)),
    ("Europe/Berlin", date(2026, 10, 23), date(2026, 10, 26), date(2027, 3, 26), date(2027, 3, 29)),
    ("Australia/Sydney", date(2026, 10, 2), date(2026, 10, 5), date(2027, 4, 2), date(2027, 4, 5)),
    ("Asia/Kolkata", date(2026, 10, 2), date(2026, 10, 5), date(2027, 4, 2), date(2027, 4, 5)),
    ("America/St_Johns", date(2026, 10, 30), date(2026, 11, 2), date(2027, 3, 12), date(2027, 3, 15)),
]


@pytest.mark.parametrize(("zone", "days"), [(zone, days) for zone, *days in ZONES])
def test_hours_stay_on_the_wall_over_both_clock_changes(zone, days):
    course = make_dated_course(zone=zone)
    for day in days:
        add_session(course, day, title=f"On {day}")
    calendar = feed(course)
    for day in days:
        event = by_title(calendar)[f"On {day}"]
        truth = datetime(day.year, day.month, day.day, 9, 30, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        assert instant(event, "DTSTART", calendar) == truth  # by the rules in the feed itself
        assert instant(event, "DTEND", calendar) == truth + timedelta(minutes=80)


@pytest.mark.parametrize(
    "zone", [*(zone for zone, *_ in ZONES), "UTC", "Africa/Casablanca", "Europe/Dublin", "Pacific/Chatham"]
)
def test_the_rules_of_a_zone_agree_with_the_zone_around_each_change_and_on_each_day(zone):
    rules, tz = zone_component(zone, 2026, 2027), ZoneInfo(zone)
    moments = [datetime(2026, 1, 2, 12, tzinfo=UTC) + timedelta(days=n) for n in range(720)]
    for change in changes(tz, date(2026, 1, 3), date(2027, 12, 28)):
        moments += [change + timedelta(minutes=n) for n in range(-240, 240, 10)]
    for at in moments:
        local = at.astimezone(tz)
        if local.replace(fold=1).utcoffset() == local.replace(fold=0).utcoffset():  # no wall time that comes twice
            assert offset_at(rules, local.replace(tzinfo=None)) == at, (zone, local)


def test_clock_changes_are_found_to_the_second():
    found = list(changes(ZoneInfo("America/New_York"), date(2026, 1, 1), date(2026, 12, 31)))
    assert found == [datetime(2026, 3, 8, 7, tzinfo=UTC), datetime(2026, 11, 1, 6, tzinfo=UTC)]


@pytest.mark.parametrize("due", [datetime(2026, 11, 1, 6, 5, tzinfo=UTC), datetime(2026, 11, 1, 5, 5, tzinfo=UTC)])
def test_a_deadline_in_the_hour_that_comes_twice_ends_when_it_should(cast, due):
    make_lab(cast.course, "night", short="Night", title="", due_at=due, bench_spec={})
    calendar = strict(selectors.course_feed(cast.course, None))
    event = by_title(calendar)["Night due"]
    assert instant(event, "DTEND", calendar) == due and instant(event, "DTSTART", calendar) == due - timedelta(
        minutes=15
    )


def test_a_deadline_is_the_quarter_of_an_hour_that_ends_with_it(cast):
    due = datetime(2026, 11, 4, 4, 59, tzinfo=UTC)  # Nov 3, 23:59 in New York
    make_lab(cast.course, "lab3", short="Lab 3", title="Quantization", due_at=due, bench_spec={})
    event = by_title(strict(selectors.course_feed(cast.course, None)))["Lab 3: Quantization due"]
    assert event["DTEND"].dt.astimezone(UTC) == due
    assert event["DTSTART"].dt.date() == date(2026, 11, 3) and event["TRANSP"] == "TRANSPARENT"
    assert event["UID"].startswith("due-lab3@") and "23:59 EST" in event["DESCRIPTION"]
    assert event["URL"].endswith("/assignments/lab3/")


def test_a_day_without_class_is_a_whole_day_with_an_exclusive_end():
    course = make_dated_course()
    add_session(course, date(2026, 11, 26), title="Thanksgiving", is_class=False, kind=Session.Kind.HOLIDAY)
    event = by_title(feed(course))["No class: Thanksgiving"]
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (date(2026, 11, 26), date(2026, 11, 27))
    assert event["DTSTART"].params["VALUE"] == "DATE"


def test_a_cancelled_session_stays_and_says_so():
    course = make_dated_course()
    add_session(course, date(2026, 9, 1), is_cancelled=True, is_class=False)
    event = by_title(feed(course))["Cancelled: Quantization"]
    assert event["STATUS"] == "CANCELLED" and isinstance(event["DTSTART"].dt, datetime)


def test_a_class_over_midnight_ends_on_the_next_day():
    course = make_dated_course()
    add_session(course, date(2026, 9, 1), "23:00", "00:30")
    event = feed(course).events[0]
    assert event["DTEND"].dt - event["DTSTART"].dt == timedelta(minutes=90)


def test_a_beginning_without_an_end_has_no_length():
    course = make_dated_course()
    add_session(course, date(2026, 9, 1), "09:30", "")
    assert "DTEND" not in feed(course).events[0]


def test_slots_in_which_nothing_happens_and_what_has_no_day_are_left_out():
    course = make_dated_course()
    add_session(course, date(2026, 9, 1), title="--", is_class=False)
    add_session(course, None, title="Undated", weekday=2)
    assert feed(course).events == []


def test_dated_items_are_whole_days_of_their_own():
    course = make_dated_course()
    session = add_session(course, date(2026, 9, 1))
    DatedItem.objects.create(session=session, on=date(2026, 9, 2), label="Highlight due")
    event = by_title(feed(course))["Highlight due: Quantization"]
    assert event["DTSTART"].dt == date(2026, 9, 2) and event["UID"].startswith("item-")


def test_office_hours_are_a_weekly_rule_that_ends_in_utc_and_spares_holidays():
    course = make_dated_course(starts_on=date(2026, 8, 27), ends_on=date(2026, 12, 8))
    add_office_hour(course, weekday=1)
    add_session(course, date(2026, 11, 3), title="Election Day", is_class=False, kind=Session.Kind.HOLIDAY)
    add_session(
        course, date(2026, 11, 26), title="Thanksgiving", is_class=False, kind=Session.Kind.HOLIDAY
    )  # a Thursday
    event = by_title(feed(course))["Office hour, Clara Na"]
    assert event["DTSTART"].dt.isoformat() == "2026-09-01T13:00:00-04:00"
    assert event["RRULE"]["FREQ"] == ["WEEKLY"]
    assert event["RRULE"]["UNTIL"] == [datetime(2026, 12, 9, 4, 59, 59, tzinfo=UTC)]
    assert [d.dt.isoformat() for d in event["EXDATE"].dts] == ["2026-11-03T13:00:00-05:00"]
    assert event["EXDATE"].params["TZID"] == "America/New_York"


def test_an_office_hour_by_appointment_is_in_no_calendar():
    course = make_dated_course()
    course.office_hours.create(who="Emma Strubell", note="to be announced")
    assert feed(course).events == []


@pytest.mark.parametrize("zone", ["", "America/New_York"])
def test_a_programme_without_a_day_is_an_empty_calendar_that_says_why(zone):
    course = make_dated_course(zone=zone, starts_on=None, ends_on=None)
    add_session(course, None)
    add_office_hour(course)
    calendar = feed(course)
    assert calendar.events == [] and len(calendar.timezones) == 1
    assert "no dates yet" in calendar["DESCRIPTION"] and "no dates yet" in calendar["X-WR-CALDESC"]


HOSTILE = [
    "A\r\nBEGIN:VEVENT\r\nUID:evil\r\nEND:VEVENT",
    "A\nATTACH:https://evil.example/x",
    "Ünïcödé 模型量化 " * 12,
    "🔋🔌🧠" * 40,
    "comma, semi; colon: back\\slash \"quote\" \\n",
    "\x00\x07bell\x1b[31m\u2028line\u0085",
    "e\u0301" * 80,
]  # fmt: skip


@pytest.mark.parametrize("title", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_titles_stay_texts_of_one_event(title):
    course = make_dated_course(title=title[:160], number=title[:40])
    add_session(course, date(2026, 9, 1), title=title[:200], place=title[:80], note=title[:200])
    calendar = feed(course)
    assert len(calendar.events) == 1
    event = calendar.events[0]
    assert "ATTACH" not in event and not str(event["UID"]).startswith("evil")
    assert "\n" not in str(event["SUMMARY"]) and str(event["SUMMARY"])


def test_texts_come_back_as_they_were():
    course = make_dated_course()
    add_session(course, date(2026, 9, 1), title="Commas, semicolons; \\ and 模型", note="two\nlines")
    event = feed(course).events[0]
    assert event["SUMMARY"] == "Commas, semicolons; \\ and 模型"
    assert str(event["DESCRIPTION"]).startswith("two\nlines\n")


def test_the_same_dates_are_the_same_bytes_and_a_change_is_seen():
    course = make_dated_course()
    session = add_session(course, date(2026, 9, 1))
    first = selectors.course_feed(course, None)
    assert selectors.course_feed(course, None) == first
    ScheduleChange.objects.create(course=course, session=session, by="helen", sentence="moved")
    Session.objects.filter(pk=session.pk).update(sequence=1, held_on=date(2026, 9, 2))
    event = feed(course).events[0]
    assert event["SEQUENCE"] == 1 and event["LAST-MODIFIED"].dt > timezone.now() - timedelta(minutes=1)
    assert selectors.course_feed(course, None) != first


FILE = """\
course: {slug: fed, title: Fed, zone: America/New_York, starts_on: 2026-09-01, ends_on: 2026-12-01}
staff: [{name: Ana, role: ta}]
office_hours: [{who: Ana, weekday: tuesday, from: "13:00", to: "14:00"}]
sessions:
  - {date: 2026-09-03, title: One}
  - {date: 2026-10-06, title: Two}
assignments: [{slug: lab1, kind: lab, short: Lab 1, title: Small, due: "2026-09-30 23:59"}]
"""


def sequences(text):
    """Of the office hour and of the due date, after this file was imported."""
    course = course_import(plan=plan_import(text.encode()))[0]
    found = {str(event["UID"])[:3]: event["SEQUENCE"] for event in feed(course).events}
    return found["off"], found["due"]


@pytest.mark.parametrize(
    ("old", "new", "rises"),
    [
        ("13:00", "13:15", (True, False)),
        ("weekday: tuesday", "weekday: friday", (True, False)),
        ("2026-09-30 23:59", "2026-10-01 23:59", (True, True)),
        ("title: Small", "title: Smaller", (True, True)),
        ("title: Two", "title: No class, class: false", (True, False)),  # no office hour on that Tuesday
        ("2026-12-01", "2026-12-08", (True, False)),  # one week more of them
        ("America/New_York", "America/Chicago", (True, True)),
    ],
)
def test_a_changed_office_hour_or_due_date_is_newer_for_every_calendar(old, new, rises):
    before = sequences(FILE)
    assert sequences(FILE) == before
    after = sequences(FILE.replace(old, new))
    assert tuple(now > then for now, then in zip(after, before, strict=True)) == rises
    assert all(now >= then for now, then in zip(sequences(FILE), after, strict=True))


def test_a_holiday_that_is_made_on_the_site_makes_the_office_hours_newer(cast):
    course = course_import(plan=plan_import(FILE.encode()))[0]
    Enrolment.objects.create(course=course, person=cast.helen, role=Role.INSTRUCTOR)
    two = course.sessions.get(title="Two")
    session_save(visit=cast.visit(cast.helen, course), pk=two.pk, values={"is_class": False, "kind": "holiday"})
    hours = by_title(feed(Course.objects.get(pk=course.pk)))["Office hour, Ana"]
    assert (hours["SEQUENCE"], hours["EXDATE"].dts[0].dt.date()) == (1, date(2026, 10, 6))


def test_uids_survive_another_host_name(settings):
    course = make_dated_course()
    add_session(course, date(2026, 9, 1))
    before = feed(course).events[0]["UID"]
    settings.SITE_URL = "https://other.example.org"
    assert feed(course).events[0]["UID"] == before


def test_what_is_not_published_is_the_staffs_alone(cast):
    add_session(cast.course, date(2026, 9, 1), title="Secret", is_published=False)
    add_session(cast.course, date(2026, 9, 2), title="Gone", is_withdrawn=True)
    titles = [set(by_title(feed(cast.course, person))) for person in (None, cast.ruth, cast.amit)]
    assert ["Secret" in found for found in titles] == [False, False, True]
    assert not any("Gone" in found for found in titles)


def test_a_person_in_two_zones_gets_both_rules_and_each_title_names_its_course(cast):
    course = make_dated_course("berlin", "Europe/Berlin", number="B-1")
    Enrolment.objects.create(course=course, person=cast.ruth, role=Role.STUDENT)
    add_session(course, date(2026, 9, 1))
    calendar = strict(selectors.person_feed(cast.ruth))
    assert {str(rules["TZID"]) for rules in calendar.timezones} == {"Europe/Berlin", "America/New_York"}
    assert "B-1: Quantization" in by_title(calendar)
    assert calendar["X-WR-CALNAME"] == "Courses of Ruth"


def test_a_person_in_no_course_gets_a_valid_empty_calendar(cast):
    assert strict(selectors.person_feed(cast.oscar)).events == []


def test_refreshing_is_asked_for_each_hour():
    calendar = feed(make_dated_course())
    assert calendar["REFRESH-INTERVAL"].params["VALUE"] == "DURATION" and calendar["X-PUBLISHED-TTL"] == "PT60M"


@pytest.mark.parametrize("day", [date(1, 1, 1), date(202, 11, 26), date(9999, 12, 31)])
def test_a_mistyped_year_costs_nobody_the_calendar(cast, day):
    Session.objects.create(course=cast.course, held_on=day, title="In another age", position=9)
    text = selectors.course_feed(cast.course, None).decode()
    assert "Compression" in text
    assert "In another age" not in text
