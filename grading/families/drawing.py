"""The plots of a family as files for a report: PNG, SVG and PDF, drawn in a process of its own (courseplatform/core/plot_files.py)."""

import json
from pathlib import Path
from textwrap import wrap
from typing import Any

from courseplatform.core.plot_files import drawn
from grading.families.axes import Axis
from grading.families.placing import Face, Word
from grading.families.plots import COLOURS, SHAPES, Dot, Plot

CHILD = Path(__file__).with_name("draw_child.py")
WIDE, HIGH, SCALE, POINTS = 680, 420, 2, 9  # pixels; a PNG has twice as many; letters of 9 pt at 100 pixels an inch
LETTER, LINE, LEADING = 6.6, 15.0, 17.0
# The light theme of static/css/tokens.css; a test compares them.
LIGHT = {
    "--plot-0": "#8a8d90", "--plot-0-soft": "#d5d6d3", "--plot-1": "#0b62a8", "--plot-3": "#00775a", "--plot-4": "#9c4a86", "--plot-5": "#3b8fc2",
    "--plot-6": "#5a3d00", "--ground": "#ffffff", "--ink": "#1a1b1d", "--ink-3": "#66696e", "--grid": "#ebebe6",
}  # fmt: skip


def picture(plot: Plot, form: str, *, with_title: bool = True) -> bytes:
    """The plot as PNG, SVG or PDF. Raises Unavailable (`not_drawn`)."""
    return drawn(CHILD, json.dumps(document(plot, with_title=with_title), sort_keys=True), form)


def document(plot: Plot, *, with_title: bool) -> dict[str, Any]:
    """All that is drawn, in plain values: the same plot gives the same text."""
    heads = [plot.title, *wrap(plot.finding, 96)[:2]] if with_title else []
    left, bottom, right = 52, 74, 14
    top = 30 + LEADING * len(heads) + (6 if heads else 0)
    face = Face(LETTER, LINE, WIDE - left - right, HIGH - bottom - top)
    return {
        "size": [WIDE, HIGH], "scale": SCALE, "points": POINTS, "leading": LEADING / HIGH,
        "frame": [left / WIDE, bottom / HIGH, face.width / WIDE, face.height / HIGH],
        "ground": LIGHT["--ground"], "ink": LIGHT["--ink"], "faint": LIGHT["--ink-3"], "grid": LIGHT["--grid"], "soft": LIGHT["--plot-0-soft"],
        "x": _axis(plot.x), "y": _axis(plot.y), "line": [list(corner) for corner in plot.line],
        "dots": [_dot(dot) for dot in plot.dots], "words": [_word(plot, word) for word in plot.placed(face)],
        "heads": heads, "foot": _foot(plot),
        "groups": [{"name": name, "colour": LIGHT[COLOURS[n]], "symbol": SHAPES[n]} for n, name in enumerate(plot.groups) if name],
    }  # fmt: skip


def _foot(plot: Plot) -> str:
    timed = "latency: median on the host, bars from process to process; " if plot.basis == "shown" else ""
    scored = f"{plot.dots[0].variant.scored.words} with its 95 % interval" if "accuracy" in plot.slug else ""
    return f"{timed}{scored}".strip("; ") or "FLOPs are 2 × MACs"


def _axis(axis: Axis) -> dict[str, Any]:
    return {
        "label": axis.label,
        "low": axis.low,
        "high": axis.high,
        "is_log": axis.is_log,
        "ticks": list(axis.ticks),
        "words": axis.words(),
    }


def _dot(dot: Dot) -> dict[str, Any]:
    return {
        "x": dot.x, "y": dot.y, "left": dot.x - dot.x_low, "right": dot.x_high - dot.x, "below": dot.y - dot.y_low, "above": dot.y_high - dot.y,
        "colour": LIGHT[COLOURS[dot.group]], "symbol": SHAPES[dot.group], "is_on_front": dot.is_on_front, "is_chosen": dot.is_chosen,
    }  # fmt: skip


def _word(plot: Plot, word: Word) -> dict[str, Any]:
    """Offsets in pixels of the picture as it is drawn, upward."""
    dot = plot.dots[word.index]
    down = {"middle": "center"}.get(word.yanchor, word.yanchor)
    return {"text": word.text, "at": [dot.x, dot.y], "by": [word.dx * SCALE, -word.dy * SCALE], "across": word.xanchor, "down": down,
            "is_strong": dot.is_chosen}  # fmt: skip
