"""The committed demo models: the bytes that were listed, in their own runtimes, as good as the manifest says."""

import zipfile
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import yaml

from grading.bench.formats import sniff
from grading.demo import digits
from grading.demo.run_models import accuracy_of, scores_of

MODELS = Path(digits.__file__).parent / "models"
FAMILY = MODELS / "family"
ENTRIES = yaml.safe_load((MODELS / "manifest.yaml").read_text())
FITTING = [entry for entry in ENTRIES if "hidden_accuracy" in entry]
FLOAT = [entry for entry in FITTING if "int8" not in entry["file"]]


def name_of(entry):
    return entry["file"]


@pytest.fixture(scope="module")
def hidden():
    return digits.hidden_split()


def test_the_manifest_names_every_model_and_no_other():
    others = {"manifest.yaml", "SHA256SUMS"}
    assert {entry["file"] for entry in ENTRIES} == {path.name for path in MODELS.iterdir() if path.is_file()} - others


def test_the_family_has_the_bytes_that_were_listed_and_is_as_good_as_its_size():
    """Twelve nets; of each size the largest is better than the smallest by more than chance."""
    listed = dict(reversed(line.split()) for line in (FAMILY / "SHA256SUMS").read_text().splitlines())
    assert {path.name: sha256(path.read_bytes()).hexdigest() for path in FAMILY.glob("*.onnx")} == listed
    assert len(listed) == 12
    inputs, labels = digits.hidden_split()
    for side in (4, 8):
        small, large = (
            accuracy_of(scores_of(FAMILY / f"mlp_{name}_{side}.onnx", digits.averaged(inputs, side)), labels)
            for name in ("d1_w8", "d3_w128")
        )
        assert large > small + 0.03


@pytest.mark.parametrize("entry", ENTRIES, ids=name_of)
def test_a_model_has_the_bytes_that_the_manifest_lists(entry):
    content = (MODELS / entry["file"]).read_bytes()
    assert (len(content), sha256(content).hexdigest()) == (entry["bytes"], entry["sha256"])


def test_the_checksum_file_says_the_same_as_the_manifest():
    lines = [line.split("  ") for line in (MODELS / "SHA256SUMS").read_text().splitlines()]
    assert {name: digest for digest, name in lines} == {entry["file"]: entry["sha256"] for entry in ENTRIES}


def test_all_models_together_stay_under_a_megabyte():
    assert sum(entry["bytes"] for entry in ENTRIES) < 1_000_000


@pytest.mark.parametrize("entry", ENTRIES, ids=name_of)
def test_a_model_is_recognised_as_the_format_it_is(entry):
    assert sniff(MODELS / entry["file"], entry["file"]) == entry["format"]


@pytest.mark.parametrize("entry", ENTRIES, ids=name_of)
def test_a_model_holds_no_path_of_the_machine_that_exported_it(entry):
    path = MODELS / entry["file"]
    parts = [path.read_bytes()]
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            parts += [archive.read(name) for name in archive.namelist()]
    assert not [
        found for found in (b"site-packages", b"/home/", b"/root/", b"train.py") for part in parts if found in part
    ]


@pytest.mark.parametrize("entry", FITTING, ids=name_of)
def test_a_model_is_as_good_on_the_hidden_digits_as_the_manifest_says(entry, hidden):
    inputs, labels = hidden
    # Two pictures of room: another processor may round a close call the other way.
    assert accuracy_of(scores_of(MODELS / entry["file"], inputs), labels) == pytest.approx(
        entry["hidden_accuracy"], abs=2 / 360
    )


@pytest.mark.parametrize("entry", [entry for entry in FLOAT if entry["format"] != "onnx"], ids=name_of)
def test_all_float_formats_of_one_width_give_the_same_scores(entry, hidden):
    pictures = hidden[0][:50]
    onnx = scores_of(MODELS / f"digits-{entry['width']}.onnx", pictures)
    assert np.abs(scores_of(MODELS / entry["file"], pictures) - onnx).max() < 1e-3


def test_the_three_widths_lie_visibly_apart():
    narrow, middle, wide = (
        next(entry["hidden_accuracy"] for entry in FITTING if entry["file"] == f"digits-{width}.onnx")
        for width in ("narrow", "middle", "wide")
    )
    assert narrow + 0.03 < middle
    assert middle + 0.01 < wide


def test_the_split_takes_every_digit_once_and_always_the_same(hidden):
    inputs, labels = hidden
    public_inputs, public_labels = digits.public_split()
    again, _ = digits.hidden_split()
    assert (inputs.shape, labels.shape, inputs.dtype, labels.dtype) == ((360, 1, 8, 8), (360,), np.float32, np.int64)
    assert (len(inputs) + len(public_inputs), inputs.min(), inputs.max()) == (1797, 0, 16)
    assert np.array_equal(inputs, again)
    assert set(labels) == set(public_labels) == set(range(10))


def test_no_hidden_picture_is_among_the_public_ones(hidden):
    public = {picture.tobytes() for picture in digits.public_split()[0]}
    assert not [1 for picture in hidden[0] if picture.tobytes() in public]


def test_the_hidden_files_are_readable_by_their_owner_only(tmp_path, hidden):
    inputs_path, labels_path = tmp_path / "inputs.npy", tmp_path / "labels.npy"
    assert digits.write_hidden(hidden, inputs_path, labels_path) == 360
    assert [path.stat().st_mode & 0o777 for path in (inputs_path, labels_path)] == [0o600, 0o600]
    assert np.array_equal(np.load(inputs_path, allow_pickle=False), hidden[0])
    assert np.array_equal(np.load(labels_path, allow_pickle=False), hidden[1])
