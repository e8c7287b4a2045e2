"""The page Hardware of the staff: what is out, who waits, the term as a figure, and what to buy more of."""

import csv
import io
import struct
from datetime import timedelta

import pytest
from django.utils import timezone

from courseplatform.courses.models import Course
from hardware.inventory.selectors.stock import more_words, owned, verdict
from hardware.inventory.selectors.usage import choices, chosen_of, over_the_term, to_buy, usage_of
from hardware.inventory.services.items import item_move
from hardware.models import Item, Loan, LoanPiece, Reservation, ReservationMove, StockEvent
from tests.courseplatform.teams.builders import make_team
from tests.hardware.inventory.builders import BASE, cables_of, items_of, kit_of, product_of, stockroom_of

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def ago(days):
    return NOW - timedelta(days=days)


@pytest.fixture
def boards(cast):
    product = product_of(cast)
    items_of(cast, product, *(f"PI-{n:02d}" for n in range(1, 11)))
    return product


def lend(cast, tag, since, back=None, due=None, course=None, **who):
    """A loan of one item as the desk writes it; `since`, `back` and `due` in days ago."""
    item = Item.objects.get(tag=tag)
    loan = Loan.objects.create(
        stockroom=item.stockroom, course=course or cast.course, handed_at=ago(since), handed_by="amit", closed_at=None if back is None else ago(back),
        due_at=None if due is None else ago(due), **(who or {"person": cast.ruth}),
    )  # fmt: skip
    return LoanPiece.objects.create(
        loan=loan, item=item, product=item.product, out_at=ago(since), back_at=None if back is None else ago(back), ended_as="" if back is None else "returned",
    )  # fmt: skip


def wait(cast, product, since, until=None, count=1, ended="cancelled", **fields):
    """A request that waits since so many days ago, or did until it was served or given up. product None: `kit` says for what."""
    row = Reservation.objects.create(
        stockroom=stockroom_of(cast), course=cast.course, person=cast.ruth, made_by=cast.ruth, made_at=ago(since), product=product, count=count,
        from_at=ago(since), until_at=NOW + timedelta(days=30), status="waiting" if until is None else ended, **fields,
    )  # fmt: skip
    if until is not None:
        ReservationMove.objects.create(subject=row, moved_from="waiting", moved_to=ended, by="t")
        ReservationMove._base_manager.filter(subject=row).update(at=ago(until))
    return row


def numbers(cast):
    return {one.product.name: (one.out, one.free, one.in_repair, one.lost, one.waiting) for one in owned(stockroom_of(cast))}  # fmt: skip


def usage(cast):
    return usage_of(cast.visit(cast.amit), stockroom_of(cast), NOW)


def test_each_item_is_in_one_column_also_what_broke_while_it_is_out(cast, boards):
    for tag in ("PI-01", "PI-02", "PI-03"):
        lend(cast, tag, 5)
    lend(cast, "PI-04", 9, back=2)
    Item.objects.filter(tag="PI-03").update(status="in_repair")  # as a case leaves it that is opened while it is out
    for tag, to in (("PI-04", "in_repair"), ("PI-05", "lost"), ("PI-06", "retired")):
        item_move(visit=cast.visit(cast.amit), item=Item.objects.get(tag=tag), to=to, why="test")
    wait(cast, boards, 2)
    assert numbers(cast) == {boards.name: (3, 4, 1, 1, 1)}
    row = owned(stockroom_of(cast))[0]
    assert row.total == Item.objects.exclude(status="retired").count()
    assert [(part["name"], round(part["at"]), round(part["width"])) for part in row.bar] == [
        ("out", 0, 33), ("repair", 78, 11), ("lost", 89, 11)
    ]  # fmt: skip


def test_what_another_course_of_the_stockroom_has_is_out_and_not_overdue_here(cast, boards):
    lend(cast, "PI-01", 9, due=3, course=cast.other_course)
    lend(cast, "PI-02", 9, due=-3)
    rows = owned(stockroom_of(cast))
    assert numbers(cast)[boards.name][0] == 2
    assert verdict(rows) == "2 of 10 boards are out"


def test_the_verdict_says_what_is_out_and_what_is_late(cast, boards, client):
    client.force_login(cast.amit)
    assert "10 items, 10 of them boards" in client.get(BASE).content.decode()
    camera = product_of(cast, "Camera", kind="camera")
    items_of(cast, camera, "CM-01")
    lend(cast, "CM-01", 9)
    assert "1 of 11 items is out" in client.get(BASE).content.decode()
    lend(cast, "PI-01", 9, due=2)
    assert "1 of 10 boards is out; 1 loan is overdue" in client.get(BASE).content.decode()
    lend(cast, "PI-02", 9, due=1)
    wait(cast, camera, 4)
    found = client.get(BASE).content.decode()
    assert "2 of 10 boards are out; 2 loans are overdue" in found
    assert "Short: Camera: 0 free, 1 waits." in found


def test_what_waits_is_not_said_again_as_running_low(cast, boards):
    cables_of(cast, 3)
    boards.low_at = 20
    boards.save()
    assert more_words(owned(stockroom_of(cast))) == "All of them are in service. Running low: Raspberry Pi 4, 8 GB: 10 left; USB-C cable: 3 left."  # fmt: skip
    wait(cast, boards, 1, 0.5, ended="asked")
    wait(cast, boards, 1)
    assert more_words(owned(stockroom_of(cast))).startswith("Short: Raspberry Pi 4, 8 GB: 10 free, 1 waits. All")


def test_the_figure_shows_of_each_day_what_was_out_at_its_end(cast, boards):
    for n, (since, back) in enumerate([(20, 5), (20, None), (12.5, 12.4), (3, None), (1, None)], 1):
        lend(cast, f"PI-{n:02d}", since, back)
    found = over_the_term(cast.visit(cast.amit), usage(cast), choices(usage(cast).rows)[0])
    assert (found.chosen.label, found.chosen.owned, found.days[-1].out, found.peak.number) == ("Boards", 10, 3, 3)
    zone = cast.course.tz
    assert len(found.days) == (NOW.astimezone(zone).date() - cast.course.starts_on).days + 1
    spans = [(piece.out_at, piece.back_at or NOW + timedelta(days=1)) for piece in LoanPiece.objects.all()]
    for day, after in zip(found.days, [*(one.day for one in found.days[1:]), None], strict=True):
        end = cast.course.wall(after, timezone.datetime.min.time()) if after else NOW + timedelta(microseconds=1)
        assert day.out == sum(out < end <= back for out, back in spans), day
    assert found.drawing.line.startswith("M0 148") and found.drawing.now.text == "3 out today"
    assert found.finding.startswith("A quarter of the boards have been out since")


def test_of_what_is_out_its_share_of_the_term_is_told(cast, boards):
    """Ten boards since the first day of the term; two were out for half of it each."""
    start = usage(cast).term.start
    whole = NOW - start
    for tag in ("PI-01", "PI-02"):
        piece = lend(cast, tag, 1, back=0.5)
        LoanPiece.objects.filter(pk=piece.pk).update(out_at=start + whole / 4, back_at=start + whole * 3 / 4)
    used = usage(cast).used[0]
    assert (used.percent, used.peak.number) == ("10", 2)


def test_what_was_waited_for_is_what_to_buy_and_not_what_is_all_out(cast, boards):
    camera, meter, robot = (product_of(cast, name, kind="other") for name in ("Camera", "Meter", "Robot"))
    for product, tag in ((camera, "CM-01"), (meter, "UM-01"), (robot, "RA-01")):
        items_of(cast, product, tag)
        lend(cast, tag, 30)
    wait(cast, meter, 9, count=2)
    wait(cast, meter, 4, 1, ended="asked")
    wait(cast, robot, 0.3, 0.2, ended="declined")
    wait(cast, camera, 1.2, 1.1, ended="asked")
    found = to_buy(usage(cast))
    assert [(one.row.product.name, one.short.most, one.short.went_without) for one in found] == [("Meter", 3, 0), ("Robot", 1, 1)]  # fmt: skip
    boards_figure = over_the_term(cast.visit(cast.amit), usage(cast), choices(usage(cast).rows)[0])
    assert (boards_figure.finding, boards_figure.how) == ("None of the boards has been out this term.", "")
    one = over_the_term(cast.visit(cast.amit), usage(cast), chosen_of(choices(usage(cast).rows), str(meter.pk)))
    assert one.finding.startswith("All of Meter have been out since ")
    assert one.how.endswith("; Meter is what to buy more of.")


def test_who_waited_for_a_kit_waited_for_what_was_missing_of_it(cast, boards):
    """KIT-01 is out with another; of KIT-02 the camera alone broke; KIT-03 lacks one of the cameras that any of will do; KIT-04 is only promised."""
    camera, meter = product_of(cast, "Camera", kind="camera"), product_of(cast, "Meter", kind="usb_meter")
    items_of(cast, camera, *(f"CM-{n}" for n in range(1, 5)))
    items_of(cast, meter, "UM-1", "UM-2", "UM-3", "UM-4")
    kits = [
        kit_of(cast, f"KIT-0{n}", f"PI-0{n}", f"UM-{n}", *([(camera, 1), (cables_of(cast), 2)] if n == 3 else [f"CM-{n}"]))
        for n in (1, 2, 3)
    ]  # fmt: skip

    def waited(kit, since=9, until=2):
        row = wait(cast, None, since, until, ended="asked", kit=kit)
        found = sorted((names[one.product], one.count) for one in usage(cast).wishes)
        row.delete()
        return found

    names = {boards.pk: "Pi", camera.pk: "Camera", meter.pk: "Meter"}
    for tag in ("PI-01", "UM-1", "CM-1"):
        lend(cast, tag, 20, back=4)
    assert waited(kits[0]) == [("Camera", 1), ("Meter", 1), ("Pi", 1)]
    assert waited(kits[0], since=3) == [
        ("Camera", 1),
        ("Meter", 1),
        ("Pi", 1),
    ]  # nothing was away: it was promised to others
    item_move(visit=cast.visit(cast.amit), item=Item.objects.get(tag="CM-2"), to="in_repair", why="lens")
    StockEvent._base_manager.filter(what="status").update(at=ago(6))
    assert waited(kits[1]) == [("Camera", 1)] and len(waited(kits[1], until=7)) == 3
    lend(cast, "CM-3", 30, back=1)
    lend(cast, "CM-4", 8, back=7)
    assert waited(kits[2]) == [("Camera", 1)] and len(waited(kits[2], since=6.5)) == 3
    wait(cast, None, 9, kit=kits[1])
    assert [(one.row.product.name, one.short.most) for one in to_buy(usage(cast))] == [("Camera", 1)]


def test_a_request_that_was_never_on_the_list_is_no_wait(cast, boards):
    row = wait(cast, boards, 9)
    Reservation.objects.filter(pk=row.pk).update(status="approved")
    assert usage(cast).wishes == ()


def test_files_hold_what_the_figure_shows(cast, boards, client):
    client.force_login(cast.amit)
    lend(cast, "PI-01", 20, 5)
    lend(cast, "PI-02", 3)
    rows = list(csv.DictReader(io.StringIO(client.get(f"{BASE}use/over-the-term.csv").content.decode("utf-8-sig"))))
    figure = over_the_term(cast.visit(cast.amit), usage(cast), choices(usage(cast).rows)[0])
    assert (len(rows), rows[-1]["out_at_its_end"], {row["owned"] for row in rows}) == (len(figure.days), "1", {"10"})
    used = list(csv.DictReader(io.StringIO(client.get(f"{BASE}use/products.csv").content.decode("utf-8-sig"))))
    assert [(row["product"], row["out_now"], row["most_at_once"]) for row in used] == [(boards.name, "1", "1")]
    png = client.get(f"{BASE}use/over-the-term.png")
    assert (png["Content-Type"], png.content[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", png.content[16:24]) == (1760, 680)


@pytest.mark.parametrize("what", ["", "all", "camera", "0", "x" * 500, "%00"])
def test_any_choice_shows_a_figure(cast, boards, client, what):
    client.force_login(cast.amit)
    assert client.get(f"{BASE}?what={what}").status_code == 200
    assert client.get(f"{BASE}use/?what={what}").status_code == 200


@pytest.mark.parametrize(("starts", "ends"), [(None, None), (-200, -90), (20, 120), (0, 0)])
def test_a_term_without_days_before_it_and_after_it_has_a_page(cast, boards, client, starts, ends):
    today = timezone.localdate()
    cast.course.starts_on = None if starts is None else today + timedelta(days=starts)
    cast.course.ends_on = None if ends is None else today + timedelta(days=ends)
    cast.course.save()
    client.force_login(cast.amit)
    assert client.get(BASE).status_code == client.get(f"{BASE}use/").status_code == 200
    lend(cast, "PI-01", 30)
    for address in (BASE, f"{BASE}use/", f"{BASE}use/over-the-term.csv", f"{BASE}use/products.csv"):
        assert client.get(address).status_code == 200


def test_a_stock_without_items_has_no_figure_and_says_so(cast, client):
    stockroom_of(cast)
    client.force_login(cast.helen)
    assert "Nothing to show yet" in client.get(f"{BASE}use/").content.decode()
    cables_of(cast, 3)
    found = client.get(BASE).content.decode()
    assert "over-the-term" not in found and "USB-C cable" in found


def test_requests_to_answer_and_what_is_fetched_today_stand_on_top(cast, boards, client):
    team = make_team(cast, "Heron", cast.ruth)
    wait(cast, boards, 1)
    Reservation.objects.update(status="asked", from_at=NOW + timedelta(days=5))
    fetched = wait(cast, boards, 1)
    Reservation.objects.filter(pk=fetched.pk).update(status="approved", person=None, team=team, count=2)
    later = wait(cast, boards, 1)
    Reservation.objects.filter(pk=later.pk).update(status="approved", from_at=NOW + timedelta(days=3))
    client.force_login(cast.amit)
    page = client.get(BASE)
    assert [len(page.context["to_answer"][name]) for name in ("asked", "today")] == [1, 1]
    assert "team Heron" in page.content.decode() and "2 × Raspberry Pi 4, 8 GB" in page.content.decode()
    Reservation.objects.update(course=cast.other_course)
    assert client.get(BASE).context["to_answer"] is None


def test_500_loans_and_100_requests_cost_the_same_queries_as_one(cast, boards, client, django_assert_max_num_queries):
    cameras = [product_of(cast, f"Camera {n}", kind="camera") for n in range(10)]
    for n, product in enumerate(cameras):
        items_of(cast, product, *(f"C{n}-{k}" for k in range(50)))
        for k in range(50):
            lend(cast, f"C{n}-{k}", 30 - k / 3, None if k % 2 else 5, due=None if k % 3 else 1)
        for k in range(10):
            wait(cast, product, 8 + k, None if k % 2 else 3)
    Reservation.objects.filter(product=cameras[0]).update(status="asked")
    assert LoanPiece.objects.count() == 500 and Course.objects.count() == 2
    client.force_login(cast.helen)
    for address, most in ((BASE, 26), (f"{BASE}use/", 24), (f"{BASE}use/products.csv", 22)):
        with django_assert_max_num_queries(most):
            assert client.get(address).status_code == 200


def test_overdue_loans_name_who_has_them_and_since_when(cast, boards, client):
    team = make_team(cast, "Heron", cast.daniel)
    lend(cast, "PI-01", 30, due=2)
    lend(cast, "PI-02", 30, due=5, team=team)
    lend(cast, "PI-03", 30, due=-1)
    lend(cast, "PI-04", 30, due=9, course=cast.other_course, person=cast.lena)
    cast.course.enrolments.filter(person=cast.ruth).update(is_active=False, left_at=ago(4))
    client.force_login(cast.amit)
    lend(cast, "PI-05", 20, due=5, team=team)
    page = client.get(BASE)
    assert [(group.first.tag, group.first.days) for group in page.context["overdue"]] == [("PI-05", 5), ("PI-01", 2)]
    found = page.content.decode()
    assert [row.tag for row in page.context["overdue"][0].rows] == ["PI-05", "PI-02"]  # one borrower, one day
    rows = client.get(f"{BASE}loans/?state=overdue").context["groups"]
    assert [(len(group["rows"]), group["back"], group["total"]) for group in rows] == [(2, 0, 2), (1, 0, 1)]
    client.post(f"{BASE}remind/", {"loan": page.context["overdue"][0].loans})
    assert [group.is_reminded_today for group in client.get(BASE).context["overdue"]] == [True, False]
    items = client.get(f"{BASE}items/").context["rows"]
    assert {row["item"].tag: (row["badge"].word, str(row["loan"].team or row["loan"].person)) for row in items if row["loan"]} == {
        "PI-01": ("out", "Ruth"), "PI-02": ("out", "Heron"), "PI-03": ("out", "Ruth"), "PI-04": ("out", "Lena"), "PI-05": ("out", "Heron"),
    }  # fmt: skip
    assert "3 loans are overdue" in found and "team Heron" in found.lower().replace("heron", "Heron") and ", dropped " in found  # fmt: skip


def test_the_staff_find_hardware_in_the_bar_and_students_in_the_menu(cast, boards, client):
    for person, is_in_bar in ((cast.helen, True), (cast.amit, True), (cast.ruth, False)):
        client.force_login(person)
        bar = client.get(BASE).content.decode().split('<nav aria-label="Course">')[1].split("</nav>")[0]
        assert (">Hardware<" in bar.split("<details")[0]) is is_in_bar and ">Hardware<" in bar
