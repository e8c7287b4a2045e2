"""What a board measured is of a kind of its own: in no ranking with the model, and compared with it only in words."""

from grading.ranks.class_numbers import kind_words, numbers_of
from grading.selectors.compare import _of_two_kinds
from tests.grading.figures.results import BOARD, given_of, measured_given


def numbers(given):
    return numbers_of(given.result, BOARD)


def test_a_board_is_known_by_its_own_runtime_and_threads():
    measured, modelled = numbers(measured_given("latency_ms")), numbers(given_of("latency_ms"))
    assert measured.kind == f"board|{BOARD}|onnxruntime@1.22.1|4" and modelled.kind.startswith(
        f"modelled|{BOARD}|tflite@"
    )
    assert (
        kind_words(measured.kind, {BOARD: "Raspberry Pi 4"})
        == "measured on a board, Raspberry Pi 4, ONNX Runtime 1.22.1, 4 threads"
    )
    assert measured.value("latency_ms") == 18.4 != modelled.value("latency_ms")


def test_measured_and_modelled_are_told_beside_each_other_and_not_judged():
    measured, modelled = numbers(measured_given("latency_ms")), numbers(given_of("latency_ms"))
    assert _of_two_kinds("latency_ms", modelled, measured) == {
        "older_basis": "modelled", "change": "modelled and measured: not compared", "tone": "neutral",
    }  # fmt: skip
    other = numbers(measured_given("latency_ms"))
    assert "older_basis" not in _of_two_kinds("latency_ms", measured, other)
