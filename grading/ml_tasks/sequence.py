"""Sequences, such as speech to text: scores of a vocabulary at each step, read greedily with a blank (CTC); word and character error rate."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from courseplatform.core import numbers
from grading.figure import Figure, Json
from grading.hidden_sets.npy import Npy, refused, same_count
from grading.ml_tasks.base import Facts, Key, Labels, Metric, Output, Task
from grading.ml_tasks.classification import needed
from grading.ml_tasks.drawing import bars, bars_height, bars_layout, ends, pair

if TYPE_CHECKING:
    from grading.spec.reader import Reader

MOST_STEPS, MOST_TOKENS, MOST_LABELS, PADDING = 4_096, 65_536, 4_096, -1
LISTED = 1_024  # tokens that the facts of a set name one by one
TOKENS = (("characters", "characters, or pieces of words"), ("words", "whole words"))


@dataclass(frozen=True)
class Options:
    """vocabulary: one token for each score of a step. blank: the place of the one that stands for nothing. steps: T of 1×T×V.

    tokens: `characters` are put together as they are, and `word_delimiter` parts words; `words` are words themselves.
    """

    vocabulary: tuple[str, ...]
    steps: int
    blank: int = 0
    tokens: str = "characters"
    word_delimiter: str = " "

    def text(self, places: list[int]) -> str:
        """Tokens as text, with single spaces between its words and none at its ends."""
        found = [self.vocabulary[place] for place in places]
        joined = " ".join(found) if self.tokens == "words" else "".join(found).replace(self.word_delimiter, " ")
        return " ".join(joined.split())


class Sequence(Task):
    name, title, main = "sequence", "Sequence, such as speech to text", "word_error_rate"
    metrics = (
        Metric("word_error_rate", "Word error rate", "rate", more_is_better=False),
        Metric("character_error_rate", "Character error rate", "rate", more_is_better=False),
    )
    keys = (
        Key(
            "vocabulary",
            "Vocabulary in order",
            "tokens",
            "One token a line, the blank among them. A space alone is a token, too.",
        ),
        Key("steps", "Steps of an answer", help="T of 1×T×V, where V is the size of the vocabulary."),
        Key("blank", "Place of the blank", usual=0, help="From 0."),
        Key("tokens", "Its tokens are", "choice", usual="characters", choices=TOKENS),
        Key(
            "word_delimiter", "Token between words", "text", "Of tokens that are characters. Empty: a space.", usual=" "
        ),
    )
    labels = Labels(
        ("int64",), "int64 of (inputs, longest): the places of the tokens in the vocabulary, filled up with -1"
    )

    def read(self, top: "Reader") -> Options:
        return Options(
            vocabulary=tuple(str(token) for token in top.take_list("vocabulary")),
            steps=top.whole("steps"),
            blank=top.whole("blank", 0),
            tokens=top.choice("tokens", tuple(name for name, _ in TOKENS), "characters"),
            word_delimiter=top.text("word_delimiter", " "),
        )

    def wrong(self, options: Options) -> Iterator[str]:
        size = len(options.vocabulary)
        if not 2 <= size <= MOST_TOKENS:
            yield f"spec.vocabulary: the blank and one token at least, and at most {MOST_TOKENS}."
        if len(set(options.vocabulary)) < size:
            yield "spec.vocabulary: a token stands twice."
        if not 0 <= options.blank < size:
            yield f"spec.blank: the place of the blank in the vocabulary, 0 to {size - 1}."
        if not 1 <= options.steps <= MOST_STEPS:
            yield f"spec.steps: an answer has 1 to {MOST_STEPS} steps."
        if not options.word_delimiter:
            yield "spec.word_delimiter: name the token that parts words, or leave the key out."

    def gives(self, options: Options) -> tuple[str, ...]:
        return ("word_error_rate", "character_error_rate")

    def output(self, options: Options, input_shape: tuple[int, ...]) -> Output:
        size = len(options.vocabulary)
        return Output(
            (options.steps, size), f"{options.steps} steps with {size} scores, one for each token of the vocabulary",
            f"Let it give 1×{options.steps}×{size}", is_exact=True,
        )  # fmt: skip

    def label_facts(self, labels: Npy | None, inputs: Npy) -> dict[str, Any]:
        tokens = needed(labels)
        if len(tokens.shape) != 2 or tokens.shape[1] > MOST_LABELS:
            said = f"The labels are one row for each input: an array of (inputs, longest), with at most {MOST_LABELS} tokens in a row."
            raise refused("labels", "wrong_shape", said)
        same_count(tokens, inputs)
        used, count = set[int](), 0
        for n, row in enumerate(tokens.rows()):
            used |= _checked(row, n)
            count += len(row) - row.count(PADDING)
        if not count:
            raise refused("labels", "wrong_label", "No label holds a token: every row is -1 throughout.")
        return {"tokens": max(used) + 1, "used": sorted(used) if len(used) <= LISTED else [], "tokens_in_all": count}

    def misfits(self, options: Options, facts: Facts) -> Iterator[str]:
        if facts["tokens"] > len(options.vocabulary):
            yield f"The hidden set has labels up to {facts['tokens'] - 1}, and the vocabulary has {len(options.vocabulary)} tokens."
        if options.blank in facts["used"]:
            yield f"The labels of the hidden set use token {options.blank}, which the lab calls the blank."

    def labels_words(self, facts: Facts) -> str:
        return f"{numbers.count(facts['tokens_in_all'])} tokens, at places up to {facts['tokens'] - 1}"

    def figure(self, quality: Json) -> Figure:
        errors = quality["errors"]
        most = errors[0] if errors else None
        names, counts = [_error_words(one) for one in errors], [one["count"] for one in errors]
        said = (
            f" The most frequent error, {most['count']} times: {_error_words(most)}."
            if most and most["count"] > 1
            else ""
        )
        return Figure(
            slug="accuracy", title="Word errors", basis="measured",
            finding=f"{numbers.share(quality['word_error_rate'])} word error rate.{said}",
            how=f"{numbers.count(quality['substituted'])} words are read as others, {numbers.count(quality['deleted'])} are missing and "
                f"{numbers.count(quality['inserted'])} too many, for {numbers.count(quality['words'])} in the labels.",
            note="The most frequent errors. Answers are read greedily: the best token of each step, repeats and blanks taken out.",
            columns=["Word", "Read as", "Times"],
            rows=[[one["true"] or "–", one["read"] or "–", str(one["count"])] for one in errors],
            height=bars_height(len(errors)), is_square=True, aside=_aside(quality),
            draw=lambda: {"data": [bars(names, counts, texts=[str(count) for count in counts], hover="%{y}: %{x} times", colour="--plot-2")],
                  "layout": bars_layout("times", names)},
        )  # fmt: skip


def _checked(row: Any, n: int) -> set[int]:
    """The tokens of a row. Raises BadInput (`wrong_label`)."""
    least, most = min(row), max(row)
    if least < PADDING or most >= MOST_TOKENS:
        said = f"Row {n} of the labels holds {least if least < PADDING else most}; a token is its place in the vocabulary, and -1 fills up."
        raise refused("labels", "wrong_label", said)
    if least == PADDING and any(value != PADDING for value in row[row.index(PADDING) :]):
        raise refused(
            "labels",
            "wrong_label",
            f"Row {n} of the labels has a token behind a -1; -1 fills up the end of a row only.",
        )
    return set(row) - {PADDING}


def _error_words(error: Json) -> str:
    true, read = error["true"], error["read"]
    return f"{true} read as {read}" if true and read else f"{true} missing" if true else f"{read} too many"


def _aside(quality: Json) -> list[dict[str, str]]:
    return [
        pair("word error rate", numbers.share(quality["word_error_rate"])),
        pair("95 % interval (bootstrap)", ends(*quality["word_error_rate_interval"])),
        pair("character error rate", numbers.share(quality["character_error_rate"])),
        pair("95 % interval (bootstrap)", ends(*quality["character_error_rate_interval"])),
        pair("without any error", f"{numbers.count(quality['exact'])} of {numbers.count(quality['n'])}"),
    ]
