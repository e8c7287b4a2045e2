"""The gradebook of the staff: both courses' schemes from rows, beside values worked out by hand."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from courseplatform.core.errors import NotHere
from courseplatform.teams.models import Membership
from grading.gradebook import shown
from grading.models import LateEntry
from grading.selectors.book import book_of
from grading.selectors.book_cell import cell
from hardware.models import Runner
from tests.courseplatform.teams.builders import make_team
from tests.grading.book.classes import CMU, MIT, PARTICIPATION, credit, make_work, mark, presentation, with_scheme
from tests.grading.late_days.staff import handed_in

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


def test_a_team_hands_in_for_whoever_was_in_it_then(cast):
    """Daniel left before it was handed in; the row names the team of today."""
    course = with_scheme(cast.course, CMU)
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel)
    Membership.objects.filter(person=cast.daniel).update(until_at=timezone.now() - timedelta(minutes=30))
    work = make_work(course, "report1", is_individual=False)
    handed_in(cast, cast.ruth, team=team, lab=work, is_active=True, counts=True)
    book = book_of(cast.visit(cast.helen), timezone.now())
    place = [column.key for column in book.columns].index("report1")
    assert (row_of(book, cast.ruth).cells[place].state, row_of(book, cast.ruth).team) == ("grading", "Magpie")
    assert (row_of(book, cast.daniel).cells[place].state, row_of(book, cast.daniel).team) == ("missing", "")


def risks(book, person):
    return [(risk.kind, risk.words) for risk in row_of(book, person).risks]


def test_who_needs_a_word(cast):
    """Two reports missing, no late days left, a pass that is lost, little participation, and a board that is silent."""
    cast.lab.delete()
    course = with_scheme(
        cast.course,
        MIT | {"components": [*CMU["components"][:1], *MIT["components"][1:4]]},
        participation=PARTICIPATION,
    )
    for slug in ("lab1", "lab2"):
        make_work(course, slug)
    make_work(course, "lab3", due_in=5)
    credit(course, cast.ruth, 1)
    for kind, days in (("policy", 2), ("spend", -2)):
        LateEntry.objects.create(course=course, person=cast.ruth, kind=kind, days=days, reason="x", actor="rule")
    team = make_team(cast, "Magpie", cast.ruth)
    seen_at = timezone.now() - timedelta(days=4)
    Runner.objects.create(
        course=course, name="magpie-pi", device="rpi-4-4gb", team=team, made_by="Ruth", last_seen_at=seen_at
    )
    assert risks(book_of(cast.visit(cast.helen), timezone.now()), cast.ruth) == [
        ("missing", "2 missing, 0 late days"), ("passing", "cannot pass: 0 of 3 turned in"),
        ("participation", "participation low: 1 of 15"), ("board", "magpie-pi silent 4 d"),
    ]  # fmt: skip


def test_mit_from_rows_is_what_was_worked_out_by_hand(cast):
    """Labs 90 and 80 of 100, Lab 3 missing, Lab 4 to come, a paper for 9 of 10, and contributions within the cap."""
    cast.lab.delete()
    bonus = {"cap_percent": 4, "bonus": True, "parts": [
        {"key": "contributors", "title": "Piazza", "percent": 3, "top": 10}, {"key": "evaluation", "title": "Survey", "percent": 1},
        {"key": "karma", "title": "Karma", "percent": 1},
    ]}  # fmt: skip
    course = with_scheme(cast.course, MIT, participation=bonus)
    make_work(course, "lab0", is_counted=False)
    for slug, points in (("lab1", 90), ("lab2", 80)):
        mark(cast, make_work(course, slug, points=100), cast.ruth, points)
    make_work(course, "lab3", points=100)
    make_work(course, "lab4", points=100, due_in=9)
    presentation(course, cast.ruth, 9, of=10)
    credit(course, cast.ruth, 1)
    credit(course, cast.ruth, 1, kind="evaluation")
    credit(course, cast.ruth, 1, kind="karma")
    row = row_of(book_of(cast.visit(cast.helen), timezone.now()), cast.ruth)
    # 13.5 + 12 + 0 of 45, 9 of 10, and 3 + 1 + 1 capped at 4 on top: 34.5 / 55 = 62.73, and 4
    assert row.sums == {"scribe": 0, "labs": D("25.5"), "paper": 9, "project": 0, "bonus": 4}
    assert (row.earned, row.so_far, shown(row.percent)) == (D("38.5"), 55, D("66.73"))


def test_drafts_and_withdrawn_work_are_no_columns(cmu):
    cmu.course.assignments.filter(slug="report8").update(is_draft=True)
    cmu.course.assignments.filter(slug="report9").update(is_withdrawn=True)
    keys = [column.key for column in book_of(cmu.visit(cmu.helen), timezone.now()).columns]
    assert "report8" not in keys and "report9" not in keys
