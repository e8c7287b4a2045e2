"""The pages around a run on a phone: what a model calls things has no spaces, and makes no page wider than the screen."""

from decimal import Decimal

import pytest

from grading.bench.errors import BenchError
from grading.models.grades import grade_path
from grading.services.regrade_answers import regrade_answer
from hardware.models import Outcome
from tests.grading.grades.grades import regrade_of, seen
from tests.grading.test_pages import finish
from tests.people import hand_in, onnx_like

pytestmark = [pytest.mark.part("chromium"), pytest.mark.django_db(transaction=True)]
LONG = "VeryLongOperatorNameThatNobodyKnows" * 3


@pytest.fixture
def phone(page_of, cast):
    return page_of(cast.ruth, 360, 800)


def width(page):
    return page.evaluate("document.documentElement.scrollWidth")


def test_a_run_that_met_an_unknown_operator_is_as_wide_as_the_phone(phone, cast, tmp_path):
    hand_in(cast, cast.ruth, onnx_like(tmp_path, name=f"{LONG}.onnx"))
    error = BenchError("unknown_operator", f"This model uses {LONG}, which cannot be measured here.")
    run = finish(Outcome.REFUSED, error.to_json())
    for address in (
        run.get_absolute_url(),
        run.submission.get_absolute_url(),
        run.submission.assignment.get_absolute_url(),
    ):
        phone.goto(address)
        assert width(phone) == 360, address
    phone.goto(run.get_absolute_url())
    assert LONG in phone.inner_text("h2 + .lead")


def test_a_file_with_a_long_name_is_sent_on_a_page_as_wide_as_the_phone(phone, cast, tmp_path):
    phone.route("**/hand-in/", lambda route: None)  # the upload lasts for ever
    file = tmp_path / f"{LONG}.onnx"
    file.write_bytes(b"x" * 200)
    phone.goto(cast.lab.get_absolute_url())
    phone.set_input_files("input[type=file]", file)
    phone.get_by_text(LONG).wait_for()
    assert width(phone) == 360


def test_an_answer_with_a_wide_table_and_a_long_line_of_code_is_as_wide_as_the_phone(phone, cast):
    row = regrade_of(cast)
    text = f"| a | b |\n|---|---|\n| 1 | {LONG} |\n\n```\n{LONG * 2}\n```"
    visit, now = cast.visit(cast.amit), seen(cast.lab, cast.ruth)
    regrade_answer(visit=visit, row=row, points=Decimal(1), text=text, seen=now)
    for address in (row.get_absolute_url(), grade_path(cast.lab)):
        phone.goto(address)
        assert LONG in phone.inner_text("main"), address
        assert width(phone) == 360, address
