"""From metrics to points, with the arithmetic a student can follow by hand. Pure: facts in, explained lines out."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from grading.points.conditions import Judged, judged
from grading.points.drawing import Drawing, drawing_of
from grading.points.facts import Facts, Interval
from grading.points.fit_line import fit_drawing, fit_says, fit_value
from grading.points.modelled import Fit
from grading.points.shares import CENT, cents, share_exact, share_range
from grading.points.table import in_sentence
from grading.points.words import arithmetic
from grading.spec import BenchSpec, Criterion
from grading.spec.criteria import unit_of
from grading.spec.device_metrics import FITS

ZERO = Decimal("0.00")


@dataclass(frozen=True)
class Line:
    """One criterion: what it came to, how the points follow, and the rule drawn. `earned` and `of` are decimal texts.

    left_open: why no points follow and the staff give them; `earned` is then 0.00 and means nothing. "" where they follow.
    bonus: extra credit; its `of` is no part of the total. how: how the number itself was got. certain: of a modelled number, what its
    whole interval gives. parts: the conditions of `all_of`, each as grading/points/conditions.py says it. Results stored earlier have none of
    these four.
    """

    key: str
    title: str
    group: str
    basis: str
    metric: str
    value: str
    arithmetic: str
    earned: str
    of: str
    drawing: Drawing | None = None
    left_open: str = ""
    bonus: bool = False
    how: str = ""
    certain: str = ""
    parts: list[Judged] = field(default_factory=list)


@dataclass(frozen=True)
class Points:
    """earned: of the lines from which points follow, extra credit included. of: what the lab is worth, extra credit left out.

    left_open: what the other lines could give, which is for the staff to say. bonus: the extra credit within `earned`; bonus_of: the most
    that it could have been.
    """

    earned: str
    of: str
    left_open: str = "0.00"
    lines: list[Line] = field(default_factory=list)
    bonus: str = "0.00"
    bonus_of: str = "0.00"

    def lines_json(self) -> list[dict[str, Any]]:
        return [asdict(line) for line in self.lines]


def points_for(
    spec: BenchSpec,
    metrics: Mapping[str, float],
    intervals: Mapping[str, Interval],
    notes: Mapping[str, str],
    left_open: Mapping[str, str] | None = None,
    *,
    fit: Fit | None = None,
    how: Mapping[str, str] | None = None,
    measured: Collection[str] = (),
) -> Points:
    """All lines of a measured model. Each is rounded to the cent, half a cent up, and the sum is that of the rounded lines.

    Args:
        metrics: metric name -> value in its own unit (share, bytes, count). A line whose metric is not there is left open.
        intervals: metric name -> (low, high), where the value has one.
        notes: criterion key -> what to say beside the value.
        left_open: metric name -> why no points may follow from it.
        fit: whether the model runs on the lab's first device. how: metric name -> how its value was got. measured: metrics that a board
            measured, which are otherwise modelled.
    """
    facts = Facts(metrics, intervals, left_open or {}, how or {}, fit, frozenset(measured))
    lines = _capped([_line(criterion, facts, notes) for criterion in spec.criteria], spec)
    base, bonus = [line for line in lines if not line.bonus], [line for line in lines if line.bonus]
    extra, most = _sum(line.earned for line in bonus), _money(spec.bonus)
    open_bonus = min(_sum(line.of for line in bonus if line.left_open), most - extra)
    return Points(
        earned=str(_sum(line.earned for line in lines)),
        of=str(_sum(line.of for line in base)),
        left_open=str(_sum(line.of for line in base if line.left_open) + open_bonus),
        lines=lines,
        bonus=str(extra),
        bonus_of=str(most),
    )


def _capped(lines: list[Line], spec: BenchSpec) -> list[Line]:
    """Extra credit up to its limit, in the order of the lines: what one has no place for is taken off it, and it says so."""
    left, found = _money(spec.bonus), list[Line]()
    for line in lines:
        counted = min(Decimal(line.earned), left) if line.bonus else Decimal(line.earned)
        left -= counted if line.bonus else ZERO
        said = f"{line.arithmetic}; extra credit is at most {_money(spec.bonus)} in all, so {counted} counts"
        found.append(line if counted == Decimal(line.earned) else replace(line, earned=str(counted), arithmetic=said))
    return found


def _sum(points: Iterable[str]) -> Decimal:
    return sum(map(Decimal, points), ZERO)


def _money(points: float) -> Decimal:
    return Decimal(str(points)).quantize(CENT)


def _line(criterion: Criterion, facts: Facts, notes: Mapping[str, str]) -> Line:
    of = _money(criterion.points)
    begun = Line(
        key=criterion.key, title=criterion.title, group=criterion.group, basis=facts.basis_of(criterion), metric=criterion.metric,
        value="", arithmetic="", earned="0.00", of=str(of), bonus=criterion.bonus,
    )  # fmt: skip
    kind = criterion.rule.kind
    if kind == "pass":
        note = notes.get(criterion.key, criterion.note)
        return replace(begun, metric="", value=note or "yes", arithmetic="the check passed", earned=str(of))
    if kind == "all_of":
        return _of_all(begun, criterion, facts, of)
    if kind == FITS:
        return _of_fit(begun, facts, of)
    return _of_metric(begun, criterion, facts, of)


def _of_metric(begun: Line, criterion: Criterion, facts: Facts, of: Decimal) -> Line:
    rule, metric, unit = criterion.rule, criterion.metric, unit_of(criterion.metric)
    value, interval, why = facts.metrics.get(metric), facts.intervals.get(metric), facts.why_open(metric)
    begun = replace(begun, value=facts.shown(metric), how=facts.how.get(metric, ""))
    if why or value is None:
        return replace(begun, arithmetic="left to the staff", left_open=why)
    earned = cents(share_exact(rule, value), of)
    return replace(
        begun, earned=str(earned), arithmetic=arithmetic(rule, value, unit, of, earned), drawing=drawing_of(rule, value, unit, interval),
        certain=_certain(share_range(rule, *interval), of) if interval and begun.basis == "modelled" else "",
    )  # fmt: skip


def _of_fit(begun: Line, facts: Facts, of: Decimal) -> Line:
    begun = replace(begun, metric=FITS)
    if facts.fit is None or facts.why_open(FITS):
        return replace(begun, value="not known", arithmetic="left to the staff", left_open=facts.why_open(FITS))
    return replace(
        begun, value=fit_value(facts.fit), arithmetic=fit_says(facts.fit), drawing=fit_drawing(facts.fit),
        earned=str(of if facts.fit.fits else ZERO),
    )  # fmt: skip


def _of_all(begun: Line, criterion: Criterion, facts: Facts, of: Decimal) -> Line:
    """One condition that does not hold decides, whatever is open; only where none fails does an open one leave the line open."""
    parts = [judged(condition, facts) for condition in criterion.rule.conditions]
    held, failed = sum(part.holds is True for part in parts), [part for part in parts if part.holds is False]
    unsure = [part for part in parts if part.holds is None]
    begun = replace(
        begun, parts=parts, value=f"{held} of {len(parts)} hold" if held != 1 else f"1 of {len(parts)} holds"
    )
    if failed:
        names = " and ".join(in_sentence(part.title) for part in failed)
        return replace(
            begun,
            metric=failed[0].metric,
            arithmetic=f"all must hold, and {names} {'does' if len(failed) == 1 else 'do'} not: 0",
        )
    if unsure:
        return replace(begun, arithmetic="left to the staff", left_open=unsure[0].left_open)
    least = of if all(part.is_certain for part in parts) else ZERO
    certain = _certain((Fraction(least != 0), Fraction(1)), of) if begun.basis == "modelled" and of else ""
    return replace(begun, arithmetic=f"all hold: {of}", earned=str(of), certain=certain)


def _certain(shares: tuple[Fraction, Fraction], of: Decimal) -> str:
    low, high = (cents(share, of) for share in shares)
    if low == high:
        return f"The whole interval gives {low}, so the points are certain."
    return f"Within the interval lie {low} to {high}; the estimate counts."
