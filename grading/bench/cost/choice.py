"""Which calibration speaks for a device: its own board's, or one that is close, with what that adds to the interval.

Without a runtime it is the graded group that errs least on families left out, of each runtime only the newest version; where a
board has no graded group, its largest one. Accelerators are chosen for a device that names one in its slug, or when asked for.
Only runtimes that a course can use speak: engines that were published and cannot be had teach the shape of a board, no more. What a course has
adopted for its own board (source) speaks before what was published of the same runtime, and of no other runtime unless nothing else is known.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from math import log

from grading.bench.cost.coefficients import Coefficients
from grading.bench.cost.intervals import BOARD_HALF, LATER_HALF, OLDER_HALF, VERSION_HALF
from grading.bench.cost.published import UNKNOWN
from hardware.profiles import RUNTIMES

TPU = "edgetpu"
# ONNX Runtime speaks where somebody has calibrated a board for it; nothing is published of it.
SPEAKING = (*RUNTIMES, "onnxruntime")
# A board without measurements of its own -> one with the same core, how much faster that one's clock is, and a sentence.
STAND_INS = {
    "stm32f746": ("nucleo-h7a3zi", 280 / 216, "Measured on a NUCLEO-H7A3ZI-Q (the same core, Cortex-M7, at 280 MHz), scaled by the clock."),
    "coral-dev": ("rpi-3b-plus", 1.4 / 1.5, "Measured on a Raspberry Pi 3B+ (the same core, Cortex-A53, at 1.4 GHz), scaled by the clock."),
}  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """factor: latency of the device / of the group's board. more: half widths that this adds. said: why, a sentence each.

    across: where a version lies between two that were calibrated, the one of them that does not speak.
    """

    group: Coefficients
    factor: float = 1.0
    more: tuple[float, ...] = ()
    said: tuple[str, ...] = ()
    across: Coefficients | None = None


@dataclass(frozen=True)
class Wanted:
    """What somebody asked for; None: whatever fits. runtime may carry a version: tflite@2.4.1."""

    slug: str
    board: str
    runtime: str | None
    precision: str
    threads: int | None

    @property
    def engine(self) -> str | None:
        return self.runtime.split("@")[0].lower() if self.runtime else None

    @property
    def version(self) -> str:
        return self.runtime.split("@")[1] if self.runtime and "@" in self.runtime else ""

    @property
    def has_tpu(self) -> bool:
        return self.slug.endswith("-tpu")


def choose(wanted: Wanted, groups: dict[str, Coefficients]) -> Choice | None:
    """The calibration for what is wanted; None where the pair was never calibrated."""
    fitting = [choice for choice in of_board(wanted.board, groups) if _fits(choice.group, wanted)]
    fitting = fitting or [choice for choice in stand_ins(wanted.board, groups) if _fits(choice.group, wanted)]
    if not fitting:
        return None
    if wanted.version:
        return _of_version(fitting, wanted)
    best = _newest(_adopted(fitting))
    graded = [choice for choice in best if choice.group.graded]
    if graded:
        return min(graded, key=lambda choice: (choice.group.family_out_median or 1.0, choice.group.group))
    return max(best, key=lambda choice: (choice.group.rows, _threads(choice.group), choice.group.group))


def _adopted(choices: list[Choice]) -> list[Choice]:
    """Of each runtime the course's own, where it has one. A runtime of which nothing was published is asked for by name, or speaks alone."""
    own = {choice.group.runtime for choice in choices if choice.group.is_adopted}
    kept = [choice for choice in choices if choice.group.is_adopted or choice.group.runtime not in own]
    return [choice for choice in kept if choice.group.runtime in RUNTIMES] or kept


def of_board(board: str, groups: dict[str, Coefficients]) -> list[Choice]:
    """The board's own calibrations."""
    return [Choice(group) for group in groups.values() if group.board == board and group.runtime in SPEAKING]


def stand_ins(board: str, groups: dict[str, Coefficients]) -> list[Choice]:
    """Those of a board with the same core, where there is one."""
    if board not in STAND_INS:
        return []
    other, factor, said = STAND_INS[board]
    return [Choice(choice.group, factor, (BOARD_HALF,), (said,)) for choice in of_board(other, groups)]


def _fits(group: Coefficients, wanted: Wanted) -> bool:
    if group.precision != wanted.precision or (wanted.engine and group.runtime != wanted.engine):
        return False
    if wanted.engine is None and (group.runtime == TPU) != wanted.has_tpu:
        return False
    # An accelerator has no threads, and where nobody stated them the group speaks for any, never graded.
    return wanted.threads is None or not group.threads.isdigit() or int(group.threads) == wanted.threads


def _newest(choices: list[Choice]) -> list[Choice]:
    """Of each runtime the newest graded version, or the newest; of versions without a name all."""
    by_runtime: dict[str, list[Choice]] = defaultdict(list)
    for choice in choices:
        by_runtime[choice.group.runtime].append(choice)
    found = []
    for members in by_runtime.values():
        graded = [choice for choice in members if choice.group.graded] or members
        newest = max(_numbers(choice.group.version) for choice in graded)
        found += [choice for choice in graded if _numbers(choice.group.version) == newest]
    return found


def _of_version(choices: list[Choice], wanted: Wanted) -> Choice:
    """The version that is asked for; else, with a wider interval, the last one before it or the first one after it."""
    asked = _numbers(wanted.version)
    exact = [choice for choice in choices if asked and _numbers(choice.group.version) == asked]
    if exact:
        return max(exact, key=_size)
    near, *across = _beside(choices, asked) or [max(choices, key=_size)]
    group = near.group
    known = _numbers(group.version)
    # Between two versions the other one says how much has changed; outside them, or without a number, nobody does.
    if across or (known and known[:1] == asked[:1]):
        half = VERSION_HALF[group.precision]
    else:
        half = OLDER_HALF if asked < known else LATER_HALF
    stand_in = f"version {group.version}" if group.version else "a version that its source does not name"
    said = f"{group.runtime} {wanted.version[:20]} was not calibrated here; {stand_in} stands in for it."
    other = across[0].group if across else None
    return Choice(group, near.factor, (*near.more, half), (*near.said, said), other)


def _beside(choices: list[Choice], asked: tuple[int, ...]) -> list[Choice]:
    """The last version before the one that is asked for and the first one after it, as far as there are; the nearer one first."""
    ordered = sorted(choices, key=_size, reverse=True) if asked else []
    numbered = [(_numbers(choice.group.version), choice) for choice in ordered if choice.group.version]
    before = max((item for item in numbered if item[0] < asked), key=_number, default=None)
    after = min((item for item in numbered if item[0] > asked), key=_number, default=None)
    found = [item for item in (before, after) if item]
    return [choice for _, choice in sorted(found, key=lambda item: _apart(item[0], asked))]


def _number(item: tuple[tuple[int, ...], Choice]) -> tuple[int, ...]:
    return item[0]


def _size(choice: Choice) -> tuple[int, int]:
    return choice.group.rows, _threads(choice.group)


def _numbers(version: str) -> tuple[int, ...]:
    found = [int(part) for part in re.findall(r"\d+", version)[:4]]
    while found and found[-1] == 0:
        found.pop()
    return tuple(found)


def _apart(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[float, ...]:
    """The first differing number decides."""
    longest = max(len(one), len(other))
    padded = [(*numbers, *(0,) * (longest - len(numbers))) for numbers in (one, other)]
    return tuple(abs(log((1 + a) / (1 + b))) for a, b in zip(*padded, strict=True))


def _threads(group: Coefficients) -> int:
    return int(group.threads) if group.threads.isdigit() else 0


def calibrated(board: str, groups: dict[str, Coefficients]) -> str:
    """What a board is calibrated for, as part of a sentence; empty where for nothing."""
    found: dict[str, set[str]] = defaultdict(set)
    for group in (choice.group for choice in (*of_board(board, groups), *stand_ins(board, groups))):
        threads = f" with {group.threads} threads" if group.threads.isdigit() else f", {_unit(group.threads)}"
        found[group.runtime].add(f"{group.precision}{threads.replace('1 threads', '1 thread')}")
    return "; ".join(f"{runtime} ({', '.join(sorted(found[runtime]))})" for runtime in sorted(found))


def _unit(threads: str) -> str:
    return "threads not stated" if threads == UNKNOWN else threads.upper()
