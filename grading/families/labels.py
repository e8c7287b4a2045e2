"""What the variants of a family are called. Pure: file names and labels in, words out."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

# What varies and is read from the model itself, so nobody has to say it.
INPUT_WORDS = frozenset({"input", "input size", "image size", "size", "side", "resolution", "pixels"})
TIMES = "\u00a0×\u00a0"  # no line breaks within 8 × 8


def is_input(label: str) -> bool:
    return label.strip().lower() in INPUT_WORDS


def said_labels(vary: Sequence[str]) -> list[str]:
    """What varies and has to be said: all but the input."""
    return [label for label in vary if not is_input(label)]


def guess_labels(file_name: str, vary: Sequence[str]) -> dict[str, str]:
    """mlp_d2_w128_28.onnx -> depth 2, width 128. By the whole word, or by its first letter where no other label has it.

    Nothing is guessed that a name does not say; what was guessed wrongly is mended on the page.
    """
    pieces = [piece for piece in re.split(r"[_\-.\s]+", file_name.rsplit(".", 1)[0].lower()) if piece]
    labels = said_labels(vary)
    initials = [label.strip().lower()[:1] for label in labels]
    found = {}
    for label, initial in zip(labels, initials, strict=True):
        word = re.escape(label.strip().lower())
        short = f"|{re.escape(initial)}" if initials.count(initial) == 1 else ""
        value = next((match[1] for piece in pieces if (match := re.fullmatch(rf"(?:{word}{short})=?(\d+)", piece))), "")
        apart = next((after for piece, after in pairwise(pieces) if piece == label.lower()), "")
        if value or apart.isdigit():
            found[label] = value or apart
    return found


def title_of(name: str, labels: Mapping[str, str], vary: Sequence[str]) -> str:
    """2 × 128 where every label is said, else the name of the variant."""
    values = [labels.get(label, "") for label in said_labels(vary)]
    return TIMES.join(values) if values and all(values) else name


def head_of(vary: Sequence[str]) -> str:
    """Depth × width: the head of the column in which the titles stand."""
    words = TIMES.join(label.lower() for label in said_labels(vary))
    return f"{words[:1].upper()}{words[1:]}" if words else "Variant"


def listed(words: Sequence[str]) -> str:
    """a, b and c"""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
