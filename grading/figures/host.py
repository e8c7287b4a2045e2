"""How long inferences take on the machine that measured: the first ten, and how the others spread. Of this machine shown and never graded; of a
board that measured, points may rest on their median.
"""

from math import floor, log10
from statistics import median

from courseplatform.core import numbers
from grading.figures.base import QUIET, Figure, Given, Json, axis, label

PERCENTILES = (
    ("p50", "p50, typical: half are faster"),
    ("p90", "p90: 9 of 10 are faster"),
    ("p99", "p99: 99 of 100 are faster"),
)
BINS = 24


def first_ten(given: Given) -> Figure:
    """The first ten inferences and where they settle."""
    host = given.result["host"]
    first, p50 = host["first_ms"], host["p50_ms"]
    one, several = given.runs_words
    finding = f"It settles at {numbers.milliseconds(p50)}"
    if first and first[0] > 1.5 * p50:
        finding += f"; the first {one}, the warm-up, takes {numbers.digits(first[0] / p50, 2)} times as long"
    stems = {
        "type": "scatter", "mode": "markers", "x": list(range(1, len(first) + 1)), "y": first, "cliponaxis": False,
        "marker": {"color": "--ground", "size": 9, "line": {"color": "--plot-0", "width": 2}},
        "error_y": {"type": "data", "symmetric": False, "array": [0] * len(first), "arrayminus": first, "color": "--plot-0-soft",
                    "thickness": 2, "width": 0},
        "hovertemplate": "iteration %{x}: %{y:.3g} ms<extra></extra>",
    }  # fmt: skip
    line = {"color": "--plot-1", "width": 1.5}
    settled = {"type": "line", "x0": 0.5, "x1": len(first) + 0.5, "y0": p50, "y1": p50, "line": line}
    # Above the later inferences: beside its line the label would lie on them.
    said = label(f"settles at {numbers.milliseconds(p50)}", x=len(first) + 0.5, y=max([p50, *first[5:]]), xanchor="right",
                 yanchor="bottom", yshift=8, color="--plot-1")  # fmt: skip
    return Figure(
        slug="first-ten", title=f"First ten {several}", basis=_basis(given), finding=f"{finding}.", how="",
        columns=["Iteration", "ms"], rows=[[str(n), f"{value:.6g}"] for n, value in enumerate(first, 1)], height=200,
        draw=lambda: {"data": [stems], "layout": {"xaxis": {"title": {"text": "iteration"}, "dtick": 1, "showgrid": False},
              "yaxis": axis(f"ms on {given.timed_on}"), "shapes": [settled], "annotations": [said]}},
    )  # fmt: skip


def spread(given: Given) -> Figure:
    """How the timed inferences spread, with p50, p90 and p99."""
    host = given.result["host"]
    samples = [value for value in host.get("samples_ms", []) if value > 0]
    named = [(name, words, host[f"{name}_ms"]) for name, words in PERCENTILES]
    processes = f"{host['processes']} fresh {'process' if host['processes'] == 1 else 'processes'}"
    aside = [{"label": words, "value": numbers.milliseconds(value)} for _, words, value in named]
    aside += [
        {
            "label": "per second, one after the other",
            "value": numbers.digits(1000 / host["p50_ms"]) if host["p50_ms"] else "–",
        }
    ]
    if given.instructions is not None:
        aside.append({"label": "instructions each, the call included", "value": numbers.count(given.instructions)})
    rows = [[name, f"{value:.6g}"] for name, _, value in named] + [["sample", f"{value:.6g}"] for value in samples]
    return Figure(
        slug="spread", title="How they spread", basis=_basis(given),
        finding=f"{numbers.count(host['runs'])} {given.runs_words[1]} in {processes}. {_tail(samples, host, given)}",
        how="", columns=["What", "ms"], rows=rows, height=200, aside=aside, draw=(lambda: _histogram(samples, host, given.timed_on)) if samples else None,
    )  # fmt: skip


def _basis(given: Given) -> str:
    return "shown" if given.timed_on == "the host" else "measured"


def _tail(samples: list[float], host: Json, given: Given) -> str:
    """Whether it is steady: the times move when the machine is busy, so on those of the host no point rests."""
    p50, p99 = host["p50_ms"], host["p99_ms"]
    slow = sum(1 for value in samples if value > 2 * median(samples)) if samples else 0
    if given.timed_on != "the host":
        if p50 and p99 > 2 * p50:
            return f"One in a hundred takes {numbers.digits(p99 / p50, 2)} times as long as usual. The median decides, and it hardly moves with them."
        return (
            "They hardly differ."
            if not slow
            else f"{slow} of the {len(samples)} samples take more than twice the usual; the median decides."
        )
    if p50 and p99 > 2 * p50:
        return f"One in a hundred takes {numbers.digits(p99 / p50, 2)} times as long as usual: a busy machine, so no point rests on it."
    if slow:
        return f"{slow} of the {len(samples)} samples take more than twice the usual: others ran beside it. No point rests on it."
    return "They hardly differ; still no point rests on the host's clock."


def _histogram(samples: list[float], host: Json, where: str) -> Json:
    """Counts of the samples up to a little over p99; what lies beyond is said at the right end."""
    end = max(1.15 * host["p99_ms"], 1.5 * host["p50_ms"])
    inside = [value for value in samples if value <= end]
    low = min(inside, default=0.0)
    low = max(low - 0.05 * (end - low), 0.0)
    step = (end - low) / BINS or 1.0
    counts = [0] * BINS
    for value in inside:
        counts[min(int((value - low) / step), BINS - 1)] += 1
    bars = {
        "type": "bar", "x": [low + (n + 0.5) * step for n in range(BINS)], "y": counts, "width": [0.92 * step] * BINS,
        "marker": {"color": "--plot-0", "opacity": QUIET + 0.25},
        "hovertemplate": "about %{x:.3g} ms: %{y} samples<extra></extra>",
    }  # fmt: skip
    marks = [(name, host[f"{name}_ms"]) for name in ("p50", "p90", "p99")]
    shapes = [
        {
            "type": "line",
            "x0": at,
            "x1": at,
            "yref": "paper",
            "y0": 0,
            "y1": 1,
            "line": {"color": "--plot-1", "width": 1.5, "dash": dash},
        }
        for (_, at), dash in zip(marks, ("solid", "dash", "dot"), strict=True)
    ]
    labels = _marks(marks, end - low)
    if beyond := len(samples) - len(inside):
        labels.append(
            label(f"{beyond} beyond", x=1, xref="paper", y=0.5, yref="paper", xanchor="right", color="--ink-3")
        )
    return {"data": [bars], "layout": {"shapes": shapes, "annotations": labels, "bargap": 0,
            "xaxis": {"title": {"text": f"ms on {where}"}, "range": [low, end], "showgrid": False, "nticks": 6, **_format(end)},
            "yaxis": axis("samples")}}  # fmt: skip


def _marks(marks: list[tuple[str, float]], width: float) -> list[Json]:
    """p50, p90, p99 above their lines; those that would lie on each other share one label."""
    groups: list[tuple[list[str], float]] = []
    for name, at in marks:
        if groups and at - groups[-1][1] < 0.12 * width:
            groups[-1][0].append(name)
        else:
            groups.append(([name], at))
    return [
        label(", ".join(names), x=at, y=1, yref="paper", xanchor="left", yanchor="bottom", xshift=-4, color="--plot-1")
        for names, at in groups
    ]


def _format(end: float) -> Json:
    """Ticks with as many decimals as the axis needs: Plotly would write 11.5µ."""
    return {"tickformat": f".{max(2 - floor(log10(end)), 0)}f"} if end > 0 else {}
