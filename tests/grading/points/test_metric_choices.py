"""Which metrics the form of a criterion offers: those of the task, what is counted, and what a board and training add, each under its heading."""

import pytest

from grading.course_file.item_check import refused_in_item
from grading.forms.editing.bench import BenchForm
from grading.forms.editing.metric_choices import metric_choices
from grading.ml_tasks.registry import TASKS
from tests.grading.editing.editing import form_of, sent
from tests.people import SPEC, make_lab

CRITERION = {"key": "m", "title": "M", "points": 1, "metric": "macs", "rule": {"kind": "at_most", "value": 5}}


def offered(form):
    return {heading: [name for name, _ in names] for heading, names in form.criteria.forms[0].fields["metric"].choices}


@pytest.fixture
def lab(cast):
    lab = make_lab(cast.course, "lab2", bench_spec=SPEC | {"criteria": [CRITERION]})
    lab.refresh_from_db()
    return lab


@pytest.mark.django_db
def test_a_lab_without_a_board_offers_its_task_and_what_is_counted(lab):
    found = offered(form_of(lab))
    assert list(found) == ["Measured on the hidden set", "Counted in the file"]
    assert "accuracy" in found["Measured on the hidden set"] and "map" not in found["Measured on the hidden set"]
    assert "macs" in found["Counted in the file"] and "latency_ms" not in found["Counted in the file"]


@pytest.mark.django_db
def test_what_is_chosen_in_the_form_decides_before_it_is_saved(lab):
    changes = {"bench-task": "detection", "bench-device": "rpi-4-4gb", "bench-training": "full"}
    found = offered(form_of(lab, sent(lab, **changes), is_quiet=True))
    assert found["Measured on the hidden set"] == ["map", "map_50"]
    assert (
        "latency_ms" in found["On the board that it has to fit"]
        and "fits" not in found["On the board that it has to fit"]
    )
    assert "training_largest_batch" in found["Of one update step"]


@pytest.mark.django_db
def test_a_metric_that_the_new_task_lacks_stays_chosen_and_is_refused_beside_its_field(lab):
    data = sent(lab, **{"criteria-0-metric": "map", "criteria-0-value": "0.5"})
    form = form_of(lab, data)
    assert offered(form)["Not given by this lab"] == ["map"]
    assert form.is_valid()
    for refused in refused_in_item(form.item(), lab.course):
        form.refuse(refused)
    assert "does not come out of this classification" in form.criteria.forms[0].errors["metric"][0]


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_every_offered_metric_is_one_of_the_lab_and_stands_once(task):
    groups = metric_choices(task, has_device=True, trains=True)
    names = [name for _, rows in groups for name, _ in rows]
    assert len(names) == len(set(names)) and {metric.name for metric in task.metrics} < set(names)


def test_task_board_and_training_draw_the_part_anew():
    form = BenchForm(SPEC, None)
    assert all("hx-post" in form.fields[name].widget.attrs for name in ("task", "device", "training"))
