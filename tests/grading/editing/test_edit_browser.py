"""The form of a lab in a real browser: what its task, its board and its training change is drawn anew, and nothing typed is lost."""

import pytest
from playwright.sync_api import expect

from tests.people import SPEC

pytestmark = [pytest.mark.part("chromium"), pytest.mark.django_db(transaction=True)]
CRITERION = {"key": "m", "title": "M", "points": 1, "metric": "accuracy", "rule": {"kind": "at_least", "value": 0.5}}


@pytest.fixture
def page(page_of, cast):
    cast.lab.bench_spec = SPEC | {"criteria": [CRITERION]}
    cast.lab.save()
    page = page_of(cast.helen)
    page.goto(f"{cast.lab.get_absolute_url()}edit/")
    return page


def headings(page):
    return page.locator("#id_criteria-0-metric optgroup").evaluate_all("all => all.map(one => one.label)")


def test_another_task_brings_its_own_fields_and_metrics_and_keeps_what_was_typed(page):
    page.get_by_label("Largest file, KiB").fill("77")
    page.locator("#id_criteria-0-title").fill("How good it is")
    page.get_by_label("Task", exact=True).select_option("detection")
    expect(page.get_by_label("Boxes in an answer")).to_be_visible()
    assert page.locator("#id_criteria-0-metric option[value=map]").count() == 1
    assert page.locator("#id_criteria-0-metric").input_value() == "accuracy"
    assert headings(page)[-1] == "Not given by this lab"
    assert page.get_by_label("Largest file, KiB").input_value() == "77"
    assert page.locator("#id_criteria-0-title").input_value() == "How good it is"
    assert page.locator("#edit-bench").count() == 1 and page.locator("#criteria-preview").count() == 1
    assert page.wrong == []


def test_the_part_can_be_drawn_anew_again_and_again(page):
    for task, field in (
        ("detection", "Boxes in an answer"),
        ("sequence", "Steps"),
        ("classification", "Classes in order"),
    ):
        page.get_by_label("Task", exact=True).select_option(task)
        expect(page.locator("#edit-bench").get_by_label(field).first).to_be_visible()
    assert page.wrong == []


def test_a_board_and_a_way_of_training_bring_their_metrics(page):
    page.get_by_label("Board that it has to fit").select_option("rpi-4-4gb")
    expect(page.locator("#id_criteria-0-metric option[value=latency_ms]")).to_have_count(1)
    page.locator("#edit-bench .field-training input").first.check()
    expect(page.locator("#id_criteria-0-metric option[value=training_largest_batch]")).to_have_count(1)
    assert page.locator("#edit-bench .field-training input").first.is_checked()
    assert page.wrong == []
