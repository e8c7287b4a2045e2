"""How long until the first page, and what the idle stack weighs. Prints a table; run by `make figures`.

python -m tests.load.start
"""

import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.journeys.world import World, wait_for
from tests.load.figures import figure, say, table


def pss_mib(pids) -> float:
    """Proportional set size of these processes: shared pages are counted once between them."""
    total = 0
    for pid in pids:
        try:
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        except OSError:
            continue
    return total / 1024


def start(data_dir: Path) -> tuple[World, float, float]:
    begun = time.monotonic()
    world = World(data_dir)
    wait_for(lambda: world.get("/")[0] == 200, 90, "the first page")
    first_page = time.monotonic() - begun
    world.wait_healthy()
    return world, first_page, time.monotonic() - begun


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="milliamp-load-") as folder:
        data_dir = Path(folder) / "data"
        rows = []
        for name in ("first start", "second start"):
            world, first_page, healthy = start(data_dir)
            wait_for(world.is_idle, 180, "the demo runs")
            time.sleep(5)
            weights = {
                child: pss_mib([pid])
                for pid, child in ((pid, name_of(command)) for pid, command in world.processes().items())
            }
            begun = time.monotonic()
            world.stop(signal.SIGINT)
            rows.append((name, first_page, healthy, sum(weights.values()), time.monotonic() - begun))
        row = table("start|14", "first page, s|.1f", "healthy, s|.1f", "idle PSS, MiB|.0f", "stop, s|.1f")
        for one in rows:
            row(*one)
        say("limits: 30 and 15 s to answer, 600 MiB idle, 15 s to stop")
        row = table("process|40", "idle PSS, MiB|.0f")
        for one in sorted(weights.items(), key=lambda pair: -pair[1]):
            row(*one)
    return 0


def name_of(command: str) -> str:
    for word in ("valkey", "gunicorn", "bench@", "ordinary@", "manage.py up"):
        if word in command:
            return f"{word} {abs(hash(command)) % 1000}"
    return command[:40]


if __name__ == "__main__":
    os.environ.setdefault("LOG_LEVEL", "ERROR")
    sys.exit(figure(main))
