"""The stock at the API."""

import pytest

from hardware.inventory.services.items import item_move
from tests.courseplatform.accounts.builders import headers_of
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
