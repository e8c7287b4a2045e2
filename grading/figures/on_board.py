"""A run on a board, drawn: its windows beside what is modelled, then its temperature, clock and power over the run. Pure; what is not known is left out."""

from courseplatform.core import numbers
from grading.figures.base import Figure, Given, Json, Rows, axis, label
from grading.figures.measured import THROTTLED, Measured, number_of, usual
from grading.figures.side_by_side import mhz

ROW, HEIGHT = 30, 220
TEMPERATURE, CLOCK, POWER = 1, 2, 4  # places in a sample
HOTTER_C = 3.0  # a rise of less is none
EVEN, FAR = 0.05, 3.0  # of a clock that stands; times the median, from which on the axis ends


def on_board(given: Given) -> Figure | None:
    """None where no board measured."""
    measured = given.measured
    if measured is None:
        return None
    finding, how = _finding(measured)
    rows = _rows(measured)
    return Figure(
        slug="board", title="On the board", basis="measured", finding=finding, how=how, marks=[("measured", measured.where)], note=_note(measured),
        columns=["Window", "p50, ms", "p90, ms", "p99, ms", "First, ms"], rows=rows, height=70 + ROW * len(rows), draw=lambda: _plot(given, measured),
        under=tuple(found for found in (heat(given), power(given)) if found is not None),
    )  # fmt: skip


def _finding(measured: Measured) -> tuple[str, str]:
    low, high = measured.interval_ms
    apart = high / low - 1 if low > 0 else 0.0
    many = len(measured.medians_ms)
    said = f"{numbers.milliseconds(measured.latency_ms)} in the median; " + (
        f"the medians of its {many} windows lie within {numbers.share(apart, 1)}."
        if many > 1
        else "one window was measured."
    )
    notes = measured.kept.get("notes")
    told = (
        [str(note) for note in notes] if isinstance(notes, list) else []
    )  # what may have moved the times, as grading/measuring/board_facts.py says it
    return said, " ".join(filter(None, [_bracket(measured), _throttled(measured), *told]))


def _bracket(measured: Measured) -> str:
    """What its reference model took before and after."""
    found = measured.bracket
    before, after, drift = (number_of(found, key) for key in ("before_ms", "after_ms", "drift_percent"))
    if before is None or after is None:
        return ""
    by = (
        f", {numbers.digits(abs(drift), 2)} % {'more' if drift > 0 else 'less'}" if drift and abs(drift) >= 0.05 else ""
    )
    baseline = number_of(found, "baseline_ms")
    usually = f"; usually {numbers.milliseconds(baseline)} on this board" if baseline else ""
    return f"Before it the golden model took {numbers.milliseconds(before)} there, and after it {numbers.milliseconds(after)}{by}{usually}."


def _throttled(measured: Measured) -> str:
    if not measured.samples:
        return "It throttled." if measured.is_throttled else ""
    seconds = sum(bool(row[THROTTLED]) for row in measured.samples)
    return f"It throttled in {seconds} of {len(measured.samples)} samples." if seconds else "It never throttled."


def _note(measured: Measured) -> str:
    """What is only told of the run: runtime, threads, governor, wait for cooling, agent and system."""
    kept, said = measured.kept, []
    for key, words in (
        ("governor", "governor {}"),
        ("threads", "{} threads"),
        ("agent", "agent {}"),
        ("kernel", "kernel {}"),
    ):
        if kept.get(key):
            said.append(
                words.format(kept[key]).replace("1 threads", "1 thread")
                if key == "threads"
                else words.format(kept[key])
            )
    cooled = number_of(kept, "cooled_s")
    if cooled:
        said.append(f"waited {numbers.digits(cooled)} s to cool down")
    return f"{', '.join(said)}.".capitalize() if said else ""


# -- the windows ------------------------------------------------------------------------------------------------------


def _windows(measured: Measured) -> list[Json]:
    """Each with p50_ms; the other percentiles where the board said them."""
    return list(measured.windows) or [{"p50_ms": value} for value in measured.medians_ms]


def _rows(measured: Measured) -> Rows:
    keys = ("p50_ms", "p90_ms", "p99_ms", "first_ms")
    return [
        [str(n), *("" if (value := _first(row.get(key))) is None else f"{value:.6g}" for key in keys)]
        for n, row in enumerate(_windows(measured), 1)
    ]


def _first(value: object) -> float | None:
    """`first_ms` is a number, or the first few inferences."""
    found = value[0] if isinstance(value, list) and value else value
    return number_of({"value": found}, "value")


def _plot(given: Given, measured: Measured) -> Json:
    windows = _windows(measured)
    traces: list[Json] = []
    for place, row in enumerate(windows):
        y = len(windows) - place
        ends = [value for key in ("p50_ms", "p90_ms", "p99_ms") if (value := _first(row.get(key))) is not None]
        if len(ends) > 1:
            traces.append({"type": "scatter", "mode": "lines+markers", "x": ends, "y": [y] * len(ends), "line": {"color": "--plot-1-soft", "width": 3},
                           "marker": {"symbol": "line-ns", "size": 9, "line": {"color": "--plot-1", "width": 1.5}},
                           "hovertemplate": f"window {place + 1}: %{{x:.3g}} ms<extra></extra>"})  # fmt: skip
        traces.append({"type": "scatter", "mode": "markers", "x": ends[:1], "y": [y], "marker": {"color": "--plot-1", "size": 10}, "cliponaxis": False,
                       "hovertemplate": f"window {place + 1}, p50: %{{x:.3g}} ms<extra></extra>"})  # fmt: skip
    return {"data": traces, "layout": _layout(given, measured, windows)}


def _layout(given: Given, measured: Measured, windows: list[Json]) -> Json:
    costs = given.lab_costs
    longest = max(
        value
        for row in windows
        for key in ("p50_ms", "p90_ms", "p99_ms")
        if (value := _first(row.get(key))) is not None
    )
    most = min(longest, FAR * measured.latency_ms)  # one inference that was held up does not press the others together
    shapes, words, high = [], [], most
    if longest > most:
        words.append(label(f"p99 up to {numbers.milliseconds(longest)}", x=1, xref="paper", xanchor="right", y=1, yref="paper", yanchor="bottom",
                           color="--ink-3"))  # fmt: skip
    if costs.interval_ms and costs.latency_ms is not None and costs.interval_ms[0] < 2 * most:
        high = max(most, min(costs.interval_ms[1], 1.5 * most))
        shapes.append({"type": "rect", "x0": costs.interval_ms[0], "x1": costs.interval_ms[1], "yref": "paper", "y0": 0, "y1": 1,
                       "fillcolor": "--inset", "line": {"width": 0}, "layer": "below"})  # fmt: skip
        words.append(label(f"modelled {numbers.between(*costs.interval_ms)}", x=costs.interval_ms[0], xanchor="left", y=1, yref="paper",
                           yanchor="bottom", color="--ink-3"))  # fmt: skip
    names = [
        label(
            f"Window {n}",
            x=0,
            xref="paper",
            xanchor="right",
            xshift=-10,
            y=len(windows) - n + 1,
            yanchor="middle",
            color="--ink-2",
        )
        for n in range(1, len(windows) + 1)
    ]
    return {
        "margin": {"l": 84, "t": 28}, "shapes": shapes, "annotations": [*words, *names],
        "xaxis": {"title": {"text": f"ms per {given.runs_words[0]}, p50, p90 and p99"}, "range": [0, 1.08 * high], "showgrid": True},
        "yaxis": {"range": [0.4, len(windows) + 0.6], "showticklabels": False, "ticks": "", "showgrid": False, "zeroline": False, "showline": False},
    }  # fmt: skip


# -- over the run -----------------------------------------------------------------------------------------------------


def heat(given: Given) -> Figure | None:
    """Temperature over the run with the clock below it; None where the board said neither."""
    measured = given.measured
    if measured is None:
        return None
    warm, clock = measured.series(TEMPERATURE), measured.series(CLOCK)
    if not warm and not clock:
        return None
    throttled = [row[0] for row in measured.samples if row[THROTTLED]]
    return Figure(
        slug="board-heat", title="Temperature and clock", basis="measured", finding=_heat_finding(measured, warm, clock), how="", height=HEIGHT,
        columns=["Second", "Temperature, °C", "Clock, MHz", "Throttled"], rows=_samples(measured, TEMPERATURE, CLOCK, THROTTLED),
        draw=lambda: _heat_plot(warm, clock, throttled), aside=_heat_aside(measured),
    )  # fmt: skip


def _heat_finding(measured: Measured, warm: list[tuple[float, float]], clock: list[tuple[float, float]]) -> str:
    said = []
    if warm:
        first, last, most = warm[0][1], warm[-1][1], max(value for _, value in warm)
        rose = (
            f"It went from {first:.0f} to {last:.0f} °C"
            if abs(last - first) >= HOTTER_C
            else f"It stayed near {last:.0f} °C"
        )
        said.append(f"{rose}, {most:.0f} °C at most" if most >= max(first, last) + 1 else rose)
    if clock:
        least, most = min(value for _, value in clock), max(value for _, value in clock)
        at = f"{mhz(most)} throughout" if least > (1 - EVEN) * most else f"{mhz(least)} to {mhz(most)}"
        said.append(f"{'its' if warm else 'Its'} clock was {at}")
    return f"{'; '.join(said)}."


def _heat_aside(measured: Measured) -> list[dict[str, str]]:
    found = [("before", "temperature_before_c"), ("after", "temperature_after_c")]
    return [
        {"label": f"temperature {word}", "value": f"{value:.1f} °C"}
        for word, key in found
        if (value := number_of(measured.kept, key)) is not None
    ]


def _samples(measured: Measured, *places: int) -> Rows:
    def cell(value: object) -> str:
        return "" if value is None else ("yes" if value else "no") if isinstance(value, bool) else f"{value:.6g}"

    return [[f"{row[0]:.4g}", *(cell(row[place]) for place in places)] for row in measured.samples]


def _heat_plot(warm: list[tuple[float, float]], clock: list[tuple[float, float]], throttled: list[float]) -> Json:
    """One axis a quantity, the temperature above."""
    is_both = bool(warm and clock)
    traces: list[Json] = []
    if warm:
        traces.append(_curve(warm, "y", "--plot-2", "%{x:.0f} s: %{y:.1f} °C<extra></extra>"))
    if clock:
        traces.append(_curve(clock, "y2" if is_both else "y", "--plot-1", "%{x:.0f} s: %{y:.0f} MHz<extra></extra>"))
    layout: Json = {
        "xaxis": {"title": {"text": "seconds"}, "showgrid": False, "rangemode": "tozero"}, "margin": {"l": 48},
        "yaxis": axis("°C" if warm else "MHz") | {"nticks": 4, **({"domain": [0.56, 1], "rangemode": "normal"} if is_both else {})},
        "shapes": [_at(second) for second in throttled],
    }  # fmt: skip
    if is_both:
        layout["xaxis"]["anchor"] = "y2"
        layout["yaxis2"] = {
            "domain": [0, 0.4], "nticks": 3, "rangemode": "tozero", "gridcolor": "--grid", "tickfont": {"size": 12, "color": "--ink-3"}, "fixedrange": True,
            "zerolinecolor": "--line-2", "automargin": True,
        }  # fmt: skip
        layout["annotations"] = [
            label(
                "MHz",
                x=0,
                xref="paper",
                xanchor="left",
                xshift=-40,
                y=0.4,
                yref="paper",
                yanchor="bottom",
                yshift=4,
                color="--ink-3",
            ),
        ]
    return {"data": traces, "layout": layout}


def _curve(series: list[tuple[float, float]], on: str, color: str, hover: str) -> Json:
    return {
        "type": "scatter", "mode": "lines", "x": [x for x, _ in series], "y": [y for _, y in series], "yaxis": on, "line": {"color": color, "width": 1.5},
        "hovertemplate": hover,
    }  # fmt: skip


def _at(second: float) -> Json:
    """A second in which the board throttled."""
    return {
        "type": "line",
        "x0": second,
        "x1": second,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"color": "--plot-2-soft", "width": 2},
        "layer": "below",
    }


def power(given: Given) -> Figure | None:
    """Power over the run, idle and loaded; None where no sensor saw it."""
    measured = given.measured
    if measured is None:
        return None
    series, found = measured.series(POWER), measured.energy
    idle, loaded = number_of(found, "idle_w"), number_of(found, "loaded_w")
    if not series and loaded is None:
        return None
    levels = [(watts, words) for watts, words in ((idle, "idle"), (loaded, "loaded")) if watts is not None]
    return Figure(
        slug="board-power", title="Power", basis="measured", finding=_power_finding(series, idle, loaded, _while(given)), how="", height=HEIGHT,
        columns=["Second", "Power, W"], rows=_samples(measured, POWER) or [["", ""]], aside=_power_aside(measured, given),
        draw=(lambda: _power_plot(series, levels)) if series else None,
    )  # fmt: skip


def _while(given: Given) -> str:
    return "while it trained" if given.of_steps else "while it inferred"


def _power_finding(series: list[tuple[float, float]], idle: float | None, loaded: float | None, during: str) -> str:
    if loaded is None:
        return f"It took {numbers.digits(usual([value for _, value in series]))} W in the median of the run."
    said = f"It took {numbers.digits(loaded)} W {during}"
    return f"{said}, {numbers.digits(loaded - idle)} W more than idle." if idle is not None else f"{said}."


def _power_aside(measured: Measured, given: Given) -> list[dict[str, str]]:
    found = measured.energy
    rows = [(words, number_of(found, key), unit) for words, key, unit in (
        ("idle", "idle_w", "W"), (_while(given), "loaded_w", "W"), (f"of one {given.runs_words[0]}, whole board", "energy_mj", "mJ"),
        ("of it above idle", "energy_mj_above_idle", "mJ"))]  # fmt: skip
    pairs = [
        {"label": words, "value": f"{numbers.digits(value)} {unit}"} for words, value, unit in rows if value is not None
    ]
    return [*pairs, *([{"label": "by", "value": str(found["source"])}] if found.get("source") else [])]


def _power_plot(series: list[tuple[float, float]], levels: list[tuple[float, str]]) -> Json:
    return {
        "data": [_curve(series, "y", "--plot-3", "%{x:.0f} s: %{y:.2f} W<extra></extra>")],
        "layout": {
            "xaxis": {"title": {"text": "seconds"}, "showgrid": False, "rangemode": "tozero"}, "yaxis": axis("W") | {"nticks": 5},
            "shapes": [{"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": watts, "y1": watts, "line": {"color": "--plot-0", "width": 1, "dash": "dot"}}
                       for watts, _ in levels],
            "annotations": [label(words, x=1, xref="paper", xanchor="right", y=watts, yanchor="bottom", color="--ink-3") for watts, words in levels],
        },
    }  # fmt: skip
