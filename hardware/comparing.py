"""Devices side by side: rows of a table, a plot of memory against computing, a CSV, and one device with its sources. Pure."""

from collections.abc import Iterable, Mapping
from math import log10
from typing import Any

from courseplatform.core import numbers
from hardware.profile_reading import NEED_A_SOURCE
from hardware.profiles import FORMAT_NAMES, RUNTIME_NAMES, DeviceProfile
from hardware.tiers import Tier, load_tiers

Json = dict[str, Any]
NONE = "–"
PEAK_NAMES = {"fp32_gflops": "fp32", "fp16_gflops": "fp16", "int8_gops": "int8"}
POWER_NAMES = {"wall": "at the wall", "dc": "direct current into the board", "chip": "the chip alone", "": ""}
HEIGHT = 380
MIB, GIB = 1 << 20, 1 << 30
RAM_TICKS = {1 << 20: "1 MiB", 32 * MIB: "32 MiB", GIB: "1 GiB", 32 * GIB: "32 GiB"}


def device_rows(profiles: Mapping[str, DeviceProfile], own: Iterable[str] = ()) -> list[Json]:
    """Smallest memory first. own: slugs of devices of the course itself."""
    mine = set(own)
    ordered = sorted(profiles.values(), key=lambda profile: (profile.ram_bytes, profile.name))
    return [_row(profile, profile.slug in mine) for profile in ordered]


def _row(profile: DeviceProfile, is_own: bool) -> Json:
    peaks = peaks_of(profile)
    return {
        "slug": profile.slug, "name": profile.name, "kind": profile.kind, "tier": profile.tier, "is_own": is_own,
        "ram": ram_words(profile.ram_bytes), "left": ram_words(profile.left_bytes),
        "fp32": _most(peaks, "fp32"), "int8": _most(peaks, "int8"), "bandwidth": _number(profile.memory_bandwidth_mb_s),
        "idle": _watts(profile.idle_mw), "loaded": _watts(profile.loaded_mw), "power_at": profile.power_at,
        "current": _number(profile.nominal_current_ma),
        "runtimes": ", ".join(RUNTIME_NAMES[name] for name in profile.runtimes),
    }  # fmt: skip


def tier_rows() -> list[Json]:
    return [
        {
            "name": tier.name, "example": tier.example, "ram": tier.ram, "storage": tier.storage, "source": tier.source,
            "peak": numbers.digits(tier.peak_gops), "power": _watts(tier.power_mw), "bandwidth": _number(tier.memory_bandwidth_mb_s),
        }
        for tier in load_tiers()
    ]  # fmt: skip


def peaks_of(profile: DeviceProfile) -> list[tuple[str, str, float]]:
    """(what computes, type, 10^9 operations a second) of processor and accelerator, where there are any."""
    own = (("fp32", profile.peak_fp32_gflops), ("fp16", profile.peak_fp16_gflops), ("int8", profile.peak_int8_gops))
    more = ((PEAK_NAMES[key], value) for key, value in profile.accelerator_peaks.items())
    rows = [("processor", kind, value) for kind, value in own] + [
        (profile.accelerator, kind, value) for kind, value in more
    ]
    return [row for row in rows if row[2]]


def _most(peaks: list[tuple[str, str, float]], kind: str) -> str:
    found = [value for _, one, value in peaks if one == kind]
    return numbers.digits(max(found)) if found else NONE


def ram_words(value: float) -> str:
    """1 GiB and more in GiB: the number by which boards are called."""
    return f"{numbers.digits(value / GIB)}{numbers.NARROW}GiB" if value >= GIB else numbers.size(value)


def _watts(value_mw: int) -> str:
    return numbers.digits(value_mw / 1000) if value_mw else NONE


def _number(value: float) -> str:
    return numbers.count(value) if value else NONE


def finding(profiles: Mapping[str, DeviceProfile]) -> str:
    """What the plot shows in one sentence."""
    known = [profile for profile in profiles.values() if profile.best_peak_gops]
    ram = max(p.ram_bytes for p in known) / min(p.ram_bytes for p in known)
    peak = max(p.best_peak_gops for p in known) / min(p.best_peak_gops for p in known)
    return f"From the smallest to the largest, memory grows {_times(ram)} times and computing {_times(peak)} times."


def _times(value: float) -> str:
    """Two digits are enough for a ratio: 54 000."""
    step = 10 ** max(int(log10(value)) - 1, 0)
    return numbers.count(round(value / step) * step)


def plot(profiles: Mapping[str, DeviceProfile]) -> Json:
    """Memory against the highest peak, both axes in powers of ten; sizes of one board on a line, its name written once."""
    families = _families(profiles)
    sides = _sides(families)
    traces = [_trace(name, members, sides[name]) for name, members in families.items()]
    tens = [10**n for n in range(7)]
    layout = {
        "xaxis": {"type": "log", "title": {"text": "RAM (log)"}, "tickvals": list(RAM_TICKS), "ticktext": list(RAM_TICKS.values()), "range": [4.6, 12.2]},
        "yaxis": {"type": "log", "title": {"text": "10⁹ operations a second, highest peak (log)"}, "tickvals": tens,
                  "ticktext": [numbers.count(ten) for ten in tens], "range": [-0.6, 6.4]},
        "margin": {"l": 64},
    }  # fmt: skip
    return {"data": [*traces, _tiers_trace(load_tiers())], "layout": layout}


def _families(profiles: Mapping[str, DeviceProfile]) -> dict[str, list[DeviceProfile]]:
    """Devices that are one board in several sizes of memory, under the part of the slug that they share."""
    groups: dict[tuple[str, float], list[DeviceProfile]] = {}
    for profile in sorted(profiles.values(), key=lambda profile: profile.ram_bytes):
        if profile.best_peak_gops:
            groups.setdefault((profile.board or profile.slug, profile.best_peak_gops), []).append(profile)
    return {_shared_name(members): members for members in groups.values()}


def _shared_name(members: list[DeviceProfile]) -> str:
    """Of rpi-4-2gb and rpi-4-4gb: rpi-4. The short name, because many stand close together."""
    first, *others = (profile.slug.split("-") for profile in members)
    return "-".join(part for part in first if all(part in other for other in others)) or members[0].slug


NEAR_HEIGHT, NEAR_WIDTH = 0.35, 2.5  # in powers of ten: names that are closer than both would run into each other


def _sides(families: Mapping[str, list[DeviceProfile]]) -> dict[str, str]:
    """Where each name stands: at the right of its largest size, else at the left of its smallest, else above."""
    taken: list[tuple[str, float, float]] = []
    found = {}
    for name, members in sorted(families.items(), key=lambda pair: -pair[1][-1].ram_bytes):
        height = log10(members[0].best_peak_gops)
        ends = {"middle right": members[-1], "middle left": members[0], "top center": members[0]}
        side = next(
            (one for one, end in ends.items() if _is_free(taken, one, log10(end.ram_bytes), height)), "top center"
        )
        taken.append((side, log10(ends[side].ram_bytes), height))
        found[name] = side
    return found


def _is_free(taken: list[tuple[str, float, float]], side: str, at: float, height: float) -> bool:
    return not any(
        other == side and abs(x - at) < NEAR_WIDTH and abs(y - height) < NEAR_HEIGHT for other, x, y in taken
    )


def _trace(name: str, members: list[DeviceProfile], side: str) -> Json:
    words = [""] * len(members)
    words[-1 if side == "middle right" else 0] = name
    return {
        "type": "scatter", "mode": "lines+markers+text", "x": [p.ram_bytes for p in members], "y": [p.best_peak_gops for p in members],
        "text": words, "textposition": side, "cliponaxis": False,
        "textfont": {"size": 12, "color": "--ink-2"}, "line": {"color": "--plot-1", "width": 1.5},
        "marker": {"color": "--plot-1", "size": 9, "line": {"color": "--ground", "width": 1.5}},
        "customdata": [[p.name, ram_words(p.ram_bytes)] for p in members],
        "hovertemplate": "%{customdata[0]}: %{customdata[1]}, %{y:.3g}<extra></extra>",
    }  # fmt: skip


def _tiers_trace(tiers: tuple[Tier, ...]) -> Json:
    return {
        "type": "scatter", "mode": "markers+text", "x": [tier.ram_bytes for tier in tiers], "y": [tier.peak_gops for tier in tiers],
        "text": [tier.name for tier in tiers], "textposition": ["middle left", "top left", "top right"], "cliponaxis": False,
        "textfont": {"size": 12, "color": "--ink-3"},
        "marker": {"color": "--ground", "size": 12, "line": {"color": "--plot-0", "width": 2}},
        "customdata": [[tier.example, tier.ram] for tier in tiers],
        "hovertemplate": "%{text}, %{customdata[0]}: %{customdata[1]}, %{y:.3g}<extra></extra>",
    }  # fmt: skip


COLUMNS = (
    "slug", "name", "tier", "cores", "clock_mhz", "isa", "ram_bytes", "left_bytes", "flash_bytes", "peak_fp32_gflops", "peak_fp16_gflops",
    "peak_int8_gops", "accelerator", "memory_bandwidth_mb_s", "idle_mw", "loaded_mw", "power_at", "nominal_current_ma",
)  # fmt: skip


def csv_rows(profiles: Mapping[str, DeviceProfile]) -> list[list[Any]]:
    """Plain numbers in the units of the keys."""
    return [[getattr(profile, key) for key in COLUMNS] + [" ".join(profile.runtimes)] for profile in profiles.values()]


def fact_groups(profile: DeviceProfile) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """One device: heading, then (what, value, source), each number beside where it is from."""
    said = profile.sources
    chip = [
        ("Cores", f"{profile.cores} at {numbers.count(profile.clock_mhz)}{numbers.NARROW}MHz"),
        ("Instruction set", profile.isa),
    ]
    memory = [("RAM", ram_words(profile.ram_bytes)), ("Storage", _storage(profile))]
    groups = [
        ("Processor", [*((what, value, "") for what, value in chip), *_peak_facts(profile)]),
        ("Memory", [
            *((what, value, "") for what, value in memory),
            ("Kept by the system", numbers.size(profile.system_bytes), said.get("system_bytes", "")),
            ("Bandwidth", _unit(profile.memory_bandwidth_mb_s, "MB/s"), said.get("memory_bandwidth_mb_s", "")),
        ]),
        ("Power", [
            ("Idle", _power(profile.idle_mw, profile), said.get("idle_mw", "")),
            ("Under load", _power(profile.loaded_mw, profile), said.get("loaded_mw", "")),
            ("Nominal current", _unit(profile.nominal_current_ma, "mA"), said.get("nominal_current_ma", "")),
        ]),
        ("Runtimes", [*_runtime_facts(profile)]),
    ]  # fmt: skip
    return [(heading, [fact for fact in facts if fact[1]]) for heading, facts in groups]


def _storage(profile: DeviceProfile) -> str:
    size = numbers.size(profile.flash_bytes) if profile.flash_bytes else ""
    return ", ".join(part for part in (size, profile.storage or ("" if size else "never limits")) if part)


def _peak_facts(profile: DeviceProfile) -> list[tuple[str, str, str]]:
    rows = peaks_of(profile)
    source = {"processor": profile.sources.get("peaks", "")}
    said = [
        (f"Peak of the {who}, {kind}" if who == "processor" else f"Peak of the accelerator, {kind}",
         f"{numbers.digits(value)}{numbers.NARROW}× 10⁹ a second", source.get(who, profile.sources.get("accelerator", "")))
        for who, kind, value in rows
    ]  # fmt: skip
    own = numbers.size(profile.accelerator_memory_bytes) if profile.accelerator_memory_bytes else ""
    name = f"{profile.accelerator}, {own} on the chip" if own else profile.accelerator
    return [*said, ("Accelerator", name, profile.sources.get("accelerator", ""))]


def _runtime_facts(profile: DeviceProfile) -> list[tuple[str, str, str]]:
    source = profile.sources.get("runtime_bytes", "")
    rows: list[tuple[str, str, str]] = []
    for name, share in profile.runtime_bytes.items():
        loads = ", ".join(FORMAT_NAMES[one] for one, by in profile.formats.items() if by == name)
        flash = profile.runtime_flash_bytes.get(name)
        words = f"{numbers.size(share)} of RAM" + (f", {numbers.size(flash)} of flash" if flash else "")
        rows.append((RUNTIME_NAMES[name], words + (f"; loads {loads}" if loads else ""), "" if rows else source))
    only = [("Computes in", " and ".join(profile.compute_dtypes), "")] if profile.compute_dtypes else []
    return [*rows, *only]


def _power(value_mw: int, profile: DeviceProfile) -> str:
    return f"{_watts(value_mw)}{numbers.NARROW}W, {POWER_NAMES[profile.power_at]}" if value_mw else ""


def _unit(value: float, unit: str) -> str:
    return f"{numbers.count(value)}{numbers.NARROW}{unit}" if value else ""


def estimates(profile: DeviceProfile) -> int:
    """How many of its sources call a number an estimate of ours."""
    return sum("estimate of ours" in profile.sources.get(name, "") for name in dict.fromkeys(NEED_A_SOURCE.values()))
