"""The plots of the page as plain numbers for an SVG: the oldest wait of an evening, sparklines, the strip of thirty days. Pure.

Drawn by the server: a page that is looked at in a hurry, over a phone, loads no library for it, and changes with the rest every five seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from courseplatform.status.words import CALL_AT_S, length

TOP, BOTTOM, LEFT, HEIGHT = 40, 36, 40, 220
GAP = timedelta(minutes=7)  # samples that lie farther apart are not joined: nobody looked between them
STEPS_MIN = (1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440, 2880, 7200, 14400, 43200)


@dataclass(frozen=True)
class Mark:
    """A moment in the plot: a due time or an incident."""

    at: datetime
    title: str
    says: str = ""
    is_due: bool = False


@dataclass(frozen=True)
class Plot:
    """One drawing. Places in pixels of a picture of `width` by `height`."""

    width: int
    height: int
    areas: list[str]
    lines: list[str]
    ticks_x: list[dict[str, Any]]
    ticks_y: list[dict[str, Any]]
    limit_y: float | None
    peak: dict[str, Any] | None
    now: dict[str, Any] | None
    marks: list[dict[str, Any]]

    @property
    def left(self) -> int:
        return LEFT

    @property
    def floor(self) -> int:
        return self.height - BOTTOM

    @property
    def right(self) -> int:
        return self.width - RIGHT


RIGHT = 96
Series = Sequence[tuple[datetime, float]]


def plot(series: Series, *, start: datetime, end: datetime, marks: Sequence[Mark], width: int, is_now: bool) -> Plot:
    """series: (moment, oldest wait in seconds). start, end: in the zone in which hours are written. is_now: the last value is this moment's."""
    top_min = max([wait for _, wait in series] + [CALL_AT_S]) / 60 * 1.06
    x, y = _scales(start, end, top_min, width)
    parts = _parts(series)
    lines = [" ".join(f"{x(at):.1f},{y(wait / 60):.1f}" for at, wait in part) for part in parts]
    floor = HEIGHT - BOTTOM
    areas = [
        f"{x(part[0][0]):.1f},{floor} {line} {x(part[-1][0]):.1f},{floor}"
        for part, line in zip(parts, lines, strict=True)
    ]
    worst = max(series, key=lambda one: one[1], default=None)
    peak = (
        None
        if worst is None or worst[1] < 60
        else {
            "x": x(worst[0]),
            "y": y(worst[1] / 60) - 6,
            "says": length(worst[1]),
            "end": x(worst[0]) > width - RIGHT - 60,
        }
    )
    last = series[-1] if series and is_now else None
    now = None if last is None else {"x": x(last[0]), "y": y(last[1] / 60), "says": f"{length(last[1])} now"}
    if last is not None and peak is not None and worst == last:
        peak = None
    drawn = [
        {"x": x(mark.at), "title": mark.title, "says": mark.says, "is_due": mark.is_due, "end": x(mark.at) > width / 2, "level": n % 3}
        for n, mark in enumerate(one for one in marks if start <= one.at <= end)
    ]  # fmt: skip
    return Plot(
        width, HEIGHT, areas, lines, _hours(start, end, x, width), _minutes(top_min, y), y(CALL_AT_S / 60) if top_min < 60 else None, peak, now, drawn
    )  # fmt: skip


def _scales(start: datetime, end: datetime, top_min: float, width: int) -> Any:
    whole_s, inner, tall = max((end - start).total_seconds(), 1.0), width - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    return (
        lambda at: LEFT + inner * min(max((at - start).total_seconds() / whole_s, 0.0), 1.0),
        lambda minutes: HEIGHT - BOTTOM - tall * minutes / top_min,
    )


def _parts(series: Series) -> list[list[tuple[datetime, float]]]:
    parts: list[list[tuple[datetime, float]]] = []
    for at, wait in series:
        if parts and at - parts[-1][-1][0] <= GAP:
            parts[-1].append((at, wait))
        else:
            parts.append([(at, wait)])
    return [part if len(part) > 1 else [part[0], (part[0][0] + timedelta(minutes=1), part[0][1])] for part in parts]


def _hours(start: datetime, end: datetime, x: Any, width: int) -> list[dict[str, Any]]:
    """Whole hours and half hours, as many as can stand beside each other."""
    whole_min = (end - start).total_seconds() / 60
    most = max((width - LEFT - RIGHT) // 80, 2)
    step = next((one for one in (15, 30, 60, 120, 180, 240, 360, 720) if whole_min / one <= most), 1440)
    first = start.replace(minute=0, second=0, microsecond=0)
    found, at = [], first
    while at <= end:
        if at >= start and (at.hour * 60 + at.minute) % step == 0:
            found.append({"x": x(at), "says": f"{at:%H:%M}"})
        at += timedelta(minutes=15)
    return found


def _minutes(top_min: float, y: Any) -> list[dict[str, Any]]:
    step = next((one for one in STEPS_MIN if top_min / one <= 6), 144000)
    return [{"y": y(value), "says": str(value), "is_floor": value == 0} for value in range(0, int(top_min) + 1, step)]


def sparkline(series: Series, *, start: datetime, end: datetime, alert: float | None) -> dict[str, Any]:
    """A line of 160 by 24 pixels, from zero, with the value at which an alert opens where it is near."""
    top = max([value for _, value in series] + [0.0])
    shown = alert if alert is not None and alert <= max(top * 4, 1e-9) else None
    top = max(top, shown or 0.0) * 1.1 or 1.0
    whole_s = max((end - start).total_seconds(), 1.0)
    points = [
        (154 * min(max((at - start).total_seconds() / whole_s, 0.0), 1.0), 21 - 18 * value / top)
        for at, value in series
    ]
    return {
        "points": " ".join(f"{x:.1f},{y:.1f}" for x, y in points), "last": points[-1] if points else None,
        "alert_y": None if shown is None else 21 - 18 * shown / top,
    }  # fmt: skip


def strip(days: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Thirty days beside each other in a picture of 720 by 20: what of each was watched and up, what was down."""
    width = 720 / max(len(days), 1)
    return [
        {
            **day, "x": n * width, "width": width - 2, "seen": 18 if day["watched"] else 0,
            "down_height": max(18 * day["down_share"], 3) if day["down_share"] else 0,
        }
        for n, day in enumerate(days)
    ]  # fmt: skip
