"""A file of 500 MiB over a bad line, in a real browser, interrupted five times. Prints a table; run by `make figures`.

python -m tests.load.upload [MiB]
"""

import hashlib
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.browsing import launched, windows
from tests.journeys.bad_line import BadLine, interrupted_five_times, open_the_lab, write_model
from tests.journeys.test_browser import sign_in
from tests.journeys.world import World
from tests.load.figures import figure, numbers, say, table
from tests.load.start import pss_mib

MIB, BYTES_PER_S = 1 << 20, 60e6


class Watch(threading.Thread):
    """The most that the web server's processes weigh, looked at twice a second."""

    def __init__(self, world: World) -> None:
        super().__init__(daemon=True)
        self.world, self.most, self.first = world, 0.0, 0.0

    def run(self) -> None:
        while True:
            weight = pss_mib([pid for pid, command in self.world.processes().items() if "gunicorn" in command])
            self.first, self.most = self.first or weight, max(self.most, weight)
            time.sleep(0.5)


def main() -> int:
    size = numbers(500)[0] * MIB
    with tempfile.TemporaryDirectory(prefix="milliamp-load-") as folder:
        file = Path(folder) / "large.onnx"
        digest = write_model(file, size)
        world = World(Path(folder) / "data")
        try:
            world.wait_healthy(600)
            open_the_lab(world, "lab3", size)
            line, watch = BadLine(world.port, BYTES_PER_S), Watch(world)
            watch.start()
            begun = time.monotonic()
            with launched() as browser, windows(browser, line.url) as opened:
                tab = opened()
                sign_in(tab, "sofia.lindgren")
                begun = time.monotonic()
                said = interrupted_five_times(world, tab, line, "lab3", file, 600)
                total = time.monotonic() - begun
            found, stored = world.rows(
                "select sha256, model_file from grading_submission where file_name = 'large.onnx'"
            )[0]
            with (world.data_dir / "media" / stored).open("rb") as kept:
                on_disk = hashlib.file_digest(kept, "sha256").hexdigest()
            is_right = found == digest == on_disk
            row = table(
                "file, MiB|>.0f", "interrupted", "seconds|.1f", "sent, MiB|.0f", "web at most, MiB PSS|.0f", "hash|7"
            )
            row(size / MIB, len(said), total, line.sent / MIB, watch.most, "right" if is_right else "WRONG")
            say("limits: the right hash, 5 interruptions, less than 600 MiB sent for 500, web under 300 MiB")
        finally:
            world.stop()
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(figure(main))
