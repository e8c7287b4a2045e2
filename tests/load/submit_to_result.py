"""From the last byte of an upload to the points, through the browser's door, on an idle worker. Prints a table; run by `make figures`.

    python -m tests.load.submit_to_result

"Measuring" is what the sandbox took (check, timing, accuracy), read from the moves of the run; the rest is ours: queue, wake, scoring, page.
"""

import sys
import tempfile
import time
import uuid
from pathlib import Path

from tests.journeys.visitor import Visitor
from tests.journeys.world import World, wait_for
from tests.load.figures import figure, table
from tests.parts import ROOT

MODELS = ROOT / "grading" / "demo" / "models"
FILES = ("digits-middle.onnx", "digits-wide.tflite", "digits-middle-int8.tflite")


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="milliamp-load-") as folder:
        world = World(Path(folder) / "data")
        try:
            world.wait_healthy(600)  # however busy the machine is
            wait_for(world.is_idle, 180, "an idle worker")
            row = table("file|28", "submit to result, s|.2f", "measuring, s|.2f", "all else, s|.2f")
            for file in FILES:
                total, measuring = once(world, file, "sofia.lindgren@example.edu")
                row(file, total, measuring, total - measuring)
            row("limits for the ONNX model", 6, None, 2)
        finally:
            world.stop()
    return 0


def once(world: World, file: str, email: str) -> tuple[float, float]:
    visitor = Visitor(world.url)
    visitor.sign_in(email)
    begun = time.monotonic()
    receipt = visitor.hand_in("lab3", MODELS / file)
    run = world.rows("select id from hardware_job order by queued_at desc limit 1")[0][0]
    wait_for(
        lambda: world.rows("select 1 from hardware_job where id = ? and status = 'finished'", run), 60, "the result"
    )
    assert "measured points" in visitor.page(f"/courses/demo/runs/{uuid.UUID(run)}/"), receipt
    total = time.monotonic() - begun
    measuring = world.rows(
        "select (julianday(finished_at) - julianday(started_at)) * 86400 from hardware_job where id = ?", run
    )[0][0]
    return total, measuring


if __name__ == "__main__":
    sys.exit(figure(main))
