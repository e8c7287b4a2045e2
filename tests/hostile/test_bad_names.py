"""What is no ordinary file, names that no shell likes, and a bench that is killed while a model runs."""

import os
import signal
import socket

import pytest

from tests.hardware.ondevice import models
from tests.hostile.bad_files import trial
from tests.hostile.bad_files.archive import torchscript, zipped

ODD = (
    b"two words.onnx", b"line\nfeed.onnx", b"-dash.onnx", b"--json", b"not-\xff\xfe-utf8.onnx", "\u202egpj.onnx".encode(), "\U0001f600\u0301.onnx".encode(),
    b"tab\t\x1b[31m.onnx", b"n" * 250 + b".onnx", b"'quote\".onnx", b"%s{0}$(touch x).onnx", b".onnx", b"star*.onnx",
)  # fmt: skip
LOOP = "i = 0\nwhile torch.ge(i, 0):\n  i = torch.add(i, 0)\nreturn x"


def answers(done):
    """{name: (code, message)} of a trial in which nothing else may have happened."""
    assert done.breaches == []
    assert [trial.faults_of(row, None) for row in done.rows] == [[]] * len(done.rows)
    return [(row["file"], row["error"]["code"]) for row in done.rows]


def test_the_name_comes_back_as_it_was_given(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    paths = [os.path.join(os.fsencode(folder), name) for name in ODD]
    for path in paths:
        with open(path, "wb") as file:
            file.write(b"\x08\x09")
    found = answers(trial.run(paths, tmp_path))
    assert [name for name, _ in found] == [os.fsdecode(name) for name in ODD]
    assert {code for name, code in found if name.endswith(".onnx")} == {"damaged_model"}


def test_a_good_model_is_measured_under_any_name(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    paths = [
        os.path.join(os.fsencode(folder), name) for name in (b"-\n\xff \xf0\x9f\x98\x80.onnx", b"n" * 250 + b".onnx")
    ]
    for path in paths:
        models.linear(os.fsdecode(path))
    done = trial.run(paths, tmp_path)
    assert done.breaches == []
    assert [(row["file"], row["macs"]) for row in done.rows] == [
        (os.fsdecode(os.path.basename(path)), 8) for path in paths
    ]


def test_what_is_no_file_is_never_opened(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "folder.onnx").mkdir()
    os.mkfifo(folder / "pipe.onnx")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(folder / "socket.onnx"))
    (folder / "passwd.onnx").symlink_to("/etc/passwd")
    (folder / "zero.onnx").symlink_to("/dev/zero")
    (folder / "loop.onnx").symlink_to("loop.onnx")
    (folder / "lost.onnx").symlink_to("nowhere")
    sparse = folder / "terabyte.onnx"
    sparse.write_bytes(b"\x08\x09")
    os.truncate(sparse, 1 << 40)
    names = ["folder", "pipe", "socket", "passwd", "zero", "loop", "lost", "terabyte"]
    paths = [folder / f"{name}.onnx" for name in names]
    found = answers(trial.run([*paths, folder / ("n" * 300), folder / "gone.onnx" / "x"], tmp_path))
    codes = [code for _, code in found]
    listening.close()
    assert codes[:3] == ["not_a_file"] * 3
    assert codes[3:] == [
        "unknown_format",
        "not_a_file",
        "file_unreadable",
        "file_not_found",
        "too_large",
        "file_unreadable",
        "file_not_found",
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(tmp_path):
    closed = models.linear(tmp_path / "closed.onnx")
    closed.chmod(0)
    assert answers(trial.run([closed], tmp_path)) == [("closed.onnx", "file_unreadable")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_bench_that_is_killed_leaves_no_process(tmp_path, number):
    """trial.run looks for what is left three seconds after the end."""
    folder = tmp_path / "files"
    folder.mkdir()
    path = folder / "loop.pt"
    path.write_bytes(zipped(torchscript(LOOP)))
    done = trial.run([path], tmp_path, stop=(number, 2.0))
    assert done.status in (-number, 128 + number)
    assert done.peak_processes > 1
    left = [breach for breach in done.breaches if number != signal.SIGKILL or "temporary folder" not in breach]
    assert left == []
