"""Pages of kits: gathered part by part, found by their label, and shown with what is missing."""

import csv
import io
import re

import pytest

from hardware.inventory.ledger import last_event
from hardware.inventory.services.items import item_change, item_move
from hardware.inventory.services.kits import kit_retire
from hardware.models import Kit
from tests.hardware.inventory.builders import BASE, cables_of, hand_over, items_of, kit_of, product_of, take_back

pytestmark = pytest.mark.django_db
KITS, NEW = f"{BASE}kits/", f"{BASE}kits/new/"


@pytest.fixture
def pis(cast):
    product = product_of(cast)
    items_of(cast, product, *(f"PI-0{n}" for n in range(1, 6)))
    return product


def page(client, address, status=200):
    answer = client.get(address)
    assert answer.status_code == status, address
    return " ".join(answer.content.decode().split())


def gathered(answer):
    return re.findall(r'name="part" value="([^"]+)"', answer.content.decode())


def test_a_kit_is_gathered_part_by_part_and_written_only_then(cast, client, pis):
    cables = cables_of(cast)
    client.force_login(cast.helen)
    first = client.post(NEW, {"code": "pi-01", "name": "Vision"})
    assert gathered(first) == ["PI-01"] and 'value="Vision"' in first.content.decode()
    second = client.post(NEW, {"code": "http://testserver/t/odml/PI-02", "part": gathered(first), "product": cables.pk, "number": "2"})  # fmt: skip
    assert gathered(second) == ["PI-01", "PI-02", f"product:{cables.pk}"]
    third = client.post(NEW, {"drop": "PI-02", "part": gathered(second), f"count-{cables.pk}": "2"})
    assert gathered(third) == ["PI-01", f"product:{cables.pk}"] and Kit.objects.count() == 0
    made = client.post(NEW, {"do": "save", "part": gathered(third), f"count-{cables.pk}": "3", "tag": "kit-01", "name": "Vision", "note": ""})  # fmt: skip
    assert made.headers["Location"] == f"{KITS}KIT-01/"
    found = page(client, f"{KITS}KIT-01/")
    assert "Everything is here" in found and "PI-01" in found and "Made with PI-01, 3 x USB-C cable." in found


def test_a_part_that_was_typed_and_not_added_is_saved_with_the_rest(cast, client, pis):
    client.force_login(cast.helen)
    client.post(NEW, {"do": "save", "code": "PI-01 PI-02", "tag": "KIT-01", "name": "Vision"})
    assert list(Kit.objects.get().slots.values_list("item__tag", flat=True)) == ["PI-01", "PI-02"]


def test_ranges_make_many_kits_and_within_one_kit_many_parts(cast, client, pis):
    client.force_login(cast.helen)
    made = client.post(NEW, {"do": "save", "part": ["PI-[01-03]"], "tag": "KIT-[01-03]", "name": "Vision"})
    assert made.headers["Location"] == KITS and "3 kits" in page(client, KITS)
    client.post(NEW, {"do": "save", "part": ["PI-[04-05]"], "tag": "BOX-01", "name": "Two"})
    assert Kit.objects.get(tag="BOX-01").slots.count() == 2
    wrong = client.post(NEW, {"do": "save", "part": ["PI-[01-02]"], "tag": "KIT-[11-13]", "name": "Vision"})
    assert wrong.status_code == 422 and "2 for 3 kits" in wrong.content.decode()


@pytest.mark.parametrize(
    ("sent", "said"),
    [({"code": "PI-99"}, "No item here has the tag PI-99"), ({"code": "PI-01", "part": "PI-01"}, "stands below already"), ({}, "Scan or type a tag"),
     ({"code": "https://evil.example/x"}, "not one of our labels"), ({"code": "https://testserver/t/other/PI-01"}, "of the stockroom other"),
     ({"part": "<b>"}, "is no tag"), ({"do": "save", "tag": "KIT-01", "name": "V"}, "at least one part"),
     ({"do": "save", "part": "PI-01", "tag": "PI-02", "name": "V"}, "is here already"), ({"do": "save", "part": "PI-01", "name": "V"}, "Write a tag"),
     ({"do": "save", "part": "PI-01", "tag": "KIT-[5-1]", "name": "V"}, "runs backwards"), ({"code": "PI-[1-9999]"}, "At most 500")],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_is_written(cast, client, pis, sent, said):
    client.force_login(cast.helen)
    answer = client.post(NEW, sent)
    assert answer.status_code == 422 and said in answer.content.decode()
    assert Kit.objects.count() == 0


def test_nonsense_of_a_form_is_left_out(cast, client, pis):
    client.force_login(cast.helen)
    answer = client.post(NEW, {"part": ["product:x", "product:999999", f"product:{'9' * 40}"], "product": "\x00", "number": "x"})  # fmt: skip
    assert answer.status_code == 422 and gathered(answer) == []


def test_a_kit_is_changed_and_two_people_do_not_overwrite_each_other(cast, client, pis):
    kit_of(cast, "KIT-01", "PI-01", (pis, 2))
    client.force_login(cast.helen)
    form = client.get(f"{KITS}KIT-01/edit/")
    seen = re.search(r'name="seen" value="(\d+)"', form.content.decode())[1]
    values = {
        "do": "save",
        "part": [*gathered(form), "PI-02"],
        f"count-{pis.pk}": "1",
        "name": "Camera kit",
        "seen": seen,
    }
    assert client.post(f"{KITS}KIT-01/edit/", values).headers["Location"] == f"{KITS}KIT-01/"
    assert "Joined: PI-02." in page(client, f"{KITS}KIT-01/")
    assert "Somebody changed this meanwhile" in client.post(f"{KITS}KIT-01/edit/", values).content.decode()


def test_the_list_says_what_is_missing_and_hides_what_is_given_up(cast, client, pis):
    kit_of(cast, "KIT-01", "PI-01"), kit_of(cast, "KIT-02", "PI-02")
    item_move(visit=cast.visit(cast.helen), item=pis.items.get(tag="PI-01"), to="lost", why="")
    kit_retire(visit=cast.visit(cast.helen), kit=Kit.objects.get(tag="KIT-02"))
    client.force_login(cast.amit)
    found = page(client, KITS)
    assert "1 kit" in found and "PI-01 is lost" in found and "KIT-02" not in found and "New kits" not in found
    assert "KIT-02" in page(client, f"{KITS}?show=all")
    assert "PI-01 is lost" in page(client, f"{KITS}KIT-01/")


def test_pages_of_kits_ask_as_much_for_many_as_for_few(cast, client, pis, django_assert_max_num_queries):
    cables = cables_of(cast)
    items_of(cast, pis, *(f"PX-{n}" for n in range(30)))
    for n in range(30):
        kit_of(cast, f"KIT-{n:02}", f"PX-{n}", (pis, 1), (cables, 1))
    client.force_login(cast.helen)
    for address, most in ((KITS, 18), (f"{KITS}KIT-07/", 20), (f"{KITS}KIT-07/edit/", 15), (f"{BASE}kits.csv", 12)):
        with django_assert_max_num_queries(most):
            client.get(address)


def test_students_see_what_belongs_to_a_kit_and_not_who_has_it(cast, client, pis):
    kit_of(cast, "KIT-01", "PI-01", note="with its box")
    client.force_login(cast.ruth)
    found = page(client, f"{KITS}KIT-01/")
    assert "PI-01" in found and "with its box" in found and "history-title" not in found and "Give up" not in found


def test_a_kit_is_given_up_and_taken_into_use_again(cast, client, pis):
    kit_of(cast, "KIT-01", "PI-01")
    client.force_login(cast.helen)
    assert "Part of" in page(client, f"{BASE}items/PI-01/")
    hand_over(cast, Kit.objects.get())
    found = page(client, f"{KITS}KIT-01/")
    assert "KIT-01 is out with Ruth: 1 piece. Take it back first." in found and "Give up the kit" not in found
    assert "Until then its parts stay as they are" in page(client, f"{KITS}KIT-01/edit/")
    take_back(cast, pis.items.get(tag="PI-01"))
    client.post(f"{KITS}KIT-01/retire/", {"why": "box broken"})
    assert "Retired: box broken." in page(client, f"{KITS}KIT-01/") and "Part of" not in page(
        client, f"{BASE}items/PI-01/"
    )
    client.post(f"{KITS}KIT-01/retire/", {"restore": "yes"})
    assert not Kit.objects.get().is_retired
    assert client.post(f"{KITS}KIT-01/retire/", {"why": "x" * 201}).status_code == 422


def test_a_label_opens_a_kit_and_scanning_finds_it(cast, client, pis):
    kit_of(cast, "KIT-01", "PI-01")
    client.force_login(cast.ruth)
    assert client.get("/t/odml/kit-01").headers["Location"] == f"{KITS}KIT-01/"
    client.force_login(cast.amit)
    assert client.post(f"{BASE}scan/", {"code": "/t/odml/KIT-01"}).headers["Location"] == f"{KITS}KIT-01/"
    for query in ("kits=on", "tags=KIT-01+PI-02"):
        assert client.get(f"{BASE}labels.pdf?{query}&sheet=a4-3x8&start=1").content.startswith(b"%PDF")
    kit_retire(visit=cast.visit(cast.helen), kit=Kit.objects.get())
    assert "There is no kit to print" in page(client, f"{BASE}labels.pdf?kits=on&sheet=a4-3x8&start=1", 422)


def test_a_label_opens_its_item_after_its_tag_was_changed_until_something_else_gets_the_tag(cast, client, pis):
    visit = cast.visit(cast.helen)
    for old, new in (("PI-01", "RPI-01"), ("RPI-01", "RP-1")):
        row = pis.items.get(tag=old)
        item_change(visit=visit, item=row, values={"tag": new}, seen=last_event(row))
    client.force_login(cast.ruth)
    for tag in ("PI-01", "rpi-01", "RP-1"):
        assert client.get(f"/t/odml/{tag}").headers["Location"] == f"{BASE}items/RP-1/"
    assert client.get(f"{BASE}items/PI-01/").headers["Location"] == f"{BASE}items/RP-1/"
    kit_of(cast, "PI-01", "PI-02")
    items_of(cast, pis, "RPI-01")
    assert client.get("/t/odml/PI-01").headers["Location"] == f"{KITS}PI-01/"
    assert client.get("/t/odml/RPI-01").headers["Location"] == f"{BASE}items/RPI-01/"
    client.force_login(cast.lena)
    assert client.get("/t/odml/RP-1").status_code == 404


def test_kits_are_a_file_with_a_line_for_each_part(cast, client, pis):
    kit_of(cast, "KIT-01", "PI-01", (cables_of(cast), 3), note="=1+1")
    client.force_login(cast.amit)
    rows = list(csv.DictReader(io.StringIO(client.get(f"{BASE}kits.csv").content.decode("utf-8-sig"))))
    assert [(row["kit"], row["tag"], row["product"], row["count"]) for row in rows] == [
        ("KIT-01", "PI-01", "Raspberry Pi 4, 8 GB", "1"), ("KIT-01", "", "USB-C cable", "3"),
    ]  # fmt: skip
    assert rows[0]["note"].startswith("'=")
