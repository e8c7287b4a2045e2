"""What the page of a result says of the board that measured it."""

import pytest

from grading.selectors.run_measured import isolation_words

THERE = {"runner": "pi4-01"}


@pytest.mark.parametrize(
    ("facts", "host", "said"),
    [
        ({"isolation": "board pi4-01", "graded_by": {"on": "board"}, "on_board": THERE}, {"isolation": "bubblewrap"}, "bubblewrap on pi4-01"),
        ({"isolation": "process, 1024 MiB", "graded_by": {"on": "process"}, "on_board": THERE}, {"isolation": "bubblewrap"}, "process, 1024 MiB"),
        ({"isolation": "board pi4-01", "graded_by": {"on": "board"}}, {}, "board pi4-01"),
        ({}, {"isolation": "limits"}, "limits"),
    ],
)  # fmt: skip
def test_a_board_is_named_beside_its_sandbox_and_not_in_its_place(facts, host, said):
    assert isolation_words(facts, host) == said
