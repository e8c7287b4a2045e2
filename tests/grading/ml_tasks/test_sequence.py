"""Word and character error rate: greedy decoding, distances beside a plain table, examples that can be counted by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading.ml_tasks.scoring.sequence import SCORER, decoded, distance, edits, rates, sequence
from grading.ml_tasks.sequence import Options

OPTIONS = Options(("-", "a", "b", "c", " "), 8)
WORDS = Options(("-", "seven", "eleven", "one"), 4, tokens="words")


def answer(options, *texts):
    """One-hot scores of the tokens of each text, `-` the blank."""
    places = {token: n for n, token in enumerate(options.vocabulary)}
    made = np.zeros((len(texts), options.steps, len(options.vocabulary)), np.float32)
    for n, tokens in enumerate(texts):
        for step in range(options.steps):
            made[n, step, places[tokens[step]] if step < len(tokens) else options.blank] = 1
    return made.reshape(len(texts), -1)


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        ("aab-b", "abb"),
        ("--------", ""),
        ("a-a", "aa"),
        ("aaaaaaaa", "a"),
        ("ab c", "ab c"),
        ("  ab  c ", "ab c"),
        ("-abc-", "abc"),
    ],
)
def test_repeats_collapse_blanks_part_them_and_spaces_are_single(steps, text):
    assert decoded(answer(OPTIONS, steps), OPTIONS) == [text]


def test_another_blank_and_another_delimiter_are_kept_to():
    options = Options(("|", "a", "_"), 6, blank=2, word_delimiter="|")
    assert decoded(answer(options, "a_a|a_"), options) == ["aa a"]


def test_tokens_that_are_words_are_parted_by_spaces():
    assert decoded(answer(WORDS, ["seven", "-", "seven", "one"]), WORDS) == ["seven seven one"]


def plain(one, other):
    table = [[i + j if i * j == 0 else 0 for j in range(len(other) + 1)] for i in range(len(one) + 1)]
    for i, a in enumerate(one, 1):
        for j, b in enumerate(other, 1):
            table[i][j] = min(table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + (a != b))
    return table[-1][-1]


@given(st.text("abc", max_size=80), st.text("abcd", max_size=80))
def test_the_distance_by_bits_is_that_of_a_plain_table(one, other):
    assert distance(one, other) == plain(one, other)
    assert edits(list(one), list(other)).total == plain(one, other)


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=8), st.lists(st.sampled_from(["a", "b", "c"]), max_size=8))
def test_edits_make_one_length_of_the_other_and_name_each_change(true, read):
    found = edits(true, read)
    assert len(true) - found.deleted + found.inserted == len(read)
    assert sum(found.pairs.values()) == found.total


@pytest.mark.parametrize(
    ("one", "other", "count"), [("kitten", "sitting", 3), ("intention", "execution", 5), ("", "abc", 3), ("abc", "", 3)]
)
def test_published_distances(one, other, count):
    """Kitten and sitting of Levenshtein's usual example; intention and execution of Jurafsky and Martin, where each edit costs 1."""
    assert distance(one, other) == count


def test_a_word_error_rate_that_can_be_counted_by_hand():
    """One word is read as another, one is missing, one is too many, of eight."""
    found = rates(["the hat sat on mat in sun today"], ["the cat sat on the mat in sun"])
    assert found.metrics["word_error_rate"] == pytest.approx(3 / 8)
    assert {key: found.quality[key] for key in ("substituted", "deleted", "inserted")} == {
        "substituted": 1,
        "deleted": 1,
        "inserted": 1,
    }
    assert {(one["true"], one["read"]) for one in found.quality["errors"]} == {
        ("cat", "hat"),
        ("the", ""),
        ("", "today"),
    }


def test_rates_are_over_the_whole_set_and_may_be_above_one():
    found = rates(["a b c d", ""], ["x", "a b c"])
    assert found.metrics["word_error_rate"] == pytest.approx((4 + 3) / 4)
    assert found.metrics["character_error_rate"] == pytest.approx((7 + 5) / 6)
    assert found.quality["exact"] == 0


def test_scores_of_steps_become_rates(tmp_path):
    labels = np.full((2, 5), -1)
    labels[0, :3], labels[1, :2] = [1, 4, 2], [3, 3]
    np.save(tmp_path / "labels.npy", labels)
    truth = SCORER.read(tmp_path / "labels.npy", OPTIONS, 2)
    assert truth == ["a b", "cc"]
    found = sequence(answer(OPTIONS, "a b", "c-c"), truth, OPTIONS)
    assert found.metrics == {"word_error_rate": 0.0, "character_error_rate": 0.0}
    assert sequence(answer(OPTIONS, "a b", "c"), truth, OPTIONS).metrics["character_error_rate"] == pytest.approx(1 / 5)


def test_an_answer_is_right_where_half_of_the_letters_are():
    assert SCORER.right(answer(OPTIONS, "ab", "a", "ccc"), ["ab", "ab", "ab"], OPTIONS, None).tolist() == [
        True,
        True,
        False,
    ]


def test_labels_without_a_word_are_refused_since_no_rate_follows_from_them(tmp_path):
    np.save(tmp_path / "y.npy", np.array([[1, 1], [1, -1]]))
    with pytest.raises(ValueError, match="no label holds a word"):
        SCORER.read(tmp_path / "y.npy", Options(("_", " ", "a"), steps=4), 2)
