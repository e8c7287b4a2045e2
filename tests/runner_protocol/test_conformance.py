"""Our own agent keeps to the protocol; and the suite that says so finds agents that do not."""

import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.parts import ROOT
from tests.runner_protocol.tiny_agent import WRONG

PYTHON = shlex.quote(sys.executable)
RUNNER = f"{PYTHON} -m hardware.ondevice.runner"
ENROLL = f"{RUNNER} enroll --site {{site}} --code {{code}} --folder {{folder}} --wait-scale 0.02"
TINY = f"{PYTHON} -m tests.runner_protocol.tiny_agent {{site}} {{code}} {{folder}}"
# The scenario that each wrong way of an agent is found by.
FOUND_BY = {
    "ignores-410": "lost",
    "ignores-cancel": "cancel",
    "ignores-retry-after": "retry-after",
    "ignores-hash": "wrong-hash",
    "ignores-entry": "unknown-entry",
    "ignores-401": "revoked",
    "ignores-426": "too-old",
    "ignores-missing": "missing",
    "ignores-sigterm": "stopped",
    "runs-again": "killed",
    "wrong-offset": "log-offset",
    "downloads-anew": "cut-download",
    "other-words": "missing",
    "forgets-results": "kept-results",
    "never-beats": "first-job",
    "gives-up": "away",
    "new-identity": "killed",
    "first-attempt": "first-job",
    "follows-redirects": "redirect",
    "open-token": "kept-token",
    "polls-fast": "idle",
    "no-json": "idle",
    "lies": "first-job",
}
# A busy machine takes longer over a request than the short poll_s of these tests asks to wait: who is too fast shows at a longer one.
PACE = {"polls-fast": ("--poll-s", "1")}


# The short form: what the tests of our own agent (tests/hardware/runner/) do not play. `make figures` plays all, at the pace of a real site.
SHORT = (
    "enrol", "first-job", "given-out-again", "retry-after", "cut-download", "log-offset", "missing", "redirect", "kept-token", "killed",
    "killed-at-the-end", "kept-results", "revoked",
)  # fmt: skip


def suite(*arguments):
    argv = [sys.executable, "-m", "tests.runner_protocol", "--poll-s", "0.1", "--beat-s", "0.2", *arguments]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)


def test_our_own_agent_keeps_to_the_protocol():
    names = [word for name in SHORT for word in ("--only", name)]
    done = suite("--enroll", ENROLL, "--agent", f"{RUNNER} run --folder {{folder}}", "--patience-s", "60", *names)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(SHORT)} kept to, 0 not, 0 not asked" in done.stdout


def test_every_wrong_way_is_found():
    """All of them at once: they mostly wait."""
    assert FOUND_BY.keys() == WRONG.keys()

    def found(wrong):
        return suite(
            "--agent", f"{TINY} --wrong {wrong}", "--only", FOUND_BY[wrong], "--patience-s", "6", *PACE.get(wrong, ())
        )

    with ThreadPoolExecutor(8) as pool:
        for wrong, done in zip(FOUND_BY, pool.map(found, FOUND_BY), strict=True):
            assert (done.returncode, "FAILED" in done.stdout) == (1, True), (wrong, done.stdout, done.stderr)


def test_an_agent_that_breaks_nothing_passes_where_the_wrong_ones_fail():
    names = sorted(set(FOUND_BY.values()))

    def played(lane):
        return suite("--agent", TINY, *(word for name in names[lane::6] for word in ("--only", name)))

    with ThreadPoolExecutor(6) as pool:
        for done in pool.map(played, range(6)):
            assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--agent", "/nowhere/agent {site}"], "cannot be started"),
        (["--agent", "true {nobody}"], "cannot be started"),
        (["--enroll", "false", "--agent", "true"], "The enrolling ended with 1"),
        (["--only", "dancing", "--agent", "true"], "There is no scenario 'dancing'"),
        ([], "Say how the agent is started"),
    ],
)
def test_what_cannot_be_asked_is_said(arguments, said):
    done = suite(*arguments)
    assert done.returncode == 2 and said in done.stdout + done.stderr
