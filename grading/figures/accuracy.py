"""The confusion matrix: which class is read as which."""

from courseplatform.core import numbers
from grading.figures.base import Figure, Given, Json, label


def accuracy(given: Given) -> Figure:
    """The confusion matrix: true class down, predicted class across."""
    quality = given.result["quality"]
    classes, confusion = quality["classes"], quality["confusion"]
    errors = quality["n"] - quality["correct"]
    worst = [pair for pair in quality["worst_pairs"] if pair["count"] > 1]
    finding = f"{numbers.count(quality['correct'])} of {numbers.count(quality['n'])} are right."
    if worst:
        finding += (
            f" {worst[0]['count']} of the {errors} errors are {worst[0]['true']} read as {worst[0]['predicted']}."
        )
    return Figure(
        slug="accuracy", title="Accuracy", basis="measured", finding=finding,
        how="Hidden inputs in random order; the labels stay outside the sandbox.",
        note="Blue: right. Orange: the most frequent errors.",
        columns=["True class", "Right, %", *[f"read as {name}" for name in classes]],
        rows=[[name, f"{100 * quality['per_class'][i]:.1f}", *[str(count) for count in confusion[i]]] for i, name in enumerate(classes)],
        height=400, is_square=True,
        aside=[{"label": "right", "value": f"{numbers.count(quality['correct'])} of {numbers.count(quality['n'])}"},
               {"label": "accuracy", "value": numbers.share(quality["accuracy"])},
               {"label": "95 % interval (Wilson)", "value": f"{100 * quality['low']:.1f} to {numbers.share(quality['high'])}"}],
        plot={"data": [_heat(quality, worst)], "layout": {"margin": {"r": 52, "t": 40}, "annotations": _recall_labels(quality),
              "xaxis": {"title": {"text": "read as"}, "type": "category", "side": "top", "showgrid": False, "showline": False},
              "yaxis": {"title": {"text": "true"}, "type": "category", "autorange": "reversed", "showgrid": False, "showline": False}}},
    )  # fmt: skip


def _heat(quality: Json, worst: list[Json]) -> Json:
    """Counts on three grounds: quiet, the most frequent errors, right."""
    classes, confusion = quality["classes"], quality["confusion"]
    marked = {(classes.index(pair["true"]), classes.index(pair["predicted"])) for pair in worst}
    shade = [
        [2 if i == j and count else 1 if (i, j) in marked else 0 for j, count in enumerate(row)]
        for i, row in enumerate(confusion)
    ]
    grounds = ("--inset", "--plot-2-soft", "--plot-1-soft")
    return {
        "type": "heatmap", "x": classes, "y": classes, "z": shade, "zmin": 0, "zmax": 3, "showscale": False, "xgap": 2, "ygap": 2,
        "colorscale": [[(step + end) / 3, colour] for step, colour in enumerate(grounds) for end in (0, 1)], "customdata": confusion,
        "text": [[str(count) if count else "" for count in row] for row in confusion], "texttemplate": "%{text}",
        "textfont": {"color": "--ink"}, "hovertemplate": "%{y} read as %{x}: %{customdata}<extra></extra>",
    }  # fmt: skip


def _recall_labels(quality: Json) -> list[Json]:
    """What share of each class is right, at the right end of its row."""
    beside: Json = {"x": 1.01, "xref": "paper", "xanchor": "left"}
    rows = zip(quality["classes"], quality["per_class"], strict=True)
    labels = [label(f"{100 * share:.0f}", y=name, yanchor="middle", color="--ink-2", **beside) for name, share in rows]
    return [*labels, label("right, %", y=1, yref="paper", yanchor="bottom", yshift=18, color="--ink-3", **beside)]
