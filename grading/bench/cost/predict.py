"""Latency, energy and battery of a model on a device, from the counts of its report. Pure Python: pages may ask.

latency_ms is the sum of the latencies of its operators and of a constant for each inference (waking threads, handing over the
input), which belongs to no operator.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from math import exp, log
from typing import Protocol

from grading.bench.cost.choice import Choice, Wanted, calibrated, choose
from grading.bench.cost.coefficients import Calibrations, Coefficients, load_calibrations
from grading.bench.cost.coverage import beyond, facts_of, flags_of, is_close
from grading.bench.cost.features import Step, steps_of
from grading.bench.cost.form import CONSTANT, PRECISIONS, features, parts_of
from grading.bench.cost.intervals import half_of, interval
from grading.bench.cost.power import Energy, budget, energy_of
from grading.bench.cost.prediction import Calibration, OperatorCost, Prediction
from grading.bench.errors import BenchError
from grading.bench.report import Report


class Board(Protocol):
    """What is needed of a device profile (hardware.profiles.DeviceProfile)."""

    @property
    def slug(self) -> str: ...
    @property
    def board(self) -> str: ...
    @property
    def nominal_current_ma(self) -> int: ...


@dataclass(frozen=True)
class Instead:
    """Other work than one inference, of the same operators (training). more: half widths that it adds. said: why, a sentence each."""

    steps: list[Step]
    more: tuple[float, ...] = ()
    said: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    """A report, its steps, and what is wanted."""

    report: Report
    steps: list[Step]
    board: Board
    wanted: Wanted
    convention: str
    volts: float
    more: tuple[float, ...] = ()
    said: tuple[str, ...] = ()


def predict(
    report: Report, board: Board, runtime: str | None = None, precision: str | None = None, threads: int | None = None, *,
    convention: str = "nominal_current", volts: float = 5.0, calibrations: Calibrations | None = None,
    instead: Instead | None = None,
) -> Prediction:  # fmt: skip
    """What the cost model says of one inference, or of what is asked `instead`.

    Args:
        runtime: "tflite", or "tflite@2.4.1" for a version; without, see choice.py.
        precision: fp32, fp16 or int8; without, what most weights are stored in.
        threads: of the runtime; without, those of the calibration.
        convention: of mah_per_hour, see power.py. volts: of the battery, for conventions that rest on power.

    Raises:
        BenchError: unknown_precision, unknown_convention.
    """
    if precision is not None and precision not in PRECISIONS:
        said = f"{precision[:20]!r} is no precision that is calibrated. Choose {', '.join(PRECISIONS)}."
        raise BenchError("unknown_precision", said)
    known = calibrations or load_calibrations()
    stored = precision or stored_precision(report)
    wanted = Wanted(board.slug, board.board or board.slug, runtime, stored, threads)
    work = instead or Instead(steps_of(report))
    question = Question(report, work.steps, board, wanted, convention, volts, work.more, work.said)
    choice = choose(wanted, known.groups)
    if choice is None and precision is None and stored == "fp16":
        # A processor without half precision stores in 16 bits and computes in 32.
        choice = choose(replace(wanted, precision="fp32"), known.groups)
    return _never(question, known) if choice is None else _predicted(question, choice, known)


def stored_precision(report: Report) -> str:
    """What most weights are stored in: up to 8 bits int8, up to 16 fp16, else fp32. Without weights fp32."""
    bits = int(max(report.weight_bits, key=lambda name: report.weight_bits[name], default="32"))
    return "int8" if bits <= 8 else "fp16" if bits <= 16 else "fp32"


def _never(question: Question, known: Calibrations) -> Prediction:
    wanted = question.wanted
    asked = f"for {wanted.runtime[:40]} at {wanted.precision}" if wanted.runtime else f"at {wanted.precision}"
    asked += f" with {wanted.threads} thread{'s' if wanted.threads > 1 else ''}" if wanted.threads else ""
    there = calibrated(wanted.board, known.groups)
    if there:
        reason = f"{wanted.slug} was never calibrated {asked}. It is calibrated for {there}."
    else:
        reason = f"No measurement of {wanted.slug} is known here, so nothing can be said about its latency."
    mah, hours, why = budget(question.board, question.convention, question.volts, watts=None)
    return Prediction(
        device=wanted.slug, runtime=wanted.runtime, precision=wanted.precision, threads=wanted.threads, latency_ms=None,
        latency_interval_ms=None, energy_mj=None, mah_per_hour=mah, battery_hours=hours, extrapolated=False, calibration=None,
        reason=" ".join(filter(None, [reason, why])),
    )  # fmt: skip


def _predicted(question: Question, choice: Choice, known: Calibrations) -> Prediction:
    group, steps = choice.group, question.steps
    x = features(steps, group.precision, group.kind)
    costs = _operators(question, choice)
    latency = sum(cost.latency_ms for cost in costs) + choice.factor * exp(group.theta[CONSTANT]) * x[CONSTANT]
    facts = facts_of(steps)
    flags = (*question.said, *choice.said, *flags_of(facts, group.coverage))
    half = half_of(
        close=is_close(facts, group.coverage), flagged=bool(flags), model=group.model_half, family=group.family_half,
        posterior=group.posterior(x), rows=group.rows, beyond=beyond(facts, group.coverage),
        more=(*question.more, *choice.more, *_across(choice, x)),
    )  # fmt: skip
    energy = energy_of(choice, known.groups, question.board, x, latency)
    mah, hours, why = budget(question.board, question.convention, question.volts, watts=energy.watts)
    return Prediction(
        device=question.wanted.slug, runtime=_named(group), precision=group.precision,
        threads=int(group.threads) if group.threads.isdigit() else None, latency_ms=latency,
        latency_interval_ms=interval(latency, half), energy_mj=energy.mj, mah_per_hour=mah, battery_hours=hours,
        extrapolated=bool(flags), calibration=_calibration(group, choice, known.date, energy),
        reason=" ".join(filter(None, [energy.reason, why])), flags=flags, operators=costs,
    )  # fmt: skip


def _across(choice: Choice, x: list[float]) -> list[float]:
    """How far the version on the other side is from the one that speaks, as a half width."""
    other = choice.across
    return [] if other is None else [abs(log(other.latency_ms(x) / choice.group.latency_ms(x)))]


def _named(group: Coefficients) -> str:
    return f"{group.runtime}@{group.version}" if group.version else group.runtime


def _calibration(group: Coefficients, choice: Choice, date: str, energy: Energy) -> Calibration:
    stands_in = bool(choice.said)
    note = "; ".join(filter(None, [group.note, energy.label]))
    return Calibration(
        group=group.group, rows=group.rows, date=group.date or date, source=group.source, model_out_median=group.model_out_median,
        family_out_median=group.family_out_median, graded=group.graded and not stands_in, note=note,
        metered=energy.is_metered,
    )  # fmt: skip


def _operators(question: Question, choice: Choice) -> tuple[OperatorCost, ...]:
    group = choice.group
    spent: dict[int, float] = defaultdict(float)
    for step in question.steps:
        parts = parts_of(step, group.precision, group.kind)
        spent[step.index] += choice.factor * sum(exp(group.theta[part]) * value for part, value in parts.items())
    return tuple(
        OperatorCost(operator.index, spent.get(operator.index, 0.0), fused=operator.index not in spent)
        for operator in question.report.operators
    )
