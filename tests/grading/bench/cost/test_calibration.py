"""The fit, what is left out, and the command: the file in the tree is what code and data give."""

import json
import re
from io import StringIO

import numpy as np
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from grading.bench.cost import judging
from grading.bench.cost.calibrating import calibrate
from grading.bench.cost.coefficients import PATH, load_calibrations
from grading.bench.cost.fitting import fit
from grading.bench.cost.judging import TARGETS, judge_pool, missed, pools_of
from grading.bench.cost.leave_out import FamilyErrors, LeaveOut, rank_correlation
from grading.bench.cost.published import COLUMNS, published_rows
from grading.bench.cost.samples import groups_of
from grading.bench.cost.table import lines
from tests.parts import ROOT

GROUP = "rpi-4b/tflite@2.4.1/int8/4"
WIDTHS = ("0.25", "0.5", "lite")


def few():
    """27 rows of three families in one group: enough to be graded, few enough to be quick."""
    rows = [row for row in published_rows() if row.group == GROUP]
    return [row for row in rows if any(f"-{width}" in row.model for width in WIDTHS)] + [
        row for row in rows if "-1.0-" in row.model
    ]


@pytest.fixture(scope="module")
def pool():
    (found,) = pools_of(groups_of(few()).values())
    return found


@pytest.fixture(scope="module")
def judged(pool):
    errors = FamilyErrors(pool.groups, LeaveOut(pool).family_errors())
    return judge_pool((pool, errors))[0]


def test_the_fit_finds_coefficients_that_made_the_data():
    random = np.random.default_rng(0)
    x = random.uniform(0.1, 2.0, (200, 3))
    truth = np.array([0.5, -1.0, 1.0])
    y = x @ np.exp(truth) * np.exp(random.normal(0, 0.01, 200))
    found = fit(x, y, np.zeros(3), np.eye(3), sigma=0.01)
    assert found.theta == pytest.approx(truth, abs=0.02)
    assert np.sqrt(np.diag(found.spread)).max() < 0.02


def test_without_data_on_a_part_belief_stands_and_its_spread_too():
    x = np.array([[1.0, 0.0], [2.0, 0.0]])
    found = fit(x, np.array([3.0, 6.0]), np.zeros(2), np.eye(2), sigma=0.05)
    assert found.theta[1] == pytest.approx(0.0)
    assert found.spread[1, 1] == pytest.approx(1.0)
    assert found.at(np.array([0.0, 1.0]))[1] == pytest.approx(1.0)


def test_one_odd_row_does_not_bend_the_rest():
    x, y = np.full((20, 1), 1.0), np.full(20, 2.0)
    y[0] = 200.0
    assert fit(x, y, np.zeros(1), np.eye(1), sigma=0.05).theta[0] == pytest.approx(np.log(2), abs=0.02)


def test_a_network_is_left_out_of_every_row_of_the_pool(pool):
    unit = frozenset([pool.networks[0]])
    (group,) = pool.groups
    assert pool.keep(group, unit).sum() == len(group.rows) - group.networks.count(pool.networks[0])


def test_the_interval_of_a_left_out_row_does_not_use_its_own_error(pool):
    """Whatever was measured for the judged network, its interval stays."""
    (group,) = pool.groups
    network = group.networks[3]
    before = LeaveOut(pool).model_half(group, frozenset([network]))
    changed = [
        row if row.network != network else type(row)(**{**row.__dict__, "latency_ms": row.latency_ms * 3})
        for row in group.rows
    ]
    (other,) = pools_of(groups_of(changed).values())
    after = LeaveOut(other).model_half(other.groups[0], frozenset([network]))
    assert after == pytest.approx(before, rel=1e-3)


def test_the_width_for_a_family_does_not_use_its_own_errors(pool):
    (group,) = pool.groups
    rows = LeaveOut(pool).family_errors()
    own = pool.families["mobilenet-v2"]
    doubled = [type(row)(**{**row.__dict__, "error": 9.0}) if row.network in own else row for row in rows]
    assert FamilyErrors([group], doubled).half(group, own) == FamilyErrors([group], rows).half(group, own)
    assert FamilyErrors([group], doubled).half(group) > 9.0 / 2


def test_a_group_is_judged_by_what_it_never_saw(judged):
    assert judged.graded
    assert judged.families == 3
    assert judged.model_out_median < 0.06
    assert judged.model_rank > 0.98
    assert judged.baseline_model_out_median > 0.2
    assert judged.baseline_family_out_median > judged.baseline_model_out_median
    assert judged.model_width < judged.family_width


def test_the_baseline_leaves_out_what_it_is_named_after(pool):
    """By hand: the median of ms a MAC over the other networks, or over the other families."""
    (group,) = pool.groups
    units = {"a": group.families, "b": group.networks}
    for names in units.values():
        macs = [work.facts.macs for work in group.works]
        errors = []
        for i, own in enumerate(names):
            others = [group.y[j] / macs[j] for j, other in enumerate(names) if other != own]
            errors.append(abs(np.median(others) * macs[i] / group.y[i] - 1))
        assert judging._baseline(group, names) == pytest.approx(float(np.median(errors)))


def test_the_report_has_the_agreed_keys(judged):
    told = judged.to_json()
    assert told["coverage"] == {"model": judged.model_coverage, "family": judged.family_coverage}
    assert told["width"] == {"model": judged.model_width, "family": judged.family_width}
    assert told["rank"] == min(judged.model_rank, judged.family_rank)
    assert told["flagged_share"] == max(judged.model_flagged_share, judged.family_flagged_share)
    agreed = {
        "n",
        "models",
        "families",
        "model_out_median",
        "model_out_p90",
        "family_out_median",
        "worst_family_median",
        "pass",
    }
    assert agreed < set(told)


def test_one_precision_does_not_make_the_width_for_a_new_family_narrower_than_all_do():
    rows = [row for row in published_rows() if row.group in (GROUP, GROUP.replace("int8", "fp32"))]
    pools = pools_of(groups_of(rows).values())
    groups = {group.precision: group for pool in pools for group in pool.groups}
    errors = FamilyErrors(groups.values(), [row for pool in pools for row in LeaveOut(pool).family_errors()])
    alone = FamilyErrors([groups["int8"]], [row for row in errors.rows if row.group == GROUP])
    assert alone.half(groups["int8"]) < errors.half(groups["int8"]) < errors.half(groups["fp32"])


def test_every_target_can_be_missed():
    good = {key: bound for key, _, bound in TARGETS}
    assert missed(good) == ()
    for key, side, bound in TARGETS:
        worse = bound + 0.01 if side == "most" else bound - 0.01
        assert missed(good | {key: worse}) == (key,)


def test_rank_correlation_is_spearmans():
    assert rank_correlation([1, 2, 3, 4], [10, 20, 30, 40]) == pytest.approx(1.0)
    assert rank_correlation([1, 2, 3], [3, 2, 1]) == pytest.approx(-1.0)
    assert rank_correlation([1, 2, 2, 4], [1, 3, 2, 4]) == pytest.approx(0.9487, abs=1e-4)


def card(judged, **change):
    told = {**judged.to_json(), "energy_out_median": 0.03, "power": "7 W (a meter; fan on; 42 rows)", **change}
    return {
        "groups": [
            told,
            {**told, "group": "small", "graded": False, "pass": None, "few_rows": True},
            {**told, "group": "accelerator", "graded": False, "pass": None},
        ],
        "baseline": {"model_out_median": [0.3, 0.4], "family_out_median": [0.3, 0.5], "groups_pass": 0, "groups": 1},
        "family_coverage_pooled": 0.9, "family_rows": 42, "pooled_pass": True, "unused": {"why": 2},
    }  # fmt: skip


def test_the_table_ends_with_how_many_pass(judged):
    assert lines(card(judged, **{"pass": True}))[-1] == "calibrate: 1/1 groups pass"
    failing = lines(card(judged, **{"pass": False, "missed": ["model_width"]}))
    assert failing[-1] == "calibrate: 0/1 groups pass"
    assert any("FAILS model_width" in line for line in failing)
    assert any(line.startswith("baseline: MACs x constant") for line in failing)
    assert any("fan on" in line for line in failing)
    verdicts = {line.split()[0]: line for line in failing if line.startswith(("small", "accelerator"))}
    assert verdicts["small"].endswith("few rows")
    assert verdicts["accelerator"].endswith("not graded")
    assert "2 rows not used: why" in failing


def test_the_report_is_shared_by_processes_that_change_nothing(pool, judged, monkeypatch):
    monkeypatch.setattr(judging, "PROCESSES", 1)
    (again,) = judging.judge([pool])
    assert again == judged


def test_the_file_in_the_tree_is_what_code_and_data_give():
    """Of one engine; `make figures` makes the whole file again."""
    rows = [row for row in published_rows() if row.runtime == "ncnn" or row.board == "stm32f746"]
    found, kept = calibrate(rows, "2026-01-01").groups, load_calibrations(PATH).groups
    assert len(found) >= 13
    for name, group in found.items():
        if group.board == "stm32f746":
            continue  # shares its shape with other boards
        assert group.theta == pytest.approx(kept[name].theta, abs=2e-3), name
        assert group.coverage == kept[name].coverage
        assert (group.rows, group.statistic, group.note) == (kept[name].rows, kept[name].statistic, kept[name].note)
        assert group.family_half == pytest.approx(kept[name].family_half, abs=2e-3)


def test_every_group_of_the_rows_stands_in_the_file():
    assert set(load_calibrations().groups) == {row.group for row in published_rows() if not row.unused}


def test_own_measurements_join_the_published_ones(tmp_path, monkeypatch):
    spec = tmp_path / "conv.json"
    spec.write_text(json.dumps({"input": [16, 28, 28], "layers": [{"kind": "conv", "channels": 16, "size": 3}]}))
    own = tmp_path / "own.csv"
    rows = [
        f"rpi-zero-w,{model},tflite@2.16,int8,1,{ms},,our board"
        for model, ms in (("conv.json", 9.5), ("mobilenet-v1-0.25-128", 120))
    ]
    own.write_text("\n".join([",".join(COLUMNS), *rows]) + "\n")
    kept = [row for row in published_rows() if row.board == "rpi-zero-w"]
    monkeypatch.setattr("grading.management.commands.calibrate.published_rows", lambda: tuple(kept))
    output = tmp_path / "own.json"
    call_command("calibrate", more=[str(own)], output=str(output), stdout=StringIO())
    found = load_calibrations(output).groups["rpi-zero-w/tflite@2.16/int8/1"]
    assert found.rows == 2
    assert found.coverage.families["dense 3x3 with stride 1"] == 1


def test_the_command_keeps_the_date_when_nothing_changed(tmp_path, monkeypatch):
    kept = [row for row in published_rows() if row.board == "rpi-zero-w"]
    monkeypatch.setattr("grading.management.commands.calibrate.published_rows", lambda: tuple(kept))
    output = tmp_path / "own.json"
    call_command("calibrate", output=str(output), stdout=StringIO())
    text = output.read_text()
    assert "20" in json.loads(text)["date"]
    output.write_text(text.replace(json.loads(text)["date"], "2001-02-03"))
    call_command("calibrate", output=str(output), stdout=StringIO())
    assert json.loads(output.read_text())["date"] == "2001-02-03"


def test_bad_measurements_end_the_command_with_a_sentence(tmp_path):
    own = tmp_path / "own.csv"
    own.write_text("device,model\n")
    with pytest.raises(CommandError, match=r"lacks the column runtime.*\[bad_measurements\]"):
        call_command("calibrate", more=[str(own)], output=str(tmp_path / "x.json"))
    own.write_text(",".join(COLUMNS) + "\nrpi-4b,lost.json,tflite,int8,1,3,,ours\n")
    with pytest.raises(CommandError, match=r"lost.json does not exist here.*\[file_missing\]"):
        call_command("calibrate", more=[str(own)], output=str(tmp_path / "x.json"))
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("calibrate", more=[str(tmp_path / "none.csv")], output=str(tmp_path / "x.json"))
    with pytest.raises(CommandError, match="--json belongs to --report"):
        call_command("calibrate", json="x.json")


def test_the_guide_gives_the_errors_of_the_calibration_in_the_tree():
    text = (ROOT / "docs" / "measurement.md").read_text()
    graded = [group for group in load_calibrations().groups.values() if group.graded]
    assert len(graded) == 8
    for group in graded:
        row = re.search(
            rf"^\| {group.runtime}@{group.version} {group.precision} \| {group.rows} \| ([\d.]+), ", text, re.MULTILINE
        )
        assert float(row[1]) == pytest.approx(100 * group.model_out_median, abs=0.06)
