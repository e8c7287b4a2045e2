"""Values of an architecture's description, checked one by one; a refusal names the place."""

from math import isfinite
from typing import Any

from grading.bench.errors import BenchError

MOST_TEXT = 80
MOST_SIDE = 65_536
MOST_CHANNELS = 1_048_576


class Refused(Exception):
    """What is wrong with one value; the reader adds the place."""


def bad(place: str, what: str) -> BenchError:
    return BenchError("bad_spec", f"{place}: {what} See docs/arch-spec.md.")


def shown(value: Any) -> str:
    return repr(value)[:MOST_TEXT]


def text(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MOST_TEXT or not value.isprintable():
        raise Refused(f"expected a word of at most {MOST_TEXT} characters, not {shown(value)}")
    return value


def whole(value: Any, least: int = 1, most: int = MOST_SIDE) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Refused(f"expected a whole number from {least:,} to {most:,}, not {shown(value)}")
    return value


def channels(value: Any) -> int:
    return whole(value, 1, MOST_CHANNELS)


def number(value: Any, least: float, most: float) -> float:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not isfinite(value)
        or not least <= value <= most
    ):
        raise Refused(f"expected a number from {least} to {most}, not {shown(value)}")
    return float(value)


def yes_or_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Refused(f"expected true or false, not {shown(value)}")
    return value


def side(value: Any) -> int | tuple[int, int]:
    """One number for both axes, or [height, width]."""
    if isinstance(value, list):
        if len(value) != 2:
            raise Refused(f"expected a whole number or [height, width], not {shown(value)}")
        return whole(value[0]), whole(value[1])
    return whole(value)


def padding(value: Any) -> str | int | tuple[int, int]:
    """ "same", "valid", elements at each side, or [above and below, left and right]."""
    if value in ("same", "valid"):
        return str(value)
    if isinstance(value, list) and len(value) == 2:
        return whole(value[0], 0), whole(value[1], 0)
    if isinstance(value, str | list):
        raise Refused(f'expected "same", "valid", a whole number or two, not {shown(value)}')
    return whole(value, 0)


def one_of(*known: str) -> Any:
    def check(value: Any) -> str:
        if value not in known or not isinstance(value, str):
            raise Refused(f"expected one of {', '.join(known)}, not {shown(value)}")
        return value

    return check
