"""Pages of damage cases: what the staff see and do, and what a borrower can report."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from courseplatform.notices.models.notifications import Notification
from hardware.inventory.services.cases import case_open
from hardware.models import DamageCase, Item
from tests.courseplatform.teams.builders import make_team
from tests.hardware.inventory.builders import BASE, items_of, png, product_of, take_back
from tests.hardware.inventory.test_cases import lent, moved, opened

pytestmark = pytest.mark.django_db
CASES, ITEM = f"{BASE}cases/", f"{BASE}items/PI-01/"


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def pi(cast):
    return items_of(cast, product_of(cast), "PI-01", "PI-02", place="Shelf A")[0]


def page(client, address, status=200):
    answer = client.get(address)
    assert answer.status_code == status, address
    return " ".join(answer.content.decode().split())


def photo(content=None):
    return SimpleUploadedFile("a.png", content or png(), content_type="image/png")


def test_the_list_says_first_what_waits_and_filters(cast, client, pi):
    client.force_login(cast.amit)
    assert "Nothing is broken" in page(client, CASES) and "No case is open" in page(client, CASES)
    opened(cast, pi, "fan rattles")
    moved(cast, opened(cast, Item.objects.get(tag="PI-02"), "bent pins"), "in_repair")
    found = page(client, CASES)
    assert "1 case waits for a look; 1 item is in repair" in found and "fan rattles" in found and "bent pins" in found
    assert "fan rattles" not in page(client, f"{CASES}?state=in_repair") and "bent pins" not in page(
        client, f"{CASES}?q=fan"
    )
    assert "No case fits these filters" in page(client, f"{CASES}?q=zzz&state=all")


def test_a_member_of_staff_opens_a_case_on_the_page_of_the_item_and_closes_it(cast, client, pi):
    client.force_login(cast.amit)
    assert "Open a case" in page(client, ITEM)
    answer = client.post(f"{ITEM}case/", {"what": "does not boot", "photos": [photo(), photo()]})
    case = DamageCase.objects.get()
    here = f"{CASES}{case.pk}/"
    assert answer.headers["Location"] == here
    found = page(client, here)
    assert "does not boot" in found and "Send to repair" in found and found.count('case-photo"') == 2
    client.post(f"{here}note/", {"text": "part ordered"})
    client.post(f"{here}cost/", {"cost": "12,50", "currency": "usd", "note": "socket"})
    client.post(f"{here}photos/", {"photos": [photo()]})
    client.post(f"{here}move/", {"to": "in_repair", "why": "to the lab"})
    assert Item.objects.get(tag="PI-01").status == "in_repair"
    client.post(f"{here}move/", {"to": "mended", "why": "new socket", "condition": "worn"})
    found = page(client, here)
    assert [
        word
        for word in ("part ordered", "12.50 USD, socket", "to the lab", "new socket", "Open it again")
        if word not in found
    ] == []
    item = Item.objects.get(tag="PI-01")
    assert (item.status, item.condition) == ("in_service", "worn")
    assert "does not boot" in page(client, ITEM)


@pytest.mark.parametrize(
    ("path", "sent", "status"),
    [("move/", {"to": "gone"}, 422), ("move/", {"to": "in_repair", "condition": "odd"}, 422), ("note/", {"text": " "}, 422),
     ("cost/", {"cost": "many"}, 422), ("cost/", {"cost": "5"}, 422), ("photos/", {}, 422), ("move/", {"to": "open"}, 302)],
)  # fmt: skip
def test_what_cannot_be_written_is_refused_with_a_sentence(cast, client, pi, path, sent, status):
    client.force_login(cast.amit)
    case = opened(cast, pi)
    assert client.post(f"{CASES}{case.pk}/{path}", sent).status_code == status


def test_the_page_of_an_item_offers_only_what_would_be_done_and_says_what_stands_in_the_way(cast, client, pi):
    client.force_login(cast.amit)

    def offered():
        found = page(client, ITEM)
        return [
            to for to in ("in_service", "in_repair", "lost", "retired") if f'name="to" value="{to}"' in found
        ], found

    assert offered()[0] == ["in_repair", "lost", "retired"]
    loan = lent(cast, pi, person=cast.ruth).loan
    offers, found = offered()
    assert offers == [] and "PI-01 is with Ruth since" in found and f"{BASE}loans/{loan.pk}/" in found
    assert f"{BASE}desk/?back=PI-01" in found and client.post(f"{ITEM}move/", {"to": "lost"}).status_code == 409
    case = opened(cast, Item.objects.get(tag="PI-02"), "bent pins")
    for to, left, why in (
        ("open", ["lost"], "whether it goes to repair"),
        ("in_repair", ["lost"], "whether it comes back into service"),
        ("mended", ["in_repair", "lost", "retired"], ""),
    ):
        moved(cast, case, to)
        found = page(client, f"{BASE}items/PI-02/")
        assert [
            one for one in ("in_service", "in_repair", "lost", "retired") if f'name="to" value="{one}"' in found
        ] == left, to
        assert why in found and (f"{CASES}{case.pk}/" in found and "is said on its damage case" in found) == bool(
            why
        ), to


def test_a_borrower_reports_it_on_the_page_of_the_item_and_sees_what_came_of_it(cast, client, pi):
    lent(cast, pi, team=make_team(cast, "Magpie", cast.ruth, cast.daniel))
    client.force_login(cast.ruth)
    assert "Is something wrong?" in page(client, ITEM)
    answer = client.post(f"{ITEM}report/", {"what": "camera port is loose", "photos": [photo()]})
    assert answer.headers["Location"] == ITEM
    client.force_login(cast.daniel)
    found = page(client, ITEM)
    assert "camera port is loose" in found and "Add to the case" not in found and f"{CASES}" not in found
    case = DamageCase.objects.get()
    taken, loan = f"{BASE}case-photos/{case.photos.get().pk}/", f"{BASE}loans/{case.piece.loan_id}/"
    for address in (CASES, f"{CASES}{case.pk}/"):
        assert client.get(address).status_code == 403
    assert taken in found and client.get(taken).status_code == 200
    assert f"{ITEM}#damage" in page(client, loan)
    take_back(cast, pi)
    moved(cast, case, "mended")
    found = page(client, loan)  # also when it is back, and with what came of it
    assert "camera port is loose" in found and "mended" in found and taken in found and f"{ITEM}#damage" not in found
    assert loan == Notification.objects.filter(person=cast.daniel, title__endswith="mended").get().path
    assert client.get(taken).status_code == 200
    client.force_login(cast.sofia)
    assert client.get(taken).status_code == 404
    assert "camera port is loose" not in page(client, ITEM) and "Is something wrong?" not in page(client, ITEM)
    assert client.post(f"{ITEM}report/", {"what": "x"}).status_code == 404


def test_the_page_says_who_has_it_before_it_can_go_to_repair(cast, client, pi):
    lent(cast, pi, person=cast.ruth)
    case = opened(cast, pi)
    client.force_login(cast.amit)
    found = page(client, f"{CASES}{case.pk}/")
    assert "Send to repair, Write it off: not now.</span> PI-01 is on loan to Ruth. Take it back first" in found
    assert offers(found) == {"mended", "no_fault"}
    assert client.post(f"{CASES}{case.pk}/move/", {"to": "in_repair"}).status_code == 409
    found = page(client, ITEM)
    assert offers(found) == set() and "It goes nowhere else before it is" in found
    assert "Take it back</a>" in found and re.search(rf'<dt>With</dt><dd><a href="{BASE}loans/\d+/">Ruth</a>', found)


def test_what_a_case_decides_is_not_offered_on_the_page_of_its_item(cast, client, pi):
    client.force_login(cast.amit)
    moved(cast, opened(cast, pi), "in_repair")
    found = page(client, ITEM)
    assert offers(found) == {"lost"} and "or is written off is said on its damage case" in found
    assert "It is in repair, so it is not lent." in found and "Lend it" not in found
    first = moved(cast, DamageCase.objects.get(), "mended")
    opened(cast, pi, "fan rattles")
    found = page(client, f"{CASES}{first.pk}/")
    assert (
        offers(found) == set() and "Open it again: not now.</span> PI-01 has another open case (fan rattles)." in found
    )
    moved(cast, DamageCase.objects.get(status="open"), "written_off")
    found = page(client, ITEM)
    assert "PI-01 is retired, so no case is opened for it." in found and "Open a case" not in found


def offers(found):
    """What can be pressed on a page."""
    return set(re.findall(r'name="to" value="(\w+)"', found))


def test_a_photo_is_served_as_what_it_is_without_where_it_was_taken(cast, client, pi):
    case = case_open(visit=cast.visit(cast.amit), item=pi, what="x", photos=[("a.png", png())])
    client.force_login(cast.helen)
    answer = client.get(f"{BASE}case-photos/{case.photos.get().pk}/")
    assert (answer["Content-Type"], answer["Content-Security-Policy"]) == (
        "image/png",
        "sandbox; default-src 'none'; frame-ancestors 'none'",
    )
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_the_pages_make_the_same_few_queries_for_many_cases(cast, client, pi, django_assert_max_num_queries):
    for item in items_of(cast, pi.product, *(f"Z-{n:02}" for n in range(40))):
        lent(cast, item, person=cast.ruth)
        opened(cast, item)
    case = opened(cast, pi)
    client.force_login(cast.amit)
    for address, most in ((CASES, 12), (f"{CASES}{case.pk}/", 14), (ITEM, 21)):
        with django_assert_max_num_queries(most):
            client.get(address)
