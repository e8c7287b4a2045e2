"""What a family shows, in sentences that are computed from it. Each says how sure it is: intervals that overlap are named as such."""

from collections.abc import Sequence
from itertools import pairwise, takewhile

from courseplatform.core import numbers
from grading.families.front import Family, Variant, is_apart, is_time_apart
from grading.families.labels import listed
from grading.families.score import ACCURACY

SEVERAL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def in_words(count: int) -> str:
    return SEVERAL[count] if count < len(SEVERAL) else numbers.count(count)


def flop_amount(value: float) -> str:
    """FLOPs with their unit: 9.2 k FLOPs."""
    power, letter = flop_unit(value)
    return numbers.NARROW.join(part for part in (numbers.digits(value / power), letter, "FLOPs") if part)


def flop_unit(largest: float) -> tuple[float, str]:
    return next(
        ((power, letter) for power, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")) if largest >= power), (1.0, "")
    )


def time_amount(family: Family, milliseconds: float) -> str:
    """In the unit of its family: 6.39 µs."""
    unit, name = family.time_unit
    return f"{numbers.digits(milliseconds / unit)}{numbers.NARROW}{name}"


def verdict(family: Family) -> tuple[str, str]:
    """(title, sentence): which variant is the knee, what it costs to go on from there, and how the two fronts differ."""
    count = len(family.variants)
    if not count:
        return "No variant is measured yet", "The plots draw themselves as soon as the first two are."
    if count == 1:
        only = family.variants[0]
        return (
            f"{_named(only)} is measured",
            f"{_score(only)} in {time_amount(family, only.p50_ms)}. A family has two variants or more.",
        )
    found = family.knee
    if found is None:
        title = "No variant stands out as the knee"
        said = [f"The front by FLOPs has {in_words(len(family.by_flops))} of {count} variants and no bend."]
    else:
        title = f"{_named(found)} is the knee"
        said = [f"{_score(found)} in {time_amount(family, found.p50_ms)}.", *_beyond(family, found)]
    return title, " ".join([*said, _fronts(family)])


def _named(variant: Variant) -> str:
    return f"{variant.size} px with {variant.title}" if variant.side else variant.title


def _score(variant: Variant) -> str:
    """98.1 % (96.9–98.8); of another metric with its name behind."""
    by = variant.scored
    said = f"{by.said(variant.score)} ({by.bare(variant.low)}–{by.bare(variant.high)})"
    return said if by.name == ACCURACY.name else f"{said} {by.words}"


def _beyond(family: Family, found: Variant) -> list[str]:
    best = family.best
    if best is None or best is found:
        return ["Nothing is more accurate." if best is None or best.scored.name == ACCURACY.name else "None is better."]
    by, cost = found.scored, best.flops / max(found.flops, 1)
    gain = by.bare(best.gain - found.gain)
    words = f"The next {gain} {'points' if by.is_percent else f'of {by.words}'} cost {times(cost)} the FLOPs"
    if is_time_apart(best, found) and best.p50_ms > found.p50_ms:
        words += f" and {times(best.p50_ms / found.p50_ms)} the time on the host"
    unsure = "" if is_apart(best, found) else "; their intervals overlap, so they cannot be told apart"
    return [f"{words}{unsure}."]


ALONE = "One variant alone makes no front; the next one is drawn beside it."


def times(ratio: float) -> str:
    return f"{numbers.digits(ratio, 2)} times"


def _fronts(family: Family) -> str:
    """How many stand on each front, and what that says about counting FLOPs."""
    count = len(family.variants)
    if count == 1:
        return ALONE
    here, there = family.by_flops, family.by_time
    different = len(set(here) ^ set(there))
    told = "the same by time" if not different else f"{in_words(len(there))} by time"
    return f"{in_words(len(here)).capitalize()} of {count} variants are on the front by FLOPs, {told}."


def by_flops_finding(family: Family) -> str:
    """From where on more FLOPs are not shown to help, and which group holds the front."""
    if len(family.variants) == 1:
        return ALONE
    enough, best = family.enough, family.best
    said = f"{in_words(len(family.by_flops)).capitalize()} of {len(family.variants)} are on the front"
    if (held := _held_by(family)) is not None:
        said += f"; {held[0]} holds it from {flop_amount(held[1].flops)} on"
    if enough is None or best is None or enough is best:
        return f"{said}."
    return (
        f"{said}. From {enough.full_title} on the intervals overlap that of the best: more FLOPs are not shown to help."
    )


def _held_by(family: Family) -> tuple[str, Variant] | None:
    """The group that has the whole upper end of the front, and where that begins; None where it has all of it or the end is one point."""
    of = {one.key: name for name, members in family.groups().items() for one in members}
    points = family.by_flops
    last = of[points[-1].key]
    end = list(takewhile(lambda one: of[one.key] == last, reversed(points)))
    return (last, end[-1]) if 1 < len(end) < len(points) else None


def by_time_finding(family: Family) -> str:
    """What the clock says otherwise than the count."""
    if len(family.variants) == 1:
        return ALONE
    gone = [one for one in family.by_flops if one not in family.by_time]
    come = [one for one in family.by_time if one not in family.by_flops]
    if not gone and not come:
        return f"The same {in_words(len(family.by_time))} are on the front by time."
    parts = [f"{_titles(gone)} {'drops' if len(gone) == 1 else 'drop'} out"] if gone else []
    parts += [f"{_titles(come)} {'comes' if len(come) == 1 else 'come'} in"] if come else []
    unsure = [one for one in (*gone, *come) if not _is_sure(family, one)]
    said = f"Against the count, {' and '.join(parts)}"
    if len(unsure) == len(gone) + len(come):
        return f"{said}; the times overlap, so the clock may say otherwise tomorrow."
    return f"{said}."


def _is_sure(family: Family, variant: Variant) -> bool:
    """Whether the clock alone decides: for who drops out, some variant as good is faster beyond doubt; for who comes in, all that it
    beats by time alone are slower beyond doubt."""
    others = [one for one in family.variants if one is not variant and one.gain >= variant.gain]
    if variant in family.by_time:
        return all(is_time_apart(one, variant) for one in others if one.flops <= variant.flops)
    return any(one.p50_ms < variant.p50_ms and is_time_apart(one, variant) for one in others)


def _titles(variants: Sequence[Variant]) -> str:
    shown = [one.full_title for one in variants[:2]]
    return listed(shown) if len(variants) <= 2 else f"{', '.join(shown)} and {in_words(len(variants) - 2)} more"


def by_work_finding(family: Family) -> str:
    """How the time grows with the work, and up to where it does not show."""
    first, last = family.variants[0], family.variants[-1]
    if first.flops <= 0 or last.flops <= first.flops:
        return "All variants have the same FLOPs, so time against FLOPs shows nothing."
    grown, longer = last.flops / first.flops, last.p50_ms / first.p50_ms if first.p50_ms else 0.0
    if not is_time_apart(first, last):
        return f"{times(grown).capitalize()} the FLOPs, and the times cannot be told apart: on this host it is all fixed cost."
    said = f"{times(grown).capitalize()} the FLOPs take {times(longer)} the time"
    flat = list(takewhile(lambda one: not is_time_apart(first, one), family.variants))
    if len(flat) > 1:
        said += (
            f"; up to {flop_amount(flat[-1].flops)} the times cannot be told apart, so there it is mostly fixed cost"
        )
    return f"{said}."


def told_apart_note(family: Family) -> str:
    """Below the table: which neighbours of the front by FLOPs cannot be told apart."""
    said = "FLOPs are 2 × MACs. The last two columns: on the front of the first and of the second plot."
    pairs = list(pairwise(family.by_flops))
    same = [(a, b) for a, b in pairs if not is_apart(a, b)]
    if not pairs:
        return said
    if not same:
        return f"{said} Along the front by FLOPs, each step can be told apart from the one before."
    if len(same) == len(pairs):
        return (
            f"{said} Along the front by FLOPs, no step can be told apart from the one before: their intervals overlap."
        )
    shown = listed([f"{a.full_title} and {b.full_title}" for a, b in same[:3]])
    more = f", and {in_words(len(same) - 3)} more pairs" if len(same) > 3 else ""
    return (
        f"{said} Along the front by FLOPs these cannot be told apart, because their intervals overlap: {shown}{more}."
    )
