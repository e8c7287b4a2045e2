"""A site that speaks the runner protocol and can be made to misbehave: lose answers, cut, refuse, go away."""

import hashlib
import json
import re
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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
class Site:
    """Jobs by lease, and everything that was said. ``on`` maps a call to what happens before it is answered.

    A hook gets the handler; it may raise Cut (no answer, before or after the call took effect) or return an answer
    (status, document) in place of the right one.
    """

    token: str = "milliamp_run_test"
    jobs: dict = field(default_factory=dict)
    files: dict = field(default_factory=dict)
    kept: dict = field(default_factory=dict)
    logs: dict = field(default_factory=dict)
    finished: dict = field(default_factory=dict)
    released: list = field(default_factory=list)
    calls: list = field(default_factory=list)
    leases: list = field(default_factory=list)
    on: dict = field(default_factory=dict)
    drop: list = field(default_factory=list)
    beat_s: float = 0.1
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

    def add(self, model: bytes, *, wrong_hash=False, **plan):
        """Put a job into the line. Returns its lease."""
        lease = str(uuid.uuid4())
        url = f"{PREFIX}/lease/{lease}/files/model?attempt=1"
        self.files[lease, "model"] = model
        digest = hashlib.sha256(model + b"x" * wrong_hash).hexdigest()
        self.jobs[lease] = {
            "lease": lease, "attempt": 1, "purpose": "measure", "title": f"job {lease[:4]}", "wall_s": 60.0, "ttl_s": 60,
            "plan": {"steps": [step()], "cool_below_c": None, "reference": None, "idle_s": 0.2} | plan,
            "files": [{"name": "model", "bytes": len(model), "sha256": digest, "url": url}],
            "beat_s": self.beat_s, "start_within_s": 120,
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
        self.site.calls.append(call)
        try:
            said = hook(self) if hook else None
            self.answer(*(said or self.right(call)))
        except Cut as cut:
            if cut.after:
                self.right(call)
            self.close_connection = True
            self.connection.close()

    def right(self, call):
        with self.site.lock:
            if call != "enroll" and self.headers.get("Authorization") != f"Bearer {self.site.token}":
                return 401, {"code": "token_revoked"}
            return getattr(self, f"on_{call}")()

    def answer(self, status, document):
        if isinstance(document, dict) and "code" in document:  # as the rest of the API says what is refused
            details = {name: value for name, value in document.items() if name not in ("code", "message")}
            document = {"error": {"message": "", **document, "details": details}}
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    # -- the contract -------------------------------------------------------------------------------------------------

    def on_enroll(self):
        asked = json.loads(self.body)
        assert re.fullmatch("[0-9a-f]{32}", asked["facts"]["install_id"])
        self.site.enrolled = asked
        return 201, {"runner": str(uuid.uuid4()), "name": "bench-pi", "course": "demo", "device": "raspberry-pi-4",
                     "token": self.site.token, "protocol": 1, "poll_s": 0.05, "beat_s": self.site.beat_s, "ttl_s": 60}  # fmt: skip

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
        return 200, {"job": given, "drop": self.site.drop, "duty": "active", "health": "good", "poll_s": 0.05}

    def on_start(self):
        return 200, {}

    def on_beat(self):
        return 200, {"do": self.site.do}

    def on_log(self):
        kept, offset = self.site.logs.get(self.lease, b""), int(self.query["offset"])
        if offset != len(kept):
            return 416, {"code": "log_offset", "committed": len(kept)}
        self.site.logs[self.lease] = kept + self.body
        return 200, {"committed": len(kept) + len(self.body), "truncated": False}

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
