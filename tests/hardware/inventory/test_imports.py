"""A file of the stock: what is read, what is refused with its line and column, and that applying is atomic and happens once."""

import csv
import io

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from courseplatform.core.errors import AppError
from hardware.inventory.ledger import last_event
from hardware.inventory.selectors.export import stock_csv
from hardware.inventory.services.cases import case_open
from hardware.inventory.services.imports import plan_of, stock_import_apply, stock_import_create
from hardware.inventory.services.items import item_change, item_move
from hardware.inventory.services.products import balance_of
from hardware.inventory.stock import rules
from hardware.inventory.stock.plan import CHANGED, NEW, REFUSED, SAME
from hardware.inventory.stock.reading import parse
from hardware.models import Item, Loan, LoanPiece, Product, StockEvent
from tests.hardware.inventory.builders import cables_of, hand_over, items_of, product_of, stockroom_of
from tests.hardware.inventory.lending import ask

pytestmark = pytest.mark.django_db
HEAD = "Kind,Model,Asset tag,Serial number,Location,Cost,Quantity\n"


def imported(cast, text, apply=True):
    visit = cast.visit(cast.helen)
    data = text if isinstance(text, bytes) else text.encode()
    made = stock_import_create(visit=visit, data=data, file_name="stock.csv")
    plan = plan_of(visit, made)
    if apply:
        stock_import_apply(visit=visit, stock_import=made, digest=plan.digest)
    return plan


def verdicts(plan):
    return [line.verdict for line in plan.lines]


def codes(plan):
    return [(line.row.line, column, code) for line in plan.lines for column, code, _ in line.row.faults]


def test_a_file_makes_products_items_and_counts(cast):
    stockroom_of(cast)
    plan = imported(
        cast,
        HEAD + "board,Raspberry Pi 4,PI-01,s1,Shelf A,75,\nboard,Raspberry Pi 4,pi-02,,,,\ncable,USB-C cable,,,,,12\n",
    )
    assert verdicts(plan) == [NEW, NEW, NEW]
    assert list(Item.objects.values_list("tag", "serial", "place", "product__name")) == [
        ("PI-01", "s1", "Shelf A", "Raspberry Pi 4"), ("PI-02", "", "", "Raspberry Pi 4"),
    ]  # fmt: skip
    assert balance_of(Product.objects.get(name="USB-C cable")) == 12


def test_the_same_file_again_changes_nothing(cast):
    stockroom_of(cast)
    text = HEAD + "board,Raspberry Pi 4,PI-01,s1,Shelf A,75,\ncable,USB-C cable,,,,,12\n"
    imported(cast, text)
    before = StockEvent.objects.count()
    assert verdicts(imported(cast, text)) == [SAME, SAME]
    assert StockEvent.objects.count() == before


def test_applying_one_preview_twice_writes_once(cast):
    stockroom_of(cast)
    visit = cast.visit(cast.helen)
    made = stock_import_create(visit=visit, data=(HEAD + "cable,USB-C cable,,,,,12\n").encode())
    digest = plan_of(visit, made).digest
    for _ in range(2):
        assert stock_import_apply(visit=visit, stock_import=made, digest=digest).status == "applied"
    assert balance_of(Product.objects.get()) == 12


def test_a_change_shows_the_old_and_the_new_value_and_an_empty_cell_is_none(cast):
    items_of(cast, product_of(cast, "Raspberry Pi 4"), "PI-01", place="Shelf A", serials=["s1"])
    plan = imported(cast, "product,tag,place,serial,state\nraspberry pi 4,PI-01,Shelf B,,In repair\n")
    assert verdicts(plan) == [CHANGED]
    assert [(one.label, one.old, one.new) for one in plan.lines[0].changes] == [
        ("place", "Shelf A", "Shelf B"),
        ("state", "in_service", "in_repair"),
    ]
    item = Item.objects.get()
    assert (item.place, item.serial, item.status) == ("Shelf B", "s1", "in_repair")
    assert [(one.what, one.after, one.why.split()[0]) for one in item.events.all()[:2]] == [
        ("status", "in_repair", "import"),
        ("place", "Shelf B", "import"),
    ]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ("board,Pi,PI-01,,,,\nboard,Pi,pi-01,,,,", [(2, "tag", "tag_twice"), (3, "tag", "tag_twice")]),
        ("board,Pi,PI-01,S1,,,\nboard,Pi,PI-02,s1,,,", [(2, "serial", "serial_twice"), (3, "serial", "serial_twice")]),
        ("board,Pi,PI-02,old,,,", [(2, "serial", "serial_taken")]),
        ("toaster,Toaster,T-1,,,,", [(2, "Kind", "unknown_kind")]),
        (",Toaster,T-1,,,,", [(2, "kind", "no_kind")]),
        ("board,,PI-01,,,,", [(2, "Model", "no_product")]),
        ('board,Pi,PI-01,,"=HYPERLINK(""http://x"")",,', [(2, "Location", "formula")]),
        ("board,Pi,PI 01,,,,", [(2, "Asset tag", "bad_tag")]),
        ("board,Pi,PI-01,1.0E+15,,,", [(2, "Serial number", "damaged_number")]),
        ("board,Pi,PI-01,,,a lot,", [(2, "Cost", "bad_value")]),
        ("board,Pi,PI-01,,,,,,surplus", [(2, "", "moved_cells")]),
        ("cable,Wire,,,,,2\ncable,wire,,,,,3", [(2, "count", "count_twice"), (3, "count", "count_twice")]),
        ("cable,Wire,,,,,2\ncable,Wire,W-1,,,,", [(3, "tag", "counted_product")]),
        ("board,Pi,,,,,3", [(2, "count", "not_counted")]),
        ("board,Pi,PI-01,,,,\ncamera,Pi,PI-02,,,,", [(2, "kind", "x")]),
        ("cable,Wire,,,Shelf A,,2", [(2, "tag", "no_tag")]),
    ],
)
def test_a_row_is_refused_with_its_line_its_column_and_a_code(cast, rows, found):
    items_of(cast, product_of(cast, "Pi"), "PI-09", serials=["OLD"])
    if found[0][2] == "x":  # the two rows contradict each other, and the later one is refused
        found = [(3, "kind", "contradicts")]
    assert codes(imported(cast, HEAD + rows + "\n", apply=False)) == found


def test_what_is_wrong_is_left_out_and_the_rest_is_written(cast):
    stockroom_of(cast)
    plan = imported(cast, HEAD + "board,Pi,PI-01,,,,\nboard,Pi,bad tag,,,,\n")
    assert verdicts(plan) == [NEW, REFUSED]
    assert list(Item.objects.values_list("tag", flat=True)) == ["PI-01"]


def test_a_state_that_cannot_follow_is_refused_before_anything_is_written(cast):
    (item,) = items_of(cast, product_of(cast, "Pi"), "PI-01")
    item_move(visit=cast.visit(cast.helen), item=item, to="retired", why="")
    assert codes(imported(cast, "product,tag,state\nPi,PI-01,lost\n")) == [(2, "state", "illegal_state")]


def test_a_preview_that_is_out_of_date_is_not_applied(cast):
    product = product_of(cast, "Pi")
    visit = cast.visit(cast.helen)
    made = stock_import_create(visit=visit, data=(HEAD + "board,Pi,PI-01,,,,\n").encode())
    digest = plan_of(visit, made).digest
    items_of(cast, product, "PI-01", place="elsewhere")
    with pytest.raises(AppError) as caught:
        stock_import_apply(visit=visit, stock_import=made, digest=digest)
    assert caught.value.code == "stale_preview"
    assert Item.objects.get().place == "elsewhere"


@pytest.mark.parametrize(
    "data",
    [
        ("\ufeff" + HEAD + "camera,Kamera „Süd“,CM-01,,Gestell 3,45,\n").encode(),
        (HEAD + "camera,Kamera „Süd“,CM-01,,Gestell 3,45,\n").replace(",", ";").encode("cp1252"),
        ("sep=;\n" + HEAD + "camera,Kamera „Süd“,CM-01,,Gestell 3,45,\n").replace(",", ";").encode("utf-16"),
        (HEAD + "camera,Kamera „Süd“,CM-01,,Gestell 3,45,\n").replace(",", "\t").replace("\n", "\r\n").encode(),
    ],
    ids=["Excel's UTF-8", "semicolons in Windows-1252", "UTF-16 with sep=", "tabs"],
)
def test_files_of_every_spreadsheet_say_the_same(data):
    (row,) = parse(data).rows
    assert (row.cells["product"], row.cells["tag"], row.cells["value"], row.faults) == (
        "Kamera „Süd“",
        "CM-01",
        "45.00",
        [],
    )


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"", "empty_file"), (b"PK\x03\x04xx", "excel_workbook"), (b"name,first\nRuth,x\n", "x"), (b"colour\nred\n", "no_header"),
     (b"product,tag\n", "no_rows"), (b'product,tag\n"Pi,1\n', "unbalanced_quotes"), (b"product\x00", "nul"), (b"a" * (5 << 20), "list_too_large")],
)  # fmt: skip
def test_a_file_that_is_no_stock_is_refused_as_a_whole(cast, data, code):
    if code == "x":
        assert parse(data).rows[0].cells == {
            "product": "Ruth"
        }  # a column `name` is a product to us; its kind is then missing
        return
    stockroom_of(cast)
    with pytest.raises(AppError) as caught:
        stock_import_create(visit=cast.visit(cast.helen), data=data)
    assert caught.value.code == code


def test_an_export_taken_in_again_changes_nothing(cast):
    product = product_of(
        cast,
        "Raspberry Pi 4",
        maker="Raspberry Pi",
        sheet_url="https://example.org/pi.pdf",
        device="rpi-4-8gb",
        note='@home; "quoted", 5 V',
    )
    items_of(
        cast,
        product,
        "PI-01",
        "PI-02",
        serials=["a1", "a2"],
        place="=Shelf",
        value="75.50",
        currency="USD",
        bought_on="2023-08-01",
        note="-",
    )
    item_move(visit=cast.visit(cast.helen), item=Item.objects.get(tag="PI-02"), to="lost", why="")
    product_of(cast, "Robot arm", kind="robot")
    cables_of(cast, 12)
    text = stock_csv(cast.visit(cast.helen)).content
    assert len(list(csv.reader(io.StringIO(text.decode("utf-8-sig"))))) == 5
    plan = imported(cast, text)
    assert (verdicts(plan), codes(plan)) == ([SAME] * 4, [])


@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=60)), min_size=1, max_size=4))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_people_write_comes_back_the_same(cast, texts):
    room = stockroom_of(cast)
    Item.objects.all().delete()
    Product.objects.all().delete()
    for number, texts_of_one in enumerate(texts):
        name, note = (rules.text_of(text.replace("\x00", ""), 500) for text in texts_of_one)
        product = Product.objects.create(stockroom=room, kind="other", name=f"{name[:60]} {number}".strip(), note=note)
        Item.objects.create(stockroom=room, product=product, tag=f"T-{number}", place=note[:80].strip(), note=note)
    plan = imported(cast, stock_csv(cast.visit(cast.helen)).content, apply=False)
    assert (verdicts(plan), codes(plan)) == ([SAME] * len(texts), [])


def test_a_large_file_is_planned_and_written_in_few_queries(cast, django_assert_max_num_queries):
    stockroom_of(cast)
    text = HEAD + "".join(f"board,Pi {n % 10},PI-{n:04},s{n},,,\n" for n in range(1500))
    with django_assert_max_num_queries(84):
        imported(cast, text)
    assert Item.objects.count() == 1500


def test_a_list_moves_nothing_that_is_on_loan_or_that_a_case_decides(cast):
    stockroom_of(cast)
    imported(cast, HEAD + "board,Pi,PI-01,,,,\nboard,Pi,PI-02,,,,\nboard,Pi,PI-03,,,,\n")
    first, second, _ = Item.objects.order_by("tag")
    loan = Loan.objects.create(
        stockroom=first.stockroom, course=cast.course, person=cast.ruth, handed_at=timezone.now(), handed_by="amit"
    )
    LoanPiece.objects.create(loan=loan, item=first, product=first.product, out_at=timezone.now())
    case_open(visit=cast.visit(cast.amit), item=second, what="bent")
    plan = imported(cast, "product,tag,state\nPi,PI-01,lost\nPi,PI-02,in_repair\nPi,PI-03,in_repair\n", apply=False)
    assert (verdicts(plan), codes(plan)) == (
        [REFUSED, REFUSED, CHANGED],
        [(2, "state", "on_loan"), (3, "state", "has_case")],
    )


def test_what_is_reserved_itself_or_out_stays_of_its_product(cast):
    product, cameras = product_of(cast), product_of(cast, "Camera", kind="camera")
    reserved, out, free = items_of(cast, product, "PI-01", "PI-02", "PI-03")
    ask(cast, cast.ruth, item=reserved)
    hand_over(cast, out)
    planned = ask(cast, cast.sofia, product).bookings.get()
    assert planned.item == free
    with pytest.raises(AppError) as refused:
        item_change(visit=cast.visit(cast.helen), item=reserved, values={"product": cameras}, seen=last_event(reserved))
    assert refused.value.code == "reserved"
    made = stock_import_create(
        visit=cast.visit(cast.helen), data=b"product,tag\nCamera,PI-01\nCamera,PI-02\nCamera,PI-03\n"
    )
    plan = plan_of(cast.visit(cast.helen), made)
    assert [[fault[1] for fault in line.row.faults] for line in plan.lines] == [["reserved"], ["on_loan"], []]
    stock_import_apply(visit=cast.visit(cast.helen), stock_import=made, digest=plan.digest)
    planned.refresh_from_db()
    assert planned.item is None  # who was to get it is told, and nobody gets a camera for a board
