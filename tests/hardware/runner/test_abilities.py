"""What a board is told that it can do, and what is to be done where it cannot."""

import struct

import pytest

from hardware.ondevice.runner import doctor, facts, isolation
from hardware.ondevice.runner.isolation import Isolation
from hardware.ondevice.runner.words import RunnerError
from hardware.ondevice.sandbox.limits import ProcessLimits
from tests.hardware.runner.test_machine import write

HELD = {"name": "bubblewrap", "memory_limit": True, "why": ""}
NOT_HELD = HELD | {"memory_limit": False}


@pytest.mark.parametrize(
    ("known", "how", "sentence"),
    [
        (
            {"onnx": "1", "tflite": "2", "torchscript": "3", "torch_export": "3"}, HELD,
            "It takes jobs with ONNX, TFLite, TorchScript and torch.export models.",
        ),
        (
            {"tflite": "2.14.0"}, NOT_HELD,
            "It takes jobs with TFLite models. There is no runtime for ONNX, TorchScript or torch.export.",
        ),
        (
            {"onnx": "1", "torchscript": "3", "torch_export": "3"}, NOT_HELD,
            ("It takes jobs with ONNX models. TorchScript and torch.export files are programs and are not taken while memory "
            "cannot be bounded here. There is no runtime for TFLite."),
        ),
        ({}, HELD, "It takes no jobs. There is no runtime for ONNX, TFLite, TorchScript or torch.export."),
        (
            {"onnx": "1"}, {"name": "none", "memory_limit": False, "why": "bwrap is not installed."},
            "It takes no jobs: nothing here keeps a stranger's model in its place. bwrap is not installed.",
        ),
    ],
)  # fmt: skip
def test_a_sentence_says_which_jobs_a_board_can_take(known, how, sentence):
    assert facts.abilities(known, how) == sentence


def test_a_32_bit_python_is_advised_only_what_has_wheels_for_it(monkeypatch):
    assert facts.advice("onnx").endswith("-m pip install onnxruntime")
    assert struct.calcsize("P") == 8
    monkeypatch.setattr(facts.struct, "calcsize", lambda kind: 4)
    assert facts.advice("onnx") == ""
    assert facts.advice("tflite").endswith("-m pip install tflite-runtime 'numpy<2'")


@pytest.mark.parametrize(
    ("switch", "value"),
    [
        ("kernel.unprivileged_userns_clone", "0"), ("kernel.apparmor_restrict_unprivileged_userns", "1"), ("user.max_user_namespaces", "0"),
    ],
)  # fmt: skip
def test_the_switch_that_closes_namespaces_is_named_with_its_fix(tmp_path, switch, value):
    assert isolation.closed_to_users(tmp_path) == ""
    opened = {name: right for name, (_, right) in isolation.SWITCHES.items()}
    write(tmp_path, {name.replace(".", "/"): each for name, each in opened.items()})
    assert isolation.closed_to_users(tmp_path) == ""
    write(tmp_path, {switch.replace(".", "/"): value})
    assert f"({switch}={value})" in isolation.closed_to_users(tmp_path)
    assert f"echo {switch}={opened[switch]} | sudo tee" in isolation.closed_to_users(tmp_path)


def test_the_doctor_says_why_the_stronger_isolations_are_not_there(monkeypatch):
    weak = Isolation(
        ProcessLimits(), None, "no cgroup", stronger=("bubblewrap: bwrap: No permissions to create new namespace",)
    )
    monkeypatch.setattr(doctor, "find", lambda *_, **__: weak)
    monkeypatch.setattr(doctor, "closed_to_users", lambda: "Open them.")
    monkeypatch.setattr(doctor.os, "geteuid", lambda: 1000)
    lines = {check.what: check for check in doctor._jobs("")}
    assert lines["Isolation"].level == doctor.WARNING
    assert "No permissions to create new namespace" in lines["Isolation"].found
    assert lines["Isolation"].todo == "Open them."
    assert lines["Memory limit"].todo == "no cgroup"
    assert lines["Jobs"].found.startswith("It takes jobs with ONNX")


def test_an_image_brings_its_runtimes_and_none_of_this_machines(monkeypatch):
    contained = Isolation(ProcessLimits(), None, "", {"onnx": "1.19.2"}, bounds_memory=True)
    monkeypatch.setattr(doctor, "find", lambda *_, **__: contained)
    lines = {check.what: check for check in doctor._jobs("board:1")}
    assert (lines["onnx"].level, lines["onnx"].found) == (doctor.GOOD, "1.19.2")
    assert lines["tflite"].found == "the image has no runtime"
    assert "stopped by the kernel" in lines["Memory limit"].found

    def broken(*_, image):
        raise RunnerError(f"Docker: Docker does not have the image {image}.")

    monkeypatch.setattr(doctor, "find", broken)
    lines = {check.what: check for check in doctor._jobs("board:1")}
    assert lines["Isolation"].level == doctor.BAD
    assert "take the image out of settings.json" in lines["Isolation"].todo
    assert lines["Jobs"].found.startswith("It takes no jobs")
