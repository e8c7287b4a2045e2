"""What a meter's numbers come to, and which of them no board can have shown."""

import pytest

from courseplatform.core.errors import BadInput
from grading.meters.arithmetic import metered_of

PI = {"board": "Raspberry Pi 4, 4 GB", "full_load_w": 6.4}


def metered(way, **typed):
    return metered_of(typed, way=way, **PI)


@pytest.mark.parametrize(
    ("way", "typed"),
    [
        ("current", {"volts": 5.0, "idle_ma": 500, "loaded_ma": 1000}),
        ("power", {"volts": 5.0, "idle_w": 2.5, "loaded_w": 5.0}),
        ("charge", {"volts": 5.0, "idle_ma": 500, "used_mah": 1000 / 60, "load_s": 60}),
    ],
)
def test_three_ways_say_the_same(way, typed):
    found = metered(way, **typed)
    assert (found.idle_w, found.loaded_w) == (pytest.approx(2.5), pytest.approx(5.0))


def test_an_inference_takes_the_loaded_power_for_as_long_as_it_lasts():
    """2.5 W idle, 5 W loaded, 40 ms: 200 mJ, of which 100 above idle; 1000 of them are 40 s at 1 A, 11.1 mAh."""
    found = metered("current", volts=5.0, idle_ma=500, loaded_ma=1000, load_s=36)
    each = found.each(40.0)
    assert each == {
        "energy_mj": pytest.approx(200),
        "energy_mj_above_idle": pytest.approx(100),
        "mah_per_1000": pytest.approx(1000 * 40 / 3600),
    }
    assert found.used_mah == pytest.approx(10)


@pytest.mark.parametrize(
    ("way", "typed", "field", "code"),
    [
        ("wind", {}, "way", "unknown_way"),
        ("current", {"volts": 5, "idle_ma": 500}, "loaded_ma", "missing"),
        ("current", {"volts": 5, "idle_ma": 0, "loaded_ma": 900}, "idle_ma", "not_positive"),
        ("current", {"volts": 5, "idle_ma": float("nan"), "loaded_ma": 900}, "idle_ma", "not_positive"),
        ("current", {"volts": 5000, "idle_ma": 500, "loaded_ma": 900}, "volts", "out_of_range"),
        ("current", {"volts": 5, "idle_ma": 900, "loaded_ma": 500}, "loaded_ma", "below_idle"),
        ("current", {"volts": 5, "idle_ma": 500, "loaded_ma": 500}, "loaded_ma", "as_idle"),
        ("current", {"volts": 5, "idle_ma": 500, "loaded_ma": 2600}, "loaded_ma", "more_than_the_board_takes"),
        ("power", {"volts": 5, "idle_w": 2.5, "loaded_w": 12.9}, "loaded_w", "more_than_the_board_takes"),
        ("charge", {"volts": 5, "idle_ma": 500, "used_mah": 8, "load_s": 60}, "used_mah", "below_idle"),
        ("charge", {"volts": 5, "idle_ma": 500, "used_mah": 8}, "load_s", "missing"),
        ("charge", {"volts": 5, "idle_ma": 500, "used_mah": 3, "load_s": 5}, "load_s", "out_of_range"),
    ],
)
def test_what_no_meter_can_have_shown_is_refused_at_its_field(way, typed, field, code):
    with pytest.raises(BadInput) as refused:
        metered(way, **typed)
    assert (refused.value.code, refused.value.details["field"]) == (code, field)


def test_a_board_whose_full_load_nobody_knows_takes_at_most_what_a_supply_gives():
    typed = {"volts": 20.0, "idle_w": 5.0, "loaded_w": 90.0}
    assert metered_of(typed, way="power", board="board", full_load_w=None).loaded_w == 90
    with pytest.raises(BadInput, match="100 W is believed"):
        metered_of(typed | {"loaded_w": 101.0}, way="power", board="board", full_load_w=None)
