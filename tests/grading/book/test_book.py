"""The gradebook of the staff: both courses' schemes from rows, beside values worked out by hand."""

from decimal import Decimal

import pytest
from django.utils import timezone

from courseplatform.core.errors import NotHere
from grading.gradebook import shown
from grading.selectors.book import book_of
from grading.selectors.book_cell import cell
from tests.grading.book.classes import CMU, PARTICIPATION, credit, make_work, mark, presentation, with_scheme

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def cmu(cast):
    """Ruth in the middle of the term: seven of ten reports are graded, two are to come, one is not announced."""
    course = with_scheme(cast.course, CMU, participation=PARTICIPATION)
    cast.lab.delete()
    for number, points in enumerate((9.5, 9, 9.2, 8.4, 8.6, 9.4, 8.88), 1):
        mark(cast, make_work(course, f"report{number}"), cast.ruth, points)
    make_work(course, "report8", due_in=3)
    make_work(course, "report9", due_in=9)
    make_work(course, "final-report", due_in=30, points=20)
    credit(course, cast.ruth, 11)
    presentation(course, cast.ruth, "13.5")
    return cast


def row_of(book, person):
    return next(row for row in book.rows if row.person == person.pk)


def test_cmu_from_rows_is_what_was_worked_out_by_hand(cmu):
    book = book_of(cmu.visit(cmu.helen), timezone.now())
    row = row_of(book, cmu.ruth)
    assert [cell.text for cell in row.cells] == [
        "11", "13.5", "4.75", "4.50", "4.60", "4.20", "4.30", "4.70", "4.44", "", "", "",
    ]  # fmt: skip
    assert (row.earned, row.so_far, shown(row.percent)) == (D("55.99"), 65, D("86.14"))
    assert row.sums == {"participation": 11, "presentations": D("13.5"), "reports": D("31.49"), "final": 0}


def test_a_cell_says_how_its_points_came_about(cmu):
    why = cell(cmu.visit(cmu.helen), cmu.ruth.pk, "report7", timezone.now())
    assert why.head == "Ruth, Report7: 4.44 of 5"
    assert [(line.title, line.points) for line in why.reasons] == [
        ("All", "8.88"), ("Points of 10", "8.88"), ("8.88 × 5 / 10", "4.44"),
    ]  # fmt: skip
    assert [(event.who, event.what) for event in why.events] == [("Amit", "All: 8.88")]


def test_the_cell_of_a_source_leads_to_its_cause(cmu):
    why = cell(cmu.visit(cmu.helen), cmu.ruth.pk, "source:participation", timezone.now())
    assert why.value == "11 of 15"
    assert [link.url for link in why.links] == [f"/courses/odml/participation/people/{cmu.ruth.pk}/"]


def test_a_column_that_is_not_there_is_not_there(cmu):
    with pytest.raises(NotHere):
        cell(cmu.visit(cmu.helen), cmu.ruth.pk, "report99", timezone.now())
