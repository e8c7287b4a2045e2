"""One chart of the analytics pages: what it says, how it is drawn, and the rows behind it.

Drawn by Plotly as the figures of a result are (grading/figure.py: colours are names of tokens, static/js/plots.js fetches and draws), or by
a template from `shown` where a table or a drawing of the server says it better. Pure.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from courseplatform.core.numbers import NARROW, THIN, WHOLE
from grading.figure import Json, Rows

MINUS, NOTHING = "\N{MINUS SIGN}", "–"


@dataclass(frozen=True)
class Chart:
    """One chart.

    key: its anchor, and its name in addresses and file names. finding: the bold sentence over it, true of these numbers. more: what follows
    that sentence. note: small words in the margin. marks: (basis, words) in the margin, of how its numbers were got. columns and rows: the
    whole of it as a table, as people read it. draw: gives its Plotly figure (data, layout), which has `height` pixels: asked for by
    the address of the figure alone, since a page only says where it will be; None: nothing is drawn by Plotly.

    template draws from `shown` in the place of a figure; beside, below and margin are templates that stand at the right of it, under it
    and in the margin, and read `shown` too. also: charts that share its margin and stand beside it. A chart with neither figure nor
    template has no data: the finding says so, and `more` what will be here.
    """

    key: str
    title: str
    finding: str
    columns: Sequence[str] = ()
    rows: Rows = field(default_factory=list)
    more: str = ""
    note: str = ""
    marks: Sequence[tuple[str, str]] = ()
    draw: Callable[[], Json] | None = None
    height: int = 0
    template: str = ""
    beside: str = ""
    below: str = ""
    margin: str = ""
    shown: Json = field(default_factory=dict)
    also: tuple["Chart", ...] = ()

    @property
    def is_drawn(self) -> bool:
        return self.draw is not None

    @property
    def figure(self) -> Json | None:
        return self.draw() if self.draw else None

    @property
    def all(self) -> tuple["Chart", ...]:
        """Itself and those beside it: each has a table, a CSV and a PNG of its own."""
        return (self, *self.also)


def chart_of(charts: Sequence[Chart], key: str) -> Chart | None:
    """The chart of that key, also one that stands beside another."""
    return next((one for one in _each(charts) if one.key == key), None)


def _each(charts: Sequence[Chart]) -> Iterator[Chart]:
    for chart in charts:
        yield from chart.all


def plain(cell: object) -> str:
    """A cell for a file: numbers without thin spaces and with a minus that programs read; "" for the dash that says nothing."""
    text = str(cell)
    if text == NOTHING:
        return ""
    text = text.replace(THIN, "").replace(NARROW, " ").replace(WHOLE, " ")
    return f"-{text[1:]}" if text[:1] == MINUS else text
