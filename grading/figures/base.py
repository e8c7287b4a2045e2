"""What a figure is: a finding in words, Plotly traces with our colours by name, and the rows behind them.

Colours are written as token names ("--plot-1"); static/js/plots.js turns them into those of the theme, so one figure serves light and
dark. The unit of an axis is written once, above the value axis at the left or under the other at the right. Pure: a stored result and
the lab's spec in, a figure out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from grading.class_front import ClassPicture
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
    `aside` stand beside the plot. beside: a template that is drawn at the side of the plot. keys: (token, word) of what is stacked.
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
    beside: str = ""


@dataclass(frozen=True)
class Given:
    """What a figure is made from. class_of: reads the class around the attempt, where a figure wants it; None: nobody is there."""

    result: Json
    spec: BenchSpec
    profiles: Mapping[str, DeviceProfile]
    class_of: Callable[[], ClassPicture] | None = None


def axis(title: str) -> Json:
    return {"title": {"text": title}, "rangemode": "tozero"}


def label(text: str, *, color: str, weight: int = 400, **place: Any) -> Json:
    """A word at the data. `color` is a token name. Never <b>: Plotly makes inline style of it, which the policy stops."""
    return {"text": text, "showarrow": False, "font": {"size": 12, "color": color, "weight": weight}, **place}
