"""The table of all boards: does it fit, what a board measured, and what is modelled there."""

from grading.figures import board_rows
from grading.figures.base import Figure, Given, Json
from grading.figures.measured import Measured
from grading.figures.side_by_side import difference
from grading.spec import MODELLED

OTHERS, MODELLED_ALL = "Every other latency and energy is", "Latency and energy are"


def devices(given: Given) -> Figure:
    """Does it fit, and what is modelled, board by board."""
    found = board_rows.verdicts_of(given.result["environment"])
    graded_by = given.result["environment"].get("graded_by", {})
    yes = sum(1 for verdict in found.values() if verdict["fits"])
    measured = given.measured
    return Figure(
        slug="devices", title="All boards", basis="counted",
        finding=f"It fits {yes} of {len(found)} boards." if found else "This result is older than the table of boards.",
        how="RAM: peak activations, weights where the board copies them, and the runtime's own share, against what the system leaves.",
        note=f"{_measured(given)}{OTHERS if measured else MODELLED_ALL} modelled, with the 90 % interval. {_rests(given)} "
             + board_rows.budget_words(given.result["environment"].get("budget", {})),
        columns=["Device", "Fits", "RAM needed, bytes", "RAM left for models, bytes", "Flash needed, bytes", "Flash, bytes", "Setting",
                 "Latency, ms", "from", "to", "Energy, mJ", "Hours on one charge", "Basis", "Calibration", "Why", "Graded by"],
        rows=_rows(given, found, str(graded_by.get("label", ""))),
        template="grading/_figure_devices.html",
        shown={"boards": board_rows.board_rows(found, given.profiles, given.spec.devices, measured, given.runs_words[1]),
               "reasons": board_rows.reasons(found, given.profiles), "flags": board_rows.flags(found, given.profiles),
               "calibrations": board_rows.calibrations(found, given.profiles),
               "is_modelled": measured is not None or any(verdict.get("latency_ms") is not None for verdict in found.values()),
               "is_measured": measured is not None},
    )  # fmt: skip


def _measured(given: Given) -> str:
    """What a board measured of this model beside what is modelled of that board; "" where none did."""
    return f"On {given.measured.runner}: {difference(given.measured, given.lab_costs)} " if given.measured else ""


def _rests(given: Given) -> str:
    """Whether points follow from what is modelled, and on which board."""
    lines = [line for line in given.result["points"] if line["metric"] in MODELLED]
    named = {
        basis: [line["title"].lower() for line in lines if line["basis"] == basis] for basis in ("measured", "modelled")
    }
    said = []
    if named["measured"]:
        said.append(f"The points for {' and '.join(named['measured'])} rest on what was measured.")
    if named["modelled"]:
        said.append(f"The points for {' and '.join(named['modelled'])} rest on those of the lab's first board.")
    return " ".join(said) or "No points rest on them here."


def _rows(given: Given, found: dict[str, Json], label: str) -> list[list[str]]:
    """The CSV: what a board measured has a row of its own, before that of the model of the same board."""
    rows = []
    for slug, verdict in found.items():
        modelled = [*_device_cells(slug, verdict), label]
        if given.measured is not None and slug == given.lab_costs.slug:
            rows.append(_measured_cells(modelled, given.measured))
        rows.append(modelled)
    return rows


def _measured_cells(modelled: list[str], measured: Measured) -> list[str]:
    """The same row with what was measured in the place of what is modelled; on a charge nothing is measured."""
    energy = f"{measured.energy_mj:.6g}" if measured.energy_mj is not None else ""
    times = [f"{value:.6g}" for value in (measured.latency_ms, *measured.interval_ms)]
    return [*modelled[:6], measured.where, *times, energy, "", "measured", "", *modelled[-2:]]


def _device_cells(slug: str, verdict: Json) -> list[str]:
    """One row of the CSV: plain numbers, empty where there is none."""
    low, high = verdict.get("latency_interval_ms") or (None, None)
    modelled = (verdict.get("latency_ms"), low, high, verdict.get("energy_mj"), verdict.get("battery_hours"))
    basis = "" if modelled[0] is None else "extrapolated" if verdict["extrapolated"] else "modelled"
    sizes = [verdict[key] for key in ("ram_needed_bytes", "ram_limit_bytes", "flash_needed_bytes")]
    return [
        slug, "yes" if verdict["fits"] else "no", *map(str, sizes), str(verdict["flash_limit_bytes"] or ""),
        board_rows.setting_words(verdict), *("" if value is None else f"{value:.6g}" for value in modelled), basis,
        board_rows.calibration_words(verdict), " ".join([*verdict["reasons"], *verdict.get("flags", [])]),
    ]  # fmt: skip
