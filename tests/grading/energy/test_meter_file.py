"""A meter's file comes to the charge that its current and time say, whatever its units, and nonsense is refused with its line."""

from decimal import Decimal
from math import isclose

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courseplatform.core.errors import BadInput
from grading.energy.meter_file import DRAWN, MOST_BYTES, charge_mah, metered

STEPS = st.lists(st.tuples(st.floats(0.5, 4), st.floats(0, 3000)), min_size=2, max_size=60)


def points_of(steps):
    at, found = 0.0, []
    for length, ma in steps:
        at += length
        found.append((at, ma))
    return found


def csv_of(points, head="time_s,current_ma", row="{s!r},{ma!r}"):
    return "\n".join([head, *(row.format(s=s, ma=ma) for s, ma in points)]).encode()


def refused(content):
    with pytest.raises(BadInput) as caught:
        metered(content if isinstance(content, bytes) else content.encode())
    assert caught.value.details["field"] == "file"
    return caught.value.code, caught.value.message


def test_a_constant_current_is_current_times_time():
    found = metered(csv_of([(n, 600) for n in range(3601)]))
    assert (found.rows, found.seconds, found.used_mah, found.peak_ma) == (3601, 3600, Decimal("600.000"), 600)
    assert isclose(found.mean_ma, 600)


def test_a_ramp_is_half_its_height():
    assert charge_mah([(0, 0), (3600, 1000)]) == 500
    assert charge_mah([(0, 0), (1800, 1000), (3600, 0)]) == 500


@given(STEPS)
def test_a_stretch_cut_in_two_uses_the_sum_of_both(steps):
    points = points_of(steps)
    for cut in range(1, len(points) - 1):
        assert isclose(
            charge_mah(points), charge_mah(points[: cut + 1]) + charge_mah(points[cut:]), rel_tol=1e-9, abs_tol=1e-12
        )


@given(STEPS, st.floats(0, 10), st.floats(-1e6, 1e6))
def test_charge_grows_with_the_current_and_not_with_the_clock(steps, times, later):
    points = points_of(steps)
    whole = charge_mah(points)
    assert isclose(charge_mah([(s, ma * times) for s, ma in points]), whole * times, rel_tol=1e-9, abs_tol=1e-12)
    assert isclose(charge_mah([(s + later, ma) for s, ma in points]), whole, rel_tol=1e-6, abs_tol=1e-6)
    assert min(ma for _, ma in points) <= whole * 3600 / (points[-1][0] - points[0][0]) * (1 + 1e-9) + 1e-9


@given(STEPS)
def test_a_row_between_two_on_their_line_changes_nothing(steps):
    (s, a), (t, b), *_ = points_of(steps)
    assert isclose(
        charge_mah([(s, a), (t, b)]),
        charge_mah([(s, a), ((s + t) / 2, (a + b) / 2), (t, b)]),
        rel_tol=1e-9,
        abs_tol=1e-12,
    )


@settings(max_examples=40)
@given(STEPS)
def test_units_and_the_order_of_columns_change_nothing(steps):
    points = points_of(steps)
    wanted = metered(csv_of(points)).used_mah
    shapes = [
        ("Current (A);Time (ms)", lambda s, ma: f"{ma / 1000!r};{s * 1000!r}"),
        ("voltage_v,I[mA],t/s", lambda s, ma: f"5.1,{ma!r},{s!r}"),
        ("elapsed min\tcurrent uA", lambda s, ma: f"{s / 60!r}\t{ma * 1000!r}"),
    ]
    for head, row in shapes:
        content = "\n".join([head, *(row(s, ma) for s, ma in points)]).encode()
        assert abs(metered(content).used_mah - wanted) <= Decimal("0.001")


@settings(max_examples=20)
@given(st.binary(max_size=300))
def test_bytes_of_any_kind_are_refused_with_a_sentence(content):
    code, said = refused(content)
    assert code and said.endswith(".")


def test_clock_times_dates_and_decimal_commas_are_read():
    rows = ["10:00:00,500", "10:00:01.5,500", "10:00:03,500"]
    assert metered("\n".join(["time,current_ma", *rows]).encode()).seconds == 3
    rows = ["2023-11-05T01:59:59-04:00,0.5", "2023-11-05T01:00:01-05:00,0.5"]  # the clocks go back between the two
    assert metered("\n".join(["timestamp,current (A)", *rows]).encode()).seconds == 2
    assert metered(b"time (s);current (A);voltage (V)\n0;0,5;5,1\n1;0,5;4,9\n").mean_volts == 5
    assert metered(b"# UM25C\r\n\r\ntime_s,current_ma\r\n0,600\r\n1,600\r\n").rows == 2


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        ("", "too_few_rows", "empty"),
        ("time_s,current_ma\n0,600\n", "too_few_rows", "at least two rows"),
        ("time_s,voltage_v\n0,5\n1,5\n", "column_missing", "Line 1 names no column with the current"),
        ("# note\ncurrent_ma,charge_mah\n1,2\n", "column_missing", "Line 2 names no column with the time"),
        ("time_s,current\n0,600\n1,600\n", "unit_missing", "“current” names no unit"),
        ("time,current_ma\n0,600\n1,600\n", "unit_missing", "Line 2: “0” is no time. The head “time” names no unit"),
        ("time_s,current_ma,i_a\n0,1,1\n1,1,1\n", "column_twice", "two columns name the current"),
        ("time_s,current_ma\n0,600\n1,-3\n", "negative", "Line 3: the current is negative"),
        ("time_s,current_a\n0,600\n1,600\n", "current_too_large", "Line 2: 600 000 mA is more than 20 A"),
        ("time_s,current_ma\n0,600\n1,nan\n2,inf\n3,1_0\n", "bad_row", "Line 3: “nan” is no current. Line 4: “inf” is no current. Line 5"),
        ("time_s,current_ma\n0,600\n1\n", "bad_row", "Line 3: “” is no current"),
        ('time_s,current_ma\n0,600\n"1,600\n', "bad_row", "Line 3 is no row"),
        ("time_s,current_ma\n0,600\n2,600\n1,600\n", "time_goes_back", "Line 4"),
        ("time,current_ma\n23:59:59,600\n00:00:00,600\n", "time_goes_back", "over midnight"),
        ("time_s,current_ma\n0,600\n1,600\n1,600\n", "time_stands_still", "Line 4 has the same time as line 3"),
        ("time_s,current_ma\n0,6\n1,6\n2,6\n3,6\n93,6\n94,6\n", "gap", "Line 6: 90 s without a row, where 1 s are usual"),
        ("time_h,current_ma\n0,6\n100,6\n200,6\n", "too_long", "8.3 days"),
        ("time_s,current_ma,voltage_v\n0,6,5\n1,6,500\n", "odd_voltage", "Line 3: 500 V"),
        ("=cmd|' /C calc'!A0,current_ma\n1,2\n", "column_missing", "the time"),
        (b"time_s,current_ma\n0,600\n1,\xff\n", "not_text", "Line 3"),
        (b"PK\x03\x04\x00\x00", "not_text", "no text"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_with_its_line(content, code, says):
    found, said = refused(content)
    assert found == code
    assert says in said.replace("\u2009", " ").replace("\u202f", " ")


def test_large_files_are_refused_and_long_ones_are_thinned_for_the_plot():
    assert refused(b"time_s,current_ma\n" + b"0" * MOST_BYTES)[0] == "file_too_large"
    long = metered(csv_of([(n, 2900 if n == 777 else 600) for n in range(20_000)]))
    assert len(long.trace) <= DRAWN and max(ma for _, ma in long.trace) == 2900
    assert refused(csv_of([(n, 1) for n in range(200_001)], row="{s},{ma}"))[0] == "too_many_rows"
