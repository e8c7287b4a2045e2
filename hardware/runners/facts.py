"""What an agent says of its machine: read with nothing believed, bounded, and never more than the page shows. Pure.

A board stands with a student, so every value here may be made up; none of them opens anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

RUNTIMES = ("onnx", "tflite", "torchscript", "torch_export")
EXECUTABLE = frozenset({"torchscript", "torch_export"})
TEXTS = {
    "install_id": 32,
    "boot_id": 64,
    "agent": 40,
    "python": 20,
    "machine": 20,
    "os": 120,
    "kernel": 120,
    "model": 120,
    "serial": 64,
}
MOST_SENSORS, MOST_WORDS = 24, 16


@dataclass(frozen=True)
class State:
    """What a board was like at one moment; None: it did not say, or cannot."""

    temperature_c: float | None
    clock_mhz: float | None
    is_throttled: bool | None
    power_w: float | None


def facts_read(said: Any) -> dict[str, Any]:
    """FACTS of docs/runner-protocol.md as they are kept. What is missing or no value of its kind is left out."""
    said = said if isinstance(said, Mapping) else {}
    kept: dict[str, Any] = {name: text(said.get(name), most) for name, most in TEXTS.items()}
    kept |= {name: whole(said.get(name)) for name in ("cores", "memory_bytes")}
    runtimes = said.get("runtimes")
    runtimes = runtimes if isinstance(runtimes, Mapping) else {}
    kept["runtimes"] = {name: text(runtimes[name], 40) for name in RUNTIMES if name in runtimes}
    isolation = said.get("isolation")
    isolation = isolation if isinstance(isolation, Mapping) else {}
    kept["isolation"] = {
        "name": text(isolation.get("name"), 24), "memory_limit": isolation.get("memory_limit") is True, "why": text(isolation.get("why"), 300),
    }  # fmt: skip
    sensors = said.get("sensors")
    rows = [row for row in sensors if isinstance(row, Mapping)] if isinstance(sensors, list) else []
    kept["sensors"] = [{key: text(row.get(key), 60) for key in ("name", "kind", "rail")} for row in rows[:MOST_SENSORS]]
    return kept


def state_read(said: Any) -> tuple[State, dict[str, Any]]:
    """STATE of the protocol: what is drawn, and what is kept to be shown."""
    said = said if isinstance(said, Mapping) else {}
    throttled = said.get("throttled")
    now = throttled.get("now") if isinstance(throttled, Mapping) else None
    words = [text(word, 40) for word in now[:MOST_WORDS]] if isinstance(now, list) else None
    state = State(
        temperature_c=number(said.get("temperature_c"), -60, 250), clock_mhz=number(said.get("clock_mhz"), 0, 20_000),
        is_throttled=None if words is None else bool(words), power_w=number(said.get("power_w"), 0, 10_000),
    )  # fmt: skip
    kept = {
        "temperature_c": state.temperature_c, "clock_mhz": state.clock_mhz, "throttled": words, "power_w": state.power_w,
        "governor": text(said.get("governor"), 24), "disk_free_bytes": whole(said.get("disk_free_bytes")), "phase": text(said.get("phase"), 24),
    }  # fmt: skip
    return state, kept


def skew_s(said: Any, now: datetime) -> float | None:
    """Clock of the board minus ours, in seconds. It is shown; nothing is decided by a board's clock."""
    try:
        there = datetime.fromisoformat(str(said)[:40])
        return round((there - now).total_seconds(), 1)
    except (ValueError, TypeError, OverflowError):
        return None


def text(value: Any, most: int) -> str:
    return " ".join(value.replace("\x00", "").split())[:most] if isinstance(value, str) else ""


def whole(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value < 1 << 53 else None


def number(value: Any, least: float, most: float) -> float | None:
    return float(value) if type(value) in (int, float) and least <= value <= most else None
