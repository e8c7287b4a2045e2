"""Numbers as people read them: three significant digits, units from a fixed set, thin spaces for thousands. Pure functions.

The unit is parted from the number by a narrow no-break space (U+202F), thousands by a thin space (U+2009). Units of time that are words
or single letters get a whole no-break space (U+00A0): "1 day 21 h" reads as one word with less.
"""

from datetime import timedelta
from math import floor, log10

THIN, NARROW, WHOLE = "\u2009", "\u202f", "\u00a0"


def digits(value: float, significant: int = 3) -> str:
    """12345.6 -> 12 346, 0.012345 -> 0.0123: never fewer than all digits before the point."""
    if value == 0:
        return "0"
    decimals = max(significant - 1 - floor(log10(abs(value))), 0)
    shown = f"{value:,.{decimals}f}"
    return shown.replace(",", THIN)


def between(low: float, high: float) -> str:
    """36-47: the ends of an interval. As many digits as keep them apart, three at most; ends of one size have the same decimals."""
    two = [digits(end, 2) for end in (low, high)]
    return "-".join(two if two[0] != two[1] else (digits(low), digits(high)))


def count(value: float) -> str:
    """A whole number with thin spaces: 57 440."""
    return f"{value:,.0f}".replace(",", THIN)


def size(value: float) -> str:
    """Bytes as KiB or MiB; under 1 KiB as bytes."""
    if value < 1024:
        return f"{count(value)}{NARROW}bytes"
    if value < 1 << 20:
        return f"{digits(value / 1024)}{NARROW}KiB"
    return f"{digits(value / (1 << 20))}{NARROW}MiB"


def disk(value: float) -> str:
    """Bytes of a disk, which is larger than any file here: from 1 GiB on as GiB."""
    return f"{digits(value / (1 << 30))}{NARROW}GiB" if value >= 1 << 30 else size(value)


def size_beside_limit(value: int, *, up: bool) -> str:
    """Bytes of a file that is too large (up) or of the limit: rounded away from each other, so that the two never look alike.

    The same rule stands in static/js/upload.js; the spaces are plain there too.
    """
    for unit, one, parts in (("MiB", 1 << 20, 100), ("KiB", 1 << 10, 1)):
        if value >= one:
            whole = -(-value * parts // one) if up else value * parts // one
            shown = f"{whole / parts:,.2f}".rstrip("0").rstrip(".")
            return f"{shown.replace(',', THIN)} {unit}"
    return f"{value} bytes"


def share(value: float, decimals: int = 1) -> str:
    """0.8944 -> 89.4 %."""
    return f"{100 * value:.{decimals}f}{NARROW}%"


def macs(value: float) -> str:
    """Multiply-accumulates in thousands or millions: 7.49 M MACs."""
    if value < 1e6:
        return f"{digits(value / 1e3)}{NARROW}k{NARROW}MACs"
    return f"{digits(value / 1e6)}{NARROW}M{NARROW}MACs"


def milliseconds(value: float) -> str:
    return f"{digits(value)}{NARROW}ms"


def millijoules(value: float) -> str:
    return f"{digits(value)}{NARROW}mJ"


def hours(value: float) -> str:
    return f"{digits(value)}{NARROW}h"


def milliamp_hours(value: float) -> str:
    return f"{digits(value)}{NARROW}mAh"


def inferences(value: float) -> str:
    """An estimate of many, to three digits: 585 000 inferences, 51.2 M inferences."""
    if value >= 1e6:
        return f"{digits(value / 1e6)}{NARROW}M{NARROW}inferences"
    return f"{count(float(f'{value:.3g}'))}{NARROW}inferences"


def frames(value: float) -> str:
    return f"{digits(value)}{NARROW}fps"


def nats(value: float) -> str:
    return f"{digits(value)}{NARROW}nats"


def points(value: float) -> str:
    """Always two decimals, so that columns of points line up."""
    return f"{value:.2f}"


def span(delta: timedelta) -> str:
    """A length of time in its two largest units: 4 days 13 h, 3 h 12 min, 1 min 18 s."""
    seconds = max(int(delta.total_seconds()), 0)
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        return f"{days}{WHOLE}{'day' if days == 1 else 'days'}" + (f" {hours}{WHOLE}h" if hours else "")
    if hours:
        return f"{hours}{WHOLE}h" + (f" {minutes}{WHOLE}min" if minutes else "")
    if minutes:
        return f"{minutes}{WHOLE}min" + (f" {seconds % 60}{WHOLE}s" if seconds % 60 else "")
    return f"{seconds}{WHOLE}s"


def ordinal(number: int) -> str:
    """first, second, ... tenth, 11th: for places in line."""
    words = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]
    return words[number - 1] if 1 <= number <= len(words) else f"{number}th"


UNITS = {
    "share": share,
    "bytes": size,
    "count": count,
    "macs": macs,
    "bits": digits,
    "ms": milliseconds,
    "mj": millijoules,
    "hours": hours,
    "mah": milliamp_hours,
    "inferences": inferences,
    "fps": frames,
    "rate": share,  # a share that may be above 1, such as a word error rate
    "value": digits,
    "nats": nats,
}


def with_unit(value: float, unit: str) -> str:
    """Raises KeyError for a unit outside the fixed set."""
    return UNITS[unit](value)


# The smallest unit of each, and how many of it the number is.
SMALLEST = {
    "share": (100.0, "%"), "rate": (100.0, "%"), "bytes": (1.0, "bytes"), "macs": (1.0, "MACs"), "ms": (1.0, "ms"), "mj": (1.0, "mJ"),
    "hours": (1.0, "h"), "mah": (1.0, "mAh"), "inferences": (1.0, "inferences"), "nats": (1.0, "nats"),
}  # fmt: skip


def apart(value: float, other: float, unit: str) -> tuple[str, str]:
    """Two numbers that are compared. Where three digits make unequal ones look alike, with as many as keep them apart: 41 000 MACs, 40 960 MACs.

    Raises KeyError for a unit outside the fixed set.
    """
    said = with_unit(value, unit), with_unit(other, unit)
    if said[0] != said[1] or value == other:
        return said
    times, word = SMALLEST.get(unit, (1.0, ""))
    end = f"{NARROW}{word}" if word else ""
    for significant in range(3, 18):
        said = digits(times * value, significant) + end, digits(times * other, significant) + end
        if said[0] != said[1]:
            break
    return said
