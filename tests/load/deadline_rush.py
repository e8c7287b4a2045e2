"""A deadline: so many students around the instant at which a lab is due. Prints a table; exit status 1 where a request failed or a hand-in is lost.

python -m tests.load.deadline_rush [sqlite|postgres ...] [--students 500] [--seconds 600] [--uploads 1000] [--poll-s 5] [--seed 20] [--no-drain]

The deadline passes in the middle. Each student opens a page every 20 s (rush_pages.MIX), and looks at the newest run every 5 s while it is open.
Half of the uploads are models of 1 MiB, the others of 1 to 20 MiB, each through the requests that the browser's own script makes; most of
them come in the minutes before the deadline. The workers are the real ones, one of them a bench worker that measures in its sandbox while the rush goes on.
Then the line drains. A receipt counts when its row is there once, with the hash of what was sent, and the file on disk has that hash too.
"""

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.load.doors import Door
from tests.load.figures import figure, say, table
from tests.load.rush_pages import MIX
from tests.load.rush_server import PARTS, Processor, make_class, world_of
from tests.load.rush_visitors import Failed, Models, Student, Told, pages_of

EVERY_S, MIB, LARGEST_MIB = 20.0, 1 << 20, 20
BUSY = 0.9  # of all cores: above it who waits, waits for the processor


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("worlds", nargs="*", default=["sqlite", "postgres"])
    words.add_argument("--students", type=int, default=500)
    words.add_argument("--seconds", type=float, default=600)
    words.add_argument("--uploads", type=int)
    words.add_argument("--poll-s", type=float, default=5)
    words.add_argument("--seed", type=int, default=20)
    words.add_argument("--largest-mib", type=int, default=LARGEST_MIB)
    words.add_argument("--no-drain", action="store_true")
    asked = words.parse_args()
    asked.uploads = 2 * asked.students if asked.uploads is None else asked.uploads
    return max(rush(kind, asked) for kind in asked.worlds)


def rush(kind: str, asked: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="milliamp-rush-") as folder:
        world = world_of(kind, Path(folder))
        try:
            world.bring_up()
            return int(bool(play(world, asked)))
        finally:
            world.stop()


def play(world: Any, asked: argparse.Namespace) -> list[str]:
    """The rush in a world that is up. Prints its table; returns what went wrong."""
    file = make_class(world, asked.students, 15 + asked.seconds / 2)
    facts = json.loads(file.read_text())
    asyncio.run(warm(world.door, facts))
    due_s = datetime.fromisoformat(facts["due_at"]).timestamp() - time.time()
    time.sleep(max(0.0, due_s - asked.seconds / 2))
    told, watch = Told(), Processor(world)
    watch.start()
    own, begun = time.process_time(), time.monotonic()
    asyncio.run(everybody(world.door, facts, asked, told))
    own, lasted = time.process_time() - own, time.monotonic() - begun
    watch.stop()
    taken = watch.taken_s()
    drained_s = None if asked.no_drain else drain(world)
    lost = lost_of(world, told)
    report(world, asked.students, told, Measured(taken | {"generator": own}, lasted, watch.busy()))
    ending(told, lost, drained_s)
    return [*told.errors, *lost]


async def warm(door: Door, facts: dict[str, Any]) -> None:
    """Templates and modules are loaded, as in a site that has been up for a while."""
    told = Told()
    for person in facts["people"][:8]:
        for name, (_, path) in MIX.items():
            await Student(door, person, facts["target"], told).page(name, path.format(run=person["runs"][0]))


async def everybody(door: Door, facts: dict[str, Any], asked: argparse.Namespace, told: Told) -> None:
    chance = random.Random(asked.seed)
    students = [Student(door, person, facts["target"], told) for person in facts["people"]]
    models, end = Models(asked.seed, (asked.largest_mib + 1) * MIB), time.monotonic() + asked.seconds
    work = [reads(one, random.Random(chance.random()), end) for one in students]
    work += [watches(one, asked.poll_s, end) for one in students if asked.uploads]
    for number in range(asked.uploads):
        # Most come in the last tenth before the deadline, a fifth of them after it.
        at_s = asked.seconds * min(0.97, max(0.01, chance.triangular(0.05, 0.75, 0.47)))
        size = MIB if chance.random() < 0.5 else int(chance.uniform(1.1, asked.largest_mib) * MIB)
        work.append(sends(students[number % len(students)], models, number, size, at_s))
    await asyncio.gather(*work)


async def reads(student: Student, chance: random.Random, end: float) -> None:
    await asyncio.sleep(chance.uniform(0, EVERY_S))
    while (begun := time.monotonic()) < end:
        name = pages_of(chance)
        path = MIX[name][1].format(run=chance.choice(student.person["runs"]))
        await _noting(student, student.page(name, path))
        next_at = begun + EVERY_S * chance.uniform(0.7, 1.3)
        await asyncio.sleep(max(0.0, min(next_at, end) - time.monotonic()))


async def watches(student: Student, poll_s: float, end: float) -> None:
    while time.monotonic() < end:
        await asyncio.sleep(poll_s)
        if student.watched and not await _noting(student, student.poll()):
            student.watched = ""


async def sends(student: Student, models: Models, number: int, size: int, at_s: float) -> None:
    await asyncio.sleep(at_s)
    content = await asyncio.to_thread(models.of, number, size)
    await _noting(student, student.hand_in(content, f"rush-{number}.onnx"))


async def _noting(student: Student, act: Any) -> Any:
    try:
        return await act
    except Failed as error:
        student.told.errors.append(str(error))
        return None


def drain(world: Any) -> float:
    """Seconds from the end of the rush until nothing waits any more."""
    begun = time.monotonic()
    while world.rows("select count(*) from hardware_job where kind = 'run' and status not in ('finished', 'parked')")[
        0
    ][0]:
        time.sleep(1)
    return time.monotonic() - begun


def lost_of(world: Any, told: Told) -> list[str]:
    """What is wrong with the hand-ins, from the rows and the files."""
    due = datetime.fromisoformat(json.loads((Path(world.data_dir) / "class.json").read_text())["due_at"])
    mark = "%%" if world.env else "%"  # psycopg reads a single one as a place for a value
    rows = world.rows(
        f"select receipt, sha256, model_file, received_at from grading_submission where file_name like 'rush-{mark}'"
    )
    kept: dict[str, list[Any]] = {}
    for row in rows:
        kept.setdefault(row[0], []).append(row)
    wrong, stored = [], world.digests([row[2] for row in rows])
    for given in told.receipts:
        found = kept.get(given["receipt"], [])
        if len(found) != 1 or found[0][1] != given["sha256"]:
            wrong.append(f"{given['receipt']}: {len(found)} rows")
            continue
        if stored.get(found[0][2]) != given["sha256"]:
            wrong.append(f"{given['receipt']}: another file is stored")
    hashes = [row[1] for row in rows]
    wrong += [f"{digest[:12]} was recorded twice" for digest in set(hashes) if hashes.count(digest) > 1]
    return wrong + late_of(world, due, mark)


def late_of(world: Any, due: datetime, mark: str) -> list[str]:
    """Verdicts that do not fit the instant at which the file was here: late days exactly where it is behind the due time."""
    found = world.rows(
        "select s.receipt, s.received_at, v.days_late from grading_lateverdict v join grading_submission s on s.id = v.submission_id"
        f" where s.file_name like 'rush-{mark}'"
    )
    wrong, late = [], 0
    for receipt, at, days in found:
        moment = at if isinstance(at, datetime) else datetime.fromisoformat(at).replace(tzinfo=UTC)
        late += moment > due
        if (moment > due) != bool(days):
            wrong.append(f"{receipt}: came at {moment:%H:%M:%S}, due {due:%H:%M:%S}, and is called {days} days late")
    say(f"verdicts looked at: {len(found)}, of them {late} behind the deadline")
    return wrong


@dataclass(frozen=True)
class Measured:
    """taken: seconds of CPU by part, the generator too. busy: share of the whole machine, whoever used it."""

    taken: dict[str, float]
    lasted_s: float
    busy: float


def report(world: Any, students: int, told: Told, measured: Measured) -> None:
    cores = os.cpu_count() or 1
    sent = f"{len(told.receipts)} receipts, {told.sent_bytes / MIB:.0f} MiB sent"
    say(f"{world.name}: {students} students, {measured.lasted_s:.0f} s, {cores} cores, {sent}")
    row = table("what was asked|34", "times", *(f"{share}, ms|8.0f" for share in ("p50", "p95", "p99", "most")))
    pages = [seconds for name in MIX for seconds in told.seconds.get(name, [])]
    known = sorted(told.seconds.items(), key=lambda item: item[0] not in MIX)
    for name, found in [*known, ("all pages of the mix", pages)]:
        if found:
            row(name, len(found), *(1000 * value for value in (*percentiles(found), max(found))))
    row = table("part|34", "CPU, s|8.1f", "share of the machine|.0%")
    for part in (*PARTS, "generator"):
        if seconds := measured.taken.get(part):
            row(part, seconds, seconds / measured.lasted_s / cores)
    requests = sum(len(found) for name, found in told.seconds.items() if not name.startswith("upload and"))
    server = sum(measured.taken.get(part, 0.0) for part in ("web", "database", "broker"))
    say(f"web, database and broker: {1000 * server / max(requests, 1):.1f} ms of CPU a request, {requests} requests")
    say(first_bottleneck(measured, cores))


def first_bottleneck(measured: Measured, cores: int) -> str:
    ours = sum(measured.taken.values()) / measured.lasted_s / cores
    most = max((part for part in measured.taken if part != "generator"), key=lambda part: measured.taken[part])
    said = f"the machine was {measured.busy:.0%} busy, {ours:.0%} of it by this rush, most by {most}"
    return f"first bottleneck: {'the processor' if measured.busy > BUSY else 'none was reached'}; {said}"


def ending(told: Told, lost: list[str], drained_s: float | None) -> None:
    line = (
        "the line was not waited for" if drained_s is None else f"the line was empty {drained_s:.0f} s after the rush"
    )
    say(f"failed requests {len(told.errors)}, lost or wrong hand-ins {len(lost)}, {line}")
    for wrong in [*told.errors[:5], *lost[:5]]:
        say(f"  {wrong[:240]}")


def percentiles(found: list[float]) -> tuple[float, float, float]:
    ordered = sorted(found)
    return tuple(ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.95, 0.99))  # type: ignore[return-value]


if __name__ == "__main__":
    sys.exit(figure(main))
