"""Runners and their work, for tests: boards that speak the protocol through Django's client, as an agent does over HTTP."""

import hashlib
import itertools
import json
import re

from django.core.cache import cache
from django.core.files.base import ContentFile
from django.test import Client

from hardware import leases
from hardware.models import BoardFile, BoardJob, Priority, Purpose, Runner
from hardware.runners.enrolling import runner_add
from tests.hardware.runners.published import wrong_answer

P = "/api/runner/v1"
FLEET = "/courses/odml/runners/"
numbers = itertools.count(1)


def facts_of(**changes):
    return {
        "install_id": "a" * 32, "boot_id": "boot-1", "agent": "1.0.0", "python": "3.11.2", "machine": "aarch64", "os": "Debian 12", "kernel": "6.6",
        "model": "Raspberry Pi 4 Model B Rev 1.4", "serial": "", "cores": 4, "memory_bytes": 4 << 30, "runtimes": {"onnx": "1.22.1"},
        "isolation": {"name": "bubblewrap", "memory_limit": True, "why": ""}, "sensors": [], "clock_utc": "2026-11-27T14:00:00+00:00",
    } | changes  # fmt: skip


STATE = {
    "temperature_c": 48.5,
    "clock_mhz": 1500,
    "governor": "performance",
    "throttled": {"now": [], "since_boot": []},
    "disk_free_bytes": 1 << 33,
}


class Board:
    """One agent. Every call returns the response; `said` is what the last one said."""

    def __init__(self, token="", **facts):
        self.client, self.token, self.facts, self.said = Client(), token, facts_of(**facts), {}

    def send(self, method, address, body=None, **headers):
        sent = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        known = {"authorization": f"Bearer {self.token}"} if self.token else {}
        answer = self.client.generic(method, P + address, sent, content_type=kind, headers=known | headers)
        self.said = answer.json() if answer.headers.get("Content-Type", "").startswith("application/json") else {}
        if self.said:
            assert wrong_answer(method, address, answer.status_code, self.said) == [], address
        return answer

    def enrol(self, code):
        answer = self.send("POST", "/enroll", {"code": code, "protocol": {"min": 1, "max": 1}, "facts": self.facts})
        self.token = self.said.get("token", self.token)
        return answer

    def poll(self, held=(), **changes):
        asked = {
            "protocol": 1,
            "facts": self.facts,
            "state": STATE,
            "held": [{"lease": job["lease"], "attempt": job["attempt"]} for job in held],
        }
        return self.send("POST", "/lease", asked | changes)

    def job(self):
        """The work that a poll brings."""
        assert self.poll().status_code == 200, self.said
        return self.said["job"]

    def call(self, job, name, **said):
        return self.send("POST", f"/lease/{job['lease']}/{name}", {"attempt": job["attempt"]} | said)

    def put(self, job, name, data, sha256=None):
        digest = sha256 or hashlib.sha256(data).hexdigest()
        return self.send(
            "PUT", f"/lease/{job['lease']}/files/{name}?attempt={job['attempt']}", data, x_content_sha256=digest
        )

    def log(self, job, offset, data):
        return self.send("PUT", f"/lease/{job['lease']}/log?attempt={job['attempt']}&offset={offset}", data)

    def carry_out(self, job, p50_ms=5.0, **end):
        """All calls of a run that ends well; the last answer."""
        assert self.call(job, "start").status_code == 200, self.said
        data = json.dumps(results(p50_ms)).encode()
        assert self.put(job, "results.json", data).status_code == 200, self.said
        named = {"name": "results.json", "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        return self.call(
            job, "finish", **{"outcome": "done", "results": named, "log": {"bytes": 0}, "environment": {}} | end
        )


def results(p50_ms=5.0, **changes):
    step = {
        "name": "golden", "ended": "ok", "code": "", "message": "", "exit_code": 0, "signal": None, "stderr_tail": "", "wall_s": 9.0, "cpu_s": 8.0,
        "peak_rss_bytes": 90 << 20, "isolation": "bubblewrap", "nonce_ok": True,
        "frames": [["latency", {"first_ms": [9.0], "samples_ms": [p50_ms] * 50}], ["done", {}]],
    }  # fmt: skip
    return {"steps": [step | changes]}


def add_board(cast, name="pi4-01", enrolled=True, item=None, team=None, tags=(), device="rpi-4-4gb", **facts):
    """(the row, its agent): enrolled, with a golden model behind it unless `enrolled` is not True."""
    runner, code = runner_add(visit=cast.visit(cast.helen), name=name, device=device, item=item, team=team, tags=tags)
    board = Board(**{"install_id": f"{next(numbers):032x}"} | facts)
    if not enrolled:
        return runner, board, code
    cache.clear()  # so many boards enrol from one address in these tests that the site would have them wait
    assert board.enrol(code).status_code == 201, board.said
    assert board.carry_out(board.job()).status_code == 200, board.said
    runner.refresh_from_db()
    return runner, board


def make_work(cast, title="lab1 of Ruth", data=b"model", owner="person:1", **fields):
    """A job for any board of a kind, with one file."""
    given = {
        "kind": "board_probe", "purpose": Purpose.MEASURE, "device": "rpi-4-4gb", "runtime": "onnx", "plan": {"steps": []},
        "priority": Priority.LIVE, "course": cast.course,
    }  # fmt: skip
    job = leases.job_enqueue(BoardJob, owner_key=owner, title=title, **given | fields)
    row = BoardFile(job=job, name="model", bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    row.file.save("model", ContentFile(data), save=False)
    row.save()
    return job


def fresh(runner):
    return Runner.objects.get(pk=runner.pk)


def runner_objects(cast):
    """What addresses of runners name, for the test of access."""
    runner, board = add_board(cast)
    make_work(cast, kind="board_run")
    job = board.job()
    return {
        "<uuid:runner>": str(runner.pk),
        "<uuid:board_job>": job["lease"],
        "<uuid:lease>": job["lease"],
        "<str:name>": "model",
    }


def text(client, address, who=None):
    if who is not None:
        client.force_login(who)
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def words_of(page):
    """Of a page as it is read: tags out, and the spaces that keep numbers and units together as plain ones."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).replace("\u00a0", " ").split())
