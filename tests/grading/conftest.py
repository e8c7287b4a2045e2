import pytest

from grading.bench.sandbox import detect
from grading.demo.digits import hidden_split, write_hidden
from grading.measuring import measure_run
from grading.spec import BenchSpec
from hardware.profiles import load_profiles
from tests.parts import ROOT
from tests.people import SPEC


@pytest.fixture(scope="session")
def document(tmp_path_factory):
    """What really comes out of the engine for a real model and real data."""
    folder = tmp_path_factory.mktemp("measured")
    inputs, labels = folder / "inputs.npy", folder / "labels.npy"
    write_hidden(hidden_split(), inputs, labels)
    return measure_run.measure_run(
        model=ROOT / "grading" / "demo" / "models" / "digits-wide.onnx", name="digits-wide.onnx", spec=BenchSpec.parse(SPEC), lab="Lab 1",
        inputs=inputs, labels=labels,
        sandbox=detect("auto"), seed=1, on_progress=lambda phase, done, total: None, profiles=load_profiles(),
    )  # fmt: skip
