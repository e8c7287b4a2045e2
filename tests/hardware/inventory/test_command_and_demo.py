"""The same list at the machine, and the stock of the demo."""

import time
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from courseplatform.courses.models import Enrolment
from hardware import demo
from hardware.inventory.selectors.stock import more_words, owned, verdict
from hardware.models import Item, Product, StockEvent, Stockroom
from tests.hardware.inventory.builders import stockroom_of

pytestmark = pytest.mark.django_db


def run(*args):
    out, err, code = StringIO(), StringIO(), 0
    try:
        call_command("stock_import", *args, stdout=out, stderr=err)
    except SystemExit as end:
        code = end.code
    return code, out.getvalue(), err.getvalue()


def test_the_command_looks_first_and_writes_only_when_told(cast, tmp_path):
    stockroom_of(cast)
    file = tmp_path / "stock.csv"
    file.write_text("kind,product,tag\nboard,Pi,PI-01\ntoaster,Pi,PI-02\n")
    code, out, err = run("odml", str(file))
    assert (code, "1 new, 0 changed, 0 same, 1 refused" in out, "line 3, kind: unknown_kind" in err) == (1, True, True)
    assert not Item.objects.exists()
    assert run("odml", str(file), "--apply")[0] == 1
    assert [(item.tag, item.events.get().by) for item in Item.objects.all()] == [("PI-01", "manage.py stock_import")]


def test_the_command_says_what_is_not_there(cast, tmp_path):
    assert run("nowhere", str(tmp_path / "x.csv"))[0::2] == (2, "no_such_course: There is no course nowhere.\n")
    (tmp_path / "x.csv").write_text("product,tag\n")
    assert "no_stockroom" in run("odml", str(tmp_path / "x.csv"))[2]
    stockroom_of(cast)
    assert "unreadable" in run("odml", str(tmp_path / "y.csv"))[2]


def test_the_demo_owns_what_the_course_lends_and_loads_within_a_second(cast):
    people = {"helen.castell@example.edu": cast.helen, "amit.rosen@example.edu": cast.amit}
    began = time.process_time()  # of the processor: other work on the machine is not its fault
    demo.load(course=cast.course, people=people, now=timezone.now())
    assert time.process_time() - began < 1
    rows = owned(Stockroom.objects.get())
    assert verdict([row for row in rows if row.left is None]) == "134 items, 53 of them boards"
    assert more_words(rows) == "4 are in repair. Running low: USB-C cable: 4 left."
    assert {event.by for event in StockEvent.objects.all()} <= {person.email for person in people.values()}
    assert Product.objects.filter(kind="board").exclude(device="").count() == 5
    assert Enrolment.objects.filter(course=cast.course).count() == 6
