"""A line between browser and site that can be slow, cut, or down; and the journey of a file that is interrupted five times on it."""

import hashlib
import math
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from playwright.sync_api import expect

from tests.parts import ROOT

STEP = 64 << 10


class BadLine:
    """A proxy on a port of its own. `cut` resets what is open, `down` refuses everybody until `up`, `hold_after` stands still.

    What has to happen in the middle of a file happens while the line is held: a test that is slow cannot come too late.
    """

    def __init__(self, port: int, bytes_per_s: float) -> None:
        self.target, self.pause_s, self.open, self.is_down = port, STEP / bytes_per_s, set(), False
        self.sent = 0  # bytes from the browser, those that were lost included
        self.hold_at, self.is_held, self.changed = math.inf, False, threading.Condition()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return  # closed
            try:
                if self.is_down:
                    raise OSError("down")
                far = socket.create_connection(("127.0.0.1", self.target), timeout=5)
            except OSError:
                reset(near)
                continue
            far.settimeout(None)
            self.open |= {near, far}
            for source, sink, is_up in ((near, far, True), (far, near, False)):
                threading.Thread(target=self._pump, args=(source, sink, is_up), daemon=True).start()

    def _pump(self, source, sink, is_up: bool) -> None:
        try:
            while data := source.recv(STEP):
                if is_up:
                    self._count(len(data))
                    time.sleep(self.pause_s * len(data) / STEP)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            reset(source)  # whoever still sends learns at once that nobody takes it
        self.open -= {source}

    def _count(self, size: int) -> None:
        with self.changed:
            self.sent += size
            if self.sent < self.hold_at or self.is_held:
                return
            self.is_held = True
            self.changed.wait_for(lambda: not self.is_held)

    def hold_after(self, size: int) -> None:
        """After `size` more bytes from the browser the connection that sends them stands still until `go_on`; others pass."""
        self.hold_at = self.sent + size

    def go_on(self) -> None:
        with self.changed:
            self.hold_at, self.is_held = math.inf, False
            self.changed.notify_all()

    def cut(self) -> None:
        for one in list(self.open):
            reset(one)
        self.open.clear()

    def down(self) -> None:
        self.is_down = True
        self.cut()

    def up(self) -> None:
        self.is_down = False

    def blink(self) -> None:
        """Cut, and back at once. Chromium sends again by itself where a kept connection is reset: that must not get through, or the page
        hears of nothing until its own watch, 25 s later."""
        self.down()
        time.sleep(0.5)
        self.up()

    def close(self) -> None:
        self.listener.close()
        self.go_on()
        self.cut()


def reset(one: socket.socket) -> None:
    """RST, as a router that forgot the connection."""
    with suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.shutdown(socket.SHUT_RDWR)
    with suppress(OSError):
        one.close()


def write_model(path: Path, size: int) -> str:
    """A file of exactly `size` bytes that is taken for ONNX at the door, random inside. Returns its SHA-256."""
    head = b"\x08\x08\x12\x07milliam\x3a\x02\x0a\x00\x32"
    rest = size - len(head) - 5
    length = bytes((rest >> shift & 0x7F) | (0x80 if shift < 28 else 0) for shift in range(0, 35, 7))
    digest = hashlib.sha256()
    with path.open("wb") as file:
        left = [head + length]
        while left or size > file.tell():
            data = left.pop() if left else os.urandom(min(1 << 20, size - file.tell()))
            digest.update(data)
            file.write(data)
    return digest.hexdigest()


def open_the_lab(world, slug: str, most_bytes: int) -> None:
    """The demo's labs take small models only; this one takes what the site takes."""
    code = f"""
from grading.models import Assignment
lab = Assignment.objects.get(course__slug="demo", slug={slug!r})
lab.bench_spec = lab.bench_spec | {{"max_bytes": {most_bytes}}}
lab.save()
"""
    subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", code], cwd=ROOT, check=True,
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(world.data_dir), "LOG_LEVEL": "ERROR"},
    )  # fmt: skip


LISTEN = """
const words = document.querySelector("#hand-in [data-upload-words]");
window.heard = [];
new MutationObserver(() => window.heard.push(words.textContent)).observe(words, { childList: true, characterData: true, subtree: true });
"""


def wait_held(tab, line: BadLine, seconds: float) -> None:
    """Until the line stands still. The page goes on meanwhile: Playwright's own wait lets its events through."""
    end = time.monotonic() + seconds
    while not line.is_held:
        assert time.monotonic() < end, tab.locator("#hand-in").inner_text()
        tab.wait_for_timeout(50)


def interrupted_five_times(world, tab, line: BadLine, lab: str, file: Path, seconds: float) -> list[str]:
    """Hand in `file` on a line that breaks in five ways. Ends at the receipt; returns what was said on the way.

    Each piece between two breaks is a share of the file's bytes on the line; together they are less than the file.
    """
    said = []

    def lost():
        """What was said of a lost line since the page was listened to: also what stood there for a second only."""
        return tab.evaluate("window.heard.filter((words) => words.startsWith('The line was lost'))")

    def held(share):
        if share:
            line.hold_after(int(share * file.stat().st_size))
        wait_held(tab, line, seconds)

    def broken(share, act, mend=lambda: None):
        held(share)
        before = len(lost())
        act()
        line.go_on()
        tab.wait_for_function(
            "(before) => window.heard.filter((words) => words.startsWith('The line was lost')).length > before",
            arg=before, timeout=60_000, polling=100,
        )  # fmt: skip
        said.append(lost()[-1])
        mend()

    tab.goto(f"{line.url}/courses/demo/assignments/{lab}/")
    tab.evaluate(LISTEN)
    line.hold_after(file.stat().st_size // 12)  # before the file is chosen: a short file must not arrive first
    tab.locator("#model").set_input_files(str(file))
    expect(tab.locator("#hand-in [data-upload-words]")).to_contain_text("sent", timeout=seconds * 1000)
    broken(None, line.blink)
    broken(0.14, line.down, lambda: (time.sleep(2), line.up()))
    broken(0.14, lambda: tab.context.set_offline(True), lambda: (time.sleep(1), tab.context.set_offline(False)))
    broken(0.14, lambda: os.kill(world.child("gunicorn", "courseplatform.wsgi"), signal.SIGKILL))
    held(0.2)
    tab.reload()
    line.go_on()
    found = tab.locator("#hand-in [data-upload-found]")
    expect(found).to_contain_text("Choose the same file to go on", timeout=30_000)
    said.append(found.inner_text())
    tab.locator("#model").set_input_files(str(file))
    expect(tab.get_by_role("heading", name="It is here, on time")).to_be_visible(timeout=seconds * 1000)
    return said
