"""One job from its lease to its ending, through a real sandbox, against a site that speaks the contract."""

import hashlib
import json
import os
import stat
import time

import pytest

from hardware.ondevice.runner import __main__ as command
from hardware.ondevice.runner import settings
from hardware.ondevice.runner.isolation import Isolation
from hardware.ondevice.runner.words import NotReady, Revoked, TooOld
from tests.runner_protocol.scripted_site import Cut, step

FACTS = {"install_id", "boot_id", "agent", "python", "machine", "os", "kernel", "model", "serial", "cores",
         "memory_bytes", "runtimes", "isolation", "sensors", "clock_utc"}  # fmt: skip
ENVIRONMENT = {
    "facts",
    "before",
    "after",
    "samples",
    "governor",
    "swap_bytes",
    "cooled_s",
    "energy",
    "bracket",
    "preflight",
    "thermal",
}


def body(site, lease):
    return json.loads(site.finished[lease])


def test_enrolling_keeps_a_token_that_nobody_else_reads(site, tmp_path, capsys):
    place, lost = tmp_path / "new", []

    def lose_the_first(_):
        if not lost:
            lost.append(1)
            raise Cut(after=True)

    site.on["enroll"] = lose_the_first
    asked = ["enroll", "--site", site.url, "--code", "ABCD-EFGH-JKLM", "--folder", str(place), "--wait-scale", "0.01"]
    assert command.main(asked) == 0
    assert site.count("enroll") == 2
    assert set(site.enrolled["facts"]) == FACTS
    assert site.enrolled["code"] == "ABCD-EFGH-JKLM"
    assert stat.S_IMODE((place / "token").stat().st_mode) == 0o600
    assert settings.load_token(place) == site.token
    assert settings.load(place).name == "bench-pi"
    assert command.main(asked) == 1  # it belongs to a runner already
    assert "already" in capsys.readouterr().err
    (place / "token").chmod(0o640)
    with pytest.raises(NotReady, match="chmod 600"):
        settings.load_token(place)
    assert command.main(["run", "--folder", str(place)]) == 5
    assert command.main(["run", "--folder", str(tmp_path / "nowhere")]) == 5
    assert command.main(["enroll", "--site", "http://example.org", "--code", "X", "--folder", str(place)]) == 1
    assert "--plain-http" in capsys.readouterr().err


def test_a_job_ends_with_its_results_log_and_environment(site, start, model, folder):
    lease = site.add(model, reference=step("reference"))
    agent = start().until(lambda: lease in site.finished).stop()
    told, results = body(site, lease), site.kept[lease, "results.json"]
    assert told["outcome"] == "done"
    assert told["results"] == {
        "name": "results.json",
        "bytes": len(results),
        "sha256": hashlib.sha256(results).hexdigest(),
    }
    assert told["log"] == {"bytes": len(site.logs[lease]), "sha256": hashlib.sha256(site.logs[lease]).hexdigest()}
    assert b"model: ok" in site.logs[lease]
    assert set(told["environment"]) == ENVIRONMENT
    assert set(told["environment"]["facts"]) == FACTS
    assert told["environment"]["bracket"]["before_p50_ms"] > 0
    assert len(told["environment"]["samples"]) >= 2
    (only,) = json.loads(results)["steps"]
    assert (only["name"], only["ended"], only["nonce_ok"]) == ("model", "ok", True)
    frames = dict(only["frames"])
    assert {"environment", "model", "latency", "done"} <= set(frames)
    assert "progress" not in frames
    assert (
        site.calls.index("download")
        < site.calls.index("start")
        < site.calls.index("upload")
        < site.calls.index("finish")
    )
    assert site.count("beat") >= 1
    assert site.leases[-1]["held"] == []
    assert list((folder / "spool").iterdir()) == []
    assert agent.error is None


def test_what_a_model_does_wrong_is_a_result(site, start, model):
    small = {"wall_s": 30.0, "cpu_s": 30, "memory_bytes": 8 << 20, "threads": 64}
    lease = site.add(b"\x08 no model", steps=[step("broken"), step("hungry", limits=small)])
    start().until(lambda: lease in site.finished)
    broken, hungry = json.loads(site.kept[lease, "results.json"])["steps"]
    assert body(site, lease)["outcome"] == "done"
    assert dict(broken["frames"])["error"]["code"] == "load_failed"
    assert hungry["ended"] == "out_of_memory"


def test_everything_may_be_lost_once_and_is_said_again(site, start, model):
    """Each answer of the site is lost once, after it took effect; one download is cut in the middle."""
    seen = set()

    def lose(call):
        def hook(handler):
            if call not in seen:
                seen.add(call)
                raise Cut(after=True)

        return hook

    def half(handler):
        if "download" not in seen:
            seen.add("download")
            content = site.files[handler.lease, "model"]
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(content)))
            handler.end_headers()
            handler.wfile.write(content[: len(content) // 2])
            raise Cut
        assert handler.headers["Range"] == f"bytes={len(model) // 2}-"

    site.on = {call: lose(call) for call in ("start", "beat", "log", "upload", "finish")} | {"download": half}
    lease = site.add(model)
    start().until(lambda: site.count("finish") == 2)
    assert seen == {"download", "start", "beat", "log", "upload", "finish"}
    assert body(site, lease)["outcome"] == "done"
    assert hashlib.sha256(site.logs[lease]).hexdigest() == body(site, lease)["log"]["sha256"]
    assert site.count("start") == 2


def test_a_site_that_misses_something_gets_it_again(site, start, model):
    def forget(handler):
        if site.count("finish") == 1:
            site.kept.clear()
            site.logs[handler.lease] = site.logs[handler.lease][:5]

    site.on["finish"] = forget
    lease = site.add(model)
    start().until(lambda: lease in site.finished)
    assert site.count("finish") == 2
    assert site.count("upload") == 2
    assert len(site.logs[lease]) == body(site, lease)["log"]["bytes"]


def test_results_that_do_not_arrive_are_given_back(site, start, model, monkeypatch):
    site.on["upload"] = lambda _: (422, {"code": "hash_wrong", "message": "The bytes are not those of the hash."})
    lease = site.add(model)
    agent = start().until(lambda: site.ended(lease))
    assert site.count("upload") == 5
    assert site.released[0]["fault"] is True
    assert "not those of the hash" in site.released[0]["why"]
    monkeypatch.setattr("hardware.ondevice.runner.attempt.MOST_RESULT_BYTES", 100)
    large = site.add(model)
    agent.until(lambda: large in site.finished)
    assert body(site, large)["outcome"] == "infrastructure"
    site.on["finish"] = lambda _: (400, {"code": "environment_too_large", "message": "Thin the samples."})
    odd = site.add(model)
    agent.until(lambda: site.ended(odd))
    assert "Thin the samples" in site.released[1]["why"]


def test_a_site_that_is_away_is_waited_for_and_the_job_goes_on(site, start, model):
    away = []

    def gone(_):
        away.append(1)
        return [(503, {}), (429, {}), (401, {"detail": "a proxy"})][len(away) % 3] if len(away) < 12 else None

    lease = site.add(model, idle_s=1.0)
    agent = start().until(lambda: site.count("start"))
    site.on = dict.fromkeys(("beat", "log", "upload", "finish", "lease"), gone)
    agent.until(lambda: lease in site.finished)
    assert len(away) >= 12
    assert body(site, lease)["outcome"] == "done"


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("start", (410, {"code": "lease_lost"})),
        ("beat", (410, {"code": "lease_lost"})),
        ("finish", (410, {"code": "lease_lost"})),
    ],
)
def test_a_job_that_is_somebody_elses_is_dropped(site, start, model, call, answer, folder):
    lease = site.add(model, steps=[step()] * 20 if call == "beat" else [step()])
    site.on[call] = lambda handler: answer if handler.lease == lease else None
    agent = start().until(lambda: call in site.calls and site.calls[-1] == "lease" and site.leases[-1]["held"] == [])
    assert not site.ended(lease)
    assert agent.is_alive
    assert list((folder / "spool").iterdir()) == []
    assert call != "beat" or site.count("finish") == 0


def test_what_is_cancelled_says_so_and_what_is_drained_is_given_back(site, start, model):
    lease = site.add(model, steps=[step()] * 20)
    site.do = "cancel"
    agent = start().until(lambda: lease in site.finished)
    assert body(site, lease)["outcome"] == "cancelled"
    assert body(site, lease)["results"] is None
    site.do = "continue"
    other = site.add(model, steps=[step()] * 40)
    agent.until(lambda: site.calls.count("start") == 2)
    agent.stop(within_s=10)
    assert [(each["lease"], each["fault"]) for each in site.released] == [(other, False)]
    assert agent.error is None


def test_a_revoked_token_ends_the_agent_in_the_middle_of_a_job(site, start, model, folder):
    site.add(model, steps=[step()] * 40)
    agent = start().until(lambda: site.count("beat"))
    site.token = "another"
    agent.until(lambda: not agent.is_alive, within_s=10)
    assert isinstance(agent.error, Revoked)
    assert (agent.error.exit_code, agent.error.for_good) == (3, True)
    assert list((folder / "spool").iterdir()) == []
    assert (folder / "journal.sqlite3").exists()


def test_a_site_of_another_protocol_ends_the_agent(site, start):
    site.on["lease"] = lambda _: (426, {"code": "protocol_unsupported", "min": 2, "max": 3})
    agent = start()
    agent.until(lambda: not agent.is_alive)
    assert isinstance(agent.error, TooOld)
    assert agent.error.exit_code == 4
    assert "2 to 3" in str(agent.error)


def test_a_clock_that_jumps_an_hour_changes_nothing_and_an_old_token_is_changed(
    site, start, model, folder, monkeypatch
):
    real = time.time
    os.utime(folder / "token", (real() - 31 * 86_400,) * 2)
    before = site.token
    lease = site.add(model, steps=[step()] * 3)
    site.on["start"] = lambda _: monkeypatch.setattr("time.time", lambda: real() + 3600)
    agent = start().until(lambda: lease in site.finished)
    monkeypatch.setattr("time.time", lambda: real() - 3600)
    second = site.add(model)
    agent.until(lambda: second in site.finished)
    assert [body(site, each)["outcome"] for each in (lease, second)] == ["done", "done"]
    assert site.count("token") == 1
    assert settings.load_token(folder) == site.token != before


def test_what_cannot_be_done_here_is_given_back_with_a_reason(site, start, model, monkeypatch):
    code = site.add(model, needs_memory_limit=True)
    strange = site.add(model, steps=[step(entry="os")])
    damaged = site.add(model, wrong_hash=True)
    agent = start().until(lambda: len(site.released) == 3)
    monkeypatch.setattr("hardware.ondevice.runner.spool.SPARE_BYTES", 1 << 60)
    full = site.add(model)
    agent.until(lambda: len(site.released) == 4)
    why = {each["lease"]: (each["why"], each["fault"]) for each in site.released}
    assert "cannot bound its memory" in why[code][0]
    assert "does not run os" in why[strange][0]
    assert "arrived damaged 3 times" in why[damaged][0]
    assert "of disk" in why[full][0]
    assert [why[each][1] for each in (code, strange, damaged, full)] == [False, False, True, True]
    assert site.count("start") == 0


def test_a_disk_that_fills_while_results_are_kept_gives_the_job_back(site, start, model, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hardware.ondevice.runner.spool.write_safely", full)
    lease = site.add(model)
    start().until(lambda: site.ended(lease))
    assert site.released[0]["fault"] is True
    assert "The disk is full" in site.released[0]["why"]


def test_an_isolation_that_breaks_is_no_fault_of_the_model(site, start, model):
    class Broken:
        name, label = "bubblewrap", "broken"

        def run(self, *_):
            from hardware.ondevice.sandbox.request import SandboxError

            raise SandboxError("bwrap is gone.")

    lease = site.add(model)
    start(isolation=Isolation(Broken(), None, "")).until(lambda: lease in site.finished)
    assert body(site, lease)["outcome"] == "infrastructure"
    assert body(site, lease)["why"] == "bwrap is gone."


def test_after_a_job_that_was_given_back_the_board_waits_before_it_asks_again(site, start, model, monkeypatch):
    """The site may offer the same one at once: what this agent does not understand, it does not understand the next time either."""
    waits = []

    def wait(agent, seconds):
        waits.append(seconds)
        agent._stopping.wait(seconds)

    monkeypatch.setattr("hardware.ondevice.runner.loop.Agent._wait", wait)
    site.add(model, steps=[step(entry="os")])
    start().until(lambda: site.released and len(waits) > 2)
    assert min(waits) > 0
