"""A power meter at a serial or USB port that prints a line now and then, as most bench meters and hobby boards do.

``meter`` in settings.json says which: {"port": "/dev/ttyUSB0", "baud": 115200, "line": "{V} {A}"}. The line is all that the meter prints, with
{V}, {mV}, {A}, {mA}, {W} or {mW} where its numbers stand and {} for a number that does not matter; blanks, commas and semicolons between the
words are all the same.
"""

from __future__ import annotations

import os
import re
import select
import termios
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hardware.ondevice.runner.power import Point, Sensor
from hardware.ondevice.runner.words import RunnerError

NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
BETWEEN = r"[\s,;]+"
UNITS = {"V": 1.0, "mV": 1e-3, "A": 1.0, "mA": 1e-3, "W": 1.0, "mW": 1e-3}
USUAL_LINE, USUAL_BAUD = "{V} {A}", 9600
AGAIN_S = 1.0  # after a port was lost, or was not there
STALE_S = 5.0  # a meter that has said nothing for so long does not say what is drawn now
MOST_LINE_BYTES = 4096


class Pattern:
    """How a line of the meter is read. Raises RunnerError where watts cannot follow from it."""

    def __init__(self, line: str) -> None:
        names = re.findall(r"\{(\w*)\}", line)
        known = [name for name in names if name]
        if not (set(known) <= set(UNITS) and len(set(known)) == len(known)):
            raise RunnerError(f"The meter's line {line!r} may name {', '.join(UNITS)}, each once.")
        quantities = {name[-1] for name in known}
        if len(quantities) < len(known) or not ("W" in quantities or {"V", "A"} <= quantities):
            raise RunnerError(f"No power follows from the meter's line {line!r}: name W, or V and A.")
        self._expression = re.compile(BETWEEN.join(_as_expression(word) for word in re.split(BETWEEN, line.strip())))

    def watts(self, line: str) -> float | None:
        """None where the line is another one, as a heading or half a line."""
        found = self._expression.fullmatch(line.strip())  # a number too many would be taken for another
        if found is None:
            return None
        values = {name[-1]: float(value) * UNITS[name] for name, value in found.groupdict().items()}
        return values["W"] if "W" in values else values["V"] * values["A"]


def _as_expression(word: str) -> str:
    parts = re.split(r"\{(\w*)\}", word)
    found = re.escape(parts[0])
    for name, after in zip(parts[1::2], parts[2::2]):
        found += (f"(?P<{name}>{NUMBER})" if name else NUMBER) + re.escape(after)
    return found


@dataclass
class SerialMeter:
    """Reads the port in a thread until closed, and opens it again where it is pulled out and put back.

    ``trouble``: why nothing is read of it: that the port does not open, or the last line that is none of the pattern.
    """

    port: str
    pattern: Pattern
    baud: int = USUAL_BAUD
    trouble: str = "It has said nothing."
    _newest: Point | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> SerialMeter:
        """Begin to read. The thread ends with the process."""
        self._thread = threading.Thread(target=self._run, name="serial meter", daemon=True)
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop reading."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def newest(self) -> Point | None:
        """The last reading and when it came; None before the first, and where it is older than five seconds."""
        point = self._newest
        return point if point is not None and time.monotonic() - point[0] < STALE_S else None

    def sensor(self) -> Sensor:
        """As the chips that the kernel knows."""
        return Sensor(f"meter@{self.port}", "meter", "", lambda: (point := self.newest()) and point[1], self.newest)

    def first(self, within_s: float) -> Point | None:
        """The newest reading, which is waited for; None where none came in time: ``trouble`` says why."""
        deadline = time.monotonic() + within_s
        while self.newest() is None and time.monotonic() < deadline:
            self._stop.wait(0.05)
        return self.newest()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._read()
            except (OSError, termios.error) as error:
                self.trouble = f"The port is not read: {error}"
            self._stop.wait(AGAIN_S)

    def _read(self) -> None:
        """Until the port is lost. Raises OSError."""
        handle = os.open(self.port, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            _make_raw(handle, self.baud)
            held = b""
            while not self._stop.is_set():
                if not select.select([handle], [], [], 0.2)[0]:
                    continue
                piece = os.read(handle, MOST_LINE_BYTES)
                if not piece:
                    return
                *lines, held = (held + piece).replace(b"\r", b"\n").split(b"\n")
                held = held[-MOST_LINE_BYTES:]
                for line in lines:
                    self._hear(line.decode("ascii", "replace").strip())
        finally:
            os.close(handle)

    def _hear(self, line: str) -> None:
        watts = self.pattern.watts(line)
        if watts is not None:
            self._newest = (time.monotonic(), watts)
        elif line:
            self.trouble = f"It says {line[:60]!r}, which is not as `line` in settings.json."


def _make_raw(handle: int, baud: int) -> None:
    """As the meter sends it: no echo, no line editing, eight bits."""
    speed = getattr(termios, f"B{baud}", None)
    if speed is None:
        raise OSError(f"no serial port is that fast: {baud}")
    mode = termios.tcgetattr(handle)
    mode[0] = mode[1] = mode[3] = 0
    mode[2] = termios.CS8 | termios.CREAD | termios.CLOCAL
    mode[4] = mode[5] = speed
    mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
    termios.tcsetattr(handle, termios.TCSANOW, mode)
    termios.tcflush(handle, termios.TCIFLUSH)


def of_settings(said: Mapping[str, Any]) -> SerialMeter | None:
    """The meter that ``settings.json`` names, not yet reading; None where it names none. Raises RunnerError."""
    if not said:
        return None
    port, line, baud = said.get("port"), said.get("line", USUAL_LINE), said.get("baud", USUAL_BAUD)
    if not (isinstance(port, str) and port and isinstance(line, str) and type(baud) is int):
        raise RunnerError("`meter` in settings.json names a port, and perhaps baud (a whole number) and line.")
    if not hasattr(termios, f"B{baud}"):
        raise RunnerError(f"`meter` in settings.json: no serial port runs at {baud} baud.")
    return SerialMeter(port, Pattern(line), baud)
