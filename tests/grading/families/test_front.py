"""Fronts, knee and findings, with the arithmetic written out."""

from math import log10

import numpy as np
import pytest

from grading.families import words
from grading.families.front import Family, front, is_apart, knee
from grading.families.labels import guess_labels, head_of, title_of
from grading.families.sides import odd_sizes, sides_of
from grading.measuring.measure_variant import block_means
from tests.grading.families.builders import variant

SHAPES = {"NCHW": (1, 1, 8, 8), "NHWC": (1, 8, 8, 1)}


def titles(variants):
    return [one.title for one in variants]


def five(**more):
    """a, b, c and e rise; d costs more than c and is worse."""
    return [
        variant("a", 100, 0.80, 1.0, **more), variant("b", 200, 0.90, 1.1, **more), variant("c", 400, 0.94, 1.2, **more),
        variant("d", 800, 0.93, 0.9, **more), variant("e", 1600, 0.95, 3.0, **more),
    ]  # fmt: skip


def test_the_front_leaves_out_who_is_beaten_and_keeps_twins():
    twin = variant("b2", 200, 0.90, 1.1)
    found = front([*five(), twin], lambda one: one.flops, lambda one: one.score)
    assert titles(found) == ["a", "b", "b2", "c", "e"]


def test_of_the_same_cost_only_the_more_accurate_stands():
    found = front([variant("x", 100, 0.7, 1), variant("y", 100, 0.8, 1)], lambda one: one.flops, lambda one: one.score)
    assert titles(found) == ["y"]


def test_each_plot_has_a_front_of_its_own():
    family = Family(tuple(five()))
    assert titles(family.by_flops) == ["a", "b", "c", "e"]
    assert titles(family.by_time) == ["d", "c", "e"]  # d is the fastest: 0.9 ms
    assert titles(family.by_work) == ["d", "e"]  # it also does more work than a, b and c


def test_the_knee_is_the_point_farthest_above_the_chord():
    """From (log 200, 0.80) to (log 3200, 0.95). b: 0.10 / 0.15 - log 2 / log 16 = 0.667 - 0.25 = 0.417;
    c: 0.14 / 0.15 - log 4 / log 16 = 0.933 - 0.5 = 0.433."""
    assert knee(five()).title == "c"
    b = 0.10 / 0.15 - log10(2) / log10(16)
    c = 0.14 / 0.15 - log10(4) / log10(16)
    assert (round(b, 3), round(c, 3)) == (0.417, 0.433)


@pytest.mark.parametrize(
    "variants",
    [
        [],
        five()[:2],
        [variant("a", 100, 0.8, 1), variant("b", 1000, 0.85, 1), variant("c", 10_000, 0.90, 1)],  # a straight line
        [variant("a", 100, 0.8, 1), variant("b", 1000, 0.81, 1), variant("c", 10_000, 0.95, 1)],  # bent the other way
        [variant("a", 0, 0.1, 1), variant("b", 10, 0.5, 1), variant("c", 100, 0.6, 1)],  # no logarithm of nothing
    ],
    ids=["none", "two", "straight", "hollow", "free"],
)
def test_where_nothing_bends_no_knee_is_made_up(variants):
    assert knee(variants) is None


def test_touching_intervals_cannot_be_told_apart():
    low, high = variant("a", 1, 0.80, 1, spread=0.05), variant("b", 1, 0.90, 1, spread=0.05)
    assert not is_apart(low, variant("b", 1, 0.89, 1, spread=0.05))
    assert is_apart(low, variant("c", 1, 0.91, 1, spread=0.05))
    assert is_apart(low, high) == is_apart(high, low)


def test_the_verdict_says_what_more_costs_and_that_it_may_be_chance():
    title, sentence = words.verdict(Family(tuple(five(spread=0.03))))
    assert title == "8 × 8 px with c is the knee"
    assert "The next 1.0 points cost 4.0 times the FLOPs and 2.5 times the time on the host" in sentence
    assert "cannot be told apart" in sentence
    assert "Four of 5 variants are on the front by FLOPs, three by time." in sentence


def test_the_verdict_is_sure_where_the_intervals_are():
    assert "told apart" not in words.verdict(Family(tuple(five(spread=0.002))))[1]


def test_an_empty_family_and_one_of_one_variant_have_their_words():
    assert words.verdict(Family(()))[0] == "No variant is measured yet"
    assert words.verdict(Family((variant("a", 1, 0.5, 1),)))[0] == "8 × 8 px with a is measured"
    alone = Family((variant("a", 1, 0.5, 1),))
    assert words.by_flops_finding(alone) == words.by_time_finding(alone) == words.ALONE


def test_the_first_finding_names_the_cheapest_that_is_as_good_as_the_best():
    """e has 0.95 - 0.02 = 0.93; c reaches 0.96, b 0.92."""
    said = words.by_flops_finding(Family(tuple(five(spread=0.02))))
    assert said.startswith("Four of 5 are on the front.")
    assert "From 8 × 8, c on the intervals overlap that of the best" in said


def test_the_group_that_holds_the_upper_end_is_named_with_where_it_begins():
    small = [variant("a", 100, 0.80, 1.0, side=4), variant("b", 200, 0.85, 1.1, side=4)]
    large = [variant("c", 400, 0.90, 1.2), variant("d", 800, 0.95, 1.3)]
    family = Family((*small, *large))
    assert list(family.groups()) == ["8 × 8", "4 × 4"]
    assert "8 × 8 holds it from 800\u202fFLOPs on" in words.by_flops_finding(family)


def test_the_second_finding_says_what_the_clock_says_otherwise_and_how_sure_it_is():
    sure = words.by_time_finding(Family(tuple(five(swing=0.01))))
    assert sure == "Against the count, 8 × 8, a and 8 × 8, b drop out and 8 × 8, d comes in."
    unsure = words.by_time_finding(Family(tuple(five(swing=0.9))))
    assert unsure.endswith("the times overlap, so the clock may say otherwise tomorrow.")


def test_the_third_finding_says_where_time_is_fixed_cost():
    flat = Family(tuple(variant(str(n), 10**n, 0.9, 1.0) for n in range(1, 4)))
    assert "cannot be told apart: on this host it is all fixed cost" in words.by_work_finding(flat)
    rising = Family((variant("a", 100, 0.8, 1.0), variant("b", 200, 0.8, 1.1), variant("c", 1000, 0.9, 5.0)))
    assert words.by_work_finding(rising).startswith("10 times the FLOPs take 5.0 times the time; up to 400\u202fFLOPs")


def test_the_note_lists_steps_of_the_front_that_may_be_chance():
    assert "no step can be told apart" in words.told_apart_note(Family(tuple(five(spread=0.2))))
    assert "each step can be told apart" in words.told_apart_note(Family(tuple(five(spread=0.001))))
    assert "8 × 8, c and 8 × 8, e" in words.told_apart_note(Family(tuple(five(spread=0.01))))


def test_variants_of_one_size_are_grouped_by_the_first_label_that_varies():
    rows = [variant(f"{w}", 100 * w, 0.8, 1, labels={"depth": "1", "width": str(w)}) for w in (2, 10)]
    assert list(Family(tuple(rows), ("depth", "width")).groups()) == ["width 10", "width 2"]


def test_a_picture_is_averaged_down_in_whole_blocks():
    """Of 0 1 2 3 / 4 5 6 7 / 8 9 10 11 / 12 13 14 15 the upper left block is 0, 1, 4, 5: their mean is 2.5."""
    picture = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
    small = block_means(picture, {"NCHW": (1, 1, 4, 4)}, {"NCHW": (1, 1, 2, 2)})
    assert small.tolist() == [[[[2.5, 4.5], [10.5, 12.5]]]]
    last = block_means(picture.transpose(0, 2, 3, 1), {"NHWC": (1, 4, 4, 1)}, {"NHWC": (1, 2, 2, 1)})
    assert np.array_equal(last, small.transpose(0, 2, 3, 1))


def test_only_sides_that_divide_the_labs_are_taken():
    assert sides_of(SHAPES, (4, 8, 3, 16)) == [8, 4]
    assert odd_sizes(SHAPES, (4, 8, 3, 16)) == [3, 16]
    assert sides_of({"NC": (1, 40)}, (4,)) == []


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("mlp_d2_w128_28.onnx", {"depth": "2", "width": "128"}),
        ("depth3-width64.tflite", {"depth": "3", "width": "64"}),
        ("net depth 2 width 16.pt", {"depth": "2", "width": "16"}),
        ("final_model.onnx", {}),
    ],
)
def test_labels_are_guessed_from_what_a_file_name_says(name, found):
    assert guess_labels(name, ("depth", "width", "input")) == found


def test_an_initial_that_two_labels_share_is_not_guessed():
    assert guess_labels("net_w3_width8.onnx", ("width", "warmth")) == {"width": "8"}


def test_a_variant_is_called_by_its_labels_where_all_are_said():
    vary = ("depth", "width", "input")
    assert title_of("net", {"depth": "2", "width": "8"}, vary) == "2\u00a0×\u00a08"
    assert title_of("net", {"depth": "2"}, vary) == "net"
    assert head_of(vary) == "Depth\u00a0×\u00a0width"
