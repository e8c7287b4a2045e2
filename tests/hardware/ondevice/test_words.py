"""What a runtime says is long; what helps is one line of it."""

import time

import pytest

from hardware.ondevice.session import fault_of
from hardware.ondevice.words import raised_by_itself, useful_line

ARENA = (
    "[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Non-zero status code returned while running Expand node. Status "
    "Message: /onnxruntime_src/onnxruntime/core/framework/bfc_arena.cc:360 void* onnxruntime::BFCArena::"
    "AllocateRawInternal(size_t, bool) Failed to allocate memory for requested buffer of size 12000000000"
)
SYNTAX = """
Unknown type name '_xtorch__.torch.nn.ReLU':
Serialized   File "code/__torch__/torch/nn.py", line 4
  __buffers__ = []
    ~~~~~~~~~~ <--- HERE
"""
RAISED = """The following operation failed in the TorchScript interpreter.
Traceback of TorchScript, serialized code (most recent call last):
  File "code/__torch__.py", line 6, in forward
    ops.prim.RaiseException("only for cats", "builtins.ValueError")
    ~~~~~~~~~~~~~~~~~~~~~~~ <--- HERE

Traceback of TorchScript, original code (most recent call last):
  File "/home/ana/lab1.py", line 9, in forward
        raise ValueError("only for cats")
builtins.ValueError: only for cats
"""
MINIZ = (
    "PytorchStreamReader failed reading zip archive: failed finding central directory. This is an internal miniz error. "
    "If you are seeing this error, there is a high likelihood that your checkpoint file is corrupted."
)
WARNINGS = (
    "We ran into an error when deserializing the saved file. Please check the warnings above for possible errors. "
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (SYNTAX, "Unknown type name '_xtorch__.torch.nn.ReLU':"),
        (RAISED, "ValueError: only for cats"),
        (MINIZ, "PytorchStreamReader failed reading zip archive: failed finding central directory."),
        (WARNINGS, "We ran into an error when deserializing the saved file."),
        ("RuntimeError: mat1 and mat2 shapes cannot be multiplied", "mat1 and mat2 shapes cannot be multiplied"),
        ("[ONNXRuntimeError] : 1 : FAIL : Load model from /in/model failed:Protobuf parsing failed.",
         "Load model from model failed:Protobuf parsing failed."),
        ("tflite/kernels/div.cc:84 data[i] != zero_point was not true.Node number 0 (DIV) failed to invoke.",
         "data[i] != zero_point was not true. Node number 0 (DIV) failed to invoke."),
        ("~~~~ <--- HERE", ""),
    ],
)  # fmt: skip
def test_the_line_that_helps_is_chosen(text, line):
    assert useful_line(text) == line


def test_no_path_and_no_function_of_a_runtime_is_quoted():
    said = useful_line(ARENA, 500)
    assert "onnxruntime" not in said
    assert "bfc_arena" not in said
    assert said.endswith("12000000000")


def test_a_refused_allocation_is_said_in_our_own_words():
    error = fault_of("run", RuntimeError(ARENA))
    assert (error.code, error.message) == ("out_of_memory", "The model asked for more memory than is allowed here.")


def test_what_a_model_raises_by_itself_is_told_from_what_a_runtime_says():
    assert raised_by_itself(RAISED) == "only for cats"
    assert raised_by_itself(SYNTAX) is None
    assert fault_of("run", RuntimeError(RAISED)).code == "model_raised"


def test_a_long_line_is_cut_between_words():
    assert useful_line("word " * 100, 20) == "word word word…"


def test_a_fault_without_a_word_names_no_class():
    assert "RuntimeError" not in fault_of("load", RuntimeError()).message
    assert fault_of("load", MemoryError()).code == "out_of_memory"


@pytest.mark.parametrize("letters", ["ab", "a::", "/a", "a/b.cc:", "<::", "a "])
@pytest.mark.parametrize("wrapped", ["", "\n"])
def test_a_long_text_that_a_runtime_quotes_costs_no_time(letters, wrapped):
    quoted = f"{letters * 300}{wrapped}" * (1_000_000 // (300 * len(letters)))
    began = time.process_time()
    said = useful_line(f"RuntimeError: expected a tensor, got {quoted}\nValueError: too long")
    assert time.process_time() - began < 2
    assert said.startswith("expected a tensor, got")
    assert len(said) <= 300
