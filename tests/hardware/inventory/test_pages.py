"""Pages of the stock: what they say, and to whom."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from hardware.inventory.services.items import item_move
from hardware.models import Item, Product, StockEvent
from tests.hardware.inventory.builders import BASE, cables_of, count, items_of, png, product_of, stockroom_of
from tests.people import make_course

pytestmark = pytest.mark.django_db
ITEM = f"{BASE}items/PI-01/"


@pytest.fixture
def stock(cast):
    """Three boards, one in repair, and cables that run low."""
    product = product_of(cast, maker="Raspberry Pi", device="rpi-4-8gb")
    items = items_of(
        cast,
        product,
        "PI-01",
        "PI-02",
        "PI-03",
        serials=["s1", "s2", "s3"],
        place="Shelf A",
        value="75",
        currency="USD",
        note="secret",
    )
    item_move(visit=cast.visit(cast.helen), item=items[2], to="in_repair", why="no HDMI")
    cables_of(cast, 3)
    return product


def page(client, address, status=200):
    answer = client.get(address)
    assert answer.status_code == status, address
    return " ".join(answer.content.decode().split())


def test_a_course_without_a_stock_says_who_sets_it_up_and_an_instructor_does(cast, client):
    client.force_login(cast.ruth)
    assert "No stock yet" in page(client, BASE)
    client.force_login(cast.helen)
    assert "Set up the stock" in page(client, BASE)
    made = client.post(f"{BASE}setup/", {"name": "11-767 hardware", "slug": "odml"})
    assert made.headers["Location"] == BASE
    assert "Nothing is in the stock yet" in page(client, BASE)


def test_a_short_name_that_is_taken_is_refused_beside_its_field(cast, client):
    stockroom_of(cast)
    other = make_course("second")
    other.enrolments.create(person=cast.ines, role="instructor")
    client.force_login(cast.ines)
    answer = client.post("/courses/second/hardware/setup/", {"name": "Ours", "slug": "odml"})
    assert answer.status_code == 422 and "odml is the short name of another stockroom" in answer.content.decode()


def test_the_staff_read_first_what_there_is_and_what_needs_a_look(cast, client, stock):
    client.force_login(cast.amit)
    found = page(client, BASE)
    assert "3 items, 3 of them boards" in found
    assert "1 is in repair. Running low: USB-C cable: 3 left." in found
    assert "New entry" not in found


def test_the_page_makes_the_same_queries_for_few_and_for_many(cast, client, stock, django_assert_max_num_queries):
    client.force_login(cast.helen)
    for n in range(12):
        items_of(cast, product_of(cast, f"Camera {n}", kind="camera"), *(f"C{n}-{k}" for k in range(20)))
    for address, most in ((BASE, 26), (f"{BASE}items/", 14), (f"{BASE}stock.csv", 12), (ITEM, 16)):
        with django_assert_max_num_queries(most):
            client.get(address)


def test_students_see_what_can_be_had_and_no_value_place_note_or_history(cast, client, stock):
    client.force_login(cast.ruth)
    offer = page(client, BASE)
    assert "Raspberry Pi 4, 8 GB" in offer and "free of 2" in offer
    item = page(client, ITEM)
    assert "PI-01" in item and "Raspberry Pi" in item
    assert not [word for word in ("75.00", "Shelf A", "secret", "history-title", "Retire") if word in offer + item]


def test_visitors_see_the_offer_of_a_public_course_only(cast, client, stock):
    assert client.get(BASE).status_code == 302
    cast.course.is_public = True
    cast.course.save()
    assert "USB-C cable" in page(client, BASE)
    assert client.get(ITEM).status_code == 302


def test_a_label_opens_the_item_in_the_course_of_who_scans_it(cast, client, stock):
    client.force_login(cast.ruth)
    assert client.get("/t/odml/pi-01").headers["Location"] == ITEM
    assert client.get("/t/odml/PI-99").status_code == 404
    client.force_login(cast.lena)
    assert client.get("/t/odml/PI-01").status_code == 404
    client.logout()
    assert "/accounts/login/?next=/t/odml/PI-01" in client.get("/t/odml/PI-01").headers["Location"]


def test_another_course_has_none_of_it(cast, client, stock):
    other = cast.other_course
    other.enrolments.create(person=cast.ines, role="instructor")
    client.force_login(cast.ines)
    base = f"/courses/{other.slug}/hardware/"
    assert [
        client.get(f"{base}{path}").status_code
        for path in (
            "items/PI-01/",
            f"products/{stock.pk}/",
            f"products/{stock.pk}/picture/",
            "items/",
            "stock.csv",
            "labels.pdf",
            "scan/",
        )
    ] == [404] * 7
    assert client.post(f"{base}items/PI-01/move/", {"to": "lost"}).status_code == 404


def test_many_items_are_added_by_a_pattern_and_a_pasted_column(cast, client, stock):
    client.force_login(cast.helen)
    sent = {
        "product": stock.pk,
        "tags": "PI-[10-12]",
        "serials": "a\r\nb\r\nc\r\n",
        "condition": "new",
        "value": "75",
        "currency": "usd",
    }
    answer = client.post(f"{BASE}items/new/", sent, follow=True)
    assert "3 Raspberry Pi 4, 8 GB are in the stock: PI-10 to PI-12." in answer.content.decode()
    assert list(Item.objects.filter(tag__gte="PI-10").values_list("tag", "serial", "currency")) == [
        ("PI-10", "a", "USD"),
        ("PI-11", "b", "USD"),
        ("PI-12", "c", "USD"),
    ]
    again = client.post(f"{BASE}items/new/", sent)
    assert again.status_code == 422 and "PI-10, PI-11, PI-12 are here already" in again.content.decode()


def test_a_value_without_a_currency_is_asked_for_it(cast, client, stock):
    client.force_login(cast.helen)
    answer = client.post(f"{BASE}items/new/", {"product": stock.pk, "tags": "PI-10", "condition": "new", "value": "75"})
    assert answer.status_code == 422 and "Name the currency" in answer.content.decode()


def test_an_item_is_changed_and_a_stale_form_is_not_taken(cast, client, stock):
    client.force_login(cast.helen)
    held = client.get(f"{ITEM}edit/").context["form"].initial
    sent = {name: value for name, value in held.items() if value is not None} | {
        "product": stock.pk,
        "place": "Shelf B",
        "seen": client.get(f"{ITEM}edit/").context["seen"],
    }
    assert client.post(f"{ITEM}edit/", sent).headers["Location"] == ITEM
    assert Item.objects.get(tag="PI-01").place == "Shelf B"
    again = client.post(f"{ITEM}edit/", sent | {"place": "Shelf C"})
    assert again.status_code == 422 and "Somebody changed this meanwhile" in again.content.decode()
    assert Item.objects.get(tag="PI-01").place == "Shelf B"


def test_a_ta_takes_an_item_out_of_circulation_and_its_history_says_why(cast, client, stock):
    client.force_login(cast.amit)
    client.post(f"{ITEM}move/", {"to": "lost", "why": "not brought back"})
    found = page(client, ITEM)
    assert "not brought back" in found and "Put back into service" in found
    assert client.post(f"{ITEM}move/", {"to": "burnt"}).status_code == 422
    assert client.get(f"{ITEM}edit/").status_code == 403


def test_a_count_is_written_down_once_however_often_the_form_is_sent(cast, client, stock):
    client.force_login(cast.amit)
    cables = Product.objects.get(name="USB-C cable")
    address = f"{BASE}products/{cables.pk}/"
    key = client.get(address).context["form"].initial["key"]
    for _ in range(2):
        client.post(f"{address}count/", {"act": "given", "number": "2", "note": "team Magpie", "key": key})
    assert "1 left" in page(client, address)
    refused = client.post(f"{address}count/", {"act": "given", "number": "2", "key": "not a key"})
    assert refused.status_code == 422
    refused = client.post(
        f"{address}count/", {"act": "given", "number": "2", "key": str(cast.visit(cast.ruth).person.pk).zfill(32)}
    )
    assert refused.status_code == 422 and "2 cannot go" in refused.content.decode()


def test_a_picture_is_shown_as_what_its_bytes_are(cast, client, stock):
    client.force_login(cast.helen)
    address = f"{BASE}products/{stock.pk}/picture/"
    assert client.get(address).status_code == 404
    client.post(f"{address}set/", {"picture": SimpleUploadedFile("x.html", png(), "text/html")})
    shown = client.get(address)
    assert (shown["Content-Type"], "sandbox" in shown["Content-Security-Policy"]) == ("image/png", True)
    assert client.post(f"{address}set/", {"picture": SimpleUploadedFile("x.png", b"<svg/>", "image/png")}).status_code == 422  # fmt: skip
    assert client.post(f"{address}set/").status_code == 422


def test_a_list_is_looked_at_and_then_applied_in_the_browser(cast, client, stock):
    client.force_login(cast.helen)
    rows = 'product,tag,place\n"Raspberry Pi 4, 8 GB",PI-01,Shelf Z\n"Raspberry Pi 4, 8 GB",bad tag,x\n'
    made = client.post(f"{BASE}import/", {"file": SimpleUploadedFile("stock.csv", rows.encode())})
    preview = client.get(made.headers["Location"])
    found = preview.content.decode()
    assert "1 refused, 1 changed" in found and "bad_tag" in found and "<del>Shelf A</del>" in found
    client.post(made.headers["Location"] + "apply/", {"digest": preview.context["digest"]})
    assert Item.objects.get(tag="PI-01").place == "Shelf Z"
    assert "Line 3, tag" in page(client, made.headers["Location"])
    rows = "product,kind,tag,serial\nScale,other,SC-01,77\nScale,other,SC-02,77\nScale,other,SC-03,78\n"
    made = client.post(f"{BASE}import/", {"file": SimpleUploadedFile("stock.csv", rows.encode())})
    found = page(client, made.headers["Location"])
    assert (
        "2 refused" in found
        and "The same serial stands in line 3." in found
        and "The same serial stands in line 2." in found
    )
    refused = client.post(f"{BASE}import/", {"file": SimpleUploadedFile("stock.xlsx", b"PK\x03\x04")})
    assert refused.status_code == 422 and "excel_workbook" in refused.content.decode()


def test_history_leaves_the_house_as_a_file(cast, client, stock):
    client.force_login(cast.amit)
    text = client.get(f"{BASE}history.csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == StockEvent.objects.count()
    assert [row["after"] for row in rows if row["tag"] == "PI-03"] == ["PI-03", "in_repair"]
    one = client.get(f"{BASE}items/PI-03/history.csv").content.decode("utf-8-sig")
    assert len(list(csv.DictReader(io.StringIO(one)))) == 2


def test_items_are_found_by_tag_serial_number_and_state(cast, client, stock):
    client.force_login(cast.amit)
    for query, tags in (("q=s2", ["PI-02"]), ("state=in_repair", ["PI-03"]), ("q=%00", ["PI-01", "PI-02", "PI-03"]),
                        ("product=99999999999999999999", ["PI-01", "PI-02", "PI-03"]), ("q=nothing", [])):  # fmt: skip
        rows = client.get(f"{BASE}items/?{query}").context["rows"]
        assert [row["item"].tag for row in rows] == tags, query


def test_a_second_term_lends_the_same_boards(cast, client, stock):
    other = cast.other_course
    other.enrolments.create(person=cast.helen, role="instructor")
    client.force_login(cast.helen)
    base = f"/courses/{other.slug}/hardware/"
    assert "11-767 hardware" in page(client, f"{base}setup/")
    client.post(f"{base}setup/", {"join": stock.stockroom_id})
    assert "3 items, 3 of them boards" in page(client, base)
    count(cast, Product.objects.get(name="USB-C cable"), "given", 1)
    assert "2 left" in page(client, base)
