"""The page of the audit: what stands on it, its filters, its pages, its CSV, and who may read it."""

import csv
import io
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from courseplatform.audit.models import Act, AuditRow
from courseplatform.audit.question import Question
from courseplatform.audit.recording import audit_record
from courseplatform.audit.registry import audit
from courseplatform.audit.selectors import audit_page
from courseplatform.courses.models import ScheduleChange
from courseplatform.roster.services.members import member_sections_change
from grading.models.grades import GradeRelease
from tests.courseplatform.audit.builders import enrolment_of

pytestmark = pytest.mark.django_db
PAGE, CSV = "/courses/odml/audit/", "/courses/odml/audit.csv"


@pytest.fixture(autouse=True)
def _nothing_is_known():
    cache.clear()


@pytest.fixture
def helen(cast, client):
    client.force_login(cast.helen)
    AuditRow._base_manager.all().delete()
    return client


@pytest.fixture
def history(cast):
    """One line of each kind, an hour apart, the oldest first."""
    now = timezone.now()

    def record(hours, person, act, what, about=None):
        audit_record(
            course=cast.course, person=person, act=act, what=what, about=about, now=now - timedelta(hours=hours)
        )

    record(9, cast.amit, Act.SAW, "The grade for lab1", cast.ruth)
    record(8, cast.amit, Act.EXPORTED, "The list of people")
    record(7, cast.helen, Act.SAW, "A hand-in", cast.daniel)
    ScheduleChange.objects.create(course=cast.course, by="Ines", sentence="Lecture 5 is on Tuesday")
    member_sections_change(visit=cast.visit(cast.amit), enrolment=enrolment_of(cast, cast.ruth), sections=["A"])
    GradeRelease.objects.create(assignment=cast.lab, is_released=True, by="Helen", at=now)
    return now


def whats(client, query=""):
    rows = list(csv.DictReader(io.StringIO(client.get(f"{CSV}?{query}").content.decode("utf-8-sig"))))
    return [row["what"] for row in rows if row["what"] != "The audit of the course"]


def test_rows_and_changes_of_other_rooms_stand_in_one_list(helen, history):
    assert set(whats(helen)) == {
        "Released the grades of Lab 1", "Sections: A", "Lecture 5 is on Tuesday", "A hand-in", "The list of people", "The grade for lab1",
    }  # fmt: skip
    assert whats(helen)[-3:] == ["A hand-in", "The list of people", "The grade for lab1"]
    text = helen.get(PAGE).content.decode()
    assert "Amit" in text and "Ruth" in text and "Lecture 5 is on Tuesday" in text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("act=exported", ["The list of people"]),
        ("act=released", ["Released the grades of Lab 1"]),
        (
            "who=amit",
            ["Sections: A", "The list of people", "The grade for lab1"],
        ),  # one wrote his name, one his address
        ("who=ines", ["Lecture 5 is on Tuesday"]),
        ("about=ruth", ["Sections: A", "The grade for lab1"]),
        ("about=daniel&who=helen", ["A hand-in"]),
        ("q=lab1", ["The grade for lab1"]),
        ("q=tuesday", ["Lecture 5 is on Tuesday"]),
        ("about=nobody", []),
    ],
)
def test_filters_stand_in_the_address(helen, history, query, expected):
    assert whats(helen, query) == expected


def test_a_day_is_one_of_the_courses_zone(helen, cast):
    late = timezone.now().replace(year=2026, month=3, day=5, hour=3, minute=30)  # 22:30 of the 4th in New York
    audit_record(course=cast.course, person=cast.helen, act=Act.SAW, what="late", now=late)
    assert whats(helen, "day=2026-03-04") == ["late"] and whats(helen, "day=2026-03-05") == []


@pytest.mark.parametrize(
    "query",
    [
        "act=nonsense",
        "day=yesterday",
        "before=x",
        "before=2026-01-01~0",
        "before=2026-01-01T00:00:00Z~-1",
        "who=" + "x" * 200,
    ],
)
def test_nonsense_in_the_address_is_told(helen, query):
    assert helen.get(f"{PAGE}?{query}").status_code == 422


def test_pages_lose_and_repeat_nothing_also_where_many_lines_have_one_time(cast):
    now = timezone.now()
    for number in range(25):
        audit_record(
            course=cast.course,
            person=cast.helen,
            act=Act.SAW,
            what=f"no {number}",
            now=now - timedelta(minutes=number // 9),
        )
    found, place = [], None
    while True:
        page = audit_page(cast.course, Question(place=place), limit=4)
        found += [line.what for line in page.lines]
        place = page.next
        if place is None:
            break
    assert sorted(found) == sorted(f"no {number}" for number in range(25))


def test_the_page_makes_the_same_queries_for_few_lines_and_for_many(
    helen, cast, history, django_assert_max_num_queries
):
    for number in range(200):
        audit_record(course=cast.course, person=cast.amit, act=Act.SAW, what=f"no {number}", about=cast.ruth)
    with django_assert_max_num_queries(8 + len(audit.sources)):  # one for each history that is joined
        assert helen.get(PAGE).content.decode().count("<tr>") == 51


def test_sign_ins_of_the_staff_are_on_it_and_those_of_others_are_not(helen, cast):
    for person in (cast.amit, cast.olu, cast.lena):
        audit_record(course=None, person=person, act=Act.SIGNED_IN, what=f"{person.name} signed in")
    audit_record(course=cast.other_course, person=cast.amit, act=Act.SAW, what="elsewhere")
    assert whats(helen) == ["Amit signed in"]


def test_only_instructors_read_it(cast, client):
    for person, status in ((cast.amit, 403), (cast.ruth, 403), (cast.lena, 404), (cast.olu, 404)):
        client.force_login(person)
        assert client.get(PAGE).status_code == status and client.get(CSV).status_code == status


def test_its_csv_is_an_export_of_its_own(helen, cast, history):
    helen.get(CSV)
    assert AuditRow.objects.filter(act="exported", what="The audit of the course", actor_person=cast.helen).count() == 1
