"""What a result keeps of a run on a board: windows, samples, energy, the machine. Read from what the board said, bounded, nothing believed. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from grading.measuring.board_answer import BoardAnswer
from hardware.ondevice.stats import percentile
from hardware.runners.facts import number, text, whole
from hardware.runners.results import Step

MOST_SAMPLES = 120
MS, HOT_C, CLOCK_MHZ, WATTS = (0.0, 1e7), (-60.0, 250.0), (0.0, 20_000.0), (0.0, 10_000.0)
SECONDS_PER_HOUR = 3600.0
SENSOR_TELLS = 0.01
LEAST_SWAP = 1 << 20
UNTOLD = (
    "Under load the board drew no more than it did at rest, within what its sensor tells: no points rest on its energy."
)
Json = dict[str, Any]


def on_board_json(board: BoardAnswer, measured: Mapping[str, Any], calls: Sequence[int], volts: float) -> Json:
    """`on_board` of a result's environment, but for the times that points rest on (grading/points/on_board.py).

    Args:
        measured: what the harness said of the runtime. calls: how often each of the models in a row runs for one input; [1] of one.
        volts: at which energy is told as charge.

    Returns:
        {runner, runner_id, device, agent, kernel, runtime_version, threads, governor, thermal, temperature_before_c, temperature_after_c, cooled_s,
        clock_mhz: {least, most} or None, bracket (hardware/runners/bracket.py) or None, windows, samples, energy or None, energy_mj: above idle, or
        None where the sensor cannot tell it, notes: sentences on what may have moved the times}
    """
    said, facts = board.environment, _of(board.environment, "facts")
    samples, energy = samples_of(said.get("samples")), energy_of(said.get("energy"), board.asked, calls, volts)
    notes = notes_of(said) + ([UNTOLD] if energy and not _is_told(energy) else [])
    return {
        "runner": board.runner, "runner_id": board.runner_id, "device": board.device,
        "agent": text(facts.get("agent"), 40), "kernel": text(facts.get("kernel"), 120),
        "runtime_version": text(measured.get("runtime_version"), 40) or text(measured.get("runtime"), 80), "threads": whole(measured.get("threads")),
        "governor": text(said.get("governor"), 24), "thermal": text(said.get("thermal"), 24),
        "temperature_before_c": _in(_of(said, "before").get("temperature_c"), HOT_C),
        "temperature_after_c": _in(_of(said, "after").get("temperature_c"), HOT_C),
        "cooled_s": _in(said.get("cooled_s"), (0.0, 1e5)), "clock_mhz": _ends([row[2] for row in samples]),
        "bracket": said.get("bracket"), "windows": windows_of(board.steps, calls), "samples": _thinned(samples),
        "energy": energy, "energy_mj": energy["energy_mj_above_idle"] if energy and _is_told(energy) else None, "notes": notes,
    }  # fmt: skip


def windows_of(steps: Sequence[Step], calls: Sequence[int]) -> list[Json]:
    """{p50_ms, p90_ms, p99_ms, first_ms} of each window; of models in a row, the sums of their windows. first_ms: the first inference of all."""
    each = [_window(step) for step in steps]
    count = len(each) // len(calls)
    found = []
    for window in range(count):
        rows = [each[stage * count + window] for stage in range(len(calls))]
        if all(rows):
            found.append(
                {key: round(sum(n * row[key] for n, row in zip(calls, rows, strict=True)), 6) for key in rows[0]}
            )
    return found


def _window(step: Step) -> Json:
    latency = next((body for kind, body in step.frames if kind == "latency"), {})
    samples, first = (_times(latency.get(key)) for key in ("samples_ms", "first_ms"))
    if not samples or not first:
        return {}
    return {f"p{percent}_ms": round(percentile(samples, percent), 6) for percent in (50, 90, 99)} | {
        "first_ms": first[0]
    }


def _times(said: Any) -> list[float]:
    found = [_in(value, MS) for value in said] if isinstance(said, list) else []
    return [value for value in found if value is not None]


def samples_of(said: Any) -> list[list[Any]]:
    """[seconds, temperature_c, clock_mhz, throttled, power_w], None where a board does not say; rows of another form are left out."""
    found = []
    for row in said if isinstance(said, list) else []:
        if not isinstance(row, list) or len(row) != 5 or (seconds := _in(row[0], (0.0, 1e6))) is None:
            continue
        throttled = row[3] if isinstance(row[3], bool) else None
        found.append([seconds, _in(row[1], HOT_C), _in(row[2], CLOCK_MHZ), throttled, _in(row[4], WATTS)])
    return sorted(found, key=lambda row: row[0])


def _thinned(rows: list[list[Any]]) -> list[list[Any]]:
    """Evenly spaced, the first and the last among them."""
    if len(rows) <= MOST_SAMPLES:
        return rows
    return [rows[round(place * (len(rows) - 1) / (MOST_SAMPLES - 1))] for place in range(MOST_SAMPLES)]


def _ends(values: Sequence[float | None]) -> Json | None:
    known = [value for value in values if value]
    return {"least": min(known), "most": max(known)} if known else None


def energy_of(said: Any, asked: Sequence[Mapping[str, Any]], calls: Sequence[int], volts: float) -> Json | None:
    """Energy of one input from what each step drew while it ran on: total, and without what the idle board takes.

    {source, idle_w, idle_before_w, idle_after_w, loaded_w, energy_mj, energy_mj_above_idle, mah: of the total at volts, volts, inferences, seconds}.
    None where a model of several has no reading, or a number is none.
    """
    if not isinstance(said, Mapping):
        return None
    idle_w, stages = _in(said.get("idle_w"), WATTS), _drawn(said, asked, len(calls))
    if idle_w is None or not all(inferences and seconds for _, seconds, inferences in stages):
        return None
    total = sum(1000 * n * joules / count for n, (joules, _, count) in zip(calls, stages, strict=True))
    idle = sum(1000 * n * idle_w * seconds / count for n, (_, seconds, count) in zip(calls, stages, strict=True))
    seconds = sum(row[1] for row in stages)
    return {
        "source": text(said.get("source"), 60), "idle_w": idle_w, "idle_before_w": _in(said.get("idle_before_w"), WATTS),
        "idle_after_w": _in(said.get("idle_after_w"), WATTS), "loaded_w": round(sum(row[0] for row in stages) / seconds, 6),
        "energy_mj": round(total, 6), "energy_mj_above_idle": round(total - idle, 6),
        "mah": round(total / volts / SECONDS_PER_HOUR, 9), "volts": volts, "inferences": sum(row[2] for row in stages), "seconds": round(seconds, 6),
    }  # fmt: skip


def _is_told(energy: Json) -> bool:
    """Whether what the load adds to rest is more than rest itself wandered, and than a sensor of 1 % tells."""
    wandered_w = abs((energy["idle_before_w"] or 0.0) - (energy["idle_after_w"] or 0.0))
    return bool(energy["loaded_w"] - energy["idle_w"] > max(wandered_w, SENSOR_TELLS * energy["idle_w"]))


def _drawn(said: Mapping[str, Any], asked: Sequence[Mapping[str, Any]], stages: int) -> list[tuple[float, float, int]]:
    """(joules, seconds, inferences) of each of the models in a row; zeros where nothing was read."""
    count = max(len(asked) // stages, 1)
    stage_of = {str(step["name"]): place // count for place, step in enumerate(asked)}
    found = [(0.0, 0.0, 0)] * stages
    rows = said.get("steps")
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, list) or len(row) != 4 or (stage := stage_of.get(str(row[0]))) is None:
            continue
        joules, seconds, inferences = _in(row[1], (0.0, 1e9)), _in(row[2], (1e-6, 1e6)), whole(row[3])
        if joules is not None and seconds is not None and inferences:
            before = found[stage]
            found[stage] = (before[0] + joules, before[1] + seconds, before[2] + inferences)
    return found


def notes_of(said: Mapping[str, Any]) -> list[str]:
    """What may have moved the times and what is not known of them, a sentence each; nothing where all is as it should be. By PREFLIGHT of
    docs/runner-protocol.md."""
    before, found = _of(said, "preflight"), list[str]()
    if not said.get("bracket"):
        found.append("No reference model ran before and after it: there is none for this format.")
    governor = text(said.get("governor"), 24)
    if governor and governor != "performance":
        found.append(f"The clock was chosen by the governor {governor}: with performance it would stand still.")
    if before.get("boost") is True:
        found.append("The processor may go above its nominal clock for a while.")
    if (swap := whole(said.get("swap_bytes")) or 0) >= LEAST_SWAP:
        found.append(f"{swap / (1 << 20):.0f} MiB of memory were swapped out.")
    if before.get("huge_pages") == "always":
        found.append("The kernel gives huge pages to every process, which moves times from run to run.")
    cores, allowed, kinds = (whole(before.get(key)) for key in ("cores", "cores_allowed", "core_kinds"))
    if kinds and kinds > 1:
        found.append(f"The board has cores of {kinds} kinds, and the kernel chose which of them ran the model.")
    if cores and allowed and allowed < cores:
        found.append(f"The agent ran on {allowed} of {cores} cores.")
    if mode := text(before.get("power_mode"), 24):
        found.append(f"Power mode: {mode}.")
    if memory_mhz := _in(before.get("memory_clock_mhz"), CLOCK_MHZ):
        found.append(f"The memory ran at {memory_mhz:.0f} MHz.")
    return found


def _of(said: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = said.get(key)
    return found if isinstance(found, Mapping) else {}


def _in(value: Any, ends: tuple[float, float]) -> float | None:
    return number(value, *ends)
