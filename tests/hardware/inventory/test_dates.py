"""What somebody has stands on the course home, the time rule and in the calendar; the return of the course is not said twice."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courseplatform.courses.sections import due_marks
from hardware.inventory.selectors import dates
from hardware.models import Loan, Reservation
from tests.courseplatform.teams.builders import make_team
from tests.hardware.inventory.builders import items_of, product_of
from tests.hardware.inventory.test_dashboard import lend

pytestmark = pytest.mark.django_db


@pytest.fixture
def boards(cast):
    product = product_of(cast)
    items_of(cast, product, "PI-01", "PI-02", "PI-03")
    return product


def hardware_marks(cast, person):
    return [(mark.label, mark.title) for mark in due_marks(cast.visit(person), timezone.now()) if "Hardware back" in mark.label]  # fmt: skip


def test_a_loan_with_a_day_of_its_own_is_due_for_whoever_has_it(cast, boards, client):
    team = make_team(cast, "Heron", cast.daniel)
    lend(cast, "PI-01", 3, due=-2)
    lend(cast, "PI-02", 3, due=-4, team=team)
    lend(cast, "PI-03", 3, due=-9)
    Loan.objects.filter(pieces__item__tag="PI-03").update(is_term=True)
    assert hardware_marks(cast, cast.ruth) == [("Hardware back", f"{boards.name} PI-01")]
    assert hardware_marks(cast, cast.daniel) == [("Hardware back", f"{boards.name} PI-02")]
    assert hardware_marks(cast, cast.sofia) == hardware_marks(cast, cast.amit) == []
    assert [entry.title for entry in dates.calendar_entries(cast.course, cast.ruth)] == [f"Hardware back: {boards.name} PI-01"]  # fmt: skip
    assert dates.calendar_entries(cast.course, None) == dates.calendar_entries(cast.other_course, cast.ruth) == []
    client.force_login(cast.ruth)
    page = " ".join(client.get(cast.course.get_absolute_url()).content.decode().split())
    assert "<b>2</b> things with you or your team" in page and "Say that you have what was handed over" in page
    client.force_login(cast.sofia)
    assert "with you or your team" not in client.get(cast.course.get_absolute_url()).content.decode()


def test_what_is_kept_for_somebody_stands_in_their_calendar_until_it_is_fetched(cast, boards):
    now = timezone.now()
    row = Reservation.objects.create(
        stockroom=boards.stockroom, course=cast.course, person=cast.ruth, made_by=cast.ruth, made_at=now, product=boards, count=2,
        from_at=now + timedelta(days=1), until_at=now + timedelta(days=5), status="approved",
    )  # fmt: skip
    assert [(one.uid, one.title, one.starts) for one in dates.calendar_entries(cast.course, cast.ruth)] == [
        (f"reservation-{row.pk}", f"Fetch 2 x {boards.name}", row.from_at)
    ]
    assert dates.calendar_entries(cast.course, cast.daniel) == []
    Reservation.objects.update(status="handed_over")
    assert dates.calendar_entries(cast.course, cast.ruth) == []


def test_fifty_loans_cost_the_queries_of_one(cast, boards, django_assert_max_num_queries):
    items_of(cast, boards, *(f"PX-{n:02d}" for n in range(50)))
    for n in range(50):
        lend(cast, f"PX-{n:02d}", 3, due=-2)
    with django_assert_max_num_queries(3):
        assert len(dates.due_marks(cast.visit(cast.ruth), timezone.now())) == 50
    with django_assert_max_num_queries(4):
        assert len(dates.calendar_entries(cast.course, cast.ruth)) == 50
