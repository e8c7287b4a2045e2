"""The stock at the API."""

from datetime import timedelta

import pytest
from django.utils import timezone

from hardware.inventory.services.items import item_move
from hardware.models import Loan, LoanPiece, Reservation
from tests.courseplatform.accounts.builders import headers_of
from tests.courseplatform.teams.builders import make_team
from tests.hardware.inventory.builders import items_of, product_of

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/courses/odml/hardware"


def test_the_staff_get_the_items_and_a_course_without_a_stock_says_so(cast, client):
    headers = headers_of(cast.amit, ["read"])
    assert client.get(ADDRESS, **headers).json()["error"]["code"] == "no_stockroom"
    items = items_of(cast, product_of(cast, device="rpi-4-8gb"), "PI-01", "PI-02", value="75", currency="USD")
    item_move(visit=cast.visit(cast.helen), item=items[1], to="retired", why="")
    (found,) = client.get(ADDRESS, **headers).json()["results"]
    assert (found["tag"], found["device"], found["value"], found["state"]) == ("PI-01", "rpi-4-8gb", "75.00", "in_service")  # fmt: skip
    assert len(client.get(f"{ADDRESS}?state=all", **headers).json()["results"]) == 2


def test_students_and_others_get_nothing(cast, client):
    items_of(cast, product_of(cast), "PI-01")
    assert client.get(ADDRESS, **headers_of(cast.ruth, ["read"])).status_code == 403
    assert client.get(ADDRESS, **headers_of(cast.lena, ["read"])).status_code == 404


def test_loans_and_reservations_are_all_for_staff_and_own_for_students(cast, client, django_assert_max_num_queries):
    product, now = product_of(cast), timezone.now()
    items = items_of(cast, product, "PI-01", "PI-02")
    heron = make_team(cast, "Heron", cast.daniel)
    common = {"stockroom": product.stockroom, "course": cast.course}
    for item, to in zip(items, ({"person": cast.ruth}, {"team": heron}), strict=True):
        loan = Loan.objects.create(handed_at=now, handed_by="amit", **to, **common)
        LoanPiece.objects.create(loan=loan, item=item, product=product, out_at=now)
        Reservation.objects.create(
            made_by=cast.helen, made_at=now, product=product, from_at=now, until_at=now + timedelta(days=1), **to, **common
        )  # fmt: skip
    for person, tags in (
        (cast.amit, {"PI-01", "PI-02"}),
        (cast.ruth, {"PI-01"}),
        (cast.daniel, {"PI-02"}),
        (cast.sofia, set()),
    ):
        headers = headers_of(person, ["read"])
        with django_assert_max_num_queries(12):
            loans = client.get(f"{ADDRESS}/loans?open=true", **headers).json()["results"]
        assert {piece["tag"] for loan in loans for piece in loan["pieces"]} == tags
        asked = client.get(f"{ADDRESS}/reservations", **headers).json()["results"]
        assert len(asked) == len(tags)
        assert all((one["person"] is None) != (one["team"] is None) for one in (*loans, *asked))
    assert client.get(f"{ADDRESS}/loans", **headers_of(cast.oscar, ["read"])).status_code == 404
