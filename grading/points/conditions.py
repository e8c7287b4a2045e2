"""One of the conditions that must hold together, judged and explained. Pure."""

from dataclasses import dataclass
from decimal import Decimal

from grading.points.drawing import Drawing, drawing_of
from grading.points.facts import Facts
from grading.points.fit_line import fit_drawing, fit_says, fit_value
from grading.points.shares import ALL, share_exact, share_range
from grading.points.words import arithmetic
from grading.spec import Condition, Rule
from grading.spec.criteria import basis_of, unit_of, words_of_metric
from grading.spec.device_metrics import FITS


@dataclass(frozen=True)
class Judged:
    """holds: None where it is left open, with the reason in `left_open`. is_certain: its whole interval says the same."""

    title: str
    metric: str
    basis: str
    value: str
    arithmetic: str
    holds: bool | None
    drawing: Drawing | None = None
    left_open: str = ""
    how: str = ""
    is_certain: bool = True


def judged(condition: Condition, facts: Facts) -> Judged:
    if condition.kind == FITS:
        return _fits(facts)
    metric, unit = condition.metric, unit_of(condition.metric)
    title, basis, shown, how = words_of_metric(metric), basis_of(metric), facts.shown(metric), facts.how.get(metric, "")
    why = facts.why_open(metric)
    if why:
        return Judged(title, metric, basis, shown, "left to the staff", None, left_open=why, how=how)
    origins = ((condition.value, condition.origin),) if condition.origin else ()
    rule = Rule(condition.kind, value=condition.value, origins=origins)
    value, interval = facts.metrics[metric], facts.intervals.get(metric)
    low, high = share_range(rule, *interval) if interval and basis == "modelled" else (ALL, ALL)
    return Judged(
        title, metric, basis, shown, arithmetic(rule, value, unit, Decimal(1), Decimal(0)), share_exact(rule, value) == ALL,
        drawing=drawing_of(rule, value, unit, interval), how=how, is_certain=low == high,
    )  # fmt: skip


def _fits(facts: Facts) -> Judged:
    title, why = "Fits the board", facts.why_open(FITS)
    if why or facts.fit is None:
        return Judged(title, FITS, "counted", "not known", "left to the staff", None, left_open=why)
    fit = facts.fit
    return Judged(title, FITS, "counted", fit_value(fit), fit_says(fit), fit.fits, drawing=fit_drawing(fit))
