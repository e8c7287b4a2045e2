"""What one call of a TorchScript model shows must hold for every call: state, chance and values decide over nothing."""

import json
import subprocess
import sys

import pytest

from tests.parts import ROOT


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.grading.bench.torch_habits", str(tmp_path_factory.mktemp("torch"))],
        capture_output=True, text=True, timeout=240, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


BEHAVE = (
    "residual scripted", "residual traced", "residual frozen", "convolutions scripted", "convolutions traced",
    "interpolated scripted", "recurrent scripted", "recurrent traced", "by hand scripted", "attention scripted",
    "attention traced", "encoder scripted", "encoder traced", "slow encoder scripted", "slow encoder traced",
    "named scripted", "normalising scripted", "normalising traced", "SetInList",
    "residual exported", "convolutions exported", "recurrent exported", "attention exported", "encoder exported",
)  # fmt: skip


@pytest.mark.parametrize("name", BEHAVE)
def test_an_ordinary_model_passes_the_check(answers, name):
    assert "report" in answers[name], answers[name]


@pytest.mark.parametrize("name", ["residual", "convolutions", "recurrent", "normalising"])
def test_scripted_and_traced_count_the_same(answers, name):
    scripted, traced = (answers[f"{name} {way}"]["report"] for way in ("scripted", "traced"))
    assert (scripted["macs"], scripted["params"]) == (traced["macs"], traced["params"])


def test_a_list_that_is_changed_decides_as_it_does_in_pytorch(answers):
    assert answers["SetInList"]["report"]["macs"] == 64


ATTACKS = {
    "CounterInBuffer": "stateful_model", "CounterInView": "stateful_model", "CounterInList": "stateful_model",
    "CounterInNestedList": "stateful_model", "CounterInStatistics": "stateful_model", "CounterInAttribute": "stateful_model",
    "Chance": "random_model", "AlwaysDropping": "random_model", "FileOnTheSecondCall": "custom_operator",
    "BranchOnValue": "control_flow", "BranchOnWrittenValue": "control_flow", "BranchOnListedValue": "control_flow", "BranchOnTupledValue": "control_flow",
    "BranchOnUnsetMemory": "control_flow", "RowsByMask": "control_flow", "RowsByCount": "control_flow",
    "PickedFromList": "control_flow", "LongText": "control_flow", "SameObject": "control_flow", "Distinct": "control_flow", "hooked": "control_flow",
    "ExportedCounter": "stateful_model", "ExportedRows": "control_flow", "ExportedMask": "control_flow",
    "ExportedChance": "random_model",
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_a_model_that_could_behave_differently_when_graded_is_refused(answers, name):
    error = answers[name]["error"]
    assert (error["code"], error["outcome"]) == (ATTACKS[name], "refused")
    assert error["message"].endswith(".")


SMUGGLED = (
    "ByNumbers", "ByWrittenMemory", "ByUnsetMemory", "ByStatistics", "ByData", "Guessed", "ByWrittenMemory exported",
    "ByUnsetMemory exported", "ByStatistics exported",
)  # fmt: skip


@pytest.mark.parametrize("name", SMUGGLED)
def test_a_layer_is_counted_whatever_way_the_input_takes_to_it(answers, name):
    report = answers[name]["report"]
    assert report["macs"] == 16 * 4
    assert report["params"] >= 16 * 4 + 4
    assert report["sparsity"] < 0.3


def test_a_model_that_raises_by_itself_is_quoted(answers):
    error = answers["Raising"]["error"]
    assert error["code"] == "model_raised"
    assert "only for cats" in error["message"]


@pytest.mark.parametrize("name", ["Endless", "EndlessTensors"])
def test_a_loop_that_does_not_end_is_called_one(answers, name):
    error = answers[name]["error"]
    assert error["code"] == "endless_loop"
    assert "turns" in error["message"]
