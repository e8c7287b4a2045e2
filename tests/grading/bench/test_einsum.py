"""Einsum, whatever the format: pairs from left to right, the ellipsis as the sizes it stands for."""

import pytest

from grading.bench.inspection.einsum import einsum_macs


@pytest.mark.parametrize(
    ("equation", "shapes", "macs"),
    [
        ("ij,jk->ik", [(2, 3), (3, 4)], 2 * 3 * 4),
        ("bhd,bkd->bhk", [(1, 16, 6), (1, 16, 6)], 16 * 16 * 6),
        ("ij,jk", [(2, 3), (3, 4)], 2 * 3 * 4),
        (" ij , jk -> ik ", [(2, 3), (3, 4)], 2 * 3 * 4),
    ],
)
def test_two_operands_cost_one_for_each_combination_of_letters(equation, shapes, macs):
    assert einsum_macs(equation, shapes) == macs


@pytest.mark.parametrize("equation", ["...d,ed->...e", "...d,ed"])
def test_an_ellipsis_counts_as_the_sizes_it_stands_for(equation):
    assert einsum_macs(equation, [(2, 3, 6), (5, 6)]) == 2 * 3 * 6 * 5


def test_an_ellipsis_is_broadcast_from_the_right():
    assert einsum_macs("...ij,...jk->...ik", [(7, 1, 2, 3), (5, 3, 4)]) == 7 * 5 * 2 * 3 * 4


def test_three_operands_are_multiplied_in_pairs_from_left_to_right():
    assert einsum_macs("bd,de,ef->bf", [(1, 6), (6, 50), (50, 7)]) == 6 * 50 + 50 * 7


def test_a_letter_that_nobody_needs_is_summed_before_the_product():
    assert einsum_macs("ij,kj->k", [(9, 3), (4, 3)]) == 3 * 4


def test_one_operand_costs_nothing():
    assert einsum_macs("ij->ji", [(2, 3)]) == 0


@pytest.mark.parametrize("equation", ["", ",", "->", "...", "ij,jk", "abc...def,->..."])
def test_an_equation_that_does_not_fit_is_no_fault(equation):
    assert einsum_macs(equation, [(2,), (3,)]) >= 0
