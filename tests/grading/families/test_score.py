"""Families of a lab whose task has no accuracy: fronts, plots, sentences and tables by its main metric, also where less is better."""

import pytest

from grading.course_file.item_check import refused_in_item
from grading.families import words
from grading.families.front import Family, variant_of
from grading.families.plots import plotly_of, plots_of
from grading.families.score import Score, score_of
from grading.families.tables import csv_table, json_table, latex_table
from grading.ml_tasks.registry import TASKS
from tests.grading.families.builders import FAMILY, variant
from tests.grading.ml_tasks import specs

MSE, ERRORS = Score(TASKS["regression"].metric("mse")), Score(TASKS["sequence"].metric("word_error_rate"))


def by_error(scored=MSE):
    """a, b and d become better; c costs more than b and is worse."""
    return Family(
        (
            variant("a", 100, 0.40, 1.0, spread=0.01, scored=scored), variant("b", 200, 0.10, 1.1, spread=0.01, scored=scored),
            variant("c", 400, 0.20, 1.2, spread=0.01, scored=scored), variant("d", 1600, 0.08, 3.0, spread=0.001, scored=scored),
        )
    )  # fmt: skip


def test_where_less_is_better_the_front_falls_and_the_knee_is_where_it_bends():
    family = by_error()
    assert [one.title for one in family.by_flops] == ["a", "b", "d"]
    assert family.knee.title == "b" and family.best.title == "d"


def test_the_sentences_name_the_metric_in_its_unit():
    title, sentence = words.verdict(by_error())
    assert title == "8 × 8 px with b is the knee"
    assert sentence.startswith(
        "0.100 (0.0900–0.110) mean squared error in 1.10\u202fms. The next 0.0200 of mean squared error cost 8.0 times"
    )
    assert "accura" not in sentence


def test_a_rate_is_a_percentage_that_may_exceed_a_hundred():
    plot = plots_of(by_error(ERRORS))[0]
    assert plot.title == "Word error rate and FLOPs" and plot.y.label.startswith("word error rate, %")
    high = plots_of(Family((variant("a", 1, 1.4, 1, scored=ERRORS), variant("b", 2, 1.2, 1, scored=ERRORS))))[0]
    assert high.y.high > 140


def test_the_plot_says_the_metric_on_its_axis_and_when_pointed_at():
    plot = plots_of(by_error())[0]
    assert plot.y.label == "mean squared error" and [dot.y for dot in plot.dots] == [0.4, 0.1, 0.2, 0.08]
    assert "d: 0.0800 (0.0790–0.0810)" in str(plotly_of(plot)).replace("8 × 8, ", "")


def test_the_tables_name_their_columns_by_the_metric():
    family = by_error()
    heads, rows = csv_table(family)
    assert {"mse", "mse_low", "mse_high"} < set(heads) and "accuracy" not in heads
    assert rows[0][heads.index("mse")] == 0.4
    assert json_table(family)["basis"]["measured"] == "mse, with its 95 % interval, on the lab's hidden inputs"
    latex = latex_table(family, "Family")
    assert "Mean squared error" in latex and "ccuracy" not in latex and "its 95 \\% interval" in latex


def test_what_was_measured_gives_the_main_metric_of_its_task_with_its_interval():
    measured = {
        "quality": {"task": "regression", "mse_interval": [0.1, 0.3], "n": 5},
        "metrics": {"mse": 0.2, "model_bytes": 5},
    }
    assert score_of(measured) == (MSE, 0.2, 0.1, 0.3)
    whole = measured | {
        "report": {"format": "onnx", "inputs": [{"shape": [1, 4]}], "params": 1, "weight_bytes": 4, "peak_activation_bytes": 1, "macs": 4},
        "host": {"p50_ms": 1.0},
    }  # fmt: skip
    found = variant_of("k", {"name": "small"}, whole, ())
    assert (found.score, found.gain, found.correct) == (0.2, -0.2, 0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("task", "part", "refused"),
    [
        ("regression", FAMILY | {"sizes": []}, False),
        ("sequence", FAMILY | {"sizes": [2, 4]}, False),
        ("detection", FAMILY | {"sizes": []}, False),
        ("detection", FAMILY | {"sizes": [2, 4]}, True),
    ],
)
def test_any_task_takes_a_family_and_sizes_where_its_labels_stay_true(cast, task, part, refused):
    part = {key: value for key, value in part.items() if value != []}
    item = {"slug": "fam", "kind": "lab", "short": "Fam", "bench": specs.raw(task), "parts": [part]}
    found = [one for one in refused_in_item(item, cast.course) if "sides cannot be averaged" in one.sentence]
    assert bool(found) == refused
    assert not [one for one in refused_in_item(item, cast.course) if "drawn by" in one.sentence]
