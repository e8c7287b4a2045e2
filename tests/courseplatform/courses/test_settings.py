"""The course's own facts on a page: what follows is shown first, the same is refused as in a file, and an import knows the edit."""

import html
import re
from datetime import UTC

import pytest

from courseplatform.courses.course_file.service import course_import, export_text, plan_import
from courseplatform.courses.models import Course, CourseFileImport, Enrolment, OfficeHour, Role, ScheduleChange
from courseplatform.notices.models.notifications import Notification
from grading.models import Assignment

pytestmark = pytest.mark.django_db
FILE = """\
course: {slug: small, number: "11-7", title: Small, term: Spring 2024, zone: America/New_York, starts_on: 2024-01-15, ends_on: 2024-03-29}
staff: [{name: Helen, role: instructor}]
office_hours: [{who: Helen, weekday: monday, from: "14:00", to: "15:00"}]
sessions:
  - {date: 2024-01-16, column: lecture, title: One, from: "09:30", to: "10:50", place: R1}
assignments:
  - {slug: lab2, kind: lab, short: Lab 2, due: "2024-02-05 23:59"}
"""
DATA = {
    "number": "11-7", "title": "Small", "term": "Spring 2024", "zone": "America/New_York", "starts_on": "2024-01-15", "ends_on": "2024-03-29",
    "meets": "", "summary": "",
}  # fmt: skip
ADDRESS = "/courses/small/settings/"


@pytest.fixture
def small(client, cast):
    course, _ = course_import(plan=plan_import(FILE.encode()))
    for person, role in ((cast.helen, Role.INSTRUCTOR), (cast.amit, Role.TA), (cast.ruth, Role.STUDENT)):
        Enrolment.objects.create(course=course, person=person, role=role)
    client.force_login(cast.helen)
    return course


def words(answer):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def looked_at(client, **changes):
    return client.post(ADDRESS, {**DATA, **changes, "do": "show"})


def saved(client, **changes):
    seen = re.search(r'name="seen" value="(\w+)"', looked_at(client, **changes).content.decode())[1]
    return client.post(ADDRESS, {**DATA, **changes, "do": "save", "seen": seen})


def test_the_form_holds_the_course_and_a_look_changes_nothing(client, small):
    page = client.get(ADDRESS).content.decode()
    assert all(f'value="{value}"' in page for value in DATA.values() if value)
    assert "~ course.term: Spring 2024 -> Spring 2025" in words(looked_at(client, term="Spring 2025"))
    assert "The course is so already." in words(looked_at(client))
    small.refresh_from_db()
    assert small.term == "Spring 2024"


def test_facts_are_changed_logged_and_held_by_an_export_that_keeps_the_rest(client, small):
    assert saved(client, title="Smaller", meets="Tuesdays", number="", summary="One\r\n\r\ntwo").status_code == 302
    small.refresh_from_db()
    assert (small.title, small.meets, small.number, small.summary) == ("Smaller", "Tuesdays", "", "One\n\ntwo")
    change = ScheduleChange.objects.get()
    assert (
        change.sentence == "Settings of the course were changed: number, title, meets, summary." and not change.is_told
    )
    assert plan_import(export_text(small).encode()).changes == []


def test_another_zone_keeps_the_hours_moves_the_instants_and_is_told_to_the_members(client, cast, small):
    said = words(looked_at(client, zone="Europe/Berlin"))
    assert (
        "Times keep their hours and are Berlin time: sessions begin and work is due 6 h earlier than now."
        in said.replace("\u202f", " ").replace("\xa0", " ")
    )
    before = OfficeHour.objects.get(course=small).sequence, small.sessions.get().sequence
    assert saved(client, zone="Europe/Berlin").status_code == 302
    lab = Assignment.objects.get(course=small)
    assert lab.due_wall == "2024-02-05 23:59" and f"{lab.due_at.astimezone(UTC):%H:%M}" == "22:59"
    assert (
        OfficeHour.objects.get(course=small).sequence == before[0] + 1
        and small.sessions.get().sequence == before[1] + 1
    )
    told = Notification.objects.filter(title="All times of the course are Berlin time now, no longer New York time")
    assert set(told.values_list("person__name", flat=True)) == {"Amit", "Ruth"}


def test_the_first_day_says_which_week_is_the_first_and_that_nothing_moves_with_it(client, small):
    said = words(looked_at(client, starts_on="2024-01-09"))
    assert "Week 1 is that of Mon Jan 8." in said and "No session and no due time moves with the first day" in said


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"zone": "America/Pittsburgh"}, "There is no time zone with the name America/Pittsburgh."),
        ({"ends_on": "2024-01-01"}, "The course ends on 2024-01-01, before it begins on 2024-01-15."),
        ({"starts_on": "2024-01-20"}, "One is on 2024-01-16, outside the course"),
        ({"ends_on": ""}, "course.starts_on and course.ends_on go together."),
        ({"zone": ""}, "A course with dates needs course.zone"),
        ({"title": ""}, "This field is required."),
        ({"summary": "write to a@example.org"}, "An e-mail address stands here."),
    ],
)
def test_what_a_file_could_not_say_is_refused_and_nothing_typed_is_lost(client, small, changes, sentence):
    answer = looked_at(client, meets="on Tuesdays", **changes)
    assert answer.status_code == 422 and sentence in words(answer)
    assert 'value="on Tuesdays"' in answer.content.decode()


def test_nothing_is_changed_but_what_was_looked_at(client, small):
    seen = re.search(r'name="seen" value="(\w+)"', looked_at(client, term="Spring 2025").content.decode())[1]
    Course.objects.filter(pk=small.pk).update(meets="Mondays")  # a colleague
    answer = client.post(ADDRESS, {**DATA, "term": "Spring 2025", "do": "save", "seen": seen})
    assert answer.status_code == 409 and "Nothing is changed; look at it again." in words(answer)
    small.refresh_from_db()
    assert (small.term, small.meets) == ("Spring 2024", "Mondays")


def test_an_import_knows_the_settings_as_an_edit_and_who_made_it(client, small):
    saved(client, meets="Tuesdays")
    assert CourseFileImport.objects.count() == 1  # a change of the page is no file
    said = words(client.post("/courses/small/file/preview/", {"text": FILE}))
    assert "The file would overwrite 1 edit " in said
    assert re.search(r"meets Helen, \w+ \d+, \d\d:\d\d Tuesdays not there", said)


@pytest.mark.parametrize("name", ["amit", "ruth"])
def test_the_settings_are_for_instructors(client, cast, small, name):
    client.force_login(getattr(cast, name))
    assert client.get(ADDRESS).status_code == 403
