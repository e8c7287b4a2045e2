"""Boards that carry a runner: told in the stock, offered to nobody until the runner is paused or retired, and lent at the desk all the same."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courseplatform.core.errors import Conflict
from hardware.inventory.lending.eligibility import Borrower
from hardware.inventory.selectors.availability import free_over, free_stock
from hardware.inventory.selectors.stock import offer_page, owned
from hardware.inventory.services.reservations import reservation_make
from hardware.models import Booking, Duty, Item, Runner
from hardware.runners.changing import runner_change
from hardware.runners.duty import duty_change, runner_retire
from tests.courseplatform.teams.builders import make_team
from tests.hardware.inventory.builders import BASE, items_of, product_of, stockroom_of
from tests.hardware.inventory.test_cases import lent
from tests.hardware.runners.boards import add_board

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]


@pytest.fixture
def pis(cast):
    return items_of(cast, product_of(cast), "PI-01", "PI-02")


@pytest.fixture
def runner(cast, pis, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        return add_board(cast, item=pis[0])[0]


def line(cast):
    (one,) = owned(stockroom_of(cast))
    return one.out, one.runner, one.free, one.total


def free_now(cast):
    now = timezone.now()
    return sum(free_over(stockroom_of(cast), now, now + timedelta(days=2), now=now).values())


def ask(cast, product=None, item=None, count=1):
    now = timezone.now()
    return reservation_make(
        visit=cast.visit(cast.ruth), borrower=Borrower(cast.course, person=cast.ruth), product=product, item=item, count=count,
        from_at=now + timedelta(days=1), until_at=now + timedelta(days=2),
    )  # fmt: skip


def test_it_has_a_column_of_its_own_and_is_not_offered(cast, pis, runner, client, django_assert_max_num_queries):
    with django_assert_max_num_queries(7):  # with that of the stockroom
        assert line(cast) == (0, 1, 1, 2)
    assert free_now(cast) == 1
    assert [row.free for group in offer_page(stockroom_of(cast))["groups"] for row in group["rows"]] == [1]
    client.force_login(cast.helen)
    page = client.get(BASE).content.decode()
    assert '<th class="num">Runner</th>' in page and "carries a runner" in page
    items = client.get(f"{BASE}items/").content.decode()
    assert items.count("carries a runner") == 1 and f"/courses/odml/runners/{runner.pk}/" in items
    one = client.get(f"{BASE}items/PI-01/").content.decode()
    assert "Pause or retire the runner to lend it" in one and "Reserve this one" not in one
    client.force_login(cast.ruth)
    assert "it is not offered" in client.get(f"{BASE}items/PI-01/").content.decode()


def test_nobody_is_promised_it(cast, pis, runner):
    with pytest.raises(Conflict) as refused:
        ask(cast, item=pis[0])
    assert refused.value.code == "carries_runner" and "pi4-01" in refused.value.message
    assert ask(cast, product=pis[0].product).bookings.get().item.tag == "PI-02"
    with pytest.raises(Conflict) as refused:
        ask(cast, product=pis[0].product)
    assert refused.value.code == "not_free"


@pytest.mark.parametrize("how", ["paused", "retired", "let go"])
def test_a_runner_that_rests_or_ends_gives_its_board_back(cast, pis, runner, how):
    if how == "paused":
        duty_change(visit=cast.visit(cast.amit), runner=runner, to=Duty.PAUSED)
    elif how == "retired":
        runner_retire(visit=cast.visit(cast.helen), runner=runner)
    else:
        runner_change(visit=cast.visit(cast.helen), runner=runner, name=runner.name, device=runner.device)
    assert line(cast) == (0, 0, 2, 2) and free_now(cast) == 2
    assert ask(cast, item=pis[0]).bookings.get().item == pis[0]


def test_what_was_planned_with_it_gets_another_one(cast, pis, django_capture_on_commit_callbacks):
    made = ask(cast, product=pis[0].product)
    planned = made.bookings.get().item
    with django_capture_on_commit_callbacks(execute=True):
        add_board(cast, item=planned)
    now = Booking.objects.get(reservation=made).item
    assert now is not None and now != planned


def test_the_desk_lends_it_and_it_works_for_who_has_it(cast, pis, runner):
    magpie = make_team(cast, "Magpie", cast.ruth)
    lent(cast, pis[0], team=magpie)
    assert line(cast) == (1, 0, 1, 2) and free_now(cast) == 1
    assert Runner.objects.get(pk=runner.pk).status == Duty.ACTIVE


def test_a_teams_own_runner_ends_with_its_loan_and_keeps_nobody_from_the_board(cast, pis):
    magpie = make_team(cast, "Magpie", cast.ruth)
    add_board(cast, item=pis[0], team=magpie)
    later = timezone.now() + timedelta(days=30)
    assert free_stock(stockroom_of(cast), now=timezone.now()).product(pis[0].product_id).least(later, later) == 2


def test_an_item_in_repair_is_in_repair_whatever_it_carries(cast, pis, runner):
    Item.objects.filter(pk=pis[0].pk).update(status=Item.Status.IN_REPAIR)
    (one,) = owned(stockroom_of(cast))
    assert (one.runner, one.free, one.in_repair, one.total) == (0, 1, 1, 2)
