"""What would help: changes counted and modelled anew, with the points that follow and none that do not."""

from dataclasses import replace

import pytest

from grading.advice.hints import MOST_HINTS, hints, lost_points
from grading.advice.too_big import too_big, too_big_part
from grading.advice.what_if import MOST_TRIED, MOST_VISITS, effects
from grading.bench.on_device import Choice, prediction_of
from grading.figures.base import Given
from grading.points.shares import share_earned
from grading.selectors.run_measured import verdict_sentence
from grading.spec import BenchSpec
from hardware.profiles import load_profiles
from tests.grading.figures.results import BOARD, document_of, given_of, plain
from tests.grading.figures.test_costs import older
from tests.grading.ml_tasks import specs
from tests.people import SPEC


def losing(document, *metrics):
    """The same result with a point lost on each of these metrics, more on the first."""
    lines = [
        {"metric": metric, "of": "9.00", "earned": f"{n}.00", "title": metric, "group": ""}
        for n, metric in enumerate(metrics)
    ]
    return Given(document | {"points": lines}, BenchSpec.parse(SPEC), load_profiles())


def with_criterion(criterion, devices=(BOARD,), **network):
    """A result of a lab with this one criterion, worth a point."""
    raw = SPEC | {"devices": list(devices), "criteria": [{"key": "one", "title": "One", "points": 1} | criterion]}
    spec = BenchSpec.parse(raw)
    return Given(document_of(spec, **network), spec, load_profiles())


# -- what a change brings ---------------------------------------------------------------------------------------------


def test_an_effect_is_what_the_edited_network_is_predicted_to_be():
    given = given_of("latency_ms", "peak_activation_bytes", "model_bytes")
    found = effects(given)
    assert {effect.kind for effect in found} == {"stride", "narrow"}  # int8 already, and nothing dense to split
    assert all(effect.before["latency_ms"] == pytest.approx(given.costs.latency_ms) for effect in found)
    assert all(effect.before["peak_activation_bytes"] == given.report.peak_activation_bytes for effect in found)
    strided = max(found, key=lambda effect: effect.fell("latency_ms"))
    low, high = strided.interval_ms
    assert low < strided.metrics["latency_ms"] < high < given.costs.latency_ms


def test_gains_are_what_the_labs_rules_give_for_the_new_numbers():
    given = given_of("latency_ms", "peak_activation_bytes", "model_bytes")
    for effect in effects(given):
        for criterion in given.spec.criteria:
            if criterion.metric not in effect.metrics:
                continue
            gained = share_earned(criterion.rule, effect.metrics[criterion.metric]) - share_earned(
                criterion.rule, effect.before[criterion.metric]
            )
            assert effect.gains.get(criterion.metric, 0.0) == pytest.approx(criterion.points * gained)


def test_no_points_are_promised_where_the_prediction_could_not_be_graded():
    given = given_of(
        "latency_ms", name="resnet8", steps={"latency_ms": [[0.001, 1.0], [5, 0.5]]}
    )  # dense 3x3: extrapolated
    assert given.costs.is_extrapolated
    found = effects(given)
    assert any(effect.kind == "split" for effect in found)
    assert all("latency_ms" not in effect.gains for effect in found)
    assert all(hint["gain"] == "" or hint["gain"].startswith("up to") for hint in hints(given))


def test_int8_is_asked_of_the_same_model_at_that_precision():
    given = given_of("latency_ms", "peak_activation_bytes", width=1.0, resolution=224, quantised=False)
    effect = next(one for one in effects(given) if one.kind == "int8")
    asked = prediction_of(given.report, given.costs.profile, Choice("tflite", "int8", 4))
    assert effect.metrics["latency_ms"] == asked.latency_ms
    assert effect.metrics["peak_activation_bytes"] == given.report.peak_activation_bytes / 4
    assert effect.metrics["weight_bits_mean"] == 8


def test_a_large_graph_is_not_tried_for_long():
    given = given_of("macs", name="densenet", depth=201, steps={"macs": [[1000, 1.0]]})
    assert len(effects(given)) <= max(MOST_VISITS // len(given.report.operators), 2) < MOST_TRIED


# -- what is said -----------------------------------------------------------------------------------------------------


def test_hints_are_ordered_by_gain_and_few():
    given = given_of("latency_ms", "peak_activation_bytes", "model_bytes")
    found = hints(given)
    assert 0 < len(found) <= MOST_HINTS
    assert [hint["points"] for hint in found] == sorted((hint["points"] for hint in found), reverse=True)
    best = found[0]
    assert best["gain"] == f"+{best['points']:.2f}"
    assert "under the line at 9.00 ms" in plain(best["text"])


def test_a_line_that_is_not_reached_is_said_without_points():
    given = given_of("peak_activation_bytes", steps={"peak_activation_bytes": [[1000, 1.0]]})
    found = [hint for hint in hints(given) if "peak" in hint["text"].lower()]
    assert found
    assert all(hint["gain"] == "" and "not yet under 1 000 bytes" in plain(hint["text"]) for hint in found)


def test_nothing_is_advised_where_nothing_is_lost():
    given = given_of("latency_ms", steps={"latency_ms": [[99, 1.0]]})
    document = given.result | {"points": [line | {"earned": line["of"]} for line in given.result["points"]]}
    whole = replace(given, result=document)
    assert lost_points(whole) == {}
    assert hints(whole) == []


def test_points_left_to_the_staff_are_not_lost():
    given = given_of("latency_ms", name="resnet8", steps={"latency_ms": [[1, 1.0]]})
    assert "latency_ms" not in lost_points(given)


def test_lost_accuracy_names_the_confused_pairs_and_no_number(document):
    (hint,) = hints(losing(document, "accuracy"))
    assert hint["title"].startswith("Tell ") and hint["gain"] == "up to +9.00"


def test_lost_sparsity_names_the_heaviest_layer(document):
    (hint,) = hints(losing(document, "sparsity"))
    assert hint["title"] == "Prune dense first."


@pytest.mark.parametrize(
    ("metric", "rule", "said"),
    [
        ("inferences_per_charge", {"kind": "steps", "better": "more", "steps": [[2e6, 1]]}, "over the line at"),
        ("mah_per_1000_inferences", {"kind": "at_most", "value": 0.001}, "not yet under"),
        ("ram_needed_bytes", {"kind": "at_most", "value": 1}, "RAM "),
        ("macs", {"kind": "ramp", "from": 1e9, "to": 1}, "M MACs"),
    ],
)
def test_a_change_is_told_for_any_metric_that_it_makes_better(metric, rule, said):
    given = with_criterion({"metric": metric, "rule": rule})
    found = " ".join(f"{hint['text']} {hint['gain']}" for hint in hints(given))
    assert said in plain(found)


def test_more_inferences_on_a_charge_are_a_gain():
    given = with_criterion({"metric": "inferences_per_charge", "rule": {"kind": "ramp", "from": 1, "to": 1e8}})
    helping = [effect for effect in effects(given) if effect.helped("inferences_per_charge") > 0]
    assert helping and all(effect.gains["inferences_per_charge"] > 0 for effect in helping)
    assert all(effect.fell("inferences_per_charge") == 0 for effect in helping)


def test_points_of_several_conditions_follow_where_the_last_of_them_is_met():
    conditions = [{"metric": "model_bytes", "at_most": 1e9}, {"metric": "peak_activation_bytes", "at_most": 1_310_720}]
    given = with_criterion(
        {"rule": {"kind": "all_of", "conditions": conditions}}, width=1.0, resolution=224, quantised=False
    )
    best = hints(given)[0]
    assert best["gain"] == "+1.00" and "under the line at 1.25 MiB" in plain(best["text"])


def test_no_points_follow_where_one_of_the_conditions_is_measured():
    conditions = [{"metric": "accuracy", "at_least": 0.1}, {"metric": "peak_activation_bytes", "at_most": 1_310_720}]
    given = with_criterion(
        {"rule": {"kind": "all_of", "conditions": conditions}}, width=1.0, resolution=224, quantised=False
    )
    assert any("peak" in hint["text"].lower() for hint in hints(given))
    assert all(hint["gain"] == "" or hint["gain"].startswith("up to") for hint in hints(given))


def test_a_model_that_does_not_fit_is_told_what_would_make_it_fit():
    network = {"name": "mobilenet_v1", "width": 0.25, "resolution": 96, "quantised": False}
    given = with_criterion({"rule": {"kind": "fits"}}, devices=["stm32f746"], **network)
    assert lost_points(given) == {"fits": 1.0}
    assert any("it fits the board then" in hint["text"].lower() and hint["gain"] == "+1.00" for hint in hints(given))


@pytest.mark.parametrize(
    ("metric", "title"),
    [
        ("two_of_four_sparsity", "Begin with dense: keep two of any four neighbours along its inputs."),
        ("output_channel_sparsity", "Begin with dense: set whole output channels to zero."),
    ],
)
def test_lost_zeros_in_a_pattern_name_the_heaviest_layer_and_what_to_do(document, metric, title):
    (hint,) = hints(losing(document, metric))
    assert hint["title"] == title and hint["gain"] == "up to +9.00"


def test_a_lab_of_another_task_is_told_where_its_answers_are_wrong(document):
    quality = {
        "map": 0.4, "per_class": [{"name": "cat", "truths": 3, "ap": 0.2, "ap_50": 0.4}, {"name": "dog", "truths": 3, "ap": 0.6, "ap_50": 0.9}],
        "map_50": 0.6, "map_interval": [0.3, 0.5], "map_50_interval": [0.5, 0.7], "n": 3, "truths": 6,
    }  # fmt: skip
    given = losing(document | {"quality": quality}, "map")
    given = replace(given, spec=specs.spec("detection"))
    (hint,) = hints(given)
    assert hint["title"] == "See in the figure Average precision where mAP at IoU 0.5 to 0.95 is lost."
    assert "The lowest AP, 20.0 %, is that of cat." in plain(hint["text"]) and hint["gain"] == "up to +9.00"


def test_an_older_result_gets_the_hints_that_need_no_graph():
    old = older(given_of("latency_ms"), boards=True)
    assert effects(old) == []
    assert [hint["title"] for hint in hints(old)] == ["Tell b from a."]


# -- the verdict, and what does not fit -------------------------------------------------------------------------------


def test_the_verdict_says_fit_loss_and_what_the_staff_grade():
    given = given_of("latency_ms")
    assert verdict_sentence(given, 3.0) == (
        "It fits the Raspberry Pi 4, 4 GB. Lost: 2.82 on accuracy and 1.00 on latency_ms. The staff grade the other 3.00 points."
    )


def test_what_no_runtime_of_the_board_computes_does_not_run_there_and_fits_nothing_yet():
    given = given_of(devices=["stm32f746"], name="visual_wake_words", quantised=False)
    assert verdict_sentence(given, 0.0).startswith("It does not run on the STM32F746 microcontroller.")


def test_the_verdict_keeps_names_and_abbreviations_as_they_are_written():
    given = given_of("latency_ms")
    titles = ["RAM of the board", "MNIST accuracy", "Memory at the peak"]
    lines = [
        line | {"title": title, "left_open": ""} for line, title in zip(given.result["points"], titles, strict=False)
    ]
    lost = [line | {"earned": "0.00", "of": f"{n}.00"} for n, line in enumerate(lines[::-1], 1)]
    said = verdict_sentence(replace(given, result=given.result | {"points": lost}), 0.0)
    assert "on RAM of the board" in said and "on MNIST accuracy" in said and "on memory at the peak" in said


def test_over_the_labs_limit_is_drawn_in_parts_that_add_up():
    given = given_of("peak_activation_bytes", width=1.0, resolution=224, quantised=False)
    found = too_big(given, "Lab 1")
    assert (found.where, found.limit) == ("Lab 1", 1048576)
    assert sum(size for _, size, _ in found.parts) == found.need == given.report.peak_activation_bytes
    said = too_big_part(given, found, "9 of 10 attempts are left.", effects(given))
    assert said["title"] == "Too big for the lab's memory limit"
    assert "kept in float32, 4 bytes each" in said["finding"]
    assert sum(float(bar["width"].rstrip("%")) for bar in said["bars"]) == pytest.approx(100, abs=0.05)
    assert "still 152 KiB too much" in plain(said["ways"][0]["text"])
    assert said["ways"][-1] == {"title": "Then hand in again.", "text": "9 of 10 attempts are left."}


def test_over_the_flash_of_the_board_is_told_of_the_board():
    given = given_of(devices=["stm32f746"], name="mobilenet_v1", width=1.0, resolution=96, quantised=True)
    found = too_big(given, "Lab 1")
    assert (found.what, found.where) == ("flash", "the STM32F746 microcontroller")
    said = too_big_part(given, found, "", effects(given))
    assert said["title"] == "Too big for the STM32F746 microcontroller's flash"
    assert "This model needs" in said["sentence"]


def test_what_fits_is_not_drawn():
    assert too_big(given_of("peak_activation_bytes"), "Lab 1") is None
    assert too_big(older(given_of(), boards=False), "Lab 1") is None
