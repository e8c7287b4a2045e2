"""What the figures of several tasks draw alike. Plotly reads a little HTML, so names are escaped."""

from collections.abc import Sequence
from html import escape

from grading.figure import Json

ROW, EDGE, LEAST_HEIGHT, MOST_BARS, MOST_NAME = 26, 76, 160, 30, 26


def bars(
    names: Sequence[str],
    values: Sequence[float],
    *,
    colour: str = "--plot-1",
    hover: str = "%{y}: %{x:.3g}",
    texts: Sequence[str] = (),
) -> Json:
    """Lying bars, the first on top, each with its value at its end."""
    shown = [escape(name) for name in _short(names)]
    return {
        "type": "bar", "orientation": "h", "x": list(values), "y": shown, "marker": {"color": colour},
        "text": [escape(text) for text in texts], "textposition": "outside" if texts else "none", "cliponaxis": False,
        "textfont": {"color": "--ink-2"}, "hovertemplate": f"{hover}<extra></extra>",
    }  # fmt: skip


def _short(names: Sequence[str]) -> list[str]:
    """Names that leave room for their bars; as they are where two would become one, for a name is a place on the axis."""
    cut = [name if len(name) <= MOST_NAME else f"{name[: MOST_NAME - 1]}…" for name in names]
    return cut if len(set(cut)) == len(set(names)) else list(names)


def bars_layout(title: str, names: Sequence[str], most: float | None = None) -> Json:
    """most: where the axis ends; as far as the bars reach where None. The margin at the right is for their values."""
    reach: Json = {"range": [0, most]} if most else {"rangemode": "tozero"}
    return {
        "bargap": 0.35, "margin": {"r": 56}, "xaxis": {"title": {"text": title}, **reach},
        "yaxis": {"type": "category", "autorange": "reversed", "showgrid": False, "showline": False, "ticksuffix": " "},
    }  # fmt: skip


def bars_height(count: int) -> int:
    return max(LEAST_HEIGHT, EDGE + ROW * count)


def pair(label: str, value: str) -> dict[str, str]:
    return {"label": label, "value": value}


def ends(low: float, high: float) -> str:
    """A 95 % interval of shares: 81.3 to 88.0 %."""
    return f"{100 * low:.1f} to {100 * high:.1f}\u202f%"
