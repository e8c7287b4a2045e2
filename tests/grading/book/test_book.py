"""The gradebook of the staff: both courses' schemes from rows, beside values worked out by hand."""

from decimal import Decimal

import pytest
from django.utils import timezone

from grading.gradebook import shown
from grading.selectors.book import book_of
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
