"""A site that speaks the runner protocol and can be made to misbehave: lose answers, cut, refuse, go away. Standard library only.

It keeps everything that an agent says, for the scenarios (scenarios.py) and the standing rules (rules.py) to judge.
"""

import hashlib
import json
import re
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PREFIX = "/api/runner/v1"
LIMITS = {"wall_s": 30.0, "cpu_s": 30, "memory_bytes": 512 << 20, "threads": 64}


def step(name="model", **changes):
    args = ["--model", "{inputs}/model", "--format", "onnx"]
    return {
        "name": name,
        "entry": "hardware.ondevice.harness",
        "args": args,
        "files": ["model"],
        "limits": LIMITS,
    } | changes


@dataclass
class Seen:
    """One call as it came, and what was answered. asked: its JSON, None where it is bytes or none. status: None where no answer was given."""

    at: float
    call: str
    lease: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    asked: Any
    status: int | None = None
    answer: Any = None

    @property
    def attempt(self) -> Any:
        """As the call names it, in its address or its body; None where it names none."""
        if "attempt" in self.query:
            return int(self.query["attempt"]) if self.query["attempt"].isdigit() else self.query["attempt"]
        return self.asked.get("attempt") if isinstance(self.asked, dict) else None


@dataclass
class Site:
    """Jobs by lease, and everything that was said. ``on`` maps a call to what happens before it is answered.

    A hook gets the handler; it may raise Cut (no answer, before or after the call took effect) or return an answer
    (status, document) or (status, document, headers) in place of the right one. lost: leases that are somebody else's by now.
    extra: fields that newer sites add to every answer.
    """

    token: str = "milliamp_run_test"
    jobs: dict = field(default_factory=dict)
    files: dict = field(default_factory=dict)
    kept: dict = field(default_factory=dict)
    logs: dict = field(default_factory=dict)
    finished: dict = field(default_factory=dict)
    released: list = field(default_factory=list)
    calls: list = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    leases: list = field(default_factory=list)
    on: dict = field(default_factory=dict)
    drop: list = field(default_factory=list)
    lost: set = field(default_factory=set)
    extra: dict = field(default_factory=dict)
    enrolled: dict = field(default_factory=dict)
    beat_s: float = 0.1
    poll_s: float = 0.05
    do: str = "continue"

    def __post_init__(self):
        self.lock = threading.RLock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"site": self}))
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def add(self, model: bytes, *, wrong_hash=False, attempt=1, lease="", wall_s=60.0, **plan):
        """Put a job into the line; one with the ``lease`` of an earlier one is that job, given out anew. Returns its lease."""
        lease = lease or str(uuid.uuid4())
        url = f"{PREFIX}/lease/{lease}/files/model?attempt={attempt}"
        digest = hashlib.sha256(model + b"x" * wrong_hash).hexdigest()
        with self.lock:
            self.lost.discard(lease)
            self.logs.pop(lease, None)
            self.files[lease, "model"] = model
            self.jobs[lease] = {
                "lease": lease, "attempt": attempt, "purpose": "measure", "title": f"job {lease[:4]}", "wall_s": wall_s, "ttl_s": 60,
                "plan": {"steps": [step()], "cool_below_c": None, "reference": None, "idle_s": 0.2} | plan,
                "files": [{"name": "model", "bytes": len(model), "sha256": digest, "url": url}],
                "beat_s": self.beat_s, "start_within_s": 120, **self.extra,
            }  # fmt: skip
        return lease

    def ended(self, lease):
        """Whether the site knows how a job has ended."""
        return lease in self.finished or any(each["lease"] == lease for each in self.released)

    def count(self, call):
        return sum(each == call for each in self.calls)


class Cut(Exception):
    """Close the connection without an answer."""

    def __init__(self, after=False):
        self.after = after


class Handler(BaseHTTPRequestHandler):
    site: Site
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.serve()

    do_PUT = do_GET = do_POST  # noqa: N815 as the library calls them

    def log_message(self, *_):
        pass

    def serve(self):
        parts = urlsplit(self.path)
        self.query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        words = re.sub(f"^{PREFIX}/", "", parts.path).split("/")
        self.lease = words[1] if len(words) > 1 else ""
        call = words[2] if len(words) > 2 else words[0]
        if call == "files":
            call = "download" if self.command == "GET" else "upload"
        hook: Callable | None = self.site.on.get(call)
        self.note(call)
        try:
            said = hook(self) if hook else None
            self.answer(*(said or self.right(call)))
        except Cut as cut:
            if cut.after:
                self.right(call)
            self.close_connection = True
            self.connection.close()
        except OSError:  # who asked is gone
            self.close_connection = True

    def note(self, call):
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            asked = json.loads(self.body) if self.command == "POST" else None
        except ValueError:
            asked = None
        self.record = Seen(time.monotonic(), call, self.lease, self.query, headers, self.body, asked)
        with self.site.lock:
            self.site.calls.append(call)
            self.site.seen.append(self.record)

    def right(self, call):
        with self.site.lock:
            if call != "enroll" and self.headers.get("Authorization") != f"Bearer {self.site.token}":
                return 401, {"code": "token_revoked"}
            known = getattr(self, f"on_{call}", None)
            if known is None or (self.lease and self.lease not in self.site.jobs):
                return 404, {"code": "not_here"}
            if self.lease and self.is_over(call):
                return 410, {"code": "lease_lost"}
            try:
                return known()
            except (KeyError, TypeError, ValueError) as error:
                return 400, {"code": "bad_body", "message": f"{call} is not understood: {error!r}"}

    def is_over(self, call):
        """Whether the lease is another's, or has ended; what was recorded is answered as before."""
        if self.lease in self.site.lost or self.record.attempt != self.site.jobs[self.lease]["attempt"]:
            return True
        is_recorded = self.lease in self.site.finished and call in ("upload", "log", "finish")
        return self.site.ended(self.lease) and not is_recorded

    def answer(self, status, document, headers=None):
        self.record.status, self.record.answer = status, None if isinstance(document, bytes) else document
        if isinstance(document, dict) and "code" in document:  # as the rest of the API says what is refused
            details = {name: value for name, value in document.items() if name not in ("code", "message")}
            document = {"error": {"message": "", **document, "details": details}}
        elif isinstance(document, dict):
            document = document | self.site.extra
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        if not isinstance(document, bytes):
            self.send_header("Content-Type", "application/json")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    # -- the contract -------------------------------------------------------------------------------------------------

    def on_enroll(self):
        asked = json.loads(self.body)
        if not re.fullmatch("[0-9a-f]{32}", str(asked["facts"].get("install_id"))):
            return 422, {"code": "no_install_id", "message": "facts.install_id is missing."}
        self.site.enrolled = asked
        return 201, {"runner": str(uuid.uuid4()), "name": "bench-pi", "course": "demo", "device": "raspberry-pi-4",
                     "token": self.site.token, "protocol": 1, "poll_s": self.site.poll_s, "beat_s": self.site.beat_s, "ttl_s": 60}  # fmt: skip

    def on_token(self):
        self.site.token += "x"
        return 200, {"token": self.site.token, "old_valid_s": 600}

    def on_lease(self):
        asked = json.loads(self.body)
        self.site.leases.append(asked)
        held = {each["lease"] for each in asked["held"]} - set(self.site.drop)
        waiting = [job for lease, job in self.site.jobs.items() if not job.get("taken") and not self.site.ended(lease)]
        job = waiting[0] if waiting and not held else None
        if job:
            job["taken"] = True
        given = {name: value for name, value in job.items() if name != "taken"} if job else None
        dropped = [*self.site.drop, *(each["lease"] for each in asked["held"] if each["lease"] in self.site.lost)]
        return 200, {"job": given, "drop": dropped, "duty": "active", "health": "good", "poll_s": self.site.poll_s}

    def on_start(self):
        return 200, {}

    def on_beat(self):
        return 200, {"do": self.site.do}

    def on_log(self):
        kept, offset = self.site.logs.get(self.lease, b""), int(self.query["offset"])
        if offset > len(kept):
            return 416, {"code": "log_offset", "committed": len(kept)}
        kept += self.body[len(kept) - offset :]
        self.site.logs[self.lease] = kept
        return 200, {"committed": len(kept), "truncated": False}

    def on_download(self):
        content = self.site.files[self.lease, "model"]
        begin = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        return (206, content[int(begin[1]) :]) if begin else (200, content)

    def on_upload(self):
        name = self.path.split("?")[0].rsplit("/", 1)[1]
        if hashlib.sha256(self.body).hexdigest() != self.headers["X-Content-SHA256"]:
            return 422, {"code": "hash_wrong"}
        if self.site.kept.setdefault((self.lease, name), self.body) != self.body:
            return 409, {"code": "file_differs"}
        return 200, {}

    def on_finish(self):
        asked = json.loads(self.body)
        if asked["results"] and (self.lease, asked["results"]["name"]) not in self.site.kept:
            return 202, {
                "missing": [asked["results"]["name"]],
                "log_committed": len(self.site.logs.get(self.lease, b"")),
            }
        if asked["log"]["bytes"] != len(self.site.logs.get(self.lease, b"")):
            return 202, {"missing": [], "log_committed": len(self.site.logs.get(self.lease, b""))}
        before = self.site.finished.setdefault(self.lease, self.body)
        if before != self.body:
            return 409, {"code": "finish_differs", "message": "Another ending was recorded."}
        return 200, {"recorded": True, "again": self.site.count("finish") > 1}

    def on_release(self):
        self.site.released.append(json.loads(self.body) | {"lease": self.lease})
        return 200, {}
