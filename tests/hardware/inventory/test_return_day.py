"""The day of return on its page, what is overdue, and reminding from both."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from courseplatform.courses.models import Enrolment
from courseplatform.notices.models.notifications import Notification
from hardware.inventory.selectors.overdue import overdue_rows
from hardware.inventory.selectors.return_day import return_page
from hardware.models import LoanPiece
from tests.grading.late_days.test_late_days import make_team
from tests.hardware.inventory.builders import BASE
from tests.hardware.inventory.lent import came_back, lent
from tests.people import make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    return make_cast()


def ago(days):
    return timezone.now() - timedelta(days=days)


def test_overdue_things_stand_with_whom_they_are_the_longest_first(cast, django_assert_num_queries):
    lent(cast, team=make_team(cast, cast.ruth, name="Plover"), due_at=ago(2), name="Camera")
    lent(cast, person=cast.sofia, due_at=ago(5), is_term=False)
    lent(cast, person=cast.daniel, due_at=ago(-5), is_term=False)
    left = timezone.now() - timedelta(days=9)
    Enrolment.objects.filter(person=cast.sofia).update(is_active=False, left_at=left)
    visit = cast.visit(cast.amit)
    with django_assert_num_queries(2):
        rows = overdue_rows(visit)
    assert [(row.name, row.tag, row.whom, row.days, row.reminded_at) for row in rows] == [
        ("Raspberry Pi 4, 8 GB", "PI-02", f"Sofia, dropped {left.astimezone(cast.course.tz):%b %-d}", 5, None),
        ("Camera", "PI-01", "team Plover", 2, None),
    ]


def test_staff_remind_one_or_all_from_a_page(cast, client):
    loans = [lent(cast, person=person, due_at=ago(2)) for person in (cast.ruth, cast.daniel)]
    client.force_login(cast.amit)
    said = client.post(f"{BASE}remind/", {"loan": loans[0].pk}, follow=True).content.decode()
    assert "1 borrower was reminded." in said
    assert "Once a day is enough" in client.post(f"{BASE}remind/", {"loan": loans[0].pk}, follow=True).content.decode()
    said = client.post(f"{BASE}remind/", {"of": "overdue", "back": "return_day"}, follow=True).content.decode()
    assert "1 borrower was reminded." in said and Notification.objects.filter(kind="hardware").count() == 2
    assert overdue_rows(cast.visit(cast.amit))[0].is_reminded_today


def test_the_page_says_who_is_missing_and_who_is_done(cast, client):
    team = make_team(cast, cast.ruth, cast.daniel)
    came_back(lent(cast, team=team, pieces=3, due_at=ago(1)), ago(1), pieces=1)
    came_back(lent(cast, person=cast.sofia, due_at=ago(1)), ago(3))
    client.force_login(cast.amit)
    page = client.get(f"{BASE}return-day/").content.decode()
    assert "2 of 4 things are back; 1 borrower is missing" in page and "team Magpie" in page and "Ruth, Daniel" in page
    rows = client.get(f"{BASE}return-day.csv").content.decode().splitlines()
    assert len(rows) == 5 and sum(",out," in row for row in rows) == 2


def test_what_lies_on_the_table_is_taken_back_with_one_button_and_counts_once(cast, client):
    loans = [lent(cast, person=person, pieces=2, due_at=ago(1)) for person in (cast.ruth, cast.daniel, cast.sofia)]
    client.force_login(cast.amit)
    posted = {"loan": [loans[0].pk, loans[1].pk], "key": uuid4()}
    said = client.post(f"{BASE}return-day/take-back/", posted, follow=True).content.decode()
    assert "came back whole" in said
    assert {piece.loan_id for piece in LoanPiece.objects.filter(back_at=None)} == {loans[2].pk}
    again = client.post(f"{BASE}return-day/take-back/", posted, follow=True).content.decode()
    assert "That was taken back before." in again and "came back whole" not in again
    assert LoanPiece.objects.filter(back_at=None).count() == 2


def test_nothing_ticked_is_refused_with_a_sentence(cast, client):
    lent(cast, person=cast.ruth, due_at=ago(1))
    client.force_login(cast.amit)
    answer = client.post(f"{BASE}return-day/take-back/", {"key": uuid4()})
    assert answer.status_code == 422 and "Nothing was taken back." in answer.content.decode()


def test_the_page_costs_the_same_for_one_borrower_and_for_many(cast, django_assert_max_num_queries):
    for person in (cast.ruth, cast.daniel, cast.sofia):
        lent(cast, person=person, pieces=3, due_at=ago(1))
    visit, now = cast.visit(cast.amit), timezone.now()
    with django_assert_max_num_queries(5):
        return_page(visit, now)
