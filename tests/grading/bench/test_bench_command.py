"""`manage.py bench` as a person runs it: a process of its own, no database, nothing but the files."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from grading.management.commands.bench import as_text
from tests.grading.bench import training_steps
from tests.hardware.ondevice import models

ROOT = Path(__file__).parents[3]
KEYS = [
    "file", "format", "bytes", "sha256", "inputs", "outputs", "params", "macs", "weight_bits", "sparsity",
    "peak_activation_bytes", "host", "devices",
]  # fmt: skip


def bench(data_dir, *args, **more):
    env = {key: value for key, value in os.environ.items() if not key.startswith("DJANGO")}
    env |= {"DATA_DIR": str(data_dir)} | more
    return subprocess.run(
        [sys.executable, "manage.py", "bench", *map(str, args)],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_json_holds_the_agreed_keys_in_order(tmp_path):
    done = bench(tmp_path / "data", "--json", "--device", "rpi-4-4gb", models.linear(tmp_path / "m.onnx"))
    (row,) = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert list(row) == KEYS
    assert list(row["host"]) == ["p50_ms", "p90_ms", "p99_ms", "runs"]
    assert list(row["devices"]) == ["rpi-4-4gb"]
    assert (row["file"], row["format"], row["macs"], row["params"]) == ("m.onnx", "onnx", 8, 8)


def test_a_bad_file_stands_in_its_place_and_the_others_are_done(tmp_path):
    good, bad = models.linear(tmp_path / "m.onnx"), tmp_path / "paper.onnx"
    bad.write_bytes(b"%PDF-1.7\n" + b"x" * 100)
    done = bench(tmp_path / "data", "--json", "--device", "laptop", bad, tmp_path / "gone.onnx", good)
    rows = json.loads(done.stdout)
    assert done.returncode == 1
    assert [row.get("error", {}).get("code") for row in rows] == ["pdf_not_model", "file_not_found", None]
    assert list(rows[0]) == ["file", "error"]
    assert "Traceback" not in done.stderr


def test_an_unknown_device_is_a_usage_error_that_names_the_known_ones(tmp_path):
    done = bench(tmp_path / "data", "--device", "toaster", "--json", models.linear(tmp_path / "m.onnx"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "toaster" in done.stderr
    assert "rpi-4-4gb" in done.stderr


def test_no_file_at_all_is_a_usage_error(tmp_path):
    assert bench(tmp_path / "data").returncode == 2


def test_no_database_is_made(tmp_path):
    bench(tmp_path / "data", "--json", tmp_path / "gone.onnx")
    assert list((tmp_path / "data").glob("*.sqlite3*")) == []


def test_without_json_a_person_can_read_it(tmp_path):
    done = bench(tmp_path / "data", "--device", "laptop", models.linear(tmp_path / "m.onnx"))
    assert done.returncode == 0
    for words in ("m.onnx", "1x4 float32", "shown, not graded", "laptop", "fits"):
        assert words in done.stdout


def test_what_had_to_be_assumed_is_told(tmp_path, answers, folder):
    done = bench(tmp_path / "data", "--device", "laptop", folder / "layers" / "guess a table first.pt")
    assert "measured with 1x8 float32" in done.stdout
    assert "[input_shape_assumed]" in done.stdout


def test_a_shape_that_is_given_is_taken(tmp_path, answers, folder):
    path = folder / "layers" / "guess no weights.pt"
    done = bench(tmp_path / "data", "--json", "--device", "laptop", "--input-shape", "1x3x12x12", path)
    (row,) = json.loads(done.stdout)
    assert row["inputs"][0]["shape"] == [1, 3, 12, 12]
    assert "findings" not in row


def test_an_error_is_told_with_its_code():
    row = {"file": "a", "error": {"code": "empty_file", "message": "Empty."}}
    assert as_text(row, []) == "a\n  Empty. [empty_file]"


def test_what_is_no_ordinary_file_is_named_and_does_not_cost_the_others(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe.onnx")
    good = models.linear(tmp_path / "m.onnx")
    done = bench(
        tmp_path / "data", "--json", "--device", "laptop", tmp_path / "folder", tmp_path / "pipe.onnx", "x" * 300, good
    )
    codes = [row.get("error", {}).get("code") for row in json.loads(done.stdout)]
    assert codes == ["not_a_file", "not_a_file", "file_unreadable", None]
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)


def test_a_name_cannot_move_the_cursor_and_an_old_terminal_gets_plain_letters(tmp_path):
    model = models.linear(tmp_path / "m\x1b[31mred\nline.onnx")
    done = bench(tmp_path / "data", "--device", "laptop", model, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert done.stdout.splitlines()[0] == "m\\x1b[31mred\\nline.onnx"


def test_a_reader_who_has_enough_is_no_fault(tmp_path):
    model = models.linear(tmp_path / "m.onnx")
    line = f"{sys.executable} manage.py bench --device laptop {model} {model} | head -1"
    done = subprocess.run(
        ["bash", "-c", line], cwd=ROOT, env=os.environ | {"DATA_DIR": str(tmp_path / "data")}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.stdout == "m.onnx\n"
    assert done.stderr == ""


def test_ctrl_c_leaves_nothing_running_and_no_traceback(tmp_path):
    model = models.linear(tmp_path / "m.onnx")
    # A shell starts what runs in its background deaf to Ctrl-C, and children inherit that: the suite itself may have been.
    process = subprocess.Popen(
        ["env", "--default-signal=INT", sys.executable, "manage.py", "bench", *[str(model)] * 60],
        cwd=ROOT, env=os.environ | {"DATA_DIR": str(tmp_path / "data")}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    process.stdout.readline()  # the first model is done, the next one is in the sandbox
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert (process.returncode, said.strip()) == (130, "Stopped.")
    left = subprocess.run(["pgrep", "-f", str(model)], capture_output=True, text=True, check=False).stdout
    assert left == ""


def test_a_setting_that_makes_no_sense_is_one_sentence(tmp_path):
    done = bench(tmp_path / "data", models.linear(tmp_path / "m.onnx"), BENCH_ISOLATION="foo")
    assert done.returncode == 2
    assert (
        done.stderr.strip()
        == "Milliamp cannot start: BENCH_ISOLATION is 'foo'; it must be one of auto, bubblewrap, namespaces, limits, docker."
    )


REFERENCE = ROOT.parent / "shared" / "data" / "mlperf-tiny"


def test_a_training_step_is_called_and_counted_as_one_step(tmp_path):
    step = training_steps.learner(tmp_path / "step.pt2")
    done = bench(tmp_path / "data", "--json", "--device", "rpi-4-4gb", step)
    (row,) = json.loads(done.stdout)
    assert (row["host"]["runs"], row["params"]) == (50, 4 * 9 + 4 + 64 * 3 + 3)
    assert row["devices"]["rpi-4-4gb"]["extrapolated"]
    assert "A training step of 8 inputs" in done.stderr and "[step_peak_bytes]" in done.stderr


def test_a_program_that_changes_itself_and_is_no_step_is_told_what_a_step_is(tmp_path):
    odd = training_steps.written(training_steps.OneOutput, tmp_path / "odd.pt2")
    (row,) = json.loads(bench(tmp_path / "data", "--json", "--device", "laptop", odd).stdout)
    assert row["error"]["code"] == "not_a_step" and "its loss and one row of scores" in row["error"]["message"]


@pytest.mark.part("reference_models")
def test_the_six_reference_models_are_measured_and_counted_right(tmp_path):
    files = sorted(REFERENCE.glob("*.tflite"))
    done = bench(tmp_path / "data", "--json", *files)
    rows = {row["file"].split("_")[0]: row for row in json.loads(done.stdout)}
    assert done.returncode == 0, done.stderr
    assert len(files) == 6
    known = {"vww": (7.490e6, 210.9e3), "kws": (2.657e6, 22.6e3), "ic": (12.50e6, 77.7e3), "ad01": (0.264e6, 265.9e3)}
    for name, (macs, params) in known.items():
        assert rows[name]["macs"] == pytest.approx(macs, rel=0.01)
        assert rows[name]["params"] == pytest.approx(params, rel=0.01)
        assert rows[name]["host"]["p50_ms"] > 0
