"""Text of strangers: whatever a model is called, it can be stored and shown."""

import json
import struct

import pytest

from hardware.ondevice.frames import FrameError, FrameReader
from hardware.ondevice.plain import MOST_TEXT, REPLACED, plain_body, plain_sentence, plain_text


@pytest.mark.parametrize("letter", ["\0", "\x1b", "\x85", "\u202e", "\u2066", "\u200f", "\ufeff", "\ud800"])
def test_what_no_database_or_page_takes_is_replaced(letter):
    assert plain_text(f"a{letter}b") == f"a{REPLACED}b"


@pytest.mark.parametrize("text", ["conv1/weight", "Müller\n\tπ 数", "👩", "<b>&"])
def test_what_can_be_shown_stays(text):
    assert plain_text(text) == text


def test_text_is_bounded():
    assert len(plain_text("x" * 10 * MOST_TEXT)) == MOST_TEXT


def test_all_text_of_a_body_is_made_plain_keys_too():
    body = {"name": "a\0", "nested": [{"k\u202e": ["\ud800", 3, None, True, 0.5]}]}
    assert plain_body("report", body) == {
        "name": f"a{REPLACED}",
        "nested": [{f"k{REPLACED}": [REPLACED, 3, None, True, 0.5]}],
    }


def test_details_of_an_error_are_bounded():
    body = {"code": "x", "details": {str(number): "y" * 100 for number in range(1000)}}
    assert plain_body("error", body) == {"code": "x", "details": {}}


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_a_frame_with_a_number_that_is_none_is_refused(word):
    payload = json.dumps({"nonce": "n", "kind": "report", "body": {"x": 0}}).replace("0", word).encode()
    with pytest.raises(FrameError):
        list(FrameReader("n").feed(struct.pack(">I", len(payload)) + payload))


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("It raises: ValueError: x is too small", "It raises: x is too small"),
        ("failed: Error: two nodes\n of one name", "failed: two nodes of one name"),
        ("tflite/kernels/pad.cc:64 Pad value is negative.", "Pad value is negative."),
        ('Traceback (most recent call last):\n  File "x.py", line 1, in f\n odd', "odd"),
        ("It ended with a c10::IndexError.", "It ended with a an error."),
        ("'__torch__.M (of Python compilation unit at: 0x55b6867c96f0)' has none", "'__torch__.M' has none"),
        ("The input reconstruction_Error is odd\x1b[31m", f"The input reconstruction_Error is odd{REPLACED}[31m"),
    ],
)
def test_a_sentence_is_one_line_without_names_of_exceptions(said, plain):
    assert plain_sentence(said) == plain
