"""The end of things: an entry of the catalogue that is deleted or archived, and a course that lends from its stockroom no more."""

import pytest

from courseplatform.core.errors import AppError
from courseplatform.courses.models import Enrolment, Role, ScheduleChange
from hardware.inventory.ledger import last_event
from hardware.inventory.services.items import item_change, items_add
from hardware.inventory.services.reservations import reservation_cancel
from hardware.inventory.services.stockrooms import stockroom_join
from hardware.models import Product, Reservation, Stockroom, StockroomCourse
from tests.hardware.inventory.builders import (
    BASE,
    cables_of,
    hand_over,
    items_of,
    kit_of,
    product_of,
    stockroom_of,
    take_back,
)
from tests.hardware.inventory.lending import ask
from tests.hardware.inventory.test_imports import codes, imported

pytestmark = pytest.mark.django_db


def page(client, address, status=200):
    answer = client.get(address)
    assert answer.status_code == status, address
    return " ".join(answer.content.decode().split())


def test_an_entry_that_was_never_used_is_deleted_and_one_that_was_is_not(cast, client):
    typo, cables = product_of(cast, "Rasperry Pi"), cables_of(cast)
    client.force_login(cast.helen)
    assert "Delete Rasperry Pi" in page(client, f"{BASE}products/{typo.pk}/")
    assert client.post(f"{BASE}products/{typo.pk}/delete/").headers["Location"] == BASE
    assert "never used" in ScheduleChange.objects.first().sentence
    found = page(client, f"{BASE}products/{cables.pk}/")
    assert "USB-C cable was used: 1 change of its number. Archive it" in found and "Delete USB-C" not in found
    assert client.post(f"{BASE}products/{cables.pk}/delete/").status_code == 409
    client.force_login(cast.amit)
    assert client.post(f"{BASE}products/{cables.pk}/delete/").status_code == 403
    assert list(Product.objects.all()) == [cables]


def test_an_archived_entry_is_offered_nowhere_and_comes_back(cast, client):
    old, new = product_of(cast, "Raspberry Pi 3"), product_of(cast, "Raspberry Pi 5")
    items = items_of(cast, old, "PI-01", "PI-02", "PI-03")
    items_of(cast, new, "PJ-01")
    here = f"{BASE}products/{old.pk}/"
    client.force_login(cast.helen)
    row = ask(cast, cast.ruth, old)
    assert "1 request is open for Raspberry Pi 3." in page(client, here) and "Archive it</button>" not in page(
        client, here
    )
    assert client.post(f"{here}archive/").status_code == 409
    reservation_cancel(visit=cast.visit(cast.ruth), reservation=row)
    kit_of(cast, "KIT-01", "PI-03")
    assert "Raspberry Pi 3 is a part of KIT-01." in page(client, here)
    client.post(f"{BASE}kits/KIT-01/retire/")
    hand_over(cast, items[0])
    client.post(f"{here}archive/", {"why": "too slow"})
    assert (
        "archived</span>" in page(client, here)
        and "too slow" in page(client, here)
        and "Archived: <a" in page(client, BASE)
    )
    assert old.name in page(client, BASE).split("Archived:")[0]  # one is out, so the staff see it until it is back
    take_back(cast, items[0])
    assert old.name not in page(client, BASE).split("Archived:")[0] and "PI-01" in page(client, f"{BASE}items/")
    for address in (f"{BASE}free/", f"{BASE}reserve/", f"{BASE}items/new/", f"{BASE}kits/new/"):
        assert old.name not in page(client, address).split("<main")[1] and new.name in page(client, address), address
    client.force_login(cast.ruth)
    assert old.name not in page(client, BASE).split("<main")[1]
    for act, code in (
        (lambda: ask(cast, cast.ruth, old), "not_in_service"),
        (lambda: items_add(visit=cast.visit(cast.helen), product=old, tags=["PI-09"], serials=[], values={}), "archived"),
        (lambda: kit_of(cast, "KIT-02", (old, 1)), "archived"),
        (lambda: item_change(visit=cast.visit(cast.helen), item=new.items.get(), values={"product": Product.objects.get(pk=old.pk)},
                             seen=last_event(new.items.get())), "archived"),
    ):  # fmt: skip
        with pytest.raises(AppError) as caught:
            act()
        assert caught.value.code == code
    assert codes(imported(cast, "product,tag,place\nRaspberry Pi 3,PI-09,\nRaspberry Pi 3,PI-02,Attic\n")) == [
        (2, "product", "archived")
    ]
    client.force_login(cast.helen)
    client.post(f"{here}archive/", {"restore": "yes"})
    assert old.name in page(client, f"{BASE}free/") and old.events.filter(what="is_archived").count() == 2


def test_a_course_lends_no_more_from_a_stockroom_when_nothing_of_it_is_out_or_asked_for(cast, client):
    item, _ = items_of(cast, product_of(cast), "PI-01", "PI-02")
    here = f"{BASE}stockroom/"
    loan, row = hand_over(cast, item), ask(cast, cast.daniel, item.product, 30, 40)
    client.force_login(cast.helen)
    for said, end in (
        ("out through this course: with Ruth", lambda: take_back(cast, item)),
        ("asked for through this course: Raspberry Pi 4, 8 GB for Daniel", lambda: reservation_cancel(visit=cast.visit(cast.daniel), reservation=row)),
    ):  # fmt: skip
        assert said in page(client, here) and client.post(here).status_code == 409
        end()
    assert "No other course lends from 11-767 hardware" in page(client, here) and client.post(here).status_code == 409
    Enrolment.objects.create(course=cast.other_course, person=cast.helen, role=Role.INSTRUCTOR)
    stockroom_join(visit=cast.visit(cast.helen, cast.other_course), stockroom=item.stockroom_id)
    assert cast.other_course.name in page(client, here)
    client.post(here)
    assert list(StockroomCourse.objects.values_list("course__slug", flat=True)) == [cast.other_course.slug]
    assert "No stock yet" in page(client, BASE) and page(client, f"{BASE}loans/{loan.pk}/")
    assert (
        Reservation.objects.count() == 1
        and "no more" in ScheduleChange.objects.filter(course=cast.course).first().sentence
    )


def test_an_empty_stockroom_that_was_made_by_mistake_goes_with_its_last_course(cast, client):
    stockroom_of(cast)
    client.force_login(cast.helen)
    assert "in which nothing stands, is gone" in page(client, f"{BASE}stockroom/")
    client.post(f"{BASE}stockroom/")
    assert not Stockroom.objects.exists()
    client.post(f"{BASE}setup/", {"name": "11-767 hardware", "slug": "odml"})
    assert Stockroom.objects.get().slug == "odml"
