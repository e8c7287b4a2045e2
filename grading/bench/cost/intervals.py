"""How wide an interval is: from errors on what was left out, and from what the measurements leave open. Pure Python.

A half is the natural logarithm of (upper end / prediction); the lower end lies as far below.
"""

from math import ceil, exp, hypot, log

LEVEL = 0.9
# A family that was never measured errs more than those that were left out tell, because few could be left out.
FAMILY_FACTOR = 1.25
# 90 % of a normal distribution lie within that many standard deviations.
NORMAL_90 = 1.645
# Groups with fewer rows say too little about their own error.
# The last digit is for rounding: upper / lower must not fall below 2.5.
FEW_ROWS, FEW_HALF = 20, log(2.5) / 2 + 1e-6
# Another version of a runtime: 90 % of the residuals between two versions lie within these factors.
VERSION_HALF = {"fp32": log(1.20), "fp16": log(1.31), "int8": log(1.31)}
# A version of another generation (another first number: a year, a rewrite). Before all that were calibrated kernels were still missing
# and threads were not used: 90 % of 24 published rows lie within a factor of 8. After them, and where no number is known, a judgement.
OLDER_HALF, LATER_HALF = log(8.0), log(2.0)
# Cycles of another board with the same core: median error 28 %, which makes 90 % within a factor of two.
BOARD_HALF = log(2.0)
# Far from every size that was measured the form itself is in doubt: that much for each e-fold beyond, a choice of ours.
BEYOND_HALF = 0.3
NARROWEST, WIDEST = 0.02, log(100.0)


def conformal(errors: list[float]) -> float | None:
    """The ceil((n + 1) 0.9)-th smallest of |log errors|; the largest where there is no such one; None without any."""
    if not errors:
        return None
    ranked = sorted(map(abs, errors))
    return ranked[min(ceil((len(ranked) + 1) * LEVEL), len(ranked)) - 1]


def half_of(
    *,
    close: bool,
    flagged: bool,
    model: float,
    family: float,
    posterior: float,
    rows: int,
    beyond: float = 1.0,
    more: tuple[float, ...] = (),
) -> float:
    """Half width of one prediction.

    Args:
        close, flagged: see coverage.py.
        model, family: half widths of the group, for a network like those measured and for another one.
        posterior: standard deviation of the log prediction that the measurements leave open.
        rows: of the group.
        beyond: see coverage.py.
        more: half widths that come on top: another version, another board.
    """
    half = model if close and not flagged else max(family, NORMAL_90 * posterior)
    if flagged:
        half = max(half, hypot(family, NORMAL_90 * posterior))
    if rows < FEW_ROWS:
        half = max(half, FEW_HALF)
    return min(max(hypot(half, BEYOND_HALF * log(beyond), *more), NARROWEST), WIDEST)


def interval(latency_ms: float, half: float) -> tuple[float, float]:
    return latency_ms * exp(-half), latency_ms * exp(half)
