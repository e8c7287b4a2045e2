"""Does a site keep to the runner protocol? Asked as an agent with one code would ask. Standard library only.

It takes the first job that the runner is given (on Milliamp its golden model), carries out nothing, and says that it was thermal_invalid: make a
runner for this alone, and revoke it afterwards.
"""

import hashlib
import json
import secrets
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.runner_protocol.scripted_site import PREFIX

TIMEOUT_S, JOB_S = 30.0, 60.0
STATE = {
    "temperature_c": 45.0,
    "clock_mhz": 1500,
    "governor": "performance",
    "throttled": {"now": [], "since_boot": []},
}


@dataclass(frozen=True)
class Answer:
    status: int
    data: bytes

    @property
    def document(self) -> dict[str, Any]:
        try:
            found = json.loads(self.data)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def code(self) -> str:
        error = self.document.get("error")
        return str(error.get("code")) if isinstance(error, dict) else ""

    @property
    def details(self) -> dict[str, Any]:
        return dict(self.document["error"].get("details") or {}) if self.code else {}


@dataclass
class Asking:
    """One machine that asks a site. rows: what was asked, and "" or what came instead of the right answer."""

    site: str
    code: str
    runtime: str
    install_id: str = field(default_factory=lambda: secrets.token_hex(16))
    token: str = ""
    job: dict[str, Any] = field(default_factory=dict)
    rows: list[tuple[str, str]] = field(default_factory=list)

    @property
    def facts(self) -> dict[str, Any]:
        return {
            "install_id": self.install_id, "boot_id": "boot-of-a-test", "agent": "conformance 1", "python": "", "machine": "aarch64", "os": "none",
            "kernel": "0", "model": "none", "serial": "", "cores": 4, "memory_bytes": 1 << 32, "runtimes": {self.runtime: "0"}, "sensors": [],
            "isolation": {"name": "none", "memory_limit": False, "why": "nothing is run"},
        }  # fmt: skip

    def call(self, method: str, path: str, body: Any = None, token: str | None = None, **headers: str) -> Answer:
        """path: below the prefix, or an address that the site has given."""
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        known = {"Content-Type": kind} | {name.replace("_", "-"): value for name, value in headers.items()}
        if token := self.token if token is None else token:
            known["Authorization"] = f"Bearer {token}"
        place = path if path.startswith(PREFIX) else PREFIX + path
        request = urllib.request.Request(self.site.rstrip("/") + place, data=data, method=method, headers=known)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
                return Answer(answer.status, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read())

    def enrol(self, code: str, install_id: str | None = None, newest: int = 1) -> Answer:
        facts = self.facts | {"install_id": install_id or self.install_id}
        return self.call(
            "POST",
            "/enroll",
            {"code": code, "protocol": {"min": min(newest, 1), "max": newest}, "facts": facts},
            token="",
        )

    def poll(self, token: str | None = None, protocol: int = 1, held: Any = ()) -> Answer:
        said = {"protocol": protocol, "facts": self.facts, "state": STATE, "held": list(held)}
        return self.call("POST", "/lease", said, token)

    def of_job(self, name: str, **said: Any) -> Answer:
        return self.call("POST", f"/lease/{self.job['lease']}/{name}", {"attempt": self.job["attempt"]} | said)

    def put(self, name: str, data: bytes, sha256: str = "") -> Answer:
        path = f"/lease/{self.job['lease']}/files/{name}?attempt={self.job['attempt']}"
        return self.call("PUT", path, data, X_Content_SHA256=sha256 or hashlib.sha256(data).hexdigest())

    def log(self, offset: int, data: bytes) -> Answer:
        return self.call("PUT", f"/lease/{self.job['lease']}/log?attempt={self.job['attempt']}&offset={offset}", data)

    def expect(self, said: str, answer: Answer, status: int, code: str = "", **holds: Any) -> Answer:
        """Note whether an answer is the right one; `holds` are members of its document."""
        found = {name: answer.document.get(name) for name in holds}
        is_right = answer.status == status and answer.code == code and found == holds
        self.rows.append((said, "" if is_right else f"{answer.status} {answer.data[:200].decode('utf-8', 'replace')}"))
        return answer


def coming(asking: Asking) -> bool:
    """Enrolling, tokens, protocols. Returns whether there is a token to go on with."""
    asking.expect("a code that nobody made: 404 code_unknown", asking.enrol("AAAA-BBBB-CCCC"), 404, "code_unknown")
    wrong = asking.expect(
        "an older protocol than any: 426 with min and max",
        asking.enrol(asking.code, newest=0),
        426,
        "protocol_unsupported",
    )
    asking.rows.append(
        ("426 says which protocols it speaks", "" if {"min", "max"} <= wrong.details.keys() else f"{wrong.details}")
    )
    first = asking.expect("the code: 201 and a token", asking.enrol(asking.code), 201, protocol=1)
    again = asking.expect(
        "the same code from the same machine: 201, the answer was lost", asking.enrol(asking.code), 201, protocol=1
    )
    asking.token = str(again.document.get("token", ""))
    if not asking.token:
        return False
    other = asking.enrol(asking.code, install_id=secrets.token_hex(16))
    asking.expect("the same code from another machine: 409 code_used", other, 409, "code_used")
    asking.expect(
        "the token before the newer one: 401", asking.poll(str(first.document.get("token"))), 401, "token_revoked"
    )
    asking.expect("a token that nobody made: 401", asking.poll("milliamp_run_nobody"), 401, "token_unknown")
    asking.expect("a poll in protocol 99: 426", asking.poll(protocol=99), 426, "protocol_unsupported")
    old, newer = asking.token, asking.expect("a new token: 200", asking.call("POST", "/token", {}), 200)
    asking.token = str(newer.document.get("token", ""))
    asking.expect(
        "the old one still opens",
        asking.call("POST", f"/lease/{uuid.uuid4()}/start", {"attempt": 1}, old),
        404,
        "not_found",
    )
    return bool(asking.token)


def taking(asking: Asking) -> bool:
    """A poll, the files. Returns whether a job came."""
    ends = time.monotonic() + JOB_S
    while not asking.job and time.monotonic() < ends:
        answer = asking.poll()
        asking.job = answer.document.get("job") or {}
        if not asking.job:
            time.sleep(min(float(answer.document.get("poll_s", 5)), 5))
    expected = {"lease", "attempt", "purpose", "title", "plan", "files", "wall_s", "ttl_s", "beat_s", "start_within_s"}
    asking.rows.append(
        (
            f"a job within {JOB_S:.0f} s, with all its fields",
            "" if asking.job.keys() >= expected else f"{asking.job}"[:200],
        )
    )
    if not asking.job:
        return False
    asking.expect("a poll again, its answer was lost: the same job", asking.poll(), 200, job=asking.job)
    held = [{"lease": asking.job["lease"], "attempt": asking.job["attempt"]}]
    asking.expect("a poll that holds it: no other job, nothing dropped", asking.poll(held=held), 200, job=None, drop=[])
    stranger = {"lease": str(uuid.uuid4()), "attempt": 1}
    asking.expect(
        "a lease that is not its own is dropped", asking.poll(held=[*held, stranger]), 200, drop=[stranger["lease"]]
    )
    for file in asking.job["files"]:
        whole, half = asking.call("GET", file["url"]), file["bytes"] // 2
        is_right = (len(whole.data), hashlib.sha256(whole.data).hexdigest()) == (file["bytes"], file["sha256"])
        asking.rows.append(
            (
                f"the file {file['name']} is what was announced",
                "" if is_right else f"{whole.status}, {len(whole.data)} bytes",
            )
        )
        rest = asking.call("GET", file["url"], Range=f"bytes={half}-")
        is_right = (rest.status, rest.data) == (206, whole.data[half:])
        asking.rows.append(("its second half: 206", "" if is_right else f"{rest.status}, {len(rest.data)} bytes"))
    return True


def working(asking: Asking) -> None:
    """Start, beats, log, files, finish: each right, twice, and wrong."""
    asking.expect(
        "start without an attempt is refused",
        asking.call("POST", f"/lease/{asking.job['lease']}/start", {}),
        422,
        "no_attempt",
    )
    for said in ("start", "start again"):
        asking.expect(said, asking.of_job("start"), 200)
    asking.expect(
        "a beat: continue", asking.of_job("beat", phase="timing", done=1, total=5, state=STATE), 200, do="continue"
    )
    later = asking.job["attempt"] + 1
    asking.expect("another attempt: 410 lease_lost", asking.of_job("beat", attempt=later), 410, "lease_lost")
    asking.expect("a piece of the log", asking.log(0, b"one\n"), 200, committed=4, truncated=False)
    asking.expect("the same piece again changes nothing", asking.log(0, b"one\n"), 200, committed=4)
    gap = asking.expect("a gap in the log: 416 log_offset", asking.log(99, b"x"), 416, "log_offset")
    asking.rows.append(("416 says where to go on", "" if gap.details.get("committed") == 4 else f"{gap.details}"))
    data = b'{"steps": []}'
    asking.expect(
        "other bytes than announced: 422 hash_wrong", asking.put("results.json", data, "0" * 64), 422, "hash_wrong"
    )
    end = {
        "outcome": "done",
        "why": "",
        "log": {"bytes": 4, "sha256": hashlib.sha256(b"one\n").hexdigest()},
        "environment": {},
    }
    named = {"name": "results.json", "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    asking.expect(
        "finish before its file: 202 missing",
        asking.of_job("finish", **end, results=named),
        202,
        missing=["results.json"],
        log_committed=4,
    )
    for said in ("the file", "the same file again"):
        asking.expect(said, asking.put("results.json", data), 200, sha256=named["sha256"])
    asking.expect(
        "another file of that name: 409 file_differs", asking.put("results.json", data + b" "), 409, "file_differs"
    )
    asking.expect("a file with a path for its name is refused", asking.put("..%2fresults.json", data), 404, "not_found")
    end |= {"outcome": "thermal_invalid", "why": "a look at the protocol, nothing was measured", "results": None}
    asking.expect("finish: recorded", asking.of_job("finish", **end), 200, recorded=True, again=False)
    asking.expect(
        "finish again: it was recorded before", asking.of_job("finish", **end), 200, recorded=True, again=True
    )
    asking.expect(
        "another ending: 409 finish_differs", asking.of_job("finish", **end | {"why": "x"}), 409, "finish_differs"
    )
    asking.expect("the file after the end: as before", asking.put("results.json", data), 200, sha256=named["sha256"])
    asking.expect("a beat after the end: 410", asking.of_job("beat"), 410, "lease_lost")


def look(site: str, code: str, runtime: str, say: Callable[[str], None] = print) -> int:
    """Ask everything, say a table. Returns 0 where all answers are right, else 1."""
    asking = Asking(site, code, runtime)
    if coming(asking) and taking(asking):
        working(asking)
    for said, wrong in asking.rows:
        say(f"{'FAILED' if wrong else 'ok':<7} {said}" + (f"\n{'':<7} it answered {wrong}" if wrong else ""))
    failed = sum(bool(wrong) for _, wrong in asking.rows)
    say(f"{len(asking.rows)} answers: {len(asking.rows) - failed} right, {failed} wrong")
    return 1 if failed else 0
