"""What a figure of the result page is: a finding in words, Plotly traces with our colours by name, and the rows behind them.

Colours are written as token names ("--plot-1"); static/js/plots.js turns them into those of the theme, so one figure serves light and
dark. The unit of an axis is written once, above the value axis at the left or under the other at the right. Imports nothing of ours, so
that tasks can draw their own.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
Rows = list[list[str]]
QUIET = 0.45  # how strong what is not the point of a figure is drawn


@dataclass(frozen=True)
class Figure:
    """One figure.

    finding: the sentence it shows; how: how that was got; note: what stands in the margin. draw: gives the Plotly figure (data, layout), for
    which browsers ask later; None where `template` draws it from `shown`. columns and rows: the same as a table, for the page and the CSV.
    is_square: the finding and `aside` stand beside the plot. keys: (token, word) of what is stacked. marks: (basis, words) where one basis
    does not tell it all.
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
    draw: Callable[[], Json] | None = None
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

    @property
    def has_plot(self) -> bool:
        return self.draw is not None

    @property
    def plot(self) -> Json | None:
        return self.draw() if self.draw else None


def axis(title: str) -> Json:
    return {"title": {"text": title}, "rangemode": "tozero"}


def label(text: str, *, color: str, weight: int = 400, **place: Any) -> Json:
    """A word at the data. `color` is a token name. Never <b>: Plotly makes inline style of it, which the policy stops."""
    return {"text": text, "showarrow": False, "font": {"size": 12, "color": color, "weight": weight}, **place}
