"""Where the time of a result goes, for one glance: the slowest layers of what is stored, and the rest. Pure."""

from collections.abc import Mapping
from typing import Any

from courseplatform.core import numbers
from grading.figures.board_rows import verdicts_of
from grading.figures.layer_rows import short_names

SLOWEST = 2
WIDTH = 100.0


def time_bar(report: Mapping[str, Any], environment: Mapping[str, Any], device: str) -> dict[str, Any] | None:
    """Parts in the order of the model with x and width in percent; None where nothing is known of the time of each layer."""
    verdict = verdicts_of(environment).get(device) or {}
    whole, timed = verdict.get("latency_ms"), verdict.get("operators") or []
    operators = report.get("operators") or []
    if not whole or not timed or not operators:
        return None
    times = {index: ms for index, ms, *_ in timed if 0 <= index < len(operators)}
    slowest = sorted(times, key=lambda index: -times[index])[:SLOWEST]
    names = short_names(list(operators))
    parts, x = list[dict[str, Any]](), 0.0
    for index in sorted(times):
        width = WIDTH * times[index] / whole
        rank = slowest.index(index) + 1 if index in slowest else 0
        parts.append({"x": round(x, 2), "width": round(width, 2), "rank": rank})
        x += width
    said = [
        {"name": names[index], "ms": numbers.milliseconds(times[index]), "rank": n}
        for n, index in enumerate(slowest, 1)
    ]
    rest = max(whole - sum(times[index] for index in slowest), 0.0)
    return {
        "whole": numbers.milliseconds(whole), "parts": parts, "slowest": said,
        "rest": numbers.milliseconds(rest) if rest > whole / 1000 else "",
    }  # fmt: skip
