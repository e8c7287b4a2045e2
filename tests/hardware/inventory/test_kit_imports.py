"""A list of kits: what is read, what is refused with its line and column, and that applying does what was seen, once."""

import re

import pytest

from courseplatform.core.errors import AppError
from hardware.inventory.services.items import item_move
from hardware.inventory.services.kit_imports import kit_import_apply, kit_import_create, kit_plan_of
from hardware.inventory.services.kits import kit_retire
from hardware.inventory.stock.plan import CHANGED, NEW, REFUSED, SAME
from hardware.models import Kit, KitEvent
from tests.hardware.inventory.builders import BASE, cables_of, hand_over, items_of, kit_of, product_of
from tests.hardware.inventory.lending import ask

pytestmark = pytest.mark.django_db
HEAD = "Kit,Name,Note,State,Tag,Product,Count\n"


@pytest.fixture
def pis(cast):
    product = product_of(cast)
    items_of(cast, product, *(f"PI-{n:02d}" for n in range(1, 9)))
    cables_of(cast)
    return product


def previewed(cast, text):
    made = kit_import_create(visit=cast.visit(cast.helen), data=text.encode(), file_name="kits.csv")
    return made, kit_plan_of(made)


def applied(cast, text):
    made, plan = previewed(cast, text)
    kit_import_apply(visit=cast.visit(cast.helen), stock_import=made, digest=plan.digest)
    return plan


def verdicts(plan):
    return {one.tag: one.verdict for one in plan.kits}


def contents(tag):
    return [(slot.item.tag if slot.item else slot.product.name, slot.count) for slot in Kit.objects.get(tag=tag).slots.all()]  # fmt: skip


def test_kits_are_made_changed_and_left_by_a_list_and_an_export_changes_nothing(cast, client, pis):
    kit_of(cast, "KIT-01", "PI-01", "PI-02", note="with its box")
    text = (
        HEAD + "kit-01,Vision kit,,in use,PI-01,,\nKIT-01,,,,PI-03,,1\nKIT-01,,,,,usb-c cable,2\n"
        'KIT-02,Sound kit,For labs,,pi-04,"Raspberry Pi 4, 8 GB",\nKIT-02,,,,,USB-C cable,\n'
    )  # fmt: skip
    plan = applied(cast, text)
    assert verdicts(plan) == {"KIT-01": CHANGED, "KIT-02": NEW}
    assert [(one.label, one.old, one.new) for one in plan.kits[0].changes] == [
        ("part", "PI-02", ""), ("part", "", "PI-03"), ("part", "", "2 x USB-C cable"),
    ]  # fmt: skip
    assert [one.new for one in plan.kits[1].changes] == ["PI-04", "1 x USB-C cable"]
    assert contents("KIT-01") == [("PI-01", 1), ("PI-03", 1), ("USB-C cable", 2)] and contents("KIT-02") == [("PI-04", 1), ("USB-C cable", 1)]  # fmt: skip
    assert (Kit.objects.get(tag="KIT-01").note, Kit.objects.get(tag="KIT-02").note) == ("with its box", "For labs")
    kit_retire(visit=cast.visit(cast.helen), kit=Kit.objects.get(tag="KIT-02"))
    before = KitEvent.objects.count()
    client.force_login(cast.helen)
    exported = client.get(f"{BASE}kits.csv").content.decode("utf-8-sig")
    assert verdicts(applied(cast, exported)) == {"KIT-01": SAME, "KIT-02": SAME} and KitEvent.objects.count() == before


def test_what_cannot_be_taken_is_named_with_its_line_and_column_and_its_kit_is_left_out(cast, pis):
    kit_of(cast, "KIT-08", "PI-08")
    hand_over(cast, Kit.objects.get())
    item_move(visit=cast.visit(cast.helen), item=pis.items.get(tag="PI-07"), to="retired", why="")
    wrong = {
        ",,,,PI-01,,": ("Kit", "no_kit"), "K-1,,,,PI-01,,": ("name", "no_name"), "PI-02,V,,,PI-01,,": ("kit", "tag_taken"),
        "K 1,V,,,PI-01,,": ("Kit", "bad_tag"), "K-1,V,,,PI-99,,": ("tag", "unknown_tag"), "K-1,V,,,,Robot,1": ("product", "unknown_product"),
        "K-1,V,,,,,3": ("tag", "no_part"), "K-1,V,,,PI-01,,2": ("count", "bad_count"), "K-1,V,,,,USB-C cable,100": ("count", "bad_count"),
        "K-1,V,,,PI-01,USB-C cable,": ("product", "other_product"), "K-1,V,,,PI-07,,": ("tag", "retired_part"), "K-1,V,,,PI-08,,": ("tag", "in_other_kit"),
        "K-1,V,,retired,PI-01,,": ("state", "illegal_state"), "K-1,V,,lent,PI-01,,": ("State", "unknown_state"), "K-1,=1+1,,,PI-01,,": ("Name", "formula"),
        "KIT-08,,,,PI-01,,": ("kit", "kit_out"), "K-1,V,,,PI-01,,\nK-1,W,,,PI-02,,": ("name", "contradicts"),
        "K-1,V,,,PI-01,,\nK-2,V,,,PI-01,,": ("tag", "tag_twice"), "K-1,V,,,,USB-C cable,1\nK-1,,,,,usb-c cable,2": ("product", "product_twice"),
    }  # fmt: skip
    for rows, (column, code) in wrong.items():
        _, plan = previewed(cast, f"{HEAD}{rows}\nK-9,Fine,,,PI-05,,\n")
        faults = [fault for one in plan.kits for fault in one.faults]
        assert (column, code) in {fault[1:3] for fault in faults} and all(2 <= fault[0] <= 3 and fault[3] for fault in faults), rows  # fmt: skip
        assert verdicts(plan)["K-9"] == NEW and set(verdicts(plan).values()) == {NEW, REFUSED}, rows
    for data, code in ((b"name,tag\nV,PI-01\n", "no_header"), (b"kit,tag\n", "no_rows")):
        with pytest.raises(AppError) as caught:
            kit_import_create(visit=cast.visit(cast.helen), data=data)
        assert caught.value.code == code


def test_a_list_is_looked_at_and_applied_in_the_browser_and_a_broken_promise_writes_nothing(cast, client, pis):
    client.force_login(cast.amit)
    assert client.get(f"{BASE}kits/import/").status_code == 403
    client.force_login(cast.helen)
    assert f"{BASE}kits/import/" in client.get(f"{BASE}kits/").content.decode()
    assert "no_header" in client.post(f"{BASE}kits/import/", {"text": "colour\nred\n"}).content.decode()
    where = client.post(
        f"{BASE}kits/import/", {"text": HEAD + "K-1,Vision,,,PI-01,,\nK-2,Vision,,,PI-02,,\nK-3,,,,PI-99,,\n"}
    )["Location"]
    found = " ".join(client.get(where).content.decode().split())
    assert (
        "1 refused, 2 new" in found
        and "line 4, tag</b>: No item here has the tag PI-99." in found
        and "Apply 2 kits" in found
    )
    digest = re.search(r'name="digest" value="(\w+)"', found)[1]
    for n in range(3, 9):
        item_move(visit=cast.visit(cast.helen), item=pis.items.get(tag=f"PI-0{n}"), to="retired", why="")
    row = ask(cast, cast.ruth, pis)
    refused = client.post(f"{where}apply/", {"digest": digest})
    assert (
        refused.status_code == 409
        and "K-2, line 3: " in refused.content.decode()
        and "Nothing of the list was written." in refused.content.decode()
    )
    assert not Kit.objects.exists()
    row.bookings.update(is_active=False)
    assert client.post(f"{where}apply/", {"digest": "x"}).status_code == 409
    assert client.post(f"{where}apply/", {"digest": digest}).status_code == 302
    assert client.post(f"{where}apply/", {"digest": digest}).status_code == 302 and Kit.objects.count() == 2
    found = client.get(where).content.decode()
    assert "See the kits" in found and "Line 4, tag: No item here" in found
    assert (
        where in client.get(f"{BASE}kits/import/").content.decode()
        and where not in client.get(f"{BASE}import/").content.decode()
    )


def test_many_kits_are_planned_with_few_queries(cast, pis, django_assert_max_num_queries):
    items_of(cast, pis, *(f"PX-{n}" for n in range(200)))
    made, _ = previewed(cast, HEAD + "".join(f"K-{n},Vision,,,PX-{n},,\nK-{n},,,,,USB-C cable,1\n" for n in range(200)))
    with django_assert_max_num_queries(8):
        assert len(kit_plan_of(made).of(NEW)) == 200
