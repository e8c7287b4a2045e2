"""Whatever the bytes are: a reader of model files answers with a graph or with a coded refusal, and soon."""

import contextlib
import functools
import json
import os
import subprocess
import sys
import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from grading.bench.errors import BenchError
from grading.bench.graph import Graph
from grading.bench.inspection import onnx_format, tflite_format
from grading.bench.report import Report, report_of
from tests.parts import ROOT

DEMO = ROOT / "grading" / "demo" / "models"
READERS = {"onnx": (onnx_format, "digits-narrow.onnx"), "tflite": (tflite_format, "digits-middle-int8.tflite")}
MOST_SECONDS = 5
fuzz = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
by_format = pytest.mark.parametrize("name", sorted(READERS))


@functools.cache
def honest(name):
    return (DEMO / READERS[name][1]).read_bytes()


def read_is_a_graph_or_a_refusal(tmp_path, name, content):
    path = tmp_path / "model"
    path.write_bytes(content)
    begun = time.monotonic()
    with contextlib.suppress(BenchError):
        graph = READERS[name][0].read(path, [])
        assert isinstance(graph, Graph)
        report = report_of(graph, size=len(content), sha256="")
        assert Report.from_json(json.loads(json.dumps(report.to_json()))) == report
    assert time.monotonic() - begun < MOST_SECONDS


@by_format
@fuzz
@given(content=st.binary(max_size=600))
@example(content=b"")
def test_random_bytes(tmp_path, name, content):
    prefix = b"\x18\0\0\0TFL3" if name == "tflite" else b""
    read_is_a_graph_or_a_refusal(tmp_path, name, prefix + content)


@by_format
@fuzz
@given(share=st.floats(0, 1, exclude_max=True))
def test_files_that_are_cut_off(tmp_path, name, share):
    content = honest(name)
    read_is_a_graph_or_a_refusal(tmp_path, name, content[: int(len(content) * share)])


@by_format
@fuzz
@given(changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6))
def test_files_with_a_few_other_bytes(tmp_path, name, changes):
    content = bytearray(honest(name))
    for place, value in changes:
        content[int(place * len(content))] = value
    read_is_a_graph_or_a_refusal(tmp_path, name, bytes(content))


@by_format
@fuzz
@given(place=st.floats(0, 1, exclude_max=True), value=st.sampled_from([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]))
def test_files_with_an_extreme_number_in_them(tmp_path, name, place, value):
    content = bytearray(honest(name))
    start = int(place * len(content)) // 4 * 4
    content[start : start + 4] = value.to_bytes(4, "little")
    read_is_a_graph_or_a_refusal(tmp_path, name, bytes(content))


@by_format
def test_every_honest_cut_is_refused(tmp_path, name):
    """A cut at a border between two fields is a whole protobuf message, but never a model that runs."""
    content = honest(name)
    path = tmp_path / "model"
    for end in range(0, len(content) - 64, max(len(content) // 60, 1)):
        path.write_bytes(content[:end])
        with pytest.raises(BenchError):
            READERS[name][0].read(path, [])


def test_names_that_are_no_text_are_refused(tmp_path):
    """Found by changing bytes at random: protobuf gives them as bytes, and the report could not be written."""
    content = honest("onnx").replace(b"Relu", b"R\xfflu", 1)
    path = tmp_path / "model"
    path.write_bytes(content)
    with pytest.raises(BenchError) as refusal:
        onnx_format.read(path, [])
    assert refusal.value.code == "damaged_model"


def ask(*arguments):
    """What the process of the sandbox answers, here without a sandbox: [(kind, body)]."""
    done = subprocess.run(
        [sys.executable, "-m", "grading.bench.inspection", *map(str, arguments), "--nonce", "ab"],
        capture_output=True, timeout=60, check=False, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0
    length = int.from_bytes(done.stdout[:4], "big")
    assert len(done.stdout) == 4 + length
    frame = json.loads(done.stdout[4:])
    assert frame["nonce"] == "ab"
    return frame["kind"], frame["body"]


def test_the_process_answers_with_one_framed_report():
    kind, body = ask(DEMO / "digits-narrow.onnx", "--format", "onnx")
    assert kind == "report"
    assert Report.from_json(body).bytes == (DEMO / "digits-narrow.onnx").stat().st_size


def test_the_process_answers_with_one_framed_error_for_garbage(tmp_path):
    (tmp_path / "model").write_bytes(b"\x08\x09garbage")
    kind, body = ask(tmp_path / "model", "--format", "onnx")
    assert (kind, body["code"], body["outcome"]) == ("error", "damaged_model", "refused")


def test_the_process_refuses_a_format_that_it_does_not_know():
    kind, body = ask(DEMO / "digits-narrow.onnx", "--format", "caffe")
    assert (kind, body["code"]) == ("error", "unknown_format")


def test_a_missing_file_is_not_the_student_s_fault(tmp_path):
    kind, body = ask(tmp_path / "gone.onnx", "--format", "onnx")
    assert (kind, body["outcome"]) == ("error", "infrastructure")


def test_looking_into_a_small_onnx_model_takes_no_torch():
    """Importing torch takes seconds, and a check should take less than one."""
    script = (
        "import sys\nfrom pathlib import Path\nfrom grading.bench.inspection.__main__ import look_into\n"
        "look_into(Path(sys.argv[1]), sys.argv[2], [])\nprint('torch' in sys.modules)"
    )
    for name, model_format in (("digits-narrow.onnx", "onnx"), ("digits-narrow.tflite", "tflite")):
        done = subprocess.run(
            [sys.executable, "-c", script, str(DEMO / name), model_format],
            capture_output=True, text=True, timeout=60, check=True, cwd=ROOT,
        )  # fmt: skip
        assert done.stdout.strip() == "False"
