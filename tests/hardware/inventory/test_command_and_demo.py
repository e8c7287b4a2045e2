"""The same list at the machine, and the stock of the demo."""

from collections import Counter
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.courses.models import Course, Enrolment
from courseplatform.notices.kinds import MailChoice
from courseplatform.notices.models import Notification
from grading.demo.load import load_demo
from hardware import demo
from hardware.inventory.selectors.stock import elsewhere_words, more_words, owned, verdict
from hardware.models import (
    DamageCase,
    Item,
    Kit,
    Loan,
    LoanEvent,
    Product,
    Reservation,
    StockEvent,
    Stockroom,
    StockTake,
)
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


def test_the_demo_owns_what_the_course_lends_in_a_bounded_number_of_queries(cast, django_assert_max_num_queries):
    people = {"helen.castell@example.edu": cast.helen, "amit.rosen@example.edu": cast.amit}
    with django_assert_max_num_queries(3100):
        demo.load(course=cast.course, people=people, now=timezone.now())
    rows = owned(Stockroom.objects.get())
    assert verdict([row for row in rows if row.left is None]) == "134 items, 53 of them boards"
    assert more_words(rows) == "4 are in repair. Running low: USB-C cable: 4 left."
    assert {event.by for event in StockEvent.objects.all()} <= {person.email for person in people.values()}
    assert Product.objects.filter(kind="board").exclude(device="").count() == 5
    assert Enrolment.objects.filter(course=cast.course).count() == 6


def test_the_demo_lends_to_teams_and_persons_over_the_term(data_dir, client, django_assert_max_num_queries):
    load_demo()
    now, course = timezone.now(), Course.objects.get(slug="demo")
    out = Loan.objects.filter(course=course, closed_at=None)
    late = {str(loan.team or loan.person) for loan in out.filter(due_at__lt=now)}
    assert late == {"Tomas Novak", "Daniel Park", "Ana Silva", "Lucas Brandt"}
    assert Enrolment.objects.get(course=course, is_active=False).person.name == "Lucas Brandt"
    assert {str(loan.team) for loan in out.filter(is_term=True)} == {"Magpie", "Heron"}
    assert out.filter(accepted_at=None).count() == 2
    assert Loan.objects.filter(renewed=1).count() == 1
    assert Loan.objects.exclude(closed_at=None).count() == 5
    asked = sorted(Reservation.objects.filter(course=course).values_list("status", "product__name"))
    assert asked == [
        ("approved", "Raspberry Pi Zero W"), ("asked", "Camera"), ("asked", "LCD display"), ("asked", "USB microphone"), ("declined", "Robot arm"),
        ("no_show", "USB microphone"), ("waiting", "Robot arm"), ("waiting", "USB power meter"), ("waiting", "Wall meter"),
    ]  # fmt: skip
    assert Counter(DamageCase.objects.values_list("status", flat=True)) == {
        "open": 1, "in_repair": 4, "mended": 1, "no_fault": 1, "written_off": 1,
    }  # fmt: skip
    assert DamageCase.objects.get(status="open").piece.loan.team.name == "Magpie"
    (ended,) = StockTake.objects.exclude(ended_at=None)
    assert [line["tag"] for line in ended.result["missing"]] == ["LC-11"]
    assert StockTake.objects.get(ended_at=None).scans.count() == 5
    assert Kit.objects.count() == 3
    assert LoanEvent.objects.filter(at__gt=now - timedelta(days=2)).count() == 0
    assert not Notification.objects.filter(kind="hardware").exclude(mail=MailChoice.SITE).exists()
    # Most of it is out, and most of that with the neighbours, who lend from the same stockroom.
    rows = owned(Stockroom.objects.get())
    assert verdict([row for row in rows if row.left is None]) == "35 of 53 boards are out"
    assert elsewhere_words(Stockroom.objects.get(), course) == "28 of them are lent by Studio: Small Devices."
    assert {row.product.name: row.waiting for row in rows if row.waiting} == {
        "USB power meter": 3,
        "Robot arm": 1,
        "Wall meter": 1,
    }
    # Seventeen of the staff's are the runners and what waits for them. One of everybody's says whether what is in hand carries a runner.
    # Fifteen of a student's are what late days mean for the team; they come once more where the person has something for the term too.
    for name, most in (("ruth.adeyemi", 33), ("daniel.park", 33), ("amit.rosen", 50)):
        client.force_login(User.objects.get(email=f"{name}@example.edu"))
        with django_assert_max_num_queries(most):
            assert client.get("/courses/demo/hardware/").status_code == 200
