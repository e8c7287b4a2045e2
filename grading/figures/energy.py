"""How long a charge lasts and how many inferences it gives, by each convention; energy and CO2 of one inference."""

from dataclasses import dataclass

from courseplatform.core import numbers
from grading.bench.on_device import USUAL_MAH
from grading.figures.base import Figure, Given, Json, Rows
from grading.figures.costs import Costs

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


def energy(given: Given) -> Figure:
    """The course's charge on one board by each convention, the course's own first."""
    costs, budget = given.costs, given.result["environment"].get("budget") or {}
    capacity = float(budget.get("capacity_mah", USUAL_MAH))
    ways = ways_of(costs, budget, capacity)
    rows = [_row(way, capacity, costs, is_rule=way.key == budget.get("convention", "nominal_current")) for way in ways]
    longest = max((row["hours_value"] for row in rows), default=0.0)
    for row in rows:
        row["share"] = row["hours_value"] / longest if longest else 0.0
    finding, how = _finding(costs, rows, capacity)
    return Figure(
        slug="energy", title="Energy", basis=costs.basis if costs.latency_ms is not None else "counted", finding=finding, how=how,
        note=f"One charge: {capacity / 1000:g} Ah. {costs.where}".strip(), asks_board=True,
        columns=["Convention", "Current, mA", "Hours", "Inferences", "from", "to", "Note"], rows=_csv(rows, costs, given),
        template="grading/_figure_energy.html",
        shown={"ways": rows, "scale": numbers.digits(longest), "charge": f"{capacity / 1000:g} Ah", "each": _each(costs, given)},
    )  # fmt: skip


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


def _row(way: Way, capacity: float, costs: Costs, *, is_rule: bool) -> Json:
    hours = capacity / way.current_ma if way.current_ma > 0 else 0.0
    many = HOUR_MS * hours / costs.latency_ms if costs.latency_ms and hours else 0.0
    ends = [HOUR_MS * hours / end for end in reversed(costs.interval_ms)] if costs.interval_ms and hours else []
    return {
        "title": way.title if way.current_ma > 0 else way.title.split(",")[0], "note": ("the course's rule; " if is_rule else "") + (way.why or way.note),
        "is_rule": is_rule, "arithmetic": way.arithmetic, "hours_value": hours, "hours": numbers.digits(hours) if hours else "–",
        "many": rounded(many) if many else "–", "ends": f"({rounded(ends[0])}-{rounded(ends[1])})" if ends else "",
        "numbers": (way.current_ma, hours, many, *ends),
    }  # fmt: skip


def rounded(value: float) -> str:
    """584 931 -> 585 000: three significant digits, as all estimates have."""
    return numbers.count(float(f"{value:.3g}"))


def _each(costs: Costs, given: Given) -> list[Json]:
    """What one inference takes, with the arithmetic."""
    energy_mj, watts = costs.verdict.get("energy_mj"), watts_of(costs)
    if not energy_mj or not costs.latency_ms:
        return (
            [{"label": "Energy of one inference", "value": "not modelled", "how": costs.reason}] if costs.slug else []
        )
    ms = numbers.milliseconds(costs.latency_ms)
    ends = [energy_mj * end / costs.latency_ms for end in costs.interval_ms] if costs.interval_ms else []
    interval = f" ({numbers.between(*ends)})" if ends else ""
    rows = [{"label": "Energy of one inference", "value": f"{numbers.millijoules(energy_mj)}{interval}",
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


def _finding(costs: Costs, rows: list[Json], capacity: float) -> tuple[str, str]:
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
    if costs.latency_ms is None:
        return f"{hours}; how many inferences is not known.", costs.reason
    # A sentence may break anywhere, but not inside a number.
    many, ends = (rule[key].replace(numbers.THIN, numbers.NARROW) for key in ("many", "ends"))
    return f"{hours}, {many} inferences.", f"90 % interval {ends.strip('()').replace('-', ' to ')}." if ends else ""


def _csv(rows: list[Json], costs: Costs, given: Given) -> Rows:
    """Plain numbers; then what one inference takes."""
    found = []
    for row in rows:
        cells = [f"{value:.6g}" if value else "" for value in row["numbers"]]
        found.append([row["title"], *cells, *[""] * (5 - len(cells)), row["note"]])
    found += [[row["label"], "", "", "", "", "", f"{row['value']}: {row['how']}"] for row in _each(costs, given)]
    return found or [["no board", "", "", "", "", "", ""]]
