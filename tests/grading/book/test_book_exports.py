"""CSV and Excel of the gradebook: the rows that are shown, numbers as numbers, text that is never a formula, and a log."""

import csv
import io
from zipfile import ZipFile

import pytest

from courseplatform.accounts.models import User
from courseplatform.courses.models import Enrolment, Role
from courseplatform.roster.models import RosterEntry
from grading.book.workbook import workbook
from grading.models import BookExport
from tests.grading.book.classes import CMU, make_work, mark, with_scheme
from tests.people import make_user

pytestmark = pytest.mark.django_db
CSV, EXCEL = "/courses/odml/grades.csv", "/courses/odml/grades.xlsx"


@pytest.fixture
def course(cast):
    cast.lab.delete()
    with_scheme(cast.course, CMU)
    first, _ = make_work(cast.course, "report1"), make_work(cast.course, "report2", due_in=9)
    mark(cast, first, cast.ruth, 9.5)
    enrolment = Enrolment.objects.get(course=cast.course, person=cast.ruth)
    RosterEntry.objects.create(enrolment=enrolment, course=cast.course, sis_id="00123")
    evil = make_user("Evil")
    User.objects.filter(pk=evil.pk).update(name="=cmd|'/c calc'!A1")
    Enrolment.objects.create(course=cast.course, person=evil, role=Role.STUDENT)
    return cast


def table(client, person, address=CSV):
    client.force_login(person)
    answer = client.get(address)
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_the_csv_holds_what_the_page_shows(client, course):
    rows = {row["E-mail"]: row for row in table(client, course.helen)}
    ruth, sofia = rows["ruth@example.edu"], rows["sofia@example.edu"]
    assert ruth["Report1, of 5"] == "4.75" and ruth["Student ID"] == "00123"
    assert sofia["Report1, of 5"] == "0" and sofia["Report2, of 5"] == ""


def test_the_rows_and_their_order_are_those_of_the_address(client, course):
    assert [row["Student"] for row in table(client, course.helen, CSV + "?q=ru")] == ["Ruth"]
    assert table(client, course.helen, CSV + "?sort=report1&dir=down")[0]["Student"] == "Ruth"


def test_a_name_is_no_formula_and_a_negative_number_stays_one(client, course):
    names = [row["Student"] for row in table(client, course.helen)]
    assert not [name for name in names if name.startswith("=")]
    assert [name for name in names if "calc" in name]


def test_every_export_is_noted_with_who_and_which_columns(client, course):
    table(client, course.helen, CSV + "?show=missing&q=sofia")
    client.get(EXCEL)
    newest, first = BookExport.objects.all()
    assert (first.by, first.kind, first.people, first.shown) == ("Helen", "csv", 1, "missing work, found by sofia")
    assert newest.kind == "excel" and "Report1, of 5" in newest.columns
    text = client.get("/courses/odml/grades/canvas/").content.decode()
    assert "missing work, found by sofia" in text and "Helen" in text


def test_the_workbook_holds_text_as_text_and_numbers_as_numbers(client, course):
    client.force_login(course.helen)
    answer = client.get(EXCEL)
    book = ZipFile(io.BytesIO(answer.content))
    sheet, words = book.read("xl/worksheets/sheet1.xml").decode(), book.read("xl/sharedStrings.xml").decode()
    assert "<f>" not in sheet and "<v>4.75</v>" in sheet
    assert "calc" in words and ">00123<" in words


def test_a_workbook_takes_what_no_xml_holds():
    data = workbook(["A\x00", "B"], [["=1+1\x0b", -2], ["http://example.edu", 3]])
    sheet = ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml").decode()
    assert "<v>-2</v>" in sheet and "<f>" not in sheet and "hyperlink" not in sheet
