"""What a board measured beside what is modelled of it: the sentence of the difference, and what is known that may explain it. Pure.

Nothing is guessed: a reason stands only where the board, the result or the calibration says it.
"""

from collections.abc import Iterator
from typing import Any

from courseplatform.core import numbers
from grading.figures.base import Given
from grading.figures.costs import Costs
from grading.figures.layer_rows import short_names
from grading.figures.measured import Measured, number_of
from hardware.profiles import RUNTIME_NAMES

CLOCK_OFF, DRIFT_OFF, DOMINATES = 0.05, 5.0, 0.3  # a share, per cent, a share: less explains nothing
Json = dict[str, Any]


def difference(measured: Measured, costs: Costs) -> str:
    """41.2 ms measured, 38.0 ms (34-43) modelled: 8 % slower, inside the model's 90 % interval."""
    if costs.latency_ms is None:
        return f"No latency is modelled there to compare with. {costs.reason}".strip()
    ms, of_model = numbers.milliseconds(measured.latency_ms), numbers.milliseconds(costs.latency_ms)
    interval = f" ({numbers.between(*costs.interval_ms)})" if costs.interval_ms else ""
    said = f"{ms} measured, {of_model}{interval} modelled"
    apart = abs(measured.latency_ms / costs.latency_ms - 1)
    by = f"{by_words(measured.latency_ms, costs.latency_ms)}, " if apart >= 0.005 else ""
    return f"{said}: {by}{_place(measured, costs)}."


def by_words(measured: float, modelled: float) -> str:
    """8 % slower; 2.4 times as long; "as modelled" is for who calls."""
    if measured >= 2 * modelled:
        return f"{numbers.digits(measured / modelled, 2)} times as long"
    way = "slower" if measured > modelled else "faster"
    return f"{numbers.share(abs(measured / modelled - 1), 0)} {way}"


def is_inside(measured: Measured, costs: Costs) -> bool:
    return costs.interval_ms is None or costs.interval_ms[0] <= measured.latency_ms <= costs.interval_ms[1]


def _place(measured: Measured, costs: Costs) -> str:
    if costs.interval_ms is None:
        return "the model has no interval here"
    if is_inside(measured, costs):
        return "inside the model's 90 % interval"
    return f"{'above' if measured.latency_ms > costs.interval_ms[1] else 'below'} the model's 90 % interval"


def explained(given: Given, measured: Measured, costs: Costs) -> str:
    """Why they differ, as far as it is known; of a difference inside the interval that it needs no reason."""
    known = [*_of_the_board(measured, costs), *_of_the_setting(given, measured, costs)]
    if costs.latency_ms is None:
        return " ".join(known)
    if is_inside(measured, costs):
        wide = "That interval is wide: the calibration never met such a model."
        return " ".join([wide if costs.is_extrapolated else "Nine of ten such models lie within it.", *known])
    known += _of_the_model(given, costs)
    return (
        " ".join(known)
        or "Nothing that the board said of itself explains it: its cooling, its memory or a kernel of the runtime may."
    )


def _of_the_board(measured: Measured, costs: Costs) -> Iterator[str]:
    if measured.is_throttled:
        yield "The board throttled while it ran."
    clock, made_for = measured.clock_mhz, costs.profile.clock_mhz if costs.profile else 0
    if clock and made_for and abs(clock[1] / made_for - 1) > CLOCK_OFF:
        yield f"It ran at {mhz(clock[1])} at most, and the model is of {mhz(made_for)}."
    elif clock and clock[0] < (1 - CLOCK_OFF) * clock[1]:
        yield f"Its clock went down to {mhz(clock[0])} from {mhz(clock[1])}."
    governor = str(measured.kept.get("governor") or "")
    if governor and governor != "performance":
        yield f"Its governor was {governor}, which may clock down between inferences."
    drift = number_of(measured.bracket, "drift_percent")
    if drift is not None and abs(drift) > DRIFT_OFF:
        yield f"Its reference model took {numbers.digits(abs(drift), 2)} % {'longer' if drift > 0 else 'less'} after the run than before."


def _of_the_setting(given: Given, measured: Measured, costs: Costs) -> Iterator[str]:
    """Runtime and threads of the board beside those that the calibration is of."""
    ran, modelled = ran_words(given, measured), runtime_words(str(costs.verdict.get("runtime") or ""))
    if ran and modelled and ran != modelled:
        yield f"The board ran {ran}; the calibration is of {modelled}."
    threads, of_model = threads_of(given, measured), costs.verdict.get("threads")
    if threads and of_model and threads != of_model:
        yield f"It ran on {threads} thread{'' if threads == 1 else 's'}, modelled are {of_model}."


def _of_the_model(given: Given, costs: Costs) -> Iterator[str]:
    """What of the model itself the estimate hangs on."""
    if costs.is_extrapolated:
        yield f"The calibration never met such a model. {' '.join(str(flag) for flag in costs.verdict.get('flags', [])[:1])}".strip()
    if not costs.operators or not costs.latency_ms:
        return
    index, ms = max(costs.operators.items(), key=lambda pair: pair[1])
    if ms / costs.latency_ms >= DOMINATES:
        rows = given.result["report"]["operators"]
        names = short_names(rows)
        place = next((n for n, row in enumerate(rows) if row["index"] == index), None)
        if place is not None:
            yield f"{numbers.share(ms / costs.latency_ms, 0)} of the modelled time is in {names[place]}: most of the difference will be there."


def ran_words(given: Given, measured: Measured) -> str:
    """ONNX Runtime 1.22.1: what ran on the board."""
    environment = given.result["environment"]
    name, version = (
        str(environment.get("runtime") or ""),
        str(measured.kept.get("runtime_version") or environment.get("runtime_version") or ""),
    )
    return f"{RUNTIME_NAMES.get(name, name)} {version}".strip() if name else ""


def runtime_words(runtime: str) -> str:
    name, _, version = runtime.partition("@")
    return f"{RUNTIME_NAMES.get(name, name)} {version}".strip()


def threads_of(given: Given, measured: Measured) -> int | None:
    found = number_of(measured.kept, "threads") or number_of(given.result["environment"], "threads")
    return int(found) if found else None


def mhz(value: float) -> str:
    return (
        f"{numbers.digits(value / 1000)}{numbers.NARROW}GHz"
        if value >= 1000
        else f"{numbers.digits(value)}{numbers.NARROW}MHz"
    )
