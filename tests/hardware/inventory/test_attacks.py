"""What somebody who means harm, or two tabs, would try: floods, forged keys, things of others. Each is refused in words, with its code."""

import pytest

from courseplatform.core.errors import AppError
from hardware.inventory.lending import eligibility
from hardware.inventory.services.reservations import reservation_cancel
from hardware.models import Reservation
from tests.hardware.inventory.builders import items_of, product_of
from tests.hardware.inventory.lending import ask

pytestmark = pytest.mark.django_db


@pytest.fixture
def pis(cast):
    return items_of(cast, product_of(cast), "PI-01", "PI-02")


def refused(act, *args, **more):
    """The code with which something is refused."""
    with pytest.raises(AppError) as refusal:
        act(*args, **more)
    assert refusal.value.message.endswith(".")
    return refusal.value.code


def test_nobody_floods_the_staff_with_requests(cast, pis, monkeypatch):
    monkeypatch.setattr(eligibility, "MOST_OPEN", 3)
    monkeypatch.setattr(eligibility, "MOST_A_DAY", 5)
    product = pis[0].product
    rows = [ask(cast, cast.ruth, product, wait=True) for _ in range(3)]
    assert refused(ask, cast, cast.ruth, product, wait=True) == "too_many_asked"
    for row in rows:
        reservation_cancel(visit=cast.visit(cast.ruth), reservation=row)
    for row in [ask(cast, cast.ruth, product), ask(cast, cast.ruth, product)]:
        reservation_cancel(visit=cast.visit(cast.ruth), reservation=row)
    assert refused(ask, cast, cast.ruth, product) == "too_many_asked"
    assert refused(ask, cast, cast.daniel, product, count=50, wait=True) == "bad_count"  # there are two in all
    ask(cast, cast.daniel, product)
    for _ in range(4):
        ask(cast, cast.ruth, product, by=cast.amit, wait=True)
    assert Reservation.objects.count() == 10
