"""Two builds of the benchmark images on one machine: the second one says that it waits, and waits."""

import fcntl
import os
import threading
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from time import monotonic, sleep

import pytest

from tests.parts import ROOT


@pytest.fixture
def build(tmp_path, monkeypatch):
    loader = SourceFileLoader("bench_build", str(ROOT / "docker" / "bench-runner" / "build"))
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    module = module_from_spec(spec_from_loader("bench_build", loader))
    loader.exec_module(module)
    monkeypatch.setattr(module, "LOCK", tmp_path / "build.lock")
    return module


def test_the_second_build_waits_with_a_sentence_until_the_first_has_ended(build, capfd):
    said, order = "", []
    first = os.open(build.LOCK, os.O_RDONLY | os.O_CREAT, 0o444)
    fcntl.flock(first, fcntl.LOCK_EX)

    def second():
        with build.alone():
            order.append("second")

    waits = threading.Thread(target=second, daemon=True)
    waits.start()
    until = monotonic() + 20
    while "Another build" not in said and monotonic() < until:
        sleep(0.05)
        said += capfd.readouterr().err
    assert "This one goes on when that has ended." in said
    assert order == []
    os.close(first)
    waits.join(20)
    assert order == ["second"]


def test_a_build_alone_says_nothing_and_leaves_the_next_one_free(build, capfd):
    for _ in range(2):
        with build.alone():
            assert build.LOCK.exists()
    assert capfd.readouterr().err == ""
