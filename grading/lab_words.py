"""What a lab gives and asks for, in words for its page. Pure."""

from grading.spec import BenchSpec
from grading.spec.inputs import InputSpec

MOST_LETTERS = 240  # of names of classes that are written out


def input_words(shapes: str, given: InputSpec) -> str:
    """1×1×8×8 (NCHW), float32, 0 to 1. What is done to the values before, and the note of the lab."""
    said = f"{shapes}, {given.given_dtype}"
    if given.normalise is None:
        said += f", {given.low:g} to {given.high:g}."
    else:
        done = given.normalise.words
        said += f": stored as {given.dtype}, {given.low:g} to {given.high:g}" + (
            f", and {done} before your model sees it." if done else "."
        )
    return f"{said} {given.note}".strip()


def output_words(spec: BenchSpec) -> str:
    """1×10, one score for each of 0 1 2; of other tasks, or of many classes, what the output holds."""
    if said := spec.kind.answers_words(spec.options):
        return said
    output, names = spec.output, " ".join(spec.classes)
    if spec.classes and output.numbers == len(spec.classes) and len(names) <= MOST_LETTERS:
        return f"{output.spelled}, one score for each of {names}"
    also = f": {names}" if names and len(names) <= MOST_LETTERS else ""
    return f"{output.spelled}, {output.words}{also}"
