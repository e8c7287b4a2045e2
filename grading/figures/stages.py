"""The stages of a pipeline: which takes how much of the latency, the energy and the weights, and how many inputs a second come through."""

from collections.abc import Sequence

from courseplatform.core import numbers
from grading.figures.base import Figure, Given, Json, Rows
from grading.figures.costs import Costs

TOKENS = ("plot-1", "plot-2", "plot-3", "plot-4", "plot-5", "plot-6", "plot-0", "accent")
COLUMNS = [
    "Stage", "File", "Calls", "Format", "File, bytes", "Parameters", "MACs of all calls", "Peak activations, bytes", "Measured p50, ms",
    "Measured p90, ms", "Board", "Latency, ms", "from", "to", "Energy, mJ", "RAM by itself, bytes", "Basis", "Why",
]  # fmt: skip


def stages(given: Given) -> Figure | None:
    """None for a result of one model."""
    here = given.result["environment"].get("stages")
    if not here:
        return None
    costs = given.costs
    on_board = {row["key"]: row for row in costs.verdict.get("stages", [])}
    rows = [_row(stage, on_board.get(stage["key"], {}), costs, n) for n, stage in enumerate(here)]
    board = given.result["environment"].get("on_board", {}).get("runner", "")
    return Figure(
        slug="stages", title="Stages", basis="measured" if board else costs.basis if costs.latency_ms is not None else "counted",
        finding=_measured(rows, board) if board else _finding(rows, costs), how=_how(rows, costs), asks_board=True,
        note="One stage after the other, with all its calls; what lies between them is not measured." if costs.latency_ms is not None else "",
        columns=COLUMNS, rows=_csv(rows, costs), template="grading/_figure_stages.html",
        keys=[(row["token"], row["title"]) for row in rows],
        shown={"rows": rows, "bars": _bars(rows), "total": _total(given.result, rows, costs), "board": costs.name,
               "where": board or "this machine", "there": board or "This machine", "modelled": "Modelled" if board else "Latency"},
    )  # fmt: skip


def rate_words(costs: Costs) -> str:
    """659 (501-865) frames a second; "" where nothing is modelled."""
    if not costs.latency_ms:
        return ""
    ends = costs.interval_ms
    interval = f" ({numbers.between(1000 / ends[1], 1000 / ends[0])})" if ends and ends[0] > 0 else ""
    return f"{numbers.digits(1000 / costs.latency_ms)}{interval} frames a second"


def _row(stage: Json, there: Json, costs: Costs, n: int) -> Json:
    latency, energy = there.get("latency_ms"), there.get("energy_mj")
    macs = stage["calls"] * stage["macs"]
    return {
        "key": stage["key"], "title": stage["title"], "token": TOKENS[n % len(TOKENS)], "stage": stage, "there": there, "macs_value": macs,
        "file": f"{stage['file']}, {numbers.size(stage['bytes'])}" + (f", {stage['calls']} times" if stage["calls"] > 1 else ""),
        "latency_value": latency, "energy_value": energy, "weights_value": stage["bytes"],
        "latency": numbers.digits(latency) if latency is not None else "–", "energy": numbers.digits(energy) if energy is not None else "–",
        "interval": numbers.between(*there["latency_interval_ms"]) if there.get("latency_interval_ms") else "",
        "share": numbers.share(latency / costs.latency_ms, 0) if latency is not None and costs.latency_ms else "",
        "macs": numbers.macs(macs), "params": numbers.count(stage["params"]), "peak": numbers.size(stage["peak_activation_bytes"]),
        "host": numbers.digits(stage["calls"] * stage["p50_ms"]),
    }  # fmt: skip


def _measured(rows: list[Json], board: str) -> str:
    """What a board measured of each, where one did."""
    times = [row["stage"]["calls"] * row["stage"]["p50_ms"] for row in rows]
    took_ms = sum(times)
    most = rows[times.index(max(times))]
    share = numbers.share(max(times) / took_ms, 0) if took_ms else "none"
    return f"{most['title']} takes {share} of the {numbers.milliseconds(took_ms)} that {board} measured."


def _finding(rows: list[Json], costs: Costs) -> str:
    if costs.latency_ms:
        most = max(rows, key=lambda row: row["latency_value"] or 0.0)
        whole = f"the {numbers.milliseconds(costs.latency_ms)}"
        return f"{most['title']} takes {most['share']} of {whole}: {rate_words(costs)} on the {costs.name}."
    work = sum(row["macs_value"] for row in rows)
    most = max(rows, key=lambda row: row["macs_value"])
    share = numbers.share(most["macs_value"] / work, 0) if work else "none"
    return f"{most['title']} does {share} of the {numbers.macs(work)}."


def _how(rows: list[Json], costs: Costs) -> str:
    peak = max(rows, key=lambda row: row["stage"]["peak_activation_bytes"])
    held = numbers.size(sum(row["weights_value"] for row in rows))
    said = f"In memory lie the weights of all ({held} of files) and the activations of the stage that runs, at most {peak['peak']}, in {peak['title']}."
    return said if costs.latency_ms or not costs.reason else f"{said} {costs.reason}"


def _bars(rows: list[Json]) -> list[Json]:
    """Shares by stage: of latency and energy where they are modelled, of the work, and of the files."""
    asked = (
        ("Latency", "latency_value", numbers.milliseconds), ("Energy", "energy_value", numbers.millijoules),
        ("Work", "macs_value", numbers.macs), ("Files", "weights_value", numbers.size),
    )  # fmt: skip
    found = []
    for title, key, words in asked:
        values = [row[key] for row in rows]
        total = sum(value for value in values if value is not None)
        if None in values or not total:
            continue
        shares = [f"{row['title']} {numbers.share(value / total, 0)}" for row, value in zip(rows, values, strict=True)]
        found.append(
            {
                "title": title,
                "total": words(total),
                "said": f"{title}: {', '.join(shares)}",
                "parts": _parts(rows, values, total),
            }
        )
    return found


def _parts(rows: list[Json], values: Sequence[float], total: float) -> list[Json]:
    at, parts = 0.0, []
    for row, value in zip(rows, values, strict=True):
        width = 100 * value / total
        parts.append({"token": row["token"], "x": f"{at:.2f}", "width": f"{width:.2f}"})
        at += width
    return parts


def _total(result: Json, rows: list[Json], costs: Costs) -> Json:
    report, verdict = result["report"], costs.verdict
    energy = verdict.get("energy_mj")
    need = verdict.get("ram_needed_bytes")
    return {
        "file": numbers.size(report["bytes"]), "latency": numbers.digits(costs.latency_ms) if costs.latency_ms is not None else "–",
        "interval": numbers.between(*costs.interval_ms) if costs.interval_ms else "", "energy": numbers.digits(energy) if energy is not None else "–",
        "macs": numbers.macs(report["macs"]), "params": numbers.count(report["params"]), "peak": numbers.size(report["peak_activation_bytes"]),
        "host": numbers.digits(sum(row["stage"]["calls"] * row["stage"]["p50_ms"] for row in rows)), "rate": rate_words(costs),
        "ram": f"{numbers.size(need)} of {numbers.size(verdict['ram_limit_bytes'])}" if need and verdict.get("ram_limit_bytes") else "",
    }  # fmt: skip


def _csv(rows: list[Json], costs: Costs) -> Rows:
    """One row for each stage: plain numbers, empty where there is none."""
    found = []
    for row in rows:
        stage, there = row["stage"], row["there"]
        low, high = there.get("latency_interval_ms") or (None, None)
        numbers_of = (there.get("latency_ms"), low, high, there.get("energy_mj"))
        found.append(
            [
                stage["key"], stage["file"], str(stage["calls"]), stage["format"], str(stage["bytes"]), str(stage["params"]), str(row["macs_value"]),
                str(stage["peak_activation_bytes"]), f"{stage['p50_ms']:.6g}", f"{stage['p90_ms']:.6g}", costs.name,
                *("" if value is None else f"{value:.6g}" for value in numbers_of), str(there.get("ram_needed_bytes", "")),
                "" if numbers_of[0] is None else "extrapolated" if there.get("extrapolated") else "modelled", str(there.get("reason", "")),
            ]
        )  # fmt: skip
    return found
