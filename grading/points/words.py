"""Rules in words: before anything is handed in, and as the arithmetic of a result. Pure."""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from courseplatform.core import numbers
from grading.points.shares import cents, exact
from grading.spec import Condition, Criterion, Rule
from grading.spec.baselines import Origin
from grading.spec.criteria import unit_of, words_of_metric
from grading.spec.device_metrics import FITS

FOUR_DECIMALS = Decimal("0.0001")


def rule_words(criterion: Criterion) -> str:
    """The rule as a sentence for the lab page, before anything is handed in."""
    said = _words(criterion.rule, unit_of(criterion.metric), criterion.points)
    return f"{said}; extra credit" if criterion.bonus else said


def _words(rule: Rule, unit: str, of: float) -> str:
    points = numbers.points(of)

    def say(value: float) -> str:
        return limit_words(value, unit, rule.origin_of(value))

    def worth(share: float) -> str:
        return f"{cents(exact(share), _points(of))}" if share else "0"

    if rule.kind == "pass":
        return f"{points} when it does"
    if rule.kind == FITS:
        return f"{points} when it fits the RAM and the storage of the board and a runtime there loads it"
    if rule.kind == "all_of":
        return f"{points} when all hold: {'; '.join(map(condition_words, rule.conditions))}"
    if rule.kind in ("at_least", "at_most"):
        return f"{rule.kind.replace('_', ' ')} {say(rule.value)}: {points}"
    if rule.kind == "steps" and rule.more:
        return ", ".join(f"from {say(limit)} {worth(share)}" for limit, share in rule.steps) + "; below that 0"
    if rule.kind == "steps":
        return ", ".join(f"up to {say(limit)} {worth(share)}" for limit, share in rule.steps) + "; above that 0"
    if rule.kind == "curve":
        return ", ".join(f"{say(at)} gives {worth(share)}" for at, share in rule.corners) + ", straight lines between"
    return f"{say(rule.start)} gives 0, {say(rule.end)} gives {points}, straight line between"


def _points(of: float) -> Decimal:
    return Decimal(str(of))


def condition_words(condition: Condition) -> str:
    """One of several conditions: Accuracy at least 91.0 % (that of the reference model)."""
    if condition.kind == FITS:
        return "it fits the board"
    unit = unit_of(condition.metric)
    limit = limit_words(condition.value, unit, condition.origin)
    return f"{words_of_metric(condition.metric)} {condition.kind.replace('_', ' ')} {limit}"


def limit_words(value: float, unit: str, origin: Origin | None) -> str:
    """A limit, and where it comes from if a baseline gives it."""
    shown = numbers.with_unit(value, unit)
    return f"{shown} ({origin_words(origin, unit)})" if origin else shown


def origin_words(origin: Origin, unit: str) -> str:
    """0.5 x 476 M MACs of the reference model."""
    if origin.times == 1 and origin.plus == 0:
        return f"that of {origin.title}"
    given = numbers.with_unit(origin.value, unit)
    product = given if origin.times == 1 else f"{origin.times:g} x {given}"
    if not origin.plus:
        return f"{product} of {origin.title}"
    sign = "+" if origin.plus > 0 else "-"
    return f"{product} of {origin.title} {sign} {numbers.with_unit(abs(origin.plus), unit)}"


def arithmetic(rule: Rule, value: float, unit: str, of: Decimal, earned: Decimal) -> str:
    """How the points follow from the value, to be worked out again by hand."""
    said, used = _arithmetic(rule, value, unit, of, earned)
    origins = [
        f"{numbers.with_unit(limit, unit)} is {origin_words(found, unit)}"
        for limit in used
        if (found := rule.origin_of(limit))
    ]
    return "; ".join([said, *origins])


def _arithmetic(rule: Rule, value: float, unit: str, of: Decimal, earned: Decimal) -> tuple[str, tuple[float, ...]]:
    """The sentence, and the limits that it rests on."""
    if rule.kind in ("at_least", "at_most"):
        is_least = rule.kind == "at_least"
        holds = value >= rule.value if is_least else value <= rule.value
        verb = ("reaches" if holds else "is below") if is_least else ("is at most" if holds else "is above")
        shown, limit = numbers.apart(value, rule.value, unit)
        return f"{shown} {verb} {limit}", (rule.value,)
    if rule.kind == "steps":
        return _of_steps(rule, value, unit, of)
    if rule.kind == "curve":
        return _of_curve(rule, value, unit, of, earned)
    return _of_ramp(rule, value, unit, of, earned), (rule.start, rule.end)


def _of_steps(rule: Rule, value: float, unit: str, of: Decimal) -> tuple[str, tuple[float, ...]]:
    def say(limit: float, share: float, word: str) -> tuple[str, tuple[float, ...]]:
        shown, of_rule = numbers.apart(value, limit, unit)
        looks_alike = shown != numbers.with_unit(value, unit)
        begin = f"{shown} is {word} {of_rule}" if looks_alike else f"{word} {of_rule}"
        return f"{begin}: {cents(exact(share), of) if share else 0}", (limit,)

    if rule.more:
        reached = [step for step in rule.steps if value >= step[0]]
        return say(*reached[-1], "at least") if reached else say(rule.steps[0][0], 0, "below")
    held = next((step for step in rule.steps if value <= step[0]), None)
    return say(*held, "at most") if held else say(rule.steps[-1][0], 0, "above")


def _of_ramp(rule: Rule, value: float, unit: str, of: Decimal, earned: Decimal) -> str:
    raw = (value - rule.start) / (rule.end - rule.start)
    if raw >= 1:
        return f"{numbers.with_unit(rule.end, unit)} or better: all points"
    if raw <= 0:
        return f"{numbers.with_unit(rule.start, unit)} or worse: 0"
    a, b, c = (_plain(number, unit) for number in (value, rule.start, rule.end))
    if rule.end > rule.start:
        return f"({a} - {b}) / ({c} - {b}) x {of} = {earned}"
    return f"({b} - {a}) / ({b} - {c}) x {of} = {earned}"


def _of_curve(rule: Rule, value: float, unit: str, of: Decimal, earned: Decimal) -> tuple[str, tuple[float, ...]]:
    (first, _), (last, _) = rule.corners[0], rule.corners[-1]
    if value <= first:
        return f"{numbers.with_unit(first, unit)} or less: {earned}", (first,)
    if value >= last:
        return f"{numbers.with_unit(last, unit)} or more: {earned}", (last,)
    (a, low), (b, high) = next(pair for pair in pairwise(rule.corners) if value <= pair[1][0])
    if low == high:
        return f"between {numbers.with_unit(a, unit)} and {numbers.with_unit(b, unit)}: {earned}", (a, b)
    x, left, right = (_plain(number, unit) for number in (value, a, b))
    sign, step = ("+" if high > low else "-"), abs(exact(high) - exact(low))
    start = _amount(exact(low) * Fraction(of))
    return f"{start} {sign} ({x} - {left}) / ({right} - {left}) x {_amount(step * Fraction(of))} = {earned}", (a, b)


def _plain(number: float, unit: str) -> str:
    """Without its unit; shares in per cent, as they stand everywhere."""
    return numbers.digits(number * (100.0 if unit == "share" else 1.0), 4)


def _amount(points: Fraction) -> str:
    """Two decimals, or as many as are needed, up to four."""
    found = (Decimal(points.numerator) / Decimal(points.denominator)).quantize(FOUR_DECIMALS).normalize()
    return f"{found:.2f}" if found == found.quantize(Decimal("0.01")) else f"{found:f}"
