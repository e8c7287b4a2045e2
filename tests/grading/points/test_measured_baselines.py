"""A baseline of a lab filled with the numbers of a run that the course has measured: the spec holds plain numbers and their source."""

import pytest

from grading.models import Assignment, Submission
from tests.grading.editing.editing import sent
from tests.grading.ranks.classroom import measured, with_device
from tests.people import make_lab

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(cast):
    cast.lab.refresh_from_db()
    return cast


@pytest.fixture
def helen(client, cast):
    client.force_login(cast.helen)
    return client


def take(client, lab, run=None, **changes):
    data = sent(lab, do="baselines:take:", **changes)
    chosen = {"take-run": str(run.result.pk)} if run else {}
    return client.post(f"{lab.get_absolute_url()}edit/", dict(data.lists()) | chosen)


def rows_of(page):
    return [
        {name: row[name].value() for name in ("key", "title", "metrics", "source")}
        for row in page.context["form"].baselines
    ]


def test_a_baseline_takes_the_numbers_of_a_run_and_says_its_receipt_and_no_name(helen, cast, tmp_path):
    run = measured(cast, cast.ruth, tmp_path, accuracy=0.9123456789, macs=476_000_000)
    (row,) = rows_of(take(helen, cast.lab, run))
    assert row["metrics"] == "accuracy 0.912346, macs 476000000, params 10, model_bytes 900, peak_activation_bytes 700"
    assert run.submission.receipt in row["source"] and "Lab 1" in row["source"] and "Ruth" not in row["source"]
    assert row["key"] == "measured"


def test_what_was_taken_is_saved_as_plain_numbers_that_rules_compare_with(helen, cast, tmp_path):
    run = measured(cast, cast.ruth, tmp_path, macs=5000)
    page = take(helen, cast.lab, run)
    row = rows_of(page)[0]
    data = dict(sent(cast.lab).lists()) | {"baselines-count": "1", "baselines-0-kind": "baseline"}
    data |= {f"baselines-0-{name}": value for name, value in row.items()}
    url = f"{cast.lab.get_absolute_url()}edit/"
    seen = helen.post(url, data | {"step": "preview"}).context["preview"]["digest"]
    assert helen.post(url, data | {"step": "apply", "seen": seen}).status_code == 302
    saved = Assignment.objects.get(pk=cast.lab.pk).spec.baselines["measured"]
    assert saved.metrics["macs"] == 5000 and saved.source == row["source"]


def test_two_runs_get_two_names(helen, cast, tmp_path):
    run = measured(cast, cast.ruth, tmp_path)
    row = {"kind": "baseline", "key": "measured", "title": "the first", "metrics": "macs 1", "source": ""}
    before = {f"baselines-0-{name}": value for name, value in row.items()} | {"baselines-count": "1"}
    assert [one["key"] for one in rows_of(take(helen, cast.lab, run, **before))] == ["measured", "measured-2"]


def test_another_lab_gives_counts_and_no_score_on_other_test_data(helen, cast, tmp_path):
    run = measured(cast, cast.ruth, tmp_path, latency_ms=9)
    other = make_lab(cast.course, "lab2", hidden_set=None, short="Lab 2")
    other.refresh_from_db()
    with_device(cast.lab)
    (row,) = rows_of(take(helen, other, run))
    assert "macs" in row["metrics"] and "accuracy" not in row["metrics"] and "latency_ms" not in row["metrics"]


def test_a_run_of_another_course_is_not_offered_and_not_taken(helen, cast, tmp_path):
    foreign = make_lab(cast.other_course, hidden_set=cast.lab.hidden_set)
    run = measured(cast, cast.lena, tmp_path, lab=foreign)
    page = take(helen, cast.lab, run)
    assert page.context["measured_runs"] == [] and rows_of(page) == []


def test_without_a_choice_the_page_says_what_to_do_and_adds_nothing(helen, cast, tmp_path):
    measured(cast, cast.ruth, tmp_path)
    page = take(helen, cast.lab)
    assert rows_of(page) == [] and "Choose first which run. Nothing was added." in page.content.decode()


def test_many_runs_cost_no_further_query(helen, cast, tmp_path, django_assert_max_num_queries):
    for person in (cast.ruth, cast.daniel, cast.sofia):
        measured(cast, person, tmp_path)
    assert Submission.objects.count() == 3
    with django_assert_max_num_queries(31):
        page = helen.get(f"{cast.lab.get_absolute_url()}edit/")
    assert len(page.context["measured_runs"]) == 3
