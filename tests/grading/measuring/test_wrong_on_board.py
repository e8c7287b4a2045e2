"""What no board could measure is said when the lab is written."""

from grading.spec import BenchSpec
from grading.spec.on_boards import wrong_on_board
from hardware.profiles import load_profiles
from tests.people import SPEC


def said(device, **more):
    spec = BenchSpec.parse({**SPEC, "devices": [device], "run_on": "board", **more})
    return list(wrong_on_board(spec, load_profiles()[device]))


def test_a_board_that_loads_all_that_is_taken_is_right():
    assert said("rpi-4-4gb") == [] == said("rpi-zero-w", formats=["tflite"])
    assert said("rpi-zero-w", run_on="container") == [] == said("stm32f746", run_on="process")


def test_formats_that_the_board_has_no_runtime_for_are_named_with_what_it_loads():
    (sentence,) = said("rpi-zero-w", formats=["tflite", "onnx", "torch_export"])
    assert sentence.startswith("spec.formats: no runtime of the Raspberry Pi Zero W loads onnx, torch_export, so")
    assert "It loads tflite: take the others away" in sentence
    assert "It loads none of the formats" in said("rpi-zero-w", formats=["onnx"])[0]


def test_no_agent_runs_on_a_microcontroller():
    (sentence,) = said("stm32f746", formats=["tflite"])
    assert sentence.startswith("spec.run_on: the STM32F746") and "no agent runs" in sentence
