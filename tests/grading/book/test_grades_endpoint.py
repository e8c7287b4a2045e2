"""Course grades through the API and the export: the same as the pages, and nothing that is not released."""

from decimal import Decimal

import pytest

from courseplatform.accounts.exporting import export_sections
from tests.grading.book.classes import CMU, PARTICIPATION, credit, make_work, mark, presentation, release, with_scheme

pytestmark = pytest.mark.django_db
D = Decimal
MINE, CLASS = "/api/v1/courses/odml/grades/me", "/api/v1/courses/odml/grades"


@pytest.fixture
def cmu(cast):
    """Ruth: Report 1 is released, Report 2 is graded and not released."""
    with_scheme(cast.course, CMU, participation=PARTICIPATION)
    cast.lab.delete()
    one, two = make_work(cast.course, "report1"), make_work(cast.course, "report2")
    mark(cast, one, cast.ruth, "9.5")
    mark(cast, two, cast.ruth, "7.77")
    release(one)
    credit(cast.course, cast.ruth, 11)
    presentation(cast.course, cast.ruth, "13.33", is_released=False)
    return cast


def asked(client, person, url):
    client.force_login(person)
    return client.get(url)


def test_one_reads_what_is_released_and_no_more(cmu, client):
    answer = asked(client, cmu.ruth, MINE)
    found = answer.json()
    assert (found["person"], found["earned"], found["so_far"]) == ("ruth@example.edu", "15.75", "20.00")
    lines = {line["key"]: line for part in found["parts"] for line in part["lines"]}
    assert (lines["report1"]["percent"], lines["report2"]["state"], lines["report2"]["points"]) == (
        "4.75",
        "grading",
        None,
    )
    assert "7.77" not in answer.content.decode() and "13.33" not in answer.content.decode()


def test_staff_read_the_class_a_page_at_a_time(cmu, client):
    found = asked(client, cmu.amit, f"{CLASS}?page_size=2").json()
    assert [row["person"] for row in found["results"]] == ["ruth@example.edu", "daniel@example.edu"]
    assert found["results"][0]["earned"] == "32.97"  # 11, 13.33 of 15, 4.75 and 3.885
    assert found["next"]


def test_a_class_is_nothing_for_students_and_the_staff_have_no_grades(cmu, client):
    assert asked(client, cmu.ruth, CLASS).status_code == 403
    assert asked(client, cmu.lena, MINE).status_code == 404
    assert asked(client, cmu.helen, MINE).json()["parts"] == []


def test_the_export_holds_what_is_released(cmu):
    (grading,) = [section for section in export_sections() if section.name == "grading"]
    (row,) = grading.build(cmu.ruth).tables["course_grades"]
    assert (row["course"], row["earned"]) == ("odml", D("15.75"))
    assert "7.77" not in str(row) and "13.33" not in str(row)
