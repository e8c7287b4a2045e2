"""The loan desk and the page of a loan in a browser without scripts: what a scan means, what is refused, who sees what, and at what cost."""

from datetime import timedelta
from urllib.parse import parse_qs, urlparse
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from hardware.inventory.services.items import item_move
from hardware.models import DamageCase, Item, Loan, LoanPiece
from tests.courseplatform.teams.builders import make_team
from tests.hardware.inventory.builders import BASE, cables_of, hand_over, items_of, kit_of, png, product_of, take_back
from tests.hardware.inventory.lending import ask

pytestmark = pytest.mark.django_db
DESK = f"{BASE}desk/"
DAY = timedelta(days=1)


@pytest.fixture
def pis(cast, client):
    client.force_login(cast.amit)
    return items_of(cast, product_of(cast), *(f"PI-{n:02}" for n in range(1, 9)), place="Shelf B2")


def scan(client, code, **state):
    """Where a scan leads: the state that the address names, or the refusal."""
    answer = client.get(DESK, {"code": code, **state})
    if answer.status_code != 302:
        return answer.status_code, answer.content.decode()
    return parse_qs(urlparse(answer["Location"]).query)


def lend(client, *tags, to, **more):
    return client.post(f"{DESK}hand-over/", {"t": tags, "to": to, "key": str(uuid4()), "due": "none"} | more)


def test_a_free_item_goes_onto_the_table_and_one_that_is_out_opens_its_return(cast, client, pis):
    assert scan(client, "pi-01") == {"t": ["PI-01"]}
    assert scan(client, "https://testserver/t/odml/PI-02", t="PI-01") == {"t": ["PI-01", "PI-02"]}
    hand_over(cast, pis[0])
    assert scan(client, "PI-01", t="PI-02") == {"back": ["PI-01"]}
    page = client.get(DESK, {"back": "PI-01"}).content.decode()
    assert "Take back 1 of 1 piece" in page and "Ruth" in page


def test_a_code_that_is_not_ours_is_refused_in_a_sentence_and_the_table_stays(cast, client, pis):
    refused = {
        "https://evil.example/pay": (422, "not one of our labels"),
        "https://testserver/t/other/PI-01": (422, "of the stockroom other"),
        "https://m.example.edu/t/odml/PI-01": (422, "belongs to another site: m.example.edu."),
        "PI-99": (404, "Nothing here has the tag PI-99"),
    }
    for code, (status, words) in refused.items():
        found, page = scan(client, code, t="PI-01")
        assert found == status and words in page and 'name="t" value="PI-01"' in page


def test_words_look_for_who_gets_it(cast, client, pis):
    team = make_team(cast, "Heron", cast.daniel)
    assert scan(client, "ruth", t="PI-01") == {"t": ["PI-01"], "to": [f"p{cast.ruth.pk}"], "q": ["ruth"]}
    assert scan(client, "Heron", t="PI-01")["to"] == [f"t{team.pk}"]
    assert scan(client, "example.edu", t="PI-01") == {"t": ["PI-01"], "q": ["example.edu"]}
    assert scan(client, "Lena", t="PI-01")[0] == 404
    page = client.get(DESK, {"t": "PI-01", "q": "example.edu"}).content.decode()
    assert "ruth@example.edu" in page and "team Heron" in page


def test_scan_person_done(cast, client, pis):
    page = client.get(DESK, {"t": ["PI-01", "PI-02"], "to": f"p{cast.ruth.pk}"}).content.decode()
    assert "Hand over 2 to Ruth" in page
    answer = lend(client, "PI-01", "PI-02", to=f"p{cast.ruth.pk}", photo=SimpleUploadedFile("a.png", png()), **{"condition-PI-01": "worn"})  # fmt: skip
    loan = Loan.objects.get()
    assert answer["Location"] == f"{DESK}?done={loan.pk}"
    assert Item.objects.get(tag="PI-01").condition == "worn" and loan.photos.get().way == "out"
    page = client.get(answer["Location"]).content.decode()
    assert "2 pieces lent to Ruth" in page and "Undo" in page
    client.post(f"{BASE}loans/{loan.pk}/undo/")
    assert not LoanPiece.objects.filter(back_at=None).exists()


def test_a_day_is_the_last_minute_of_it_in_the_zone_of_the_course(cast, client, pis):
    lend(client, "PI-01", to=f"p{cast.ruth.pk}", due="day", day="2099-12-07")
    assert Loan.objects.get().due_at.isoformat() == "2099-12-08T04:59:00+00:00"
    answer = lend(client, "PI-02", to=f"p{cast.ruth.pk}", due="day", day="soon")
    assert answer.status_code == 422 and "bad_day" in answer.content.decode()


def test_the_day_is_that_of_what_is_reserved_of_the_things_on_the_table(cast, client, pis):
    arm = items_of(cast, product_of(cast, "Robot arm", kind="robot"), "RA-01")[0]
    board, robot = (
        ask(cast, cast.ruth, pis[0].product, first=0.1, last=30),
        ask(cast, cast.ruth, arm.product, first=0.2, last=9),
    )

    def chosen(*tags):
        found = client.get(DESK, {"t": tags, "to": f"p{cast.ruth.pk}"}).content.decode()
        return found.split('name="day" value="')[1].split('"')[0], found

    days = [timezone.localtime(one.until_at, cast.course.tz).date().isoformat() for one in (board, robot)]
    assert chosen("PI-01")[0] == days[0] and chosen("RA-01")[0] == days[1]
    day, found = chosen("PI-01", "RA-01")
    assert day == days[1] and "Robot arm is reserved until" in found and "A loan has one day" in found
    items_of(cast, product_of(cast, "Camera", kind="camera"), "CM-01")
    assert chosen("CM-01")[0] == ""  # nothing on the table is reserved


def test_what_is_not_in_service_is_refused_when_it_is_scanned(cast, client, pis):
    item_move(visit=cast.visit(cast.amit), item=pis[0], to="in_repair", why="")
    status, found = scan(client, "PI-01", t="PI-02")
    assert status == 409 and "PI-01 is in repair" in found and f"{BASE}items/PI-01/" in found and "PI-02" in found


def test_what_stands_against_it_is_set_aside_by_a_tick(cast, client, pis):
    hand_over(cast, pis[0], due_at=timezone.now() - DAY, now=timezone.now() - 3 * DAY)
    page = client.get(DESK, {"t": "PI-02", "to": f"p{cast.ruth.pk}"}).content.decode()
    assert "Hand it over all the same" in page
    assert lend(client, "PI-02", to=f"p{cast.ruth.pk}").status_code == 409
    assert lend(client, "PI-02", to=f"p{cast.ruth.pk}", override="yes").status_code == 302
    assert "All the same: Ruth is handed nothing new" in Loan.objects.first().events.get().sentence


def test_a_kit_shows_what_is_missing_and_goes_out_without_it_by_a_tick(cast, client, pis):
    cards = items_of(cast, product_of(cast, "SD card", kind="sd_card"), "SD-01")
    kit_of(cast, "KIT-01", "PI-01", "PI-02", cards[0].product, (cables_of(cast, 5), 2))
    hand_over(cast, pis[1], person=cast.sofia)
    page = client.get(DESK, {"t": "KIT-01", "to": f"p{cast.ruth.pk}"}).content.decode()
    assert "out with Sofia" in page and "scan which one" in page
    answer = lend(client, "KIT-01", to=f"p{cast.ruth.pk}", without=["PI-02"], due="day", day="2099-01-02")
    page = answer.content.decode()
    assert answer.status_code == 409 and "kit_not_whole" in page
    assert 'value="PI-02" checked' in page and 'value="2099-01-02"' in page
    lend(client, "KIT-01", "SD-01", to=f"p{cast.ruth.pk}", without=["PI-02"])
    assert [str(one.item or one.product) for one in Loan.objects.first().pieces.all()] == ["PI-01", "SD-01", "USB-C cable"]  # fmt: skip
    assert scan(client, "KIT-01") == {"back": ["KIT-01"]}
    assert "Take back 3 of 3 pieces" in client.get(DESK, {"back": "KIT-01"}).content.decode()


def test_a_part_is_taken_back_and_what_is_missing_is_named_before(cast, client, pis):
    loan = hand_over(cast, *pis[:3])
    page = client.get(DESK, {"back": ["PI-01", "PI-02"]}).content.decode()
    assert "Take back 2 of 3 pieces" in page and "Without PI-03 the loan stays open for this one piece" in page
    pieces = list(loan.pieces.all())
    form = {
        "piece": [pieces[0].pk, pieces[1].pk],
        "key": str(uuid4()),
        f"condition-{pieces[0].pk}": "worn",
        f"condition-{pieces[1].pk}": "damaged",
        f"what-{pieces[1].pk}": "bent",
        f"photo-{pieces[1].pk}": SimpleUploadedFile("a.png", png()),
    }
    refused = client.post(f"{DESK}take-back/", form | {"back": ["PI-01", "PI-02"], f"condition-{pieces[0].pk}": "odd"})
    assert (refused.status_code, "bad_condition" in refused.content.decode()) == (422, True)
    assert 'value="bent"' in refused.content.decode() and not DamageCase.objects.exists()  # what was typed is kept
    form[f"photo-{pieces[1].pk}"].seek(0)
    answer = client.post(f"{DESK}take-back/", form, follow=True)
    found = answer.content.decode()
    assert "PI-01 worn, PI-02 damaged (bent) are back from Ruth. Still out: PI-03." in found
    case = DamageCase.objects.get()
    assert case.item == pis[1] and f"{BASE}cases/{case.pk}/" in found and "Damage among what came back" in found
    assert loan.photos.get().piece == pieces[1] and case.photos.count() == 1
    assert [one.condition_back for one in loan.pieces.order_by("pk")] == ["worn", "damaged", ""]
    found = client.get(DESK, {"t": "PI-02", "to": f"p{cast.ruth.pk}"}).content.decode()
    assert "Damage is reported" in found and "bent" in found and "Hand over PI-02" in found
    assert "Damage is reported" not in client.get(DESK, {"t": "PI-01", "to": f"p{cast.ruth.pk}"}).content.decode()
    answer = client.post(f"{DESK}take-back/", form | {"key": str(uuid4())})
    assert answer.status_code == 409 and "PI-01 is not out on loan. It came back on" in answer.content.decode()
    status, page = scan(client, "PI-08", back="PI-03")
    assert (
        status == 409
        and "PI-08 is not out on loan. It belongs at Shelf B2." in page
        and "Take back 1 of 1 piece" in page
    )


def test_what_was_lost_and_is_scanned_again_is_taken_back(cast, client, pis):
    loan = hand_over(cast, pis[0])
    client.post(f"{BASE}loans/{loan.pk}/lost/", {"piece": loan.pieces.get().pk, "why": "in a train"})
    assert Item.objects.get(tag="PI-01").status == "lost"
    assert scan(client, "PI-01") == {"back": ["PI-01"]}
    assert "declared lost" in client.get(DESK, {"back": "PI-01"}).content.decode()
    client.post(f"{DESK}take-back/", {"piece": loan.pieces.get().pk, "key": str(uuid4())})
    assert Item.objects.get(tag="PI-01").status == "in_service"


def test_a_hostile_form_is_refused_and_writes_nothing(cast, client, pis):
    whole = {"t": "PI-01", "to": f"p{cast.ruth.pk}", "key": str(uuid4())}
    numbers = {"n": ["9" * 40 + ":1", "x:y", ":"]}
    for form in (
        {},
        whole | {"to": "p999999"},
        whole | {"to": "t\x00"},
        whole | {"key": ""},
        whole | {"key": "x"},
        whole | {"t": ""} | numbers,
    ):
        assert client.post(f"{DESK}hand-over/", form).status_code in (422, 404)
    for form in ({}, {"piece": ["x", "9" * 30], "key": str(uuid4())}, {"piece": "1", "key": "no"}):
        assert client.post(f"{DESK}take-back/", form).status_code in (422, 404)
    for query in ("t=%00", "back=%00%ff", "to=%F0%9F", "n=1:1:1", "done=9999999999999", "done=x", "code=%00", "q=%00"):
        assert client.get(f"{DESK}?{query}").status_code in (200, 404, 422), query
    assert Loan.objects.count() == 0


def test_the_borrower_confirms_renews_and_says_what_is_not_right(cast, client, pis):
    loan = hand_over(cast, pis[0], due_at=timezone.now() + 5 * DAY)
    address = f"{BASE}loans/{loan.pk}/"
    client.force_login(cast.ruth)
    page = client.get(address).content.decode()
    assert "Yes, I have this" in page and "Declare lost" not in page and "amit@example.edu" not in page
    client.post(f"{address}accept/")
    client.post(f"{address}renew/")
    client.post(f"{address}say/", {"text": "no cable", "key": str(uuid4())})
    loan.refresh_from_db()
    assert loan.accepted_by == "ruth@example.edu" and loan.renewed == 1
    assert "renewed_enough" in client.post(f"{address}renew/").content.decode()
    assert client.post(f"{address}undo/").status_code == client.post(f"{address}lost/").status_code == 403
    client.force_login(cast.sofia)
    assert {client.get(address).status_code, client.post(f"{address}accept/").status_code} == {404}
    client.force_login(cast.amit)
    assert client.post(f"{address}renew/", {"due": "day", "day": "2099-01-01"}).status_code == 302


def test_a_photo_is_served_as_what_it_is_to_whoever_sees_the_loan(cast, client, pis):
    loan = hand_over(cast, pis[0])
    client.force_login(cast.ruth)
    assert client.post(f"{BASE}loans/{loan.pk}/photo/", {"way": "out", "photo": SimpleUploadedFile("x.svg", b"<svg onload=1>")}).status_code == 422  # fmt: skip
    client.post(f"{BASE}loans/{loan.pk}/photo/", {"way": "out", "photo": SimpleUploadedFile("x.exe", png())})
    address = f"{BASE}loans/photos/{loan.photos.get().pk}/"
    answer = client.get(address)
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("image/png", "nosniff")
    assert (
        "sandbox" in answer["Content-Security-Policy"] and 'filename="loan-photo.png"' in answer["Content-Disposition"]
    )
    client.force_login(cast.sofia)
    assert client.get(address).status_code == 404


def test_the_list_filters_searches_and_says_who_left(cast, client, pis):
    late = hand_over(cast, pis[0], due_at=timezone.now() - DAY, now=timezone.now() - 5 * DAY)
    hand_over(cast, pis[1], team=make_team(cast, "Heron", cast.daniel))
    hand_over(cast, pis[2], person=cast.sofia)
    take_back(cast, pis[2])
    cast.course.enrolments.filter(person=cast.ruth).update(is_active=False, left_at=late.handed_at)

    def shown(**query):
        page = client.get(f"{BASE}loans/", query).content.decode()
        return {tag for tag in ("PI-01", "PI-02", "PI-03") if f">{tag}<" in page}

    assert shown() == {"PI-01", "PI-02"} and shown(state="overdue") == {"PI-01"} and shown(state="closed") == {"PI-03"}
    assert shown(state="all", q="heron") == {"PI-02"} and shown(state="all", q="pi-03") == {"PI-03"} and shown(q="\x00nobody") == set()  # fmt: skip
    assert "left the course" in client.get(f"{BASE}loans/").content.decode()
    lines = client.get(f"{BASE}loans.csv").content.decode().splitlines()
    assert len(lines) == 4 and "left the course" in lines[1] and lines[1].count(",") >= 19


def queries(django_assert_max_num_queries, client, most, address, query=None):
    with django_assert_max_num_queries(most):
        assert client.get(address, query or {}).status_code == 200


def test_pages_ask_a_bounded_number_of_questions(cast, client, pis, django_assert_max_num_queries):
    for _ in range(2):
        loan = hand_over(cast, *pis)
        take_back(cast, *pis)
    loan = hand_over(cast, *pis[:6])
    for n in range(20):
        hand_over(cast, *items_of(cast, pis[0].product, f"XX-{n:02}"), person=cast.daniel)
    most = django_assert_max_num_queries
    queries(most, client, 22, DESK)
    queries(most, client, 26, DESK, {"back": [one.tag for one in pis[:6]]})
    queries(most, client, 30, DESK, {"t": ["PI-07", "PI-08"]})
    queries(most, client, 36, DESK, {"t": ["PI-07", "PI-08"], "to": f"p{cast.sofia.pk}"})
    queries(most, client, 20, f"{BASE}loans/")
    queries(most, client, 22, f"{BASE}loans/{loan.pk}/")
    queries(most, client, 16, f"{BASE}loans.csv")
