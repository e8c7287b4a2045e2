"""The stock at the API."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from hardware.inventory.services.items import item_move
from hardware.models import Loan, LoanPiece, Reservation
from tests.courseplatform.accounts.builders import headers_of
from tests.courseplatform.teams.builders import make_team
from tests.hardware.inventory.builders import cables_of, hand_over, items_of, kit_of, product_of, take_back

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


def call(client, method, path, headers, **sent):
    return getattr(client, method)(f"{ADDRESS}/{path}", json.dumps(sent), content_type="application/json", **headers)


def test_kits_are_read_by_everybody_and_written_by_instructors(cast, client, django_assert_max_num_queries):
    pis, cables = product_of(cast), cables_of(cast)
    items_of(cast, pis, "PI-01", "PI-02", *(f"PX-{n}" for n in range(20)))
    helen, amit, ruth = (headers_of(who, ["read", "hardware"]) for who in (cast.helen, cast.amit, cast.ruth))
    new = {"tag": "kit-01", "name": "Vision kit", "parts": [{"tag": "PI-01"}, {"product": "usb-c cable", "count": 2}]}
    for headers, status in ((amit, 403), (ruth, 403), (headers_of(cast.helen, ["read"]), 403), (helen, 201)):
        made = call(client, "post", "kits", headers, **new)
        assert made.status_code == status, made.content
    assert made.json()["parts"] == [
        {"tag": "PI-01", "product": pis.name, "count": 1}, {"tag": None, "product": cables.name, "count": 2},
    ]  # fmt: skip
    for parts, code in (
        ([{}], "no_part"),
        ([{"product": "Robot"}], "unknown_product"),
        ([{"tag": "PI-99"}], "unknown_tag"),
        ([], "no_parts"),
    ):
        refused = call(client, "post", "kits", helen, tag="KIT-02", name="Two", parts=parts)
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, code)
    for n in range(20):
        kit_of(cast, f"K-{n:02}", f"PX-{n}", (cables, 1))
    item_move(visit=cast.visit(cast.helen), item=pis.items.get(tag="PI-01"), to="in_repair", why="")
    with django_assert_max_num_queries(16):
        kits = client.get(f"{ADDRESS}/kits", **amit).json()["results"]
    assert len(kits) == 21 and (kits[-1]["is_whole"], kits[-1]["missing"]) == (False, ["PI-01 is in repair"])
    assert client.get(f"{ADDRESS}/kits", **ruth).json()["results"][-1]["missing"] is None
    changed = call(client, "patch", "kits/KIT-01", helen, name="Camera kit", parts=[{"tag": "PI-02"}])
    assert changed.json()["name"] == "Camera kit" and changed.json()["is_whole"]
    assert (
        call(client, "patch", "kits/KIT-01", helen, name="x", is_retired=True).json()["error"]["code"] == "two_changes"
    )
    assert call(client, "patch", "kits/KIT-01", helen, is_retired=True).json()["is_retired"]
    assert [len(client.get(f"{ADDRESS}/kits{ask}", **ruth).json()["results"]) for ask in ("", "?retired=true")] == [
        20,
        21,
    ]


def test_damage_is_reported_by_who_has_it_and_decided_by_the_staff(cast, client):
    first, _ = items_of(cast, product_of(cast), "PI-01", "PI-02")
    amit, ruth, sofia = (headers_of(who, ["read", "hardware"]) for who in (cast.amit, cast.ruth, cast.sofia))
    assert call(client, "post", "cases", ruth, tag="PI-01", what="does not boot").status_code == 404
    hand_over(cast, first)
    assert (
        call(client, "post", "cases", headers_of(cast.ruth, ["read", "hand_in"]), tag="PI-01", what="x").status_code
        == 403
    )
    made = call(client, "post", "cases", ruth, tag="pi-01", what="does not boot").json()
    call(client, "post", "cases", amit, tag="PI-02", what="bent pins")
    seen = {
        name: [one["tag"] for one in client.get(f"{ADDRESS}/cases", **who).json()["results"]]
        for name, who in (("amit", amit), ("ruth", ruth), ("sofia", sofia))
    }
    assert seen == {"amit": ["PI-02", "PI-01"], "ruth": ["PI-01"], "sofia": []}
    here = f"cases/{made['id']}"
    assert client.get(f"{ADDRESS}/{here}", **ruth).status_code == 403
    assert call(client, "post", here, amit, to="in_repair").json()["error"]["code"] == "on_loan"
    take_back(cast, first)
    found = call(
        client, "post", here, amit, to="mended", why="new socket", condition="worn", note="spare part used"
    ).json()
    assert (found["status"], [one["words"] for one in found["entries"]][:2]) == (
        "mended",
        ["spare part used", "new socket"],
    )
    assert call(client, "post", here, amit).json()["error"]["code"] == "no_words"
    assert client.get(f"{ADDRESS}/cases?state=mended", **amit).json()["results"][0]["closed_at"]
    assert client.get(f"{ADDRESS}/cases", **ruth).json()["results"] == []


def test_a_shelf_is_counted_by_a_program(cast, client):
    items_of(cast, product_of(cast), "PI-01", "PI-02", place="Shelf A")
    amit = headers_of(cast.amit, ["read", "hardware"])
    assert call(client, "post", "counts", headers_of(cast.ruth, ["hardware"]), place="").status_code == 403
    assert call(client, "post", "counts", amit, place="Attic").json()["error"]["code"] == "unknown_place"
    begun = call(client, "post", "counts", amit, place="shelf a").json()
    here = f"counts/{begun['id']}"
    said = [call(client, "post", f"{here}/scans", amit, code=code).json() for code in ("pi-01", "PI-01", "XX-9")]
    assert [(one["found"], one["is_new"]) for one in said] == [("here", True), ("here", False), ("unknown", True)]
    assert client.get(f"{ADDRESS}/{here}", **amit).json()["ended_at"] is None
    scans = client.get(f"{ADDRESS}/{here}/scans", **amit).json()["results"]
    assert [(one["tag"], one["code"]) for one in scans] == [("PI-01", "PI-01"), (None, "XX-9")]
    assert call(client, "patch", here, amit, is_ended=False).json()["error"]["code"] == "not_reopened"
    ended = call(client, "patch", here, amit, is_ended=True).json()["result"]
    assert ([one["tag"] for one in ended["seen"]], [one["tag"] for one in ended["missing"]], ended["unknown"]) == (
        ["PI-01"],
        ["PI-02"],
        ["XX-9"],
    )
    assert call(client, "post", f"{here}/scans", amit, code="PI-02").json()["error"]["code"] == "count_ended"
    assert client.get(f"{ADDRESS}/counts", **amit).json()["results"][0]["ended_by"]
