"""What a figure is: a finding in words, Plotly traces with our colours by name, and the rows behind them.

Colours are written as token names ("--plot-1"); static/js/plots.js turns them into those of the theme, so one figure serves light and
dark. The unit of an axis is written once, above the value axis at the left or under the other at the right. Pure: a stored result and
the lab's spec in, a figure out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from grading.bench.report import Report
from grading.class_front import ClassPicture
from grading.figures.costs import Costs, costs_of, report_of
from grading.spec import BenchSpec
from hardware.profiles import DeviceProfile

Json = dict[str, Any]
Rows = list[list[str]]
QUIET = 0.45  # how strong what is not the point of a figure is drawn


@dataclass(frozen=True)
class Figure:
    """One figure.

    finding: the sentence it shows; how: how that was got; note: what stands in the margin. plot: a Plotly figure (data, layout), or None
    where `template` draws it from `shown`. columns and rows: the same as a table, for the page and the CSV. is_square: the finding and
    `aside` stand beside the plot. keys: (token, word) of what is stacked. marks: (basis, words) where one basis does not tell it all.
    under: figures that belong to this one and stand below it, half as wide. beside: a template with a small table at the right of the plot.
    asks_board: the reader may choose for which board it is drawn.
    """

    slug: str
    title: str
    basis: str
    finding: str
    how: str
    columns: list[str]
    rows: Rows
    height: int = 0
    plot: Json | None = None
    template: str = ""
    note: str = ""
    is_square: bool = False
    aside: list[dict[str, str]] = field(default_factory=list)
    keys: list[tuple[str, str]] = field(default_factory=list)
    shown: Json = field(default_factory=dict)
    marks: list[tuple[str, str]] = field(default_factory=list)
    under: tuple["Figure", ...] = ()
    beside: str = ""
    asks_board: bool = False


@dataclass(frozen=True)
class Attempt:
    """One measured attempt of the same owner. interval_ms: None where an older result has none."""

    number: int
    is_this: bool
    latency_ms: float | None
    interval_ms: tuple[float, float] | None = None


@dataclass(frozen=True)
class Given:
    """What a figure is made from.

    attempts: the owner's measured attempts at the lab, newest first. board: the device that the reader chose, "" for the lab's first.
    instructions: counted for one inference, None where nobody counted. grams_per_kwh: CO2 of the course's grid, 0 where it says nothing.
    class_of: reads the class around the attempt, where a figure wants it; None: nobody is there.
    """

    result: Json
    spec: BenchSpec
    profiles: Mapping[str, DeviceProfile]
    class_of: Callable[[], ClassPicture] | None = None
    attempts: tuple[Attempt, ...] = ()
    board: str = ""
    instructions: float | None = None
    grams_per_kwh: float = 0.0

    @cached_property
    def report(self) -> Report | None:
        """The graph as the cost model reads it; None where an older result lacks what that takes."""
        return report_of(self.result)

    @cached_property
    def costs(self) -> Costs:
        """What the cost model says of the board that is asked for."""
        return costs_of(self.result, self.report, self.profiles, self.board) if self.board else self.lab_costs

    @cached_property
    def lab_costs(self) -> Costs:
        """The same of the lab's first board, on which points may rest."""
        return costs_of(self.result, self.report, self.profiles, self.spec.device)


def axis(title: str) -> Json:
    return {"title": {"text": title}, "rangemode": "tozero"}


def label(text: str, *, color: str, weight: int = 400, **place: Any) -> Json:
    """A word at the data. `color` is a token name. Never <b>: Plotly makes inline style of it, which the policy stops."""
    return {"text": text, "showarrow": False, "font": {"size": 12, "color": color, "weight": weight}, **place}
