"""What a board says of a part of a calibration, read with nothing believed but its numbers' kinds."""

from typing import Any

from courseplatform.core.errors import BadInput
from hardware.models import BoardFile, BoardJob
from hardware.ondevice.stats import percentile
from hardware.runners.facts import number, text
from hardware.runners.health import is_alike
from hardware.runners.results import LEAST_MS, MOST_MS, Step, p50_ms_of, steps_read

LEAST_WINDOWS = 3


def is_steady(environment: Any) -> bool:
    """Whether the golden model took as long after a part as before it; else something changed the board meanwhile."""
    bracket = environment.get("bracket") if isinstance(environment, dict) else None
    if not isinstance(bracket, dict):
        return False
    ends = [number(bracket.get(key), LEAST_MS, MOST_MS) for key in ("before_p50_ms", "after_p50_ms")]
    before, after = ends
    return before is not None and after is not None and is_alike(after / before)


def rows_of(file: BoardFile, job: BoardJob, networks: list[str]) -> dict[str, dict[str, Any]]:
    """Columns of a row by network, of those that ended well in most of their windows; {} for a file that cannot be read.

    networks: of the part, in the order of its files n0, n1, ...
    """
    try:
        with file.file.open("rb") as held:
            steps = steps_read(held)
    except (BadInput, OSError):
        return {}
    if [step.name for step in steps] != [step["name"] for step in job.plan["steps"]]:
        return {}
    around = _around(job.environment)
    found: dict[str, dict[str, Any]] = {}
    for place, name in enumerate(networks):
        windows = [step for step in steps if step.name.startswith(f"n{place} ") and p50_ms_of(step) is not None]
        if len(windows) >= LEAST_WINDOWS and (version := _version(windows[0])):
            found[name] = _measured(windows) | around | {"runtime_version": version}
    return found


def _measured(windows: list[Step]) -> dict[str, Any]:
    medians = [value for value in map(p50_ms_of, windows) if value is not None]
    times = [float(value) for step in windows for value in _body(step, "latency")["samples_ms"]]
    return {
        "p50_ms": percentile(medians, 50), "p90_ms": percentile(times, 90), "p99_ms": percentile(times, 99), "low_ms": min(medians),
        "high_ms": max(medians), "windows": len(medians), "inferences": len(times),
    }  # fmt: skip


def _body(step: Step, kind: str) -> dict[str, Any]:
    return next((body for one, body in step.frames if one == kind), {})


def _version(step: Step) -> str:
    return text(_body(step, "environment").get("runtime_version"), 40)


def _around(environment: dict[str, Any]) -> dict[str, Any]:
    """What the board was like at the end of the part."""
    after = environment.get("after")
    state = after if isinstance(after, dict) else {}
    return {
        "clock_mhz": number(state.get("clock_mhz"), 0, 20_000), "temperature_c": number(state.get("temperature_c"), -60, 250),
        "thermal": text(environment.get("thermal"), 10),
    }  # fmt: skip
