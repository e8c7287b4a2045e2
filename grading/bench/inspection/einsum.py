"""Multiply-accumulates of an einsum, whatever the format. Knows shapes only."""

from collections.abc import Sequence
from math import prod

Label = str | int  # a letter, or a place of the ellipsis counted from its right end: -1, -2


def einsum_macs(equation: str, shapes: Sequence[tuple[int, ...]]) -> int:
    """MACs where operands are multiplied in pairs from left to right, as PyTorch does without opt_einsum.

    One operand alone is only summed and moved: none. An equation that does not fit its shapes counts what fits.
    """
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = [_labels(term, len(shape)) for term, shape in zip(left.split(","), shapes, strict=False)]
    sizes: dict[Label, int] = {}
    for labels, shape in zip(terms, shapes, strict=False):
        for label, size in zip(labels, shape, strict=False):
            sizes[label] = max(size, sizes.get(label, 0))
    return pairwise_macs(terms, _output(right, terms) if arrow else _implied(terms), sizes)


def pairwise_macs(terms: Sequence[Sequence[Label]], output: set[Label], sizes: dict[Label, int]) -> int:
    """MACs of the products of operands with these labels, in pairs from left to right.

    A label that only one of a pair has, and that nothing later needs, is summed before the product; the pair then
    costs one MAC for each combination of the labels that are left.
    """
    if not terms:
        return 0
    total, held = 0, set(terms[0])
    for place, labels in enumerate(terms[1:], start=1):
        later = output.union(*terms[place + 1 :])
        both = {label for label in held | set(labels) if label in later or (label in held and label in labels)}
        total += prod(sizes.get(label, 1) for label in both)
        held = both & later
    return total


def _labels(term: str, rank: int) -> list[Label]:
    """`b...d` of rank 4 is b, -2, -1, d."""
    before, dots, after = term.partition("...")
    if not dots:
        return list(term)
    free = max(rank - len(before) - len(after), 0)
    return [*before, *range(-free, 0), *after]


def _output(term: str, terms: Sequence[Sequence[Label]]) -> set[Label]:
    before, dots, after = term.partition("...")
    places: set[Label] = {label for labels in terms for label in labels if isinstance(label, int)} if dots else set()
    return {*before, *after} | places


def _implied(terms: Sequence[Sequence[Label]]) -> set[Label]:
    """Without an arrow the labels that stand there once are left, and all of the ellipsis."""
    every = [label for labels in terms for label in labels]
    return {label for label in every if isinstance(label, int) or every.count(label) == 1}
