"""Times are those of the person's zone, by day and hour, and a page claims no zone where it shows no time."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import strip_tags

from courseplatform.courses import schedule, selectors
from courseplatform.courses.models import OfficeHour, Session
from courseplatform.courses.sections import DueMark
from courseplatform.courses.time_rule import SIZES, time_rule
from courseplatform.courses.zones import zone_note, zone_words

pytestmark = pytest.mark.django_db
NOW = datetime(2023, 10, 30, 14, 12, tzinfo=UTC)  # Monday morning in New York, late evening in Tokyo
WINTER, SUMMER = (
    datetime(2023, 11, 11, 4, 59, tzinfo=UTC),
    datetime(2023, 11, 4, 3, 59, tzinfo=UTC),
)  # Fri 23:59 in New York


@pytest.fixture
def course(cast):
    cast.course.starts_on, cast.course.ends_on, cast.course.meets = (
        date(2023, 8, 28),
        date(2023, 12, 8),
        "Tuesday, 09:30",
    )
    cast.course.save()
    cast.course.sessions.all().delete()
    Session.objects.create(
        course=cast.course, held_on=date(2023, 10, 31), starts_at=time(18, 30), ends_at=time(19, 50), place="DH 1212",
        column="lecture", title="Transformers",
    )  # fmt: skip
    Session.objects.create(
        course=cast.course, held_on=date(2023, 11, 2), column="lab", title="Lab 3: Quantization", releases_lab=True
    )
    Session.objects.create(
        course=cast.course, held_on=date(2023, 11, 9), column="lab", title="Lab 30: Other", releases_lab=True
    )
    OfficeHour.objects.create(
        course=cast.course, who="Clara", weekday=1, starts_at=time(13), ends_at=time(14), place="GHC 5417"
    )
    return cast.course


def marks(*due):
    return [DueMark("Lab 3", "Quantization", moment, "/lab3/") for moment in due or (SUMMER,)]


def week_rows(course):
    return selectors.week_rows(course, selectors.sessions_near(course, NOW), marks(), NOW)


def week(course, zone):
    with timezone.override(zone):
        return [(row["day"], row["title"], row["right"]) for row in week_rows(course)]


def test_before_its_first_day_and_after_its_last_a_course_has_no_office_hours(course):
    course.starts_on = date(2024, 1, 16)
    assert week(course, "America/New_York")[0] == ("Today", "The course begins on Tue Jan 16, 2024.", "")
    assert "Office hour, Clara" not in [title for _, title, _ in week(course, "America/New_York")]
    course.starts_on, course.ends_on = date(2023, 8, 28), date(2023, 10, 29)
    assert week(course, "America/New_York")[0] == ("Today", "The course ended on Sun Oct 29.", "")
    assert "Office hour, Clara" not in [title for _, title, _ in week(course, "America/New_York")]


def test_a_due_time_of_another_year_is_told_with_its_year(course):
    with timezone.override("America/New_York"):
        told = selectors.headline(course, marks(datetime(2024, 9, 11, 3, 59, tzinfo=UTC)), NOW)
    assert told["sentence"] == "Tue Sep 10, 2024, 23:59 EDT."


def test_this_week_is_told_in_the_readers_days_and_hours(course):
    assert week(course, "America/New_York") == [
        ("Today", "No class.", ""),
        ("Tue Oct 31", "Transformers", "18:30 to 19:50, DH 1212"),
        ("", "Office hour, Clara", "13:00 to 14:00, GHC 5417"),
        ("Thu Nov 2", "Lab 3: Quantization", ""),
        ("Fri Nov 3", "Lab 3 due", "23:59"),
    ]
    assert week(course, "Asia/Tokyo") == [
        ("Today", "No class.", ""),
        ("Wed Nov 1", "Transformers", "07:30 to 08:50, DH 1212"),
        ("", "Office hour, Clara", "02:00 to 03:00, GHC 5417"),
        ("Thu Nov 2", "Lab 3: Quantization", ""),
        ("Sat Nov 4", "Lab 3 due", "12:59"),
    ]
    far = course.sessions.get(title="Lab 30: Other")  # ten days away, and something of it is due this week
    far.items.create(label="Outline", on=date(2023, 11, 3))
    assert ("Fri Nov 3", "Outline: Lab 30: Other", "") in week(course, "America/New_York")


def test_the_time_rule_stands_in_the_readers_zone(course):
    def rule(zone):
        with timezone.override(zone):
            return time_rule(course, selectors.sessions_near(course, NOW), marks(), NOW)

    here, there = rule("America/New_York"), rule("Asia/Tokyo")
    assert (here["dues"][0]["when"], there["dues"][0]["when"]) == ("Fri Nov 3, 23:59", "Sat Nov 4, 12:59")
    day = 100 / 28
    assert there["dues"][0]["x"] - here["dues"][0]["x"] == pytest.approx(13 / 24 * day, abs=0.02)
    assert there["classes"][0]["x"] - here["classes"][0]["x"] == pytest.approx(13 / 24 * day, abs=0.02)
    assert there["now_x"] - here["now_x"] == pytest.approx(13 / 24 * day, abs=0.02)


def test_the_schedule_names_one_due_hour_in_its_head_and_several_at_each_day(course):
    both = marks(SUMMER, WINTER)
    with timezone.override("America/New_York"):
        assert schedule.schedule_head(course, both) == ["Tuesday, 09:30", "Everything is due at 23:59 New York time"]
        assert {due["hour"] for item in schedule.schedule_weeks(course, both, NOW) for due in item.due} == {""}
    with timezone.override("Asia/Tokyo"):
        assert schedule.schedule_head(course, both) == ["Tuesday, 09:30 (New York time)", "Due times are Tokyo time"]
        weeks = schedule.schedule_weeks(course, both, NOW)
    assert [(item.number, due["day"], due["hour"]) for item in weeks for due in item.due] == [
        (10, "Sat Nov 4", "12:59"),
        (11, "Sat Nov 11", "13:59"),
    ]
    assert weeks[0].lecture[0].day == "Nov 1"
    assert weeks[0].today_before


def test_two_things_due_on_one_day_each_keep_their_own_hour(course):
    noon = datetime(2023, 11, 3, 16, 0, tzinfo=UTC)
    with timezone.override("America/New_York"):
        rows = schedule.due_rows([DueMark("Slides", "", noon, "/s/"), *marks(SUMMER)], NOW)
        page = render_to_string("courses/_dues.html", {"due": rows})
    told = " ".join(strip_tags(page).split())
    assert told == "Fri Nov 3 12:00Slides Fri Nov 3 23:59Lab 3 Quantization"


def test_a_lab_on_the_schedule_and_due_work_of_the_week_lead_to_it(course):
    weeks = schedule.schedule_weeks(course, marks(), NOW)
    assert [row.url for item in weeks for row in item.lab] == ["/lab3/", ""]  # Lab 30 is another lab
    rows = week_rows(course)
    assert [row["url"] for row in rows if row["title"] == "Lab 3 due"] == ["/lab3/"]


def test_the_foot_says_what_a_time_means(course):
    with timezone.override("America/New_York"):
        assert zone_note(course) == "Times are New York time"
    with timezone.override("Asia/Tokyo"):
        assert zone_note(course) == "Times are Tokyo time where no other zone is named"
    assert zone_words("UTC") == "UTC"


def test_office_hours_stay_the_courses_and_say_so(client, cast, course):
    cast.ruth.zone = "Asia/Tokyo"
    cast.ruth.save()
    client.force_login(cast.ruth)
    page = client.get(f"/courses/{course.slug}/").content.decode()
    assert (
        "In New York time" in page
        and 'Tuesday <time datetime="13:00">13:00</time> to <time datetime="14:00">14:00</time>' in page
    )
    assert "Times are Tokyo time where no other zone is named" in page


@pytest.mark.parametrize("address", ["/", "/accounts/profile/", "/docs/glossary/", "/courses/nothing/", "/style/"])
def test_a_page_without_times_names_no_zone(client, cast, address):
    client.force_login(cast.amit)  # in two courses, so that the front page is his
    page = client.get(address).content.decode()
    assert "Times are" not in page and "Change zone" not in page


def test_an_address_cut_back_to_courses_leads_home_or_to_the_sign_in_page(client, cast):
    assert client.get("/courses/").url == "/accounts/login/?next=/courses/"
    client.force_login(cast.ruth)
    assert client.get("/courses/").url == "/"


def test_the_front_page_offers_to_sign_in_once(client):
    assert client.get("/").content.decode().count(">Sign in<") == 1
    assert client.get("/docs/glossary/").content.decode().count(">Sign in<") == 1


@pytest.mark.parametrize("size", SIZES, ids=[size.name for size in SIZES])
def test_labels_of_the_time_rule_touch_neither_each_other_nor_a_stem(course, size):
    days = [day for day in (0.9, 1.6, 3, 3.2, 9, 24, 25.5, 26.8) if day < size.days - 1]
    crowd = [
        DueMark(label=f"Report {n}: a longer name", title="", due_at=NOW + timedelta(days=day), url="/")
        for n, day in enumerate(days)
    ]
    dues = time_rule(course, [], crowd, NOW, size)["dues"]
    assert len(dues) == len(days)
    for one in dues:
        left, right = one["span"]
        assert left >= 0 and right <= 100
        for other in dues:
            inside = left < other["x"] < right
            assert other is one or not (inside and other["row"] >= one["row"]), (one, other)
            meets = left < other["span"][1] and other["span"][0] < right
            assert other is one or not (meets and other["row"] == one["row"]), (one, other)


def test_a_crowd_at_one_moment_is_named_by_its_first(course):
    names = ("Project sharing write-up", "Report 6: inference", "Lab 4")
    due = time_rule(course, [], [DueMark(label=name, title="", due_at=WINTER, url="/") for name in names], NOW)["dues"][
        0
    ]
    assert due["short"] == "Project sharing wr… and 2 more" and due["label"] == ", ".join(names)
