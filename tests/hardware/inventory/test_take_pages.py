"""Pages of a count: choosing a shelf, scanning with and without JavaScript, and what is ticked in the result."""

import csv
import io
import json

import pytest

from hardware.inventory.services.takes import take_begin, take_end, take_scan
from hardware.models import Item, Kit, StockTake
from tests.browsing import wrong_but
from tests.hardware.inventory.builders import BASE, items_of, product_of
from tests.hardware.inventory.test_cases import lent

COUNTS = f"{BASE}counts/"
JSON = {"headers": {"accept": "application/json"}}


def filled(cast):
    items_of(cast, product_of(cast), "PI-01", "PI-02", "PI-03", place="Shelf A")
    items_of(cast, product_of(cast, "Camera", kind="camera"), "CM-01", place="Shelf B")
    items_of(cast, product_of(cast, "Robot arm", kind="robot"), "RB-01")
    return {one.tag: one for one in Item.objects.select_related("product", "stockroom")}


@pytest.fixture
def shelf(cast):
    return filled(cast)


def page(client, address, status=200):
    answer = client.get(address)
    assert answer.status_code == status, address
    return " ".join(answer.content.decode().split())


def begun(client, place="Shelf A"):
    return client.post(f"{COUNTS}begin/", {"place": place}).headers["Location"]


@pytest.mark.django_db
def test_a_shelf_is_chosen_by_its_place_with_what_should_stand_there(cast, client, shelf):
    lent(cast, shelf["PI-03"], person=cast.ruth)
    client.force_login(cast.amit)
    found = page(client, COUNTS)
    assert '<td>Shelf A</td><td class="num first-line"><b>2</b></td>' in found and "1 item has no place" in found
    here = begun(client)
    assert "of 2 seen" in page(client, here) and "Go on: Shelf A" in page(client, COUNTS)
    assert begun(client) == here
    assert client.post(f"{COUNTS}begin/", {"place": "Attic"}).status_code == 422


@pytest.mark.django_db
def test_without_javascript_a_scan_is_a_form_and_says_what_it_found(cast, client, shelf):
    client.force_login(cast.amit)
    here = begun(client)
    kit = Kit.objects.create(stockroom=shelf["PI-01"].stockroom, tag="KIT-01", name="Kit")
    kit.slots.create(item=shelf["PI-02"])
    for code, said in (
        ("pi-01", "PI-01 is seen."),
        ("CM-01", "belongs at Shelf B"),
        ("XX-1", "Nothing here has the tag XX-1"),
        ("PI 9", "is no tag"),
    ):
        answer = client.post(here, {"code": code}, follow=True)
        assert answer.status_code == 200 and said in answer.content.decode(), code
    answer = client.post(here, {"code": "KIT-01"}, follow=True)
    assert "Count what belongs to" in answer.content.decode() and 'value="KIT-01"' in answer.content.decode()
    client.post(here, {"code": "KIT-01", "whole_kit": "1"})
    assert "<b>2</b> of 3 seen" in page(client, here)


@pytest.mark.django_db
def test_a_program_gets_the_sentence_and_the_part_of_the_page_that_changed(cast, client, shelf):
    client.force_login(cast.amit)
    here = begun(client)
    answer = client.post(here, {"code": "PI-01"}, **JSON)
    said = json.loads(answer.content)
    assert (said["found"], said["said"], said["is_new"], said["kit"]) == ("here", "PI-01 is seen.", True, "")
    assert (
        "<b>1</b> of 3 seen" in said["html"]
        and said["html"].strip() == client.get(f"{here}changed/").content.decode().strip()
    )
    refused = client.post(here, {"code": ""}, **JSON)
    assert (refused.status_code, json.loads(refused.content)["error"]["code"]) == (422, "bad_tag")
    client.post(f"{here}end/")
    assert client.get(f"{here}changed/").status_code == 204
    assert json.loads(client.post(here, {"code": "PI-02"}, **JSON).content)["error"]["code"] == "count_ended"


@pytest.mark.django_db
def test_what_follows_is_ticked_in_the_result_and_is_offered_once(cast, client, shelf):
    client.force_login(cast.amit)
    here = begun(client)
    for code in ("PI-01", "CM-01", "XX-1"):
        client.post(here, {"code": code})
    client.post(f"{here}end/")
    found = page(client, here)
    assert "1 of 3 seen, 2 are missing" in found and "XX-1" in found
    sent = {"lost": [shelf["PI-02"].pk], "moved": [shelf["CM-01"].pk]}
    assert "2 items changed" in client.post(f"{here}settle/", sent, follow=True).content.decode()
    found = page(client, here)
    assert "lost now" in found and "belongs here now" in found
    assert found.count('type="checkbox"') == 1
    assert client.post(f"{here}settle/", {"lost": ["x", shelf["PI-01"].pk]}).status_code == 422
    rows = list(csv.reader(io.StringIO(client.get(f"{here}result.csv").content.decode("utf-8-sig"))))
    assert rows[1:] == [
        ["missing", "PI-02", "Raspberry Pi 4, 8 GB", ""], ["missing", "PI-03", "Raspberry Pi 4, 8 GB", ""],
        ["elsewhere", "CM-01", "Camera", "belongs at Shelf B"], ["seen", "PI-01", "Raspberry Pi 4, 8 GB", ""], ["unknown", "XX-1", "", ""],
    ]  # fmt: skip


@pytest.mark.django_db
def test_a_count_begun_by_mistake_is_forgotten(cast, client, shelf):
    client.force_login(cast.amit)
    here = begun(client)
    assert "Forget it" in page(client, here)
    assert client.post(f"{here}drop/").headers["Location"] == COUNTS
    assert client.get(here).status_code == 404


@pytest.mark.django_db
def test_only_the_page_that_scans_may_ask_for_the_camera(cast, client, shelf):
    client.force_login(cast.amit)
    here = begun(client)
    assert "camera=(self)" in client.get(here)["Permissions-Policy"]
    client.post(f"{here}end/")
    assert "camera=()" in client.get(here)["Permissions-Policy"]


@pytest.mark.django_db
def test_a_code_is_shown_as_text_and_not_as_a_part_of_the_page(cast, client, shelf):
    client.force_login(cast.amit)
    here = begun(client)
    said = json.loads(client.post(here, {"code": "https://x.example/<script>alert(1)</script>"}, **JSON).content)
    assert "<script>" not in said["html"] and "&lt;script&gt;" in said["html"]


@pytest.mark.django_db
def test_the_pages_make_the_same_few_queries_for_a_big_shelf(cast, client, shelf, django_assert_max_num_queries):
    items_of(cast, shelf["PI-01"].product, *(f"Z-{n:03}" for n in range(200)), place="Shelf A")
    visit = cast.visit(cast.amit)
    take = take_begin(visit=visit, place="Shelf A")
    for n in range(0, 200, 10):
        take_scan(visit=visit, take=take, code=f"Z-{n:03}")
    client.force_login(cast.amit)
    for address, most in ((COUNTS, 11), (f"{COUNTS}{take.pk}/", 13), (f"{COUNTS}{take.pk}/changed/", 13)):
        with django_assert_max_num_queries(most):
            client.get(address)
    take_end(visit=visit, take=take)
    with django_assert_max_num_queries(11):
        client.get(f"{COUNTS}{take.pk}/")


@pytest.mark.part("chromium")
@pytest.mark.django_db(transaction=True)
def test_a_phone_counts_a_shelf_with_the_camera_open_and_by_typing(cast, page_of):
    filled(cast)
    page = page_of(cast.amit, 360, 740)
    page.goto(COUNTS)
    page.click("tr:has-text('Shelf A') button")
    page.click("[data-camera-start]")
    page.wait_for_selector("text=PI-01 is seen.", timeout=30_000)
    assert page.inner_text(".take-number .big") == "1 of 3 seen"
    page.fill("#code", "pi-02")
    page.press("#code", "Enter")
    page.fill("#code", "nothing")  # a second one while the first is still on its way
    page.press("#code", "Enter")
    page.wait_for_selector("text=Nothing here has the tag NOTHING")
    assert page.inner_text(".take-number .big") == "2 of 3 seen" and page.is_visible("video")
    assert page.inner_text("[aria-labelledby=missing-title] li b") == "PI-03"
    assert StockTake.objects.get().scans.count() == 3
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.click("text=End the count")
    page.wait_for_selector("text=2 of 3 seen, 1 is missing")
    page.check("label:has-text('PI-03') input")
    page.click("text=Report the ticked as lost")
    page.wait_for_selector("text=lost now")
    assert wrong_but(page, "status of 4") == []
    assert Item.objects.get(tag="PI-03").status == "lost"
