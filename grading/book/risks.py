"""Who needs a word: late days gone, work missing, participation low, a board that is silent, a pass that is lost or in danger. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from grading.gradebook import Pass, plain

LOW = Decimal("0.5")  # of what the elapsed part of the term would give
EARLY = Decimal("0.25")  # before a quarter of the term nobody's participation is called low
SILENT_DAYS = 3


@dataclass(frozen=True)
class Risk:
    """kind: late_days, missing, participation, board, passing. words: a few, as a badge shows them. tone: warn or bad."""

    kind: str
    words: str
    tone: str


class Signs(NamedTuple):
    """What is known of one person. late_left: None where no bank of late days is kept. silent: board -> days without a word."""

    missing: tuple[str, ...] = ()
    late_held: int = 0
    late_left: int | None = None
    participation: tuple[Decimal, Decimal] | None = None
    silent: Mapping[str, int] | None = None
    passes: tuple[Pass, ...] = ()


def elapsed(starts: date | None, ends: date | None, today: date) -> Decimal:
    """Which part of the term is over, 0 to 1; 0 where the course names no days."""
    if starts is None or ends is None or ends <= starts:
        return Decimal(0)
    return min(max(Decimal((today - starts).days) / (ends - starts).days, Decimal(0)), Decimal(1))


def risks_of(signs: Signs, over: Decimal) -> tuple[Risk, ...]:
    """over: which part of the term is over."""
    return tuple(_risks(signs, over))


def _risks(signs: Signs, over: Decimal) -> Iterable[Risk]:
    is_gone = signs.late_left is not None and signs.late_held > 0 and signs.late_left <= 0
    if signs.missing:
        words = f"{len(signs.missing)} missing" + (", 0 late days" if is_gone else "")
        yield Risk("missing", words, "bad" if len(signs.missing) > 1 else "warn")
    elif is_gone:
        yield Risk("late_days", "0 late days", "warn")
    yield from (_passing(one) for one in signs.passes if one.is_lost or _is_in_danger(one))
    if signs.participation is not None and over >= EARLY:
        have, most = signs.participation
        if have < most * over * LOW:
            yield Risk("participation", f"participation low: {plain(have)} of {plain(most)}", "warn")
    for board, days in (signs.silent or {}).items():
        yield Risk("board", f"{board} silent {days} d", "warn")


def _is_in_danger(one: Pass) -> bool:
    """Everything that is still to come is needed, and something was missed."""
    is_tight = one.have + one.ahead == one.condition.turned_in
    return not one.holds and is_tight and one.have + one.ahead < len(one.condition.of)


def _passing(one: Pass) -> Risk:
    needed = f"{one.have} of {one.condition.turned_in} turned in"
    if one.is_lost:
        return Risk("passing", f"cannot pass: {needed}", "bad")
    return Risk("passing", f"passing needs all that is left: {needed}", "bad")
