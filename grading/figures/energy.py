"""How long a charge lasts and how many inferences it gives, by each convention; energy and CO2 of one inference.

Where a board measured, the numbers rest on its latency and its sensor, and what is modelled stands beside them.
"""

from dataclasses import dataclass

from courseplatform.core import numbers
from grading.bench.on_device import USUAL_MAH
from grading.figures.base import Figure, Given, Json, Rows
from grading.figures.costs import Costs
from grading.figures.measured import Measured, number_of
from grading.figures.side_by_side import by_words

# 0.81 pounds a kWh of all US generation in 2023: U.S. Energy Information Administration, FAQ "How much carbon dioxide is produced per
# kilowatthour of U.S. electricity generation?". A course sets its own grid with budget.grams_co2_per_kwh.
USUAL_GRAMS, USUAL_GRID = 367.0, "the mean of the United States in 2023 (EIA)"
HOUR_MS = 3_600_000.0
USUAL_VOLTS = 5.0


@dataclass(frozen=True)
class Way:
    """One convention. current_ma: what it draws from the charge; 0 where the convention has no number for this board: why says so."""

    key: str
    title: str
    note: str
    current_ma: float
    arithmetic: str
    why: str = ""


@dataclass(frozen=True)
class Rate:
    """What one inference takes of time: measured, else modelled; latency_ms None where neither is known. beside: what is modelled where it is
    measured."""

    latency_ms: float | None
    interval_ms: tuple[float, float] | None
    beside: Costs | None = None


def rate_of(costs: Costs, measured: Measured | None) -> Rate:
    if measured is None:
        return Rate(costs.latency_ms, costs.interval_ms)
    return Rate(measured.latency_ms, measured.interval_ms, costs if costs.latency_ms is not None else None)


def energy(given: Given) -> Figure:
    """The course's charge on one board by each convention, the course's own first."""
    costs, budget, measured = given.costs, given.result["environment"].get("budget") or {}, given.measured_here
    capacity, rate = float(budget.get("capacity_mah", USUAL_MAH)), rate_of(costs, measured)
    ways = [*ways_of(costs, budget, capacity), *_sensed(measured, budget, capacity)]
    rows = [_row(way, capacity, rate, is_rule=way.key == budget.get("convention", "nominal_current")) for way in ways]
    longest = max((row["hours_value"] for row in rows), default=0.0)
    for row in rows:
        row["share"] = row["hours_value"] / longest if longest else 0.0
    finding, how = _finding(given, rows, capacity, rate)
    each = [
        *(_each_measured(measured, costs) if measured else []),
        *_each(costs, given, is_beside=measured is not None),
    ]
    basis = "measured" if measured else costs.basis if costs.latency_ms is not None else "counted"
    return Figure(
        slug="energy", title="Energy", basis=basis, finding=finding, how=how, marks=_marks(measured),
        note=f"One charge: {capacity / 1000:g} Ah. {costs.where}".strip(), asks_board=True,
        columns=["Convention", "Current, mA", "Hours", "Inferences", "from", "to", "Note"], rows=_csv(rows, each),
        template="grading/_figure_energy.html",
        shown={"ways": rows, "scale": numbers.digits(longest), "charge": f"{capacity / 1000:g} Ah", "each": each},
    )  # fmt: skip


def _marks(measured: Measured | None) -> list[tuple[str, str]]:
    if measured is None:
        return []
    said = "the rest modelled" if measured.energy_mj else "energy modelled"
    return [("measured", measured.where), ("modelled", said)]


def _sensed(measured: Measured | None, budget: Json, capacity: float) -> list[Way]:
    """By what a sensor on the board saw while it inferred; nothing where there was none."""
    watts = number_of(measured.energy, "loaded_w") if measured else None
    if measured is None or not watts or watts <= 0:
        return []
    volts = number_of(measured.energy, "volts") or float(budget.get("volts", USUAL_VOLTS))
    source = str(measured.energy.get("source") or "its sensor")
    return [
        Way("sensed", f"While it inferred, {_watts(watts)} at {volts:g} V", f"{measured.where} by {source}", 1000 * watts / volts,
            f"{capacity * volts / 1000:g} Wh / {numbers.digits(watts)} W"),
    ]  # fmt: skip


def ways_of(costs: Costs, budget: Json, capacity: float) -> list[Way]:
    """By nominal current, at the meter of the calibration, under load by the profile, and load minus idle; the course's own first."""
    profile, volts = costs.profile, float(budget.get("volts", USUAL_VOLTS))
    if profile is None:
        return []
    idle, loaded = profile.idle_mw / 1000, profile.loaded_mw / 1000
    metered = watts_of(costs)
    nominal = float(profile.nominal_current_ma)
    watt_hours = f"{capacity * volts / 1000:g}"
    more = (metered or loaded) - idle

    def by_power(watts: float) -> tuple[float, str]:
        return 1000 * watts / volts, f"{watt_hours} Wh / {numbers.digits(watts)} W" if watts > 0 else ""

    found = [
        Way("nominal_current", f"Nominal current, {numbers.count(nominal)} mA" if nominal else "Nominal current", "the course's figure for the board",
            nominal, f"{capacity / 1000:g} Ah / {numbers.count(nominal)} mA" if nominal else "",
            "" if nominal else "The course gives no nominal current for this board."),
        Way("wall", f"While it infers, {_watts(metered)} at {volts:g} V", "the calibration's power", *by_power(metered),
            "" if metered else "No power is modelled."),
        Way("load", f"Under load, {_watts(loaded)} at {volts:g} V", "the profile's power, idle included", *by_power(loaded),
            "" if loaded else "No power of this board under load is known."),
        Way("load_minus_idle", f"Load minus idle, {_watts(max(more, 0.0))} at {volts:g} V", "what the model adds to an idle board",
            *by_power(more if idle and more > 0 else 0.0), "" if idle and more > 0 else "The idle power of this board is not known."),
    ]  # fmt: skip
    return sorted(found, key=lambda way: way.key != budget.get("convention", "nominal_current"))


def watts_of(costs: Costs) -> float:
    """Mean power while it infers, of the whole board; 0 where none is known."""
    energy_mj = costs.verdict.get("energy_mj")
    return energy_mj / costs.latency_ms if energy_mj and costs.latency_ms else 0.0


def _watts(watts: float) -> str:
    return f"{numbers.digits(watts)} W" if watts > 0 else "unknown"


def _row(way: Way, capacity: float, rate: Rate, *, is_rule: bool) -> Json:
    hours = capacity / way.current_ma if way.current_ma > 0 else 0.0
    many = HOUR_MS * hours / rate.latency_ms if rate.latency_ms and hours else 0.0
    ends = [HOUR_MS * hours / end for end in reversed(rate.interval_ms)] if rate.interval_ms and hours else []
    beside = rate.beside.latency_ms if rate.beside is not None and hours else None
    return {
        "title": way.title if way.current_ma > 0 else way.title.split(",")[0], "note": ("the course's rule; " if is_rule else "") + (way.why or way.note),
        "is_rule": is_rule, "arithmetic": way.arithmetic, "hours_value": hours, "hours": numbers.digits(hours) if hours else "–",
        "many": rounded(many) if many else "–", "ends": f"({rounded(ends[0])}-{rounded(ends[1])})" if ends else "",
        "beside": f"modelled: {rounded(HOUR_MS * hours / beside)}" if beside else "", "numbers": (way.current_ma, hours, many, *ends),
    }  # fmt: skip


def rounded(value: float) -> str:
    """584 931 -> 585 000: three significant digits, as all estimates have."""
    return numbers.count(float(f"{value:.3g}"))


def _each_measured(measured: Measured, costs: Costs) -> list[Json]:
    """What one inference took on the board, by its sensor or by a meter that counts."""
    above, whole = measured.energy_mj, number_of(measured.energy, "energy_mj")
    if above is None and whole is None:
        return [
            {"label": "Energy of one inference", "value": "not measured", "how": f"No sensor at {measured.runner} said what it took."},
        ]  # fmt: skip
    loaded, idle = number_of(measured.energy, "loaded_w"), number_of(measured.energy, "idle_w")
    source, rows, title = (
        str(measured.energy.get("source") or "its sensor"),
        list[Json](),
        f"Energy of one inference, {measured.where}",
    )
    if whole is not None:
        by = f", {by_words_of_energy(whole, costs)}" if costs.verdict.get("energy_mj") else ""
        watts = f"{numbers.digits(loaded)} W while it inferred, " if loaded else ""
        rows.append(
            {"label": title, "value": numbers.millijoules(whole), "how": f"{watts}the whole board, by {source}{by}"}
        )
    if above is not None:
        said = (
            f"without the {numbers.digits(idle)} W of the idle board" if idle else "without what the idle board takes"
        )
        is_read = whole is None and bool(measured.kept.get("reading"))
        label = "of it above the idle board" if whole is not None else title
        rows.append(
            {
                "label": label,
                "value": numbers.millijoules(above),
                "how": f"read from the team's meter, {said}" if is_read else said,
            }
        )
    if mah := number_of(measured.energy, "mah"):
        volts = number_of(measured.energy, "volts")
        how = f"at {volts:g} V" if volts else ""
        rows.append({"label": "of a charge, 1000 of them", "value": f"{numbers.digits(1000 * mah)} mAh", "how": how})
    return rows


def by_words_of_energy(measured_mj: float, costs: Costs) -> str:
    """30 % more than modelled: of the whole board, as the model counts it."""
    words = by_words(measured_mj, float(costs.verdict["energy_mj"]))
    return (
        words.replace("slower", "more than modelled")
        .replace("faster", "less than modelled")
        .replace("times as long", "times what is modelled")
    )


def _each(costs: Costs, given: Given, *, is_beside: bool = False) -> list[Json]:
    """What is modelled of one inference, with the arithmetic."""
    energy_mj, watts = costs.verdict.get("energy_mj"), watts_of(costs)
    if not energy_mj or not costs.latency_ms:
        return (
            [
                {
                    "label": f"Energy of one inference{', modelled' if is_beside else ''}",
                    "value": "not modelled",
                    "how": costs.reason,
                }
            ]
            if costs.slug
            else []
        )
    ms = numbers.milliseconds(costs.latency_ms)
    ends = [energy_mj * end / costs.latency_ms for end in costs.interval_ms] if costs.interval_ms else []
    interval = f" ({numbers.between(*ends)})" if ends else ""
    rows = [{"label": f"Energy of one inference{', modelled' if is_beside else ''}", "value": f"{numbers.millijoules(energy_mj)}{interval}",
             "how": f"{ms} x {numbers.digits(watts)} W, the whole board; {numbers.digits(energy_mj / 3600)} mWh"}]  # fmt: skip
    idle = costs.profile.idle_mw / 1000 if costs.profile else 0.0
    if 0 < idle < watts:
        share = idle * costs.latency_ms
        rows.append(
            {
                "label": "of it the idle board",
                "value": f"{numbers.millijoules(share)}",
                "how": f"{ms} x {numbers.digits(idle)} W; the model adds {numbers.millijoules(energy_mj - share)}",
            }
        )
    grams, grid = given.grams_per_kwh or USUAL_GRAMS, "this course's grid" if given.grams_per_kwh else USUAL_GRID
    kwh = energy_mj / 1000 / 3_600_000 * 1e6
    rows.append({"label": "CO2 of a million inferences", "value": f"{numbers.digits(kwh * grams)} g",
                 "how": f"{numbers.digits(kwh)} kWh x {numbers.digits(grams)} g/kWh, {grid}"})  # fmt: skip
    return rows


def _finding(given: Given, rows: list[Json], capacity: float, rate: Rate) -> tuple[str, str]:
    costs, measured = given.costs, given.measured_here
    charge = f"{capacity / 1000:g} Ah charge"
    rule = next((row for row in rows if row["is_rule"]), None)
    if rule is None or not rule["hours_value"]:
        why = rule["note"].removeprefix("the course's rule; ") if rule else ""
        said = (
            f"By the course's rule nothing can be said of the {costs.name}."
            if costs.name
            else "The lab names no board. Choose one."
        )
        return said, why
    hours = f"One {charge}: {rule['hours']} h without a pause"
    if rate.latency_ms is None:
        return f"{hours}; how many inferences is not known.", costs.reason
    # A sentence may break anywhere, but not inside a number.
    many, ends = (rule[key].replace(numbers.THIN, numbers.NARROW) for key in ("many", "ends"))
    between = ends.strip("()").replace("-", " to ")
    if measured is None:
        return f"{hours}, {many} inferences.", f"90 % interval {between}." if ends else ""
    said = f"By the latency that {measured.runner} measured, its windows give {between}. {_rests_on_the_model(given, rule)}"
    return f"{hours}, {many} inferences.", said.strip()


def _rests_on_the_model(given: Given, rule: Json) -> str:
    """Where the points of a charge follow from the modelled latency, though a board measured one."""
    counted = given.result["metrics"].get("inferences_per_charge")
    is_asked = any(line["metric"] == "inferences_per_charge" for line in given.result["points"])
    if not is_asked or not counted or abs(counted / rule["numbers"][2] - 1) < 0.005:
        return ""
    return f"The points of this lab rest on the modelled latency here: {rounded(counted)} inferences."


def _csv(rows: list[Json], each: list[Json]) -> Rows:
    """Plain numbers; then what one inference takes."""
    found = []
    for row in rows:
        cells = [f"{value:.6g}" if value else "" for value in row["numbers"]]
        note = "; ".join(filter(None, [row["note"], row["beside"]]))
        found.append([row["title"], *cells, *[""] * (5 - len(cells)), note])
    found += [[row["label"], "", "", "", "", "", f"{row['value']}: {row['how']}"] for row in each]
    return found or [["no board", "", "", "", "", "", ""]]
