"""Draws "Over the term" with Matplotlib: JSON on standard input, a picture on standard output. A process of its own, see
courseplatform/core/plot_files.py. Imports nothing of ours; colours are those of the light theme in static/css/tokens.css.
"""

import io
import json
import sys
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

INK, FAINT, GRID, BLUE, SOFT, ORANGE = "#1a1b1d", "#66696e", "#ebebe6", "#0b62a8", "#cfe0f0", "#bf4d00"
WIDE, HIGH, SCALE = 880, 340, 2


def draw(said: dict[str, Any], form: str) -> bytes:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib.figure import Figure

    mpl.rcParams.update({"font.size": 9})
    zone = ZoneInfo(said["zone"])

    def at(seconds: float) -> datetime:
        return datetime.fromtimestamp(seconds, zone)

    figure = Figure(figsize=(WIDE / 100, HIGH / 100), dpi=100 * SCALE, facecolor="#ffffff")
    axes = figure.add_axes((0.05, 0.17, 0.83, 0.61))
    axes.set_xlim(at(said["start"]), at(said["end"]))  # type: ignore[arg-type]
    axes.set_ylim(0, max([said["owned"], 1, *(number for _, number in said["line"])]) * 1.06)
    if said["line"]:
        moments = [*(at(seconds) for seconds, _ in said["line"]), at(said["now"])]
        numbers = [*(number for _, number in said["line"]), said["line"][-1][1]]
        axes.fill_between(moments, numbers, step="post", color=SOFT, linewidth=0)  # type: ignore[arg-type]
        axes.step(moments, numbers, where="post", color=BLUE, linewidth=1.6)  # type: ignore[arg-type]
        axes.plot([moments[-1]], [numbers[-1]], "o", color=BLUE, markersize=5, clip_on=False)  # type: ignore[arg-type]
        axes.annotate(f"{numbers[-1]} {said['label']} now", (moments[-1], numbers[-1]), xytext=(0, 7), textcoords="offset points", ha="right",
                      fontweight="bold", color=INK)  # fmt: skip
        if said["back"]:
            back = at(said["back"])
            axes.plot([moments[-1], back, back], [numbers[-1], numbers[-1], 0], ":", color=BLUE, linewidth=1.4)  # type: ignore[arg-type]
            axes.annotate(f"return day\n{back:%a %b} {back.day}", (back, numbers[-1] / 2), xytext=(5, 0), textcoords="offset points", color=FAINT,
                          annotation_clip=False)  # fmt: skip
    axes.axhline(said["owned"], color=FAINT, linewidth=1.2)
    axes.annotate(
        f"{said['owned']} owned", (1.01, said["owned"]), xycoords=("axes fraction", "data"), va="center", color=FAINT
    )
    for seconds, label in said["marks"]:
        axes.plot([at(seconds)], [0], "D", color=ORANGE, markersize=4.5, clip_on=False, zorder=4)  # type: ignore[arg-type]
        axes.annotate(label, (at(seconds), 0), xytext=(0, -26), textcoords="offset points", ha="center", color=FAINT, fontsize=7.5, parse_math=False,
                      annotation_clip=False)  # fmt: skip
    _dress(axes, said["ticks"], zone)
    for line, (text, weight) in enumerate(((said["title"], "bold"), (said["finding"], "normal"))):
        figure.text(0.05, 0.965 - 0.065 * line, text, va="top", color=INK, fontweight=weight, parse_math=False)
    stream = io.BytesIO()
    figure.savefig(stream, format=form, metadata={})
    return stream.getvalue()


def _dress(axes: Any, ticks: list[int], zone: ZoneInfo) -> None:
    from matplotlib.dates import DateFormatter, MonthLocator

    axes.xaxis.set_major_locator(MonthLocator(tz=zone))  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(DateFormatter("%b", tz=zone))  # type: ignore[no-untyped-call]
    axes.set_yticks(ticks)
    axes.tick_params(colors=FAINT, labelcolor=FAINT, length=3)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(FAINT)


if __name__ == "__main__":
    sys.stdout.buffer.write(draw(json.load(sys.stdin), sys.argv[1]))
