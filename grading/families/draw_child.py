"""Draws one plot with Matplotlib: JSON on standard input, a picture on standard output. A process of its own: see drawing.py.

Imports nothing of ours. Always on white, letters drawn as outlines, so that it looks the same in every report.
"""

import io
import json
import sys
from typing import Any

SYMBOLS = {"circle": "o", "square": "s", "diamond": "D", "triangle-up": "^", "triangle-down": "v", "cross": "X"}


def draw(said: dict[str, Any], form: str) -> bytes:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib.figure import Figure

    mpl.rcParams.update(
        {"svg.fonttype": "path", "svg.hashsalt": "milliamp", "pdf.fonttype": 42, "font.size": said["points"]}
    )
    wide, high = said["size"]
    figure = Figure(figsize=(wide / 100, high / 100), dpi=100 * said["scale"], facecolor=said["ground"])
    axes = figure.add_axes(said["frame"])
    ink, faint, grid = said["ink"], said["faint"], said["grid"]
    for name, axis in (("x", axes.xaxis), ("y", axes.yaxis)):
        given = said[name]
        getattr(axes, f"set_{name}scale")("log" if given["is_log"] else "linear")
        getattr(axes, f"set_{name}lim")(given["low"], given["high"])
        axis.set_ticks(given["ticks"], given["words"])
        axis.set_ticks([], minor=True)
    axes.tick_params(colors=faint, labelcolor=ink, length=3, width=0.8)
    axes.grid(axis="y", color=grid, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(faint)
    axes.set_xlabel(said["x"]["label"], loc="right", color=faint)
    axes.text(0, 1.02, said["y"]["label"], transform=axes.transAxes, color=faint, ha="left", va="bottom")
    if said["line"]:
        axes.plot(*zip(*said["line"], strict=True), color=faint, linewidth=1.1, zorder=2)
    for dot in sorted(said["dots"], key=lambda dot: dot["is_chosen"]):
        _dot(axes, dot, said)
    for word in said["words"]:
        axes.annotate(
            word["text"], word["at"], xytext=word["by"], textcoords="offset pixels", ha=word["across"], va=word["down"], parse_math=False,
            color=ink, fontsize=said["points"] - 1, fontweight="bold" if word["is_strong"] else "normal", annotation_clip=False,
        )  # fmt: skip
    _heads(figure, said)
    stream = io.BytesIO()
    figure.savefig(stream, format=form, facecolor=said["ground"], metadata={} if form == "png" else {_date(form): None})
    return stream.getvalue()


def _date(form: str) -> str:
    return "CreationDate" if form == "pdf" else "Date"  # left out: the same plot is the same bytes


def _dot(axes: Any, dot: dict[str, Any], said: dict[str, Any]) -> None:
    colour = dot["colour"] if dot["is_chosen"] else said["soft"]
    width = 1.8 if dot["is_chosen"] else 0.9
    axes.errorbar(dot["x"], dot["y"], xerr=[[dot["left"]], [dot["right"]]], yerr=[[dot["below"]], [dot["above"]]], fmt="none", ecolor=colour,
                  elinewidth=width, zorder=3 if dot["is_chosen"] else 1.5)  # fmt: skip
    axes.plot([dot["x"]], [dot["y"]], SYMBOLS[dot["symbol"]], color=dot["colour"], alpha=1 if dot["is_on_front"] or dot["is_chosen"] else 0.4,
              markersize=9 if dot["is_chosen"] else 6, markeredgecolor=said["ground"], markeredgewidth=0.8, zorder=4, clip_on=False)  # fmt: skip


def _heads(figure: Any, said: dict[str, Any]) -> None:
    """Title and finding at the top where they are wanted; what the colours mean, and how the numbers were got, at the bottom."""
    left, top = said["frame"][0], 0.975
    for n, line in enumerate(said["heads"]):
        figure.text(left, top - n * said["leading"], line, ha="left", va="top", color=said["ink"], parse_math=False,
                    fontweight="bold" if n == 0 else "normal")  # fmt: skip
    from matplotlib.lines import Line2D

    marks = [
        Line2D([], [], linestyle="", marker=SYMBOLS[group["symbol"]], color=group["colour"], label=group["name"])
        for group in said["groups"]
    ]
    if marks:
        drawn = figure.legend(handles=marks, loc="lower left", bbox_to_anchor=(left - 0.02, 0.0), ncols=len(marks), frameon=False,
                              handletextpad=0.1, columnspacing=1.2, labelcolor=said["ink"])  # fmt: skip
        for text in drawn.get_texts():
            text.set_parse_math(False)
    figure.text(
        0.985,
        0.03,
        said["foot"],
        ha="right",
        va="bottom",
        color=said["faint"],
        fontsize=said["points"] - 2,
        parse_math=False,
    )


if __name__ == "__main__":
    sys.stdout.buffer.write(draw(json.load(sys.stdin), sys.argv[1]))
