"""A board that carries out a plan with the agent's own code, in a sandbox of this machine, on a made-up tree of /sys."""

import json
from dataclasses import replace
from functools import lru_cache
from hashlib import sha256

from grading.bench.sandbox import detect
from grading.measuring import bench_ready, worker
from hardware.ondevice.runner import carry_out, power
from hardware.ondevice.runner import job as agents_job
from hardware.ondevice.runner.progress import Progress
from hardware.ondevice.runner.state import Machine
from tests.grading.measuring.test_worker import StillHeart
from tests.hardware.runner.test_machine import PI, chip, write

IDLE_S, LOAD_S = 0.3, 0.2
sandbox = lru_cache(lambda: detect("auto"))


def ready_here(settings, monkeypatch):
    """A worker of this process that can measure. Its machine is busy: what is too far apart is tried with numbers of its own."""
    monkeypatch.setattr(worker, "Heartbeat", StillHeart)
    monkeypatch.setattr(bench_ready, "can_measure", lambda: True)
    monkeypatch.setattr(bench_ready, "sandbox", sandbox)
    settings.BOARD_REPEATS_PERCENT = 100_000


def fetched(board, job, folder):
    """The files of a job in `folder`, as an agent fetches them."""
    for row in job["files"]:
        answer = board.client.get(row["url"], headers={"authorization": f"Bearer {board.token}"})
        data = b"".join(answer.streaming_content)
        assert sha256(data).hexdigest() == row["sha256"]
        (folder / row["name"]).write_bytes(data)


def carried_out(board, job, folder, monkeypatch, *, watts=None, spoil=None, **said):
    """All calls of one run; the answer to `finish`. watts: what its sensor shows, None without one. spoil: changes the files that it has
    fetched. said: changes of its environment."""
    monkeypatch.setattr(carry_out, "LOAD_S", LOAD_S)
    root = folder / "machine"
    write(root, PI)
    if watts is not None:
        chip(root / "sys", 1, {"name": "ina219", "power1_input": int(watts * 1e6)})
    fetched(board, job, folder)
    if spoil is not None:
        spoil(folder)
    assert board.call(job, "start").status_code == 200
    sensor = power.choose(power.find(root / "sys"))
    run = carry_out.Run(
        plan=replace(agents_job.read(job).plan, idle_s=IDLE_S),
        bench=carry_out.Bench(bench_ready.sandbox(), Machine(folder, root), None, sensor, look_s=0.05),
        progress=Progress(),
        given=lambda name: folder / name,
        facts=board.facts,
        lease=job["lease"],
        wall_s=job["wall_s"],
        log=lambda sentence: None,
    )
    run.carry_out()
    data = json.dumps(run.results_document()).encode()
    assert board.put(job, "results.json", data).status_code == 200, board.said
    named = {"name": "results.json", "sha256": sha256(data).hexdigest(), "bytes": len(data)}
    environment = run.environment() | said
    return board.call(job, "finish", outcome="done", results=named, log={"bytes": 0}, environment=environment)
