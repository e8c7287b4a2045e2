"""What a runner measured, read from the file that it sent with nothing believed but its numbers' kinds. Standard library only."""

import json
import math
import re
from dataclasses import dataclass
from typing import IO, Any

from courseplatform.core.errors import BadInput
from hardware.ondevice.frames import MOST_DIGITS
from hardware.ondevice.stats import percentile

ENDED = frozenset({"ok", "crashed", "timed_out", "out_of_memory", "misbehaved", "infrastructure"})
MOST_BYTES, MOST_STEPS, MOST_FRAMES = 64 << 20, 64, 20_000
# A value in Python takes tens of bytes, however few it takes in the file. Legal results are mostly times and long texts.
MOST_VALUES = 3_000_000
# Of one inference. What is shorter than a nanosecond no clock has measured, and what divides by it is no number any more.
LEAST_MS, MOST_MS = 1e-6, 1e7
HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Step:
    """One process on the board: how it ended, and the frames that it wrote, as hardware/ondevice/harness.py says them."""

    name: str
    ended: str
    code: str
    message: str
    frames: tuple[tuple[str, dict[str, Any]], ...]
    exit_code: int | None
    signal: int | None
    stderr_tail: str
    wall_s: float
    cpu_s: float
    peak_rss_bytes: int
    isolation: str


def steps_read(file: IO[bytes], most_bytes: int = MOST_BYTES) -> list[Step]:
    """Raises BadInput, code `bad_results`, for what is larger than `most_bytes` too."""
    try:
        raw = file.read(most_bytes + 1)
        if len(raw) > most_bytes or sum(map(raw.count, (b",", b"[", b"{"))) > MOST_VALUES:
            raise ValueError("they are larger than what any run comes to")
        document = json.loads(raw.decode("utf-8"), parse_constant=_no_number, parse_int=_int, parse_float=_float)
        rows = document["steps"]
        if not isinstance(rows, list) or not rows or len(rows) > MOST_STEPS:
            raise ValueError("steps is no list of 1 to 64")
        return [_step(row) for row in rows]
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise BadInput(f"The results of the board cannot be read: {str(error)[:120]}", code="bad_results") from error


def _step(row: dict[str, Any]) -> Step:
    if row["ended"] not in ENDED:
        raise ValueError("ended is none of ours")
    frames = [(kind, body) for kind, body in row["frames"][:MOST_FRAMES]]
    if len(row["frames"]) > MOST_FRAMES or not all(
        isinstance(kind, str) and isinstance(body, dict) for kind, body in frames
    ):
        raise ValueError("frames are no pairs of a word and an object")
    numbers = {key: float(row[key]) for key in ("wall_s", "cpu_s")}
    if not all(math.isfinite(value) and value >= 0 for value in numbers.values()):
        raise ValueError("a time is none")
    return Step(
        name=_text(row["name"])[:60], ended=row["ended"], code=_text(row["code"])[:60], message=_text(row["message"])[:1000], frames=tuple(frames),
        exit_code=_whole(row.get("exit_code")), signal=_whole(row.get("signal")), stderr_tail=_text(row.get("stderr_tail", ""))[-4000:],
        peak_rss_bytes=_whole(row["peak_rss_bytes"]) or 0, isolation=_text(row["isolation"])[:24], **numbers,
    )  # fmt: skip


def _text(value: Any) -> str:
    """A text that a database takes and a page can say: what a model prints may be anything."""
    return HALF.sub("\ufffd", value.replace("\0", "\ufffd")) if isinstance(value, str) else ""


def _whole(value: Any) -> int | None:
    return value if type(value) is int and abs(value) < 1 << 53 else None


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def _int(word: str) -> int:
    """Python reads whole numbers of any length, and later cannot make a time of them."""
    if len(word) > MOST_DIGITS:
        raise ValueError("a number has too many digits")
    return int(word)


def _float(word: str) -> float:
    found = float(word)
    if not math.isfinite(found):  # 1e400
        raise ValueError("a number is larger than all that there are")
    return found


def p50_ms_of(step: Step) -> float | None:
    """The median of its timed inferences; None where it did not end well, or what it says is no time."""
    latency = next((body for kind, body in step.frames if kind == "latency"), None)
    samples = latency.get("samples_ms") if latency else None
    if step.ended != "ok" or not isinstance(samples, list) or not samples:
        return None
    if not all(type(value) in (int, float) and LEAST_MS <= value <= MOST_MS for value in samples):
        return None
    # More time than has passed is no measurement.
    return percentile(samples, 50) if sum(samples) <= step.wall_s * 1000 * 1.05 else None
