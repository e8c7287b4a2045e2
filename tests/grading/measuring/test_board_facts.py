"""What a result keeps of a board's words: enough to draw, nothing that is none, and energy only where the sensor tells it."""

import json

import pytest

from grading.measuring.board_answer import BoardAnswer
from grading.measuring.board_facts import (
    MOST_SAMPLES,
    UNTOLD,
    energy_of,
    notes_of,
    on_board_json,
    samples_of,
    windows_of,
)
from hardware.runners.results import Step

IDLE = {"source": "ina219@1-0040", "idle_w": 2.0, "idle_before_w": 1.99, "idle_after_w": 2.01}
ASKED = [{"name": f"{stage} {n}"} for stage in ("encode", "eye") for n in (1, 2)]


def step(*samples_ms, first_ms=9.0):
    frames = (("latency", {"first_ms": [first_ms, 8.0], "samples_ms": list(samples_ms)}),)
    return Step("w", "ok", "", "", frames, 0, None, "", 9.0, 8.0, 1 << 20, "bubblewrap")


def test_windows_of_models_in_a_row_are_sums_with_all_their_calls():
    alone = windows_of([step(1.0, 2.0, 3.0), step(5.0)], [1])
    assert alone == [
        {"p50_ms": 2.0, "p90_ms": 2.8, "p99_ms": 2.98, "first_ms": 9.0},
        {"p50_ms": 5.0, "p90_ms": 5.0, "p99_ms": 5.0, "first_ms": 9.0},
    ]
    together = windows_of([step(1.0), step(2.0), step(10.0), step(20.0)], [1, 2])
    assert [row["p50_ms"] for row in together] == [21.0, 42.0] and together[0]["first_ms"] == 27.0


def test_energy_of_models_in_a_row_is_that_of_one_input_through_all_of_them():
    """encode draws 3 W for 10 ms an inference, eye 4 W for 5 ms and runs twice: 30 + 2 x 20 mJ, of which rest takes 2 W x 20 ms."""
    rows = [
        ["encode 1", 15.0, 5.0, 500],
        ["encode 2", 15.0, 5.0, 500],
        ["eye 1", 20.0, 5.0, 1000],
        ["eye 2", 20.0, 5.0, 1000],
    ]
    found = energy_of(IDLE | {"steps": rows}, ASKED, [1, 2], 5.0)
    assert (found["energy_mj"], found["energy_mj_above_idle"]) == (70.0, 30.0)
    assert (found["loaded_w"], found["seconds"], found["inferences"]) == (3.5, 20.0, 3000)
    assert found["mah"] == pytest.approx(70 / 5 / 3600) and found["volts"] == 5.0
    assert energy_of(IDLE | {"steps": rows[:2]}, ASKED, [1, 2], 5.0) is None  # nothing is known of the eye


@pytest.mark.parametrize(
    "said",
    [
        None, [], "energy", {}, IDLE, IDLE | {"steps": "none"}, IDLE | {"steps": [None, ["encode 1"], ["encode 1", "1", 1, 1], ["x", 1, 1, 1]]},
        IDLE | {"steps": [["w", 1.0, 0.0, 5]]}, IDLE | {"steps": [["w", 1.0, 1.0, True]]}, IDLE | {"steps": [["w", -1.0, 1.0, 5]]},
        IDLE | {"idle_w": "2", "steps": [["w", 1.0, 1.0, 5]]}, IDLE | {"idle_w": float("nan"), "steps": [["w", 1.0, 1.0, 5]]},
    ],
)  # fmt: skip
def test_energy_that_is_none_is_no_energy(said):
    assert energy_of(said, [{"name": "w"}], [1], 5.0) is None


def test_samples_are_thinned_and_what_is_none_is_left_out():
    rows = [[float(second), 40 + second / 100, 1500, False, None] for second in range(600)]
    kept = on_board(samples=rows)
    assert len(kept["samples"]) == MOST_SAMPLES and kept["samples"][0] == rows[0] and kept["samples"][-1] == rows[-1]
    assert samples_of([None, [1], ["a", 1, 1, True, 1], [1.0, 999, "1500", 1, -1]]) == [[1.0, None, None, None, None]]
    assert samples_of({"0": rows}) == []


def on_board(measured=(), **environment):
    answer = BoardAnswer("pi4-01", "u", "rpi-4-4gb", [step(1.0)], [{"name": "w"}], 1, environment)
    return on_board_json(answer, dict(measured), [1], 5.0)


def test_a_board_that_says_nonsense_leaves_a_result_that_can_be_drawn():
    deep = {"a": [{}] * 50}
    nonsense = dict.fromkeys(
        ("facts", "before", "after", "preflight", "energy", "samples", "governor", "thermal", "cooled_s", "swap_bytes"),
        deep,
    )
    kept = on_board(**nonsense)
    assert {kept[key] for key in ("agent", "kernel", "governor", "thermal", "runtime_version")} == {""}
    assert [
        kept[key] for key in ("threads", "cooled_s", "clock_mhz", "energy", "energy_mj", "temperature_before_c")
    ] == [None] * 6
    long = on_board(facts={"agent": "a" * 9999, "kernel": "k\x00" * 9999}, governor="g" * 9999)
    assert len(json.dumps(long)) < 2000
    assert set(long) == set(kept)


def test_energy_that_rest_itself_wandered_by_is_kept_and_gives_no_points():
    def kept(loaded_j, **idle):
        return on_board(energy=IDLE | idle | {"steps": [["w", loaded_j, 10.0, 100]]}, bracket={"model": "m"})

    told = kept(30.0)
    assert told["energy_mj"] == told["energy"]["energy_mj_above_idle"] == 100.0 and told["notes"] == []
    for untold in (kept(20.1), kept(19.0), kept(25.0, idle_before_w=1.5, idle_after_w=2.5)):
        assert untold["energy_mj"] is None and untold["energy"] is not None and untold["notes"] == [UNTOLD]


def test_what_may_have_moved_the_times_is_said():
    as_it_should_be = {
        "governor": "performance", "swap_bytes": 0, "bracket": {"model": "golden"},
        "preflight": {"boost": False, "huge_pages": "madvise", "cores": 4, "cores_allowed": 4, "core_kinds": 1, "power_mode": None},
    }  # fmt: skip
    assert notes_of(as_it_should_be) == []
    odd = {
        "governor": "ondemand", "swap_bytes": 5 << 20, "bracket": None,
        "preflight": {
            "boost": True, "huge_pages": "always", "cores": 8, "cores_allowed": 4, "core_kinds": 2, "power_mode": "nvpmodel 1", "memory_clock_mhz": 1600.0,
        },
    }  # fmt: skip
    said = " ".join(notes_of(odd))
    for word in (
        "No reference model",
        "ondemand",
        "above its nominal clock",
        "5 MiB",
        "huge pages",
        "2 kinds",
        "4 of 8 cores",
        "nvpmodel 1",
        "1600 MHz",
    ):
        assert word in said
