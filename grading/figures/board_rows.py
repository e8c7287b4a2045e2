"""The table of boards: what a model needs there, what is modelled of it there, and each reason once. Pure: stored verdicts in, rows out."""

from collections.abc import Iterable, Mapping
from typing import Any

from courseplatform.core import numbers
from courseplatform.core.badges import Badge
from grading.figures.measured import Measured, windows_words
from hardware.profiles import RUNTIME_NAMES, DeviceProfile, today_slug, with_todays_slugs

Json = dict[str, Any]
NONE = "–"


def verdicts_of(environment: Mapping[str, Any]) -> dict[str, Json]:
    """What a result says of each device, as grading/bench/on_device.py writes it today.

    Results of before the cost model have `fits` in place of `devices`, with limits and runtime nested, and no prediction.
    """
    if "devices" in environment:
        return with_todays_slugs(environment["devices"])
    return {slug: _older(verdict) for slug, verdict in with_todays_slugs(environment.get("fits", {})).items()}


def _older(verdict: Json) -> Json:
    return {
        "fits": verdict["fits"],
        "ram_needed_bytes": verdict["ram"]["need_bytes"], "ram_limit_bytes": verdict["ram"]["limit_bytes"],
        "flash_needed_bytes": verdict["flash"]["need_bytes"], "flash_limit_bytes": verdict["flash"]["limit_bytes"],
        "why": verdict["runtime"]["why"], "reasons": verdict["reasons"],
    }  # fmt: skip


def board_rows(
    verdicts: Mapping[str, Json],
    profiles: Mapping[str, DeviceProfile],
    lab_boards: Iterable[str],
    measured: Measured | None = None,
    runs: str = "inferences",
) -> list[Json]:
    """One row a board, the lab's first and in its order. Where a board measured in the place of the lab's first, what it measured stands on top,
    and what is modelled of the same board below it. runs: what it timed, as Given.runs_words says."""
    slugs = [today_slug(slug) for slug in lab_boards]
    order = {slug: place for place, slug in enumerate(slugs)}
    found: list[tuple[str, Json]] = []
    for slug, verdict in verdicts.items():
        row = _row(slug, verdict, profiles, slug in order)
        if measured is not None and slug == slugs[0]:
            found.append((slug, row | measured_cells(measured, runs)))
            row |= {"is_beside": True}
        found.append((slug, row))
    return [row for _, row in sorted(found, key=lambda pair: order.get(pair[0], len(order)))]


def measured_cells(measured: Measured, runs: str) -> Json:
    """What a row says where a board measured."""
    low, high = measured.interval_ms
    return {
        "setting": f"{measured.where}, {numbers.count(measured.runs)} {runs} in {len(measured.medians_ms)} windows",
        "latency": numbers.digits(measured.latency_ms), "interval": f"({windows_words(low, high)})", "energy": _digits(measured.energy_mj),
        "basis": ("measured", "its windows' range; energy above idle" if measured.energy_mj else "its windows' range"),
    }  # fmt: skip


def name_of(slug: str, verdict: Json, profiles: Mapping[str, DeviceProfile]) -> str:
    """As it is called today; a device that is gone keeps the name that it had."""
    return profiles[slug].name if slug in profiles else str(verdict.get("name", slug))


def reasons(verdicts: Mapping[str, Json], profiles: Mapping[str, DeviceProfile]) -> list[dict[str, str]]:
    """Why a model does not run somewhere: each sentence with the boards it holds for."""
    boards: dict[str, list[str]] = {}
    for slug, verdict in verdicts.items():
        name = name_of(slug, verdict, profiles)
        if not verdict["fits"] and verdict["why"]:
            boards.setdefault(verdict["why"].replace(f"the {name}", "this board"), []).append(name)
    return [{"boards": "; ".join(names), "why": why} for why, names in boards.items()]


def flags(verdicts: Mapping[str, Json], profiles: Mapping[str, DeviceProfile]) -> list[dict[str, str]]:
    """Why a modelled number is uncertain: each sentence with the boards it holds for."""
    boards: dict[str, list[str]] = {}
    for slug, verdict in verdicts.items():
        for said in verdict.get("flags", []):
            boards.setdefault(said, []).append(name_of(slug, verdict, profiles))
    return [{"boards": "; ".join(names), "why": why} for why, names in boards.items()]


def calibrations(verdicts: Mapping[str, Json], profiles: Mapping[str, DeviceProfile]) -> list[dict[str, str]]:
    """What each modelled number rests on: each calibration with the boards it holds for."""
    boards: dict[str, list[str]] = {}
    for slug, verdict in verdicts.items():
        if said := calibration_words(verdict):
            boards.setdefault(f"{setting_words(verdict)}: {said}.", []).append(name_of(slug, verdict, profiles))
    return [{"boards": "; ".join(names), "why": why} for why, names in boards.items()]


def _row(slug: str, verdict: Json, profiles: Mapping[str, DeviceProfile], is_lab: bool) -> Json:
    limit = verdict["flash_limit_bytes"]
    return {
        "name": name_of(slug, verdict, profiles), "is_lab": is_lab, "is_beside": False, "badge": _badge(verdict),
        "ram": numbers.size(verdict["ram_limit_bytes"]), "ram_need": numbers.size(verdict["ram_needed_bytes"]),
        "flash": numbers.size(limit) if limit else "",
        "flash_need": numbers.size(verdict["flash_needed_bytes"]),
        "setting": setting_words(verdict), "basis": _basis(verdict), **_modelled(verdict),
    }  # fmt: skip


CONVENTION_WORDS = {
    "nominal_current": "by its nominal current",
    "wall": "by power at the wall while it infers",
    "load": "by the board's power under load",
    "load_minus_idle": "by what the model adds to an idle board",
}


def budget_words(budget: Json) -> str:
    """How hours on a charge were counted; results of before the budget say nothing."""
    if not budget:
        return ""
    volts = "" if budget["convention"] == "nominal_current" else f" at {budget['volts']:g} V"
    return f"Hours on {numbers.count(budget['capacity_mah'])} mAh{volts}: of each device {CONVENTION_WORDS[budget['convention']]}."


def setting_words(verdict: Json) -> str:
    """TFLite 2.4.1 int8, 4 threads; "" where a result is older."""
    if not verdict.get("runtime"):
        return ""
    # Of a pipeline with several runtimes: "onnxruntime@1.9 and tflite@2.7.1".
    runtimes = [one.partition("@") for one in str(verdict["runtime"]).split(" and ")]
    named = " and ".join(f"{RUNTIME_NAMES.get(name, name)} {version}".strip() for name, _, version in runtimes)
    words = [named, verdict.get("precision") or ""]
    threads = verdict.get("threads")
    count = f", {threads} thread{'' if threads == 1 else 's'}" if threads else ""
    return " ".join(word for word in words if word) + count


def calibration_words(verdict: Json) -> str:
    """87 rows of 2026-11-20, families left out 8.8 % off: what a modelled number rests on; "" where there is none."""
    found = verdict.get("calibration")
    if not found or verdict.get("latency_ms") is None:
        return ""
    error, own = found["family_out_median"], found.get("source", "")
    off = "" if error is None else f", families left out {100 * error:.1f} % off"
    said = f"{found['rows']} rows of {found['date']}{off}"
    return f"{said}; {own} of this course" if own else said


def _modelled(verdict: Json) -> dict[str, str]:
    latency, interval = verdict.get("latency_ms"), verdict.get("latency_interval_ms")
    return {
        "latency": _digits(latency),
        "interval": f"({numbers.digits(interval[0])}-{numbers.digits(interval[1])})" if interval else "",
        "energy": _digits(verdict.get("energy_mj")),
        "hours": _digits(verdict.get("battery_hours")),
    }


def _digits(value: float | None) -> str:
    return NONE if value is None else numbers.digits(value)


def _basis(verdict: Json) -> tuple[str, str]:
    """(basis, what limits it) of what the row says about speed."""
    if verdict.get("latency_ms") is None:
        return "counted", ""
    if verdict["extrapolated"]:
        return "extrapolated", ""
    return "modelled", "" if verdict["graded"] else "few rows, not graded"


def _badge(verdict: Json) -> Badge:
    if verdict["fits"]:
        return Badge("good", "check", "fits")
    over = {
        part: verdict[f"{key}_needed_bytes"] - verdict[f"{key}_limit_bytes"]
        for part, key in (("RAM", "ram"), ("flash", "flash"))
        if verdict[f"{key}_limit_bytes"]
    }
    part = max(over, key=lambda name: over[name], default="")
    if part and over[part] > 0:
        return Badge("bad", "octagon", f"{numbers.size(over[part])} of {part} over")
    return Badge("bad", "octagon", "does not run")
