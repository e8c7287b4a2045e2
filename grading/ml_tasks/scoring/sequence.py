"""Sequences: greedy CTC decoding (Graves et al. 2006), then edit distances of words and characters (Levenshtein 1966) over the whole set."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grading.ml_tasks.scoring.base import Array, Scored, Scorer, loaded
from grading.ml_tasks.scoring.intervals import ratio_interval
from grading.ml_tasks.sequence import PADDING, Options

LISTED = 12
MOST_CELLS = 250_000  # of a table that is walked back; longer ones are counted only
FOUND = 0.5


@dataclass(frozen=True)
class Edits:
    """What makes a label of an answer. pairs: (true, read), "" where one is missing."""

    substituted: int
    deleted: int
    inserted: int
    pairs: Counter[tuple[str, str]]

    @property
    def total(self) -> int:
        return self.substituted + self.deleted + self.inserted


class SequenceScorer(Scorer):
    right_means = (
        "An answer is right where it differs from the label in at most half as many characters as the label has."
    )

    def read(self, labels: Path, options: Options, count: int) -> list[str]:
        rows = loaded(labels, (count, None), "i")
        found = [options.text([int(token) for token in row if token != PADDING]) for row in rows]
        if not any(found):
            raise ValueError("no label holds a word")  # a rate over no words is no number
        return found

    def score(self, answers: Array, truth: list[str], options: Options) -> Scored:
        return sequence(answers, truth, options)

    def right(self, answers: Array, truth: list[str], options: Options, scored: Scored) -> NDArray[np.bool_]:
        found = zip(decoded(answers, options), truth, strict=True)
        return np.array(
            [bool(true) and distance(true, read) <= FOUND * len(true) for read, true in found], dtype=np.bool_
        )


SCORER = SequenceScorer()


def decoded(answers: Array, options: Options) -> list[str]:
    """The best token of each step, repeats and blanks taken out, as text. answers: (n, steps * vocabulary)."""
    best = answers.reshape(len(answers), options.steps, len(options.vocabulary)).argmax(axis=2)
    kept = best != options.blank
    kept[:, 1:] &= best[:, 1:] != best[:, :-1]
    return [options.text(row[keep].tolist()) for row, keep in zip(best, kept, strict=True)]


def distance(one: Sequence[Hashable], other: Sequence[Hashable]) -> int:
    """The Levenshtein distance, by whole columns as bits of a number (Myers 1999, as Hyyrö 2003 writes it)."""
    if not one:
        return len(other)
    places: dict[Hashable, int] = {}
    for place, item in enumerate(one):
        places[item] = places.get(item, 0) | 1 << place
    every, last = (1 << len(one)) - 1, 1 << (len(one) - 1)
    above, below, score = every, 0, len(one)
    for item in other:
        equal = places.get(item, 0)
        vertical = equal | below
        across = (((equal & above) + above) ^ above) | equal
        more, less = (below | ~(across | above)) & every, above & across
        score += (1 if more & last else 0) - (1 if less & last else 0)
        more, less = (more << 1 | 1) & every, (less << 1) & every
        above, below = (less | ~(vertical | more)) & every, more & vertical
    return score


def edits(true: list[str], read: list[str]) -> Edits:
    """The fewest edits from `true` to `read`, and which they are. Of several shortest ways one, always the same."""

    table = [[i + j if not (i and j) else 0 for j in range(len(read) + 1)] for i in range(len(true) + 1)]
    for i, word in enumerate(true, 1):
        for j, other in enumerate(read, 1):
            table[i][j] = min(table[i - 1][j - 1] + (word != other), table[i - 1][j] + 1, table[i][j - 1] + 1)
    return _walked_back(table, true, read)


def _walked_back(table: list[list[int]], true: list[str], read: list[str]) -> Edits:
    pairs: Counter[tuple[str, str]] = Counter()
    i, j, kinds = len(true), len(read), Counter[str]()
    while i or j:
        if i and j and table[i][j] == table[i - 1][j - 1] + (true[i - 1] != read[j - 1]):
            i, j = i - 1, j - 1
            if true[i] != read[j]:
                kinds["substituted"] += 1
                pairs[true[i], read[j]] += 1
        elif i and table[i][j] == table[i - 1][j] + 1:
            i -= 1
            kinds["deleted"] += 1
            pairs[true[i], ""] += 1
        else:
            j -= 1
            kinds["inserted"] += 1
            pairs["", read[j]] += 1
    return Edits(kinds["substituted"], kinds["deleted"], kinds["inserted"], pairs)


def sequence(answers: Array, truth: list[str], options: Options) -> Scored:
    """Word and character error rate over the whole set: all edits, over all words or characters of the labels. Raises ValueError."""
    if len(answers) != len(truth):
        raise ValueError(f"{len(answers)} answers for {len(truth)} inputs")
    return rates(decoded(answers, options), truth)


def rates(read: list[str], truth: list[str]) -> Scored:
    """From texts. A space between words is a character, as everywhere."""
    words = np.array([len(true.split()) for true in truth])
    letters = np.array([len(true) for true in truth])
    wrong_letters = np.array([distance(true, found) for true, found in zip(truth, read, strict=True)])
    wrong_words, pairs, kinds = np.zeros(len(truth)), Counter[tuple[str, str]](), Counter[str]()
    for place, (true, found) in enumerate(zip(truth, read, strict=True)):
        left, right = true.split(), found.split()
        wrong_words[place] = distance(left, right)
        if len(left) * len(right) <= MOST_CELLS:
            one = edits(left, right)
            pairs += one.pairs
            kinds += Counter(substituted=one.substituted, deleted=one.deleted, inserted=one.inserted)
    metrics = {
        "word_error_rate": float(wrong_words.sum() / words.sum()),
        "character_error_rate": float(wrong_letters.sum() / letters.sum()),
    }
    intervals = {
        "word_error_rate": ratio_interval(wrong_words, words),
        "character_error_rate": ratio_interval(wrong_letters, letters),
    }
    ranked = sorted(pairs.items(), key=lambda found: (-found[1], found[0]))[:LISTED]
    quality: dict[str, Any] = {
        "task": "sequence", "n": len(truth), "words": int(words.sum()), "exact": int((wrong_letters == 0).sum()), **metrics,
        **{f"{name}_interval": list(ends) for name, ends in intervals.items()},
        **{kind: kinds[kind] for kind in ("substituted", "deleted", "inserted")},
        "errors": [{"true": true, "read": found, "count": count} for (true, found), count in ranked],
    }  # fmt: skip
    return Scored(metrics, intervals, quality)
