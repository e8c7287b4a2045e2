"""Where a board measured: its numbers come first in every figure, the model's stand beside them, and the difference is told."""

from dataclasses import replace

import plotly.graph_objects as go
import pytest

from grading.figures import FIGURES, devices, energy, figure_of, figures_of, latency
from grading.figures.base import Attempt
from grading.figures.host import first_ten, spread
from grading.figures.measured import both_of, measured_of
from grading.figures.on_board import heat, on_board, power
from grading.figures.side_by_side import difference, explained
from tests.grading.figures.results import BOARD, HOST, ON_BOARD, given_of, measured_given, plain
from tests.grading.figures.test_drawn import coloured

SPARSE = (
    "windows",
    "samples",
    "bracket",
    "energy",
    "clock_mhz",
    "agent",
    "kernel",
    "cooled_s",
    "threads",
    "runtime_version",
)


@pytest.mark.parametrize("slug", [*FIGURES, "board", "board-heat", "board-power", "first-ten", "spread"])
@pytest.mark.parametrize("without", [(), SPARSE, ("energy", "energy_mj")])
def test_every_figure_is_drawn_of_boards_that_say_much_and_little(slug, without):
    figure = figure_of(measured_given("latency_ms", without=without), slug)
    if figure is None:
        assert slug in ("board-heat", "board-power") and without
        return
    assert figure.finding.endswith(".") and {len(row) for row in figure.rows} == {len(figure.columns)}
    if figure.plot is not None:
        go.Figure(**coloured(figure.plot))


def test_without_a_board_there_is_no_such_figure():
    assert [figure_of(given_of(), slug) for slug in ("board", "board-heat", "board-power")] == [None] * 3
    slugs = [figure.slug for figure in figures_of(measured_given("latency_ms"))]
    assert slugs[:3] == ["latency", "board", "layers"]


# -- latency ----------------------------------------------------------------------------------------------------------


def test_the_latency_is_the_measured_one_with_the_model_below_and_no_host_where_none_ran_it():
    figure = latency(measured_given("latency_ms"))
    assert plain(figure.finding) == "18.4 ms (18.2-18.7) on pi4-01: no points, 13.4 ms above the line for all."
    said = plain(figure.how)
    assert said.startswith(
        "Median of 500 inferences in 5 windows. Every window gives the same points. 18.4 ms measured, 17.9 ms (17-19) modelled: "
    )
    assert (
        "inside the model's 90 % interval." in said
        and "The board ran ONNX Runtime 1.22.1; the calibration is of TFLite" in said
    )
    assert figure.basis == "measured" and figure.marks == [
        ("measured", "measured on pi4-01, graded"),
        ("modelled", "modelled, beside it"),
    ]
    assert [row[0] for row in figure.rows] == ["This attempt, pi4-01, measured", "the same, modelled"]
    assert figure.rows[0][1:4] == ["18.4", "18.2", "18.7"]


def test_the_host_stands_third_where_it_ran_the_model_too():
    given = measured_given("latency_ms")
    given.result["environment"]["on_host"] = HOST
    assert [row[0] for row in latency(given).rows][-3:] == ["Host, p50", "Host, p90", "Host, p99"]
    kept = measured_given("latency_ms", graded_by="process")
    assert latency(kept).rows[-1][0] == "Host, p99" and kept.timed_on == "the host"


def test_each_attempt_says_where_it_was_measured():
    attempts = (
        Attempt(3, True, 18.4, (18.2, 18.7), "pi4-01"),
        Attempt(2, False, 21.0, (20.5, 21.5), "pi4-02"),
        Attempt(1, False, 15.0, (14.0, 16.0)),
    )
    figure = latency(replace(measured_given("latency_ms"), attempts=attempts))
    assert [row[0] for row in figure.rows] == [
        "Attempt 3, pi4-01, measured",
        "the same, modelled",
        "Attempt 2, pi4-02, measured",
        "Attempt 1",
    ]


def test_windows_on_both_sides_of_a_line_are_told():
    given = measured_given("latency_ms")
    rule = replace(given.spec.criteria[-1].rule, steps=((18.45, 1.0), (40.0, 0.5)))
    criteria = (*given.spec.criteria[:-1], replace(given.spec.criteria[-1], rule=rule))
    figure = latency(replace(given, spec=replace(given.spec, criteria=criteria)))
    assert "The windows do not all give the same points; the median of all decides." in figure.how


# -- the difference ---------------------------------------------------------------------------------------------------


def told(**changes):
    given = measured_given("latency_ms", **changes)
    return plain(f"{difference(given.measured, given.lab_costs)} {explained(given, given.measured, given.lab_costs)}")


def slow(p50_ms, **changes):
    return told(p50_ms=p50_ms, medians_ms=[p50_ms] * 5, **changes)


def test_the_difference_is_told_in_words_and_only_known_reasons_stand():
    said = slow(30.0)
    assert "68 % slower, above the model's 90 % interval." in said and "Nine of ten" not in said
    assert "2 times as long" not in said and "throttled" not in said and "governor" not in said
    assert slow(54.0).split(": ")[1].startswith("3.0 times as long, above")
    assert "faster, below the model's 90 % interval" in slow(9.0)
    assert "The board throttled while it ran." in slow(30.0, thermal="throttled")
    assert "It ran at 1.20 GHz at most, and the model is of 1.50 GHz." in slow(
        30.0, clock_mhz={"least": 600, "most": 1200}
    )
    assert "Its clock went down to 600 MHz from 1.50 GHz." in slow(30.0, clock_mhz={"least": 600, "most": 1500})
    assert "Its governor was powersave" in slow(30.0, governor="powersave")
    assert "Its reference model took 7.0 % longer after the run than before." in slow(
        30.0, bracket={"drift_percent": 7.0}
    )
    assert "It ran on 1 thread, modelled are" in slow(30.0, threads=1)


def test_a_result_of_another_device_or_without_times_says_nothing():
    assert measured_of({"on_board": ON_BOARD}, "jetson-nano-4gb") is None
    assert measured_of({"on_board": ON_BOARD | {"medians_ms": []}}, BOARD) is None
    assert measured_of({"on_board": None}, BOARD) is measured_of({}, BOARD) is None


def test_files_hold_both():
    given = measured_given("latency_ms")
    given.result["environment"]["on_host"] = HOST
    both = both_of(given.result, BOARD)
    assert both["latency_ms"]["measured"] == {"value": 18.4, "from": 18.2, "to": 18.7, "on": "pi4-01"}
    assert (
        both["latency_ms"]["modelled"]["value"] == given.lab_costs.latency_ms
        and both["latency_ms"]["host"]["value"] == 6.2
    )
    assert both["energy_mj"]["measured"]["value"] == 41.0 and both["energy_mj"]["modelled"]["value"] > 0
    assert both_of(given_of().result, BOARD) == {}


# -- energy, boards, the run ------------------------------------------------------------------------------------------


def test_energy_rests_on_the_sensor_with_the_model_beside_it():
    figure = energy(measured_given())
    labels = [row["label"] for row in figure.shown["each"]]
    assert labels[:3] == [
        "Energy of one inference, measured on pi4-01",
        "of it above the idle board",
        "of a charge, 1000 of them",
    ]
    assert "Energy of one inference, modelled" in labels and figure.basis == "measured"
    rule = next(way for way in figure.shown["ways"] if way["is_rule"])
    assert rule["numbers"][2] == pytest.approx(rule["hours_value"] * 3_600_000 / 18.4) and rule["beside"].startswith(
        "modelled: "
    )
    assert figure.shown["ways"][-1]["title"].startswith("While it inferred, 4.60")
    without = energy(measured_given(without=("energy", "energy_mj")))
    assert (
        without.shown["each"][0]["value"] == "not measured" and "No sensor at pi4-01" in without.shown["each"][0]["how"]
    )


def test_another_board_of_the_choice_is_modelled_as_before():
    other = energy(replace(measured_given(), board="jetson-nano-4gb"))
    assert other.basis == "modelled" and all(not way["beside"] for way in other.shown["ways"])


def test_the_table_of_boards_has_a_measured_row_and_says_which_is_modelled():
    figure = devices(measured_given("latency_ms"))
    first, second = figure.shown["boards"][:2]
    assert (first["basis"][0], second["basis"][0], second["is_beside"]) == ("measured", "modelled", True)
    assert first["latency"] == "18.4" and first["setting"] == "measured on pi4-01, 500 inferences in 5 windows"
    rows = [row for row in figure.rows if row[0] == BOARD]
    assert [row[12] for row in rows] == ["measured", "modelled"] and rows[0][7:10] == ["18.4", "18.2", "18.7"]
    assert "On pi4-01: 18.4" in figure.note and "The points for latency_ms rest on what was measured." in figure.note


def test_the_run_is_told_by_its_windows_its_reference_and_its_heat():
    given = measured_given("latency_ms")
    figure = on_board(given)
    assert plain(figure.finding) == "18.4 ms in the median; the medians of its 5 windows lie within 2.7 %."
    assert plain(figure.how) == (
        "Before it the golden model took 7.10 ms there, and after it 7.20 ms, 1.4 % more; usually 7.10 ms on this board. It never throttled."
    )
    assert figure.note == "Governor performance, 4 threads, agent 1.0.0, kernel 6.6, waited 12.0 s to cool down."
    assert plain(heat(given).finding) == "It went from 46 to 63 °C; its clock was 1.50 GHz throughout."
    assert plain(power(given).finding) == "It took 4.60 W while it inferred, 2.20 W more than idle."
    hot = on_board(measured_given(samples=[[0, 80.0, 1500, True, None], [1, 82.0, 900, True, None]]))
    assert "It throttled in 2 of 2 samples." in hot.how


def test_what_spread_on_a_board_is_called_so():
    given = measured_given()
    assert spread(given).basis == first_ten(given).basis == "measured"
    assert first_ten(given).plot["layout"]["yaxis"]["title"]["text"] == "ms on pi4-01"
    assert "No point rests on it" not in spread(given).finding
