"""What holds in every scenario, whatever is played: judged over the calls as the site has seen them. Pure."""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

from tests.runner_protocol.scripted_site import Seen, Site

# A call that is on its way while another one is answered.
GRACE_S = 2.0
ENDS = ("done", "cancelled", "infrastructure", "thermal_invalid")
ENDED = ("ok", "crashed", "timed_out", "out_of_memory", "misbehaved")
STEP_FIELDS = frozenset(
    {"name", "ended", "frames", "exit_code", "signal", "stderr_tail", "wall_s", "cpu_s", "peak_rss_bytes", "isolation"}
)
ENV_FIELDS = frozenset(
    {"facts", "before", "after", "samples", "governor", "swap_bytes", "cooled_s", "energy", "bracket", "thermal"}
)
FACTS = frozenset({"install_id", "boot_id", "agent", "machine", "os", "kernel", "runtimes", "isolation"})
MOST_BYTES, MOST_FINISH_BYTES = 64 << 10, 512 << 10
MOST_SAMPLES = 600


def broken(site: Site, tokens: set[str]) -> Iterator[str]:
    """A sentence for each rule that the calls break. tokens: those that this agent was given."""
    for seen in site.seen:
        yield from _of_one_call(seen, site, tokens)
    for lease in {seen.lease for seen in site.seen if seen.lease}:
        yield from _of_one_lease([seen for seen in site.seen if seen.lease == lease], site.jobs.get(lease))
    yield from _of_polls(site)


def _of_one_call(seen: Seen, site: Site, tokens: set[str]) -> Iterator[str]:
    if seen.call != "enroll" and seen.headers.get("authorization", "").removeprefix("Bearer ") not in tokens:
        yield f"A call of {seen.call} came without the token of this runner."
    if seen.asked is not None:
        most = MOST_FINISH_BYTES if seen.call == "finish" else MOST_BYTES
        if not isinstance(seen.asked, dict) or len(seen.body) > most:
            yield f"The body of {seen.call} is no JSON object of at most {most >> 10} KiB."
        if "json" not in seen.headers.get("content-type", ""):
            yield f"The body of {seen.call} is sent as {seen.headers.get('content-type')}, not as application/json."
        if re.search(rb"(?<![\w\"])(NaN|-?Infinity)\b", seen.body):
            yield f"The body of {seen.call} holds a number that JSON does not have."
    if seen.status == 404 and seen.call != "enroll":
        yield f"It called {seen.call} for {seen.lease or 'nothing'}, which the protocol does not have or nobody gave it."
    if seen.status in (400, 422):
        yield f"The body of {seen.call} was refused: {json.dumps(seen.answer)[:200]}"
    if seen.call in ("lease", "enroll") and isinstance(seen.asked, dict):
        yield from _of_facts(seen.asked.get("facts"), seen.call, site)


def _of_facts(facts: Any, call: str, site: Site) -> Iterator[str]:
    if not isinstance(facts, dict) or not facts.keys() >= FACTS:
        said = facts.keys() if isinstance(facts, dict) else ()
        yield f"facts of {call} lack {', '.join(sorted(FACTS - set(said)))}."
    elif facts["install_id"] != site.enrolled.get("facts", {}).get("install_id"):
        yield f"facts.install_id of {call} is another than at enrolling: two machines with one token look like this."


def _of_one_lease(calls: list[Seen], job: dict[str, Any] | None) -> Iterator[str]:
    """The calls of one lease, in the order in which they came."""
    attempt, over_at, started, fetched = None, 0.0, False, 0
    for seen in calls:
        if seen.attempt is None:
            yield f"{seen.call} does not name the attempt of its lease."
            continue
        if seen.attempt != attempt:  # the first call, or the job was given out anew
            attempt, over_at, started, fetched = seen.attempt, 0.0, False, 0
        if over_at and seen.at > over_at + GRACE_S:
            yield f"{seen.call} was called {seen.at - over_at:.0f} s after the site had said that the lease is over."
        if seen.call == "start":
            if started:
                yield "start was called again after it was answered: the site decides every retry."
            if job and fetched < len(job["files"]):
                yield "start was called before the files were there."
            started = started or seen.status == 200
        if seen.call == "upload" and seen.headers.get("x-content-sha256", "").lower() != sha256_of(seen.body):
            yield "A file was sent without its own SHA-256 in the header X-Content-SHA256."
        fetched += seen.call == "download" and seen.status in (200, 206)
        if seen.status == 410 or (seen.status == 200 and seen.call in ("release", "finish")):
            over_at = over_at or seen.at


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _of_polls(site: Site) -> Iterator[str]:
    for seen in site.seen:
        if seen.call != "lease" or not isinstance(seen.asked, dict):
            continue
        missing = {"protocol", "facts", "state", "held"} - seen.asked.keys()
        if missing:
            yield f"A poll lacks {', '.join(sorted(missing))}."
            continue
        if seen.asked["protocol"] != 1:
            yield f"It polls in protocol {seen.asked['protocol']}; it was enrolled in protocol 1."
        for held in seen.asked["held"]:
            if not isinstance(held, dict) or held.get("lease") not in site.jobs or type(held.get("attempt")) is not int:
                yield "A poll names something in held that is no lease of its own with its attempt."


def of_results(document: Any, plan: dict[str, Any]) -> Iterator[str]:
    """What is wrong with results.json, as the plan asked for it."""
    steps = document.get("steps") if isinstance(document, dict) else None
    names = [row.get("name") if isinstance(row, dict) else None for row in steps] if isinstance(steps, list) else []
    if names != [step["name"] for step in plan["steps"]]:
        yield f"results.json names the steps {names}; the plan has {[step['name'] for step in plan['steps']]}."
        return
    for row in steps or []:
        if not row.keys() >= STEP_FIELDS:
            yield f"A step of results.json lacks {', '.join(sorted(STEP_FIELDS - row.keys()))}."
            return
        frames = row["frames"]
        if row["ended"] not in ENDED or not all(isinstance(pair, list) and len(pair) == 2 for pair in frames):
            yield f"The step {row['name']} ended as {row['ended']!r}, or its frames are no pairs of a kind and a body."
            return
        yield from _of_times(row)


def _of_times(row: dict[str, Any]) -> Iterator[str]:
    latency = next((body for kind, body in row["frames"] if kind == "latency"), None)
    if row["ended"] != "ok" or latency is None:
        yield f"The golden model did not run here: {row['ended']}, {row.get('message') or row['stderr_tail'][-200:]}"
        return
    samples = latency.get("samples_ms", [])
    if not samples or min(samples) <= 0 or sum(samples) > 1050 * row["wall_s"]:
        yield "The times of the golden model are none, or more than the step lasted."


def of_environment(said: Any) -> Iterator[str]:
    """What is wrong with ENV."""
    if not isinstance(said, dict) or not said.keys() >= ENV_FIELDS:
        yield f"environment lacks {', '.join(sorted(ENV_FIELDS - set(said if isinstance(said, dict) else ())))}."
        return
    samples = said["samples"]
    if not isinstance(samples, list) or len(samples) > MOST_SAMPLES or any(len(row) != 5 for row in samples):
        yield "environment.samples is no list of at most 600 rows of seconds, temperature, clock, throttled and power."
    if said["thermal"] not in ("ok", "throttled", "unknown"):
        yield f"environment.thermal is {said['thermal']!r}."
