"""An agent that speaks the protocol and measures nothing: to try the suite itself. `--wrong WORD` breaks one rule of it.

python -m tests.runner_protocol.tiny_agent SITE CODE FOLDER [--wrong WORD]

Its steps sleep for a tenth of a second. What it must remember stands in FOLDER/state.json, which is written before the next call.
"""

import argparse
import hashlib
import json
import os
import secrets
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

PREFIX, STEP_S, SCALE = "/api/runner/v1", 0.1, 0.02
WRONG = {
    "ignores-410": "a lease that is lost is worked on",
    "ignores-cancel": "a beat that says cancel is passed over",
    "ignores-retry-after": "it comes back at once",
    "ignores-hash": "a damaged file is run",
    "ignores-entry": "a program that it does not know is run",
    "ignores-401": "it goes on with a token that was revoked",
    "ignores-426": "it goes on in a protocol that is not spoken",
    "ignores-missing": "202 is taken for an end",
    "ignores-sigterm": "it is stopped without a word",
    "runs-again": "a job that was running when it was killed is run again",
    "wrong-offset": "the log goes on where it was, whatever the site has of it",
    "downloads-anew": "a cut download begins anew",
    "other-words": "finish is said again with other words",
    "forgets-results": "results are not kept over a restart",
    "never-beats": "it works in silence",
    "gives-up": "5xx ends a job",
    "new-identity": "install_id is made anew at each start",
    "first-attempt": "every attempt is called the first",
    "follows-redirects": "the token goes wherever the site points",
    "open-token": "anybody may read the token",
    "polls-fast": "poll_s is not kept",
    "no-json": "an unknown field of an answer ends it",
    "lies": "results are those of another plan",
}


class Refused(Exception):
    def __init__(self, status: int, document: dict[str, Any], after_s: float = 0.0) -> None:
        super().__init__(f"{status} {document}")
        self.status, self.after_s = status, after_s
        error = document.get("error")
        self.code = error.get("code", "") if isinstance(error, dict) else ""
        self.details = error.get("details", {}) if isinstance(error, dict) else {}


class Stop(Exception):
    """How a job ends before its time: lost, cancelled or stopped."""


class Quiet(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Carried(urllib.request.HTTPRedirectHandler):
    """The wrong way: a redirect is followed, with everything."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        return urllib.request.Request(newurl, headers=dict(req.header_items()))


class TinyAgent:
    def __init__(self, site: str, code: str, folder: Path, wrong: str) -> None:
        self.site, self.code, self.folder, self.wrong = site, code, folder, wrong
        folder.mkdir(mode=0o755 if wrong == "open-token" else 0o700, exist_ok=True)
        self.path = folder / "state.json"
        known = json.loads(self.path.read_text()) if self.path.exists() else {"install_id": secrets.token_hex(16)}
        self.state: dict[str, Any] = known
        if wrong == "new-identity":
            self.state["install_id"] = secrets.token_hex(16)
        self.opener = urllib.request.build_opener(Carried() if wrong == "follows-redirects" else Quiet())
        self.stopping, self.poll_s, self.beat_s = threading.Event(), 1.0, 1.0

    def keep(self, **changes: Any) -> None:
        self.state |= changes
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(self.state))
        new.chmod(0o644 if self.wrong == "open-token" else 0o600)
        os.replace(new, self.path)

    # -- calls ----------------------------------------------------------------------------------------------------

    def once(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
        """One call. Raises Refused, OSError."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        request = urllib.request.Request(self.site + path, data=data, method=method, headers={"Content-Type": kind})
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        if "token" in self.state:
            request.add_header("Authorization", f"Bearer {self.state['token']}")
        try:
            with self.opener.open(request, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            raise Refused(error.code, _object(error.read()), float(error.headers.get("Retry-After") or 0)) from error

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
        """Until the site answers. Raises Refused for what is an answer."""
        wait_s = 1.0
        while True:
            after_s = 0.0
            try:
                return self.once(method, path, body, **headers)
            except Refused as error:
                passes = error.status in (401, 429) or error.status >= 500 or 300 <= error.status < 400
                is_ours = error.status == 401 and error.code
                if (
                    not passes
                    or (is_ours and self.wrong != "ignores-401")
                    or (self.wrong == "gives-up" and error.status >= 500)
                ):
                    raise
                after_s = 0.0 if self.wrong == "ignores-retry-after" else error.after_s
            except OSError:
                pass
            if self.stopping.wait(max(wait_s * SCALE, after_s)):
                raise Stop("stopped")
            wait_s = min(2 * wait_s, 60)

    def of_lease(self, method: str, name: str, body: dict[str, Any]) -> dict[str, Any]:
        job = self.state["job"]
        attempt = 1 if self.wrong == "first-attempt" else job["attempt"]
        return _object(self.call(method, f"{PREFIX}/lease/{job['lease']}/{name}", {"attempt": attempt} | body)[1])

    def facts(self) -> dict[str, Any]:
        return {
            "install_id": self.state["install_id"], "boot_id": "one", "agent": "tiny 1", "python": "", "machine": "none", "os": "none", "kernel": "0",
            "model": "", "serial": "", "cores": 1, "memory_bytes": 1 << 30, "runtimes": {"onnx": "0"}, "sensors": [],
            "isolation": {"name": "none", "memory_limit": False, "why": "nothing is run"},
        }  # fmt: skip

    # -- its life -------------------------------------------------------------------------------------------------

    def run(self) -> int:
        try:
            if "token" not in self.state:
                self.keep()
                asked = {"code": self.code, "protocol": {"min": 1, "max": 1}, "facts": self.facts()}
                said = _object(self.call("POST", f"{PREFIX}/enroll", asked)[1])
                self.keep(token=said["token"])
            self.recover()
            while not self.stopping.is_set():
                self.round()
        except Stop:
            return 0
        except Refused as error:
            print(f"The site does not want this agent: {error}", flush=True)
            for path in self.folder.glob("model*"):
                path.unlink()
            return 3
        return 0

    def recover(self) -> None:
        if "job" not in self.state or "end" in self.state:
            if self.wrong == "forgets-results" and "end" in self.state:
                self.forget()
            return
        if self.wrong == "runs-again":
            self.work()
        else:
            self.give_back("The agent was restarted.", fault=True)

    def forget(self) -> None:
        for name in ("job", "end", "results"):
            self.state.pop(name, None)
        (self.folder / "model").unlink(missing_ok=True)
        self.keep()

    def give_back(self, why: str, *, fault: bool) -> None:
        try:
            self.of_lease("POST", "release", {"why": why, "fault": fault})
        except Refused as error:
            if error.status != 410:
                raise
        self.forget()

    def round(self) -> None:
        if "end" in self.state:
            self.deliver()
        held = (
            [{"lease": self.state["job"]["lease"], "attempt": self.state["job"]["attempt"]}]
            if "job" in self.state
            else []
        )
        said = {"protocol": 1, "facts": self.facts(), "state": {"temperature_c": None}, "held": held}
        try:
            answer = _object(self.call("POST", f"{PREFIX}/lease", said)[1])
        except Refused as error:
            if error.status == 426 and self.wrong == "ignores-426":
                self.stopping.wait(0.1)
                return
            raise
        if self.wrong == "no-json" and set(answer) > {"job", "drop", "duty", "health", "poll_s"}:
            raise Refused(200, {"an unknown field": sorted(answer)})
        if answer["job"]:
            self.keep(job=answer["job"])
            self.work()
        else:
            self.stopping.wait(answer["poll_s"] * (0.05 if self.wrong == "polls-fast" else 1))

    def work(self) -> None:
        job = self.state["job"]
        known = all(step["entry"] == "hardware.ondevice.harness" for step in job["plan"]["steps"])
        try:
            if not known and self.wrong != "ignores-entry":
                self.give_back("This agent does not know the program.", fault=False)
            elif job["plan"]["needs_memory_limit"]:
                self.give_back("No memory limit holds here.", fault=False)
            elif not self.downloaded(job) and self.wrong != "ignores-hash":
                self.give_back("The file arrived damaged.", fault=True)
            else:
                self.of_lease("POST", "start", {})
                self.measure(job)
        except Refused as error:
            if error.status != 410:
                if self.wrong == "gives-up":
                    self.give_back("The site was away.", fault=False)
                    return
                raise
            self.forget()
        except Stop as reason:
            if str(reason) == "stopped" and self.wrong != "ignores-sigterm":
                self.stopping.clear()  # one last word
                self.give_back("The agent is being stopped.", fault=False)
                self.stopping.set()

    def downloaded(self, job: dict[str, Any]) -> bool:
        file, target = job["files"][0], self.folder / "model"
        target.write_bytes(b"")
        while (have := target.stat().st_size) < file["bytes"]:
            resume = have and self.wrong != "downloads-anew"
            asked = {"Range": f"bytes={have}-"} if resume else {}
            request = urllib.request.Request(
                self.site + file["url"], headers={"Authorization": f"Bearer {self.state['token']}"} | asked
            )
            try:
                with self.opener.open(request, timeout=10) as answer, target.open("ab" if resume else "wb") as out:
                    while piece := answer.read1(4096):
                        out.write(piece)
            except urllib.error.HTTPError as error:
                raise Refused(error.code, _object(error.read())) from error
            except OSError:
                pass
            self.stopping.wait(SCALE)
        return hashlib.sha256(target.read_bytes()).hexdigest() == file["sha256"]

    def measure(self, job: dict[str, Any]) -> None:
        steps, beaten = [], time.monotonic()
        outcome = "done"
        for step in job["plan"]["steps"]:
            if self.stopping.wait(STEP_S):
                raise Stop("stopped")
            frames = [["latency", {"first_ms": [1.0], "samples_ms": [1.0] * 20}], ["done", {}]]
            steps.append({
                "name": "else" if self.wrong == "lies" else step["name"], "ended": "ok", "code": "", "message": "", "frames": frames, "exit_code": 0,
                "signal": None, "stderr_tail": "", "wall_s": STEP_S, "cpu_s": STEP_S, "peak_rss_bytes": 1, "isolation": "none", "nonce_ok": True,
            })  # fmt: skip
            if time.monotonic() - beaten >= min(job["beat_s"], 10) and self.wrong != "never-beats":
                beaten = time.monotonic()
                try:
                    do = self.of_lease(
                        "POST", "beat", {"phase": "timing", "done": len(steps), "total": 99, "state": {}}
                    )["do"]
                except Refused as error:
                    if error.status == 410 and self.wrong == "ignores-410":
                        continue
                    raise
                if do == "cancel" and self.wrong != "ignores-cancel":
                    outcome, steps = "cancelled", []
                    break
        self.ending(outcome, steps)

    def ending(self, outcome: str, steps: list[Any]) -> None:
        results = json.dumps({"steps": steps}) if outcome == "done" else ""
        log = b"this agent measures nothing\n"
        named = (
            {"name": "results.json", "sha256": _sha256(results.encode()), "bytes": len(results.encode())}
            if results
            else None
        )
        environment = {
            "facts": self.facts(), "before": {}, "after": {}, "samples": [], "governor": "", "swap_bytes": 0, "cooled_s": 0.0, "energy": None,
            "bracket": None, "thermal": "unknown",
        }  # fmt: skip
        said = {
            "outcome": outcome,
            "why": "",
            "results": named,
            "log": {"bytes": len(log), "sha256": _sha256(log)},
            "environment": environment,
        }
        self.keep(end=said, results=results, log=log.decode())

    def deliver(self) -> None:
        """Files, log, finish; all of it again until the site has it."""
        job, end, committed = self.state["job"], self.state["end"], 0
        place = f"{PREFIX}/lease/{job['lease']}"
        attempt = 1 if self.wrong == "first-attempt" else job["attempt"]
        try:
            for _ in range(9):
                if end["results"]:
                    data = self.state["results"].encode()
                    self.call(
                        "PUT", f"{place}/files/results.json?attempt={attempt}", data, X_Content_SHA256=_sha256(data)
                    )
                self.bring_log(place, attempt, committed)
                if self.wrong == "other-words":
                    end = end | {"why": secrets.token_hex(2)}
                status, answer = self.call("POST", f"{place}/finish", {"attempt": attempt} | end)
                if status == 200 or self.wrong == "ignores-missing":
                    break
                committed = len(self.state["log"]) if self.wrong == "wrong-offset" else _object(answer)["log_committed"]
        except Refused as error:
            if error.status == 410 and self.wrong == "ignores-410":
                return
            if error.status not in (409, 410):
                raise
        self.forget()

    def bring_log(self, place: str, attempt: int, committed: int) -> None:
        log = self.state["log"].encode()
        for _ in range(3):
            if committed >= len(log):
                return
            try:
                answer = _object(
                    self.call("PUT", f"{place}/log?attempt={attempt}&offset={committed}", log[committed:])[1]
                )
            except Refused as error:
                if error.status != 416:
                    raise
                answer = error.details
            if answer.get("truncated"):
                return
            committed = answer["committed"]


def _object(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def main() -> int:
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("site")
    made.add_argument("code")
    made.add_argument("folder", type=Path)
    made.add_argument("--wrong", choices=sorted(WRONG), default="")
    options = made.parse_args()
    agent = TinyAgent(options.site, options.code, options.folder, options.wrong)
    signal.signal(signal.SIGTERM, lambda *_: agent.stopping.set())
    return agent.run()


if __name__ == "__main__":
    sys.exit(main())
