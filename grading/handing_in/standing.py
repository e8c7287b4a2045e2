"""Which of an owner's attempts counts, and whose model stands beside parts that came without one. Pure: plain values in, a key out.

Two questions are kept apart, because somebody may hand in a report while a model is still being measured: which model is the owner's, by
the rule of the assignment, and which attempt with that model has the newest parts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

BEST, LATEST, CHOSEN = "best", "latest", "chosen"
Key = Any  # whatever names an attempt


@dataclass(frozen=True)
class Attempted:
    """One attempt that is not refused as a whole.

    Attributes:
        at: when it arrived. brings_model: it came with a model of its own that was measured, or that still is being measured.
        counts: False is never here; None: its own run has not ended. earned: what its own model earned, None where nothing is measured.
        chosen_at: when somebody made it the one that counts.
    """

    key: Key
    at: datetime
    brings_model: bool
    counts: bool | None
    earned: Decimal | None = None
    chosen_at: datetime | None = None


def models_of(rows: Sequence[Attempted], rule: str) -> dict[Key, Key | None]:
    """Attempt -> the attempt whose model it is judged with: its own, or for one without a model the one that counted when it came.

    rows: of one owner and one assignment, in the order in which they came.
    """
    found = dict[Key, Key | None]()
    chosen = _choice(rows, rule)
    for n, row in enumerate(rows):
        if row.brings_model:
            found[row.key] = row.key
            continue
        before = [one for one in rows[:n] if one.brings_model]
        named = found.get(chosen.key) if chosen is not None else None
        found[row.key] = named if named in {one.key for one in before} else _model(before, rule)
    return found


def _model(rows: Sequence[Attempted], rule: str) -> Key | None:
    """Of attempts with models the one whose model is the owner's: a measured one where there is any, else the newest in line."""
    measured = [row for row in rows if row.earned is not None]
    if rule == BEST and measured:
        best = max(row.earned for row in measured if row.earned is not None)
        return next(
            row.key for row in measured if row.earned == best
        )  # of equals the first, because it was there first
    pool = measured or rows
    return pool[-1].key if pool else None


def _choice(rows: Sequence[Attempted], rule: str) -> Attempted | None:
    """What somebody chose. Where the rule is another one, staff chose, and it holds until a model comes after it."""
    chosen = [row for row in rows if row.chosen_at is not None]
    if not chosen:
        return None
    last = max(chosen, key=lambda row: (row.chosen_at, row.at))
    is_over = any(row.brings_model and last.chosen_at is not None and row.at > last.chosen_at for row in rows)
    return last if rule == CHOSEN or not is_over else None


def active_of(
    rows: Sequence[Attempted], rule: str, *, has_parts: bool, accepts: Callable[[Key], bool] = lambda _: True
) -> Key | None:
    """The attempt that counts; None: none may.

    A measured one where there is any; where parts are handed in too, else the newest. What the late policy does not take displaces nothing
    that it takes.

    Args:
        rows: of one owner and one assignment, in the order in which they came. has_parts: parts are handed in beside a model, or without.
        accepts: whether the late policy takes an attempt.
    """
    models, earned = models_of(rows, rule), {row.key: row.earned for row in rows}
    chosen = _choice(rows, rule)
    if chosen is not None:
        model, since = models[chosen.key], chosen.chosen_at
        later = [row for row in rows if model and models[row.key] == model and since and row.at > since]
        return next((row.key for row in reversed(later) if accepts(row.key)), chosen.key)
    worth = [row for row in rows if earned.get(models[row.key]) is not None]
    pool = worth or [row for row in rows if row.counts and has_parts]
    taken = [row for row in pool if accepts(row.key)] or pool
    if rule != BEST or not worth:
        return taken[-1].key if taken else None
    best = max(e for row in taken if (e := earned[models[row.key]]) is not None)
    first = next(models[row.key] for row in taken if earned[models[row.key]] == best)
    return next(row.key for row in reversed(taken) if models[row.key] == first)
