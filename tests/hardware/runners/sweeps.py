"""Calibrations for tests: boards that answer each part with times that are made up."""

import hashlib
import json

from tests.hardware.runners.boards import results


def answer(job, milliseconds, version="1.31.1", **changes):
    """results.json of a part. milliseconds: (place of the network in the part, window) -> ms."""
    steps = []
    for step in job["plan"]["steps"]:
        file, _, window = step["name"].split(" ")
        frames = [
            ["environment", {"runtime": "ONNX Runtime", "runtime_version": version, "threads": 1}],
            ["latency", {"first_ms": [9.0], "samples_ms": [milliseconds(int(file[1:]), int(window))] * 20}], ["done", {}],
        ]  # fmt: skip
        steps += results(**{"name": step["name"], "frames": frames, "wall_s": 3600.0} | changes)["steps"]
    return {"steps": steps}


def bracket(before=5.0, after=5.0):
    return {
        "bracket": {"before_p50_ms": before, "after_p50_ms": after}, "thermal": "ok", "after": {"clock_mhz": 1500, "temperature_c": 51.5},
    }  # fmt: skip


def carry_out(board, job, milliseconds=lambda place, window: 2.0 + place, environment=None, **changes):
    """All calls of a part that ends well; the last answer."""
    assert board.call(job, "start").status_code == 200, board.said
    data = json.dumps(answer(job, milliseconds, **changes)).encode()
    assert board.put(job, "results.json", data).status_code == 200, board.said
    named = {"name": "results.json", "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    return board.call(
        job, "finish", outcome="done", results=named, log={"bytes": 0}, environment=environment or bracket()
    )
