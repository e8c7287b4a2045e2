"""How much charge a reading is: typed from a meter, a mean current by its time, or what a meter's file came to. Pure."""

from dataclasses import dataclass
from decimal import Decimal

from courseplatform.core import numbers
from courseplatform.core.errors import BadInput

CENT = Decimal("0.001")
MOST_MA, MOST_MINUTES = Decimal(20_000), Decimal(7 * 24 * 60)


@dataclass(frozen=True)
class Amount:
    """used_mah: more than 0, in thousandths. known_by: a value of models.power.Known. minutes, mean_ma: None where nobody said them.

    sha256, rows, trace: of a meter's file; empty else.
    """

    used_mah: Decimal
    known_by: str
    minutes: Decimal | None = None
    mean_ma: Decimal | None = None
    sha256: str = ""
    rows: int | None = None
    trace: tuple[tuple[float, float], ...] = ()


def amount(value: Decimal) -> str:
    """mAh as people read them: whole from 100 on, else three digits; a thin space parts thousands."""
    return numbers.count(float(value)) if value >= 100 else numbers.digits(float(value))


def with_unit(value: Decimal) -> str:
    return f"{amount(value)}{numbers.NARROW}mAh"


def amount_of(
    *, used_mah: Decimal | None, mean_ma: Decimal | None, minutes: Decimal | None, metered: Amount | None
) -> Amount:
    """What one of the three ways says. `minutes` alone may stand beside a typed charge: how long the run took.

    Raises BadInput with the field: `no_amount`, `two_amounts`, `not_positive`, `too_much`.
    """
    if sum(value is not None for value in (used_mah, mean_ma, metered)) > 1:
        raise _no(
            "used_mah",
            "Give the charge in one way only: from the meter, as a mean current, or as a file.",
            "two_amounts",
        )
    for field, value, most, unit in (
        ("mean_ma", mean_ma, MOST_MA, "mA"),
        ("minutes", minutes, MOST_MINUTES, "minutes"),
    ):
        if value is not None and not 0 < value <= most:
            code = "not_positive" if value <= 0 else "too_much"
            raise _no(field, f"Write more than 0 and at most {numbers.count(float(most))} {unit}.", code)
    if metered is not None:
        return metered
    if mean_ma is not None:
        if minutes is None:
            raise _no("minutes", "A mean current needs the minutes for which it flowed.", "no_amount")
        return Amount(_positive("mean_ma", mean_ma * minutes / 60), "current", minutes, mean_ma)
    if used_mah is None:
        raise _no(
            "used_mah",
            "Say what the run used: mAh from the meter, a mean current with minutes, or the meter's file.",
            "no_amount",
        )
    return Amount(_positive("used_mah", used_mah), "meter", minutes)


def _positive(field: str, value: Decimal) -> Decimal:
    rounded = value.quantize(CENT)
    if rounded <= 0:
        raise _no(
            field,
            "A reading is more than 0.001 mAh; one that is wrong is taken back in the list of readings.",
            "not_positive",
        )
    return rounded


def _no(field: str, said: str, code: str) -> BadInput:
    return BadInput(said, code=code, details={"field": field})
