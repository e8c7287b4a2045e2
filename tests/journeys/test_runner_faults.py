"""The proof of tests/load/runner_faults.py in small: two agents as processes, twelve jobs, and what boards do to them.

One agent is killed with -9 in the middle of a job and started again as systemd would; one is revoked in the middle of a job; one has a line
that says every call twice, its ends too. Every job is ended once and with a result, and nobody has used up an attempt.
"""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from tests.journeys.world import World, wait_for
from tests.load.boards_at_night.boards import Board
from tests.load.boards_at_night.line import Line
from tests.parts import ROOT

JOBS, WITHIN_S, MOST_RECOVERY_S = 12, 150, 90
WORK = "from hardware_boardjob b join hardware_job j on j.id = b.job_ptr_id where j.kind = 'board_run'"


@pytest.fixture
def world(tmp_path):
    running = World(
        tmp_path / "data", DEMO="0", BOARD_REPEATS_PERCENT="900"
    )  # how even a busy machine is, is not asked here
    try:
        running.wait_healthy(150)
        yield running
    finally:
        running.stop(signal.SIGKILL)
        for pid in running.processes():
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def fleet(world):
    """What tests/journeys/fleet.py answers of this world. It stays, so that a board is revoked at once."""
    env = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "BROKER_URL")}
    env |= {"DATA_DIR": str(world.data_dir), "DEMO": "0", "DJANGO_SETTINGS_MODULE": "courseplatform.settings"}
    words = [sys.executable, "-m", "tests.journeys.fleet"]
    with subprocess.Popen(
        words, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:

        def ask(*words):
            program.stdin.write(" ".join(words) + "\n")
            program.stdin.flush()
            return json.loads(program.stdout.readline())

        yield ask
        program.stdin.close()


@pytest.fixture
def boards(world, tmp_path):
    """Two agents of one archive; the second has a line that says every call twice."""
    archive = tmp_path / "milliamp-runner.pyz"
    subprocess.run([sys.executable, "manage.py", "build_runner", "--out", str(archive)], check=True, cwd=ROOT)
    lines = [Line("127.0.0.1", world.port, twice=twice, seed=7) for twice in (False, True)]
    made = [Board(n, archive, tmp_path / f"board-{n}", line, []) for n, line in enumerate(lines)]
    yield made
    for board in made:
        board.close()
        board.line.close()


def held(world, runner):
    """The job that this runner has begun, or None."""
    rows = world.rows(f"select j.id {WORK} and j.status = 'running' and b.taken_by_id = ?", runner.replace("-", ""))
    return rows[0][0] if rows else None


def back_after_s(world, job, since):
    """Seconds from then until the job was in the line again, or had ended."""
    sql = "select min(at) from hardware_jobmove where subject_id = ? and moved_to in ('queued', 'finished') and at > ?"
    (at,) = world.rows(sql, job, datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%d %H:%M:%S.%f"))[0]
    return None if at is None else datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp() - since


def test_twelve_jobs_end_once_whatever_happens_to_their_boards(world, boards, fleet):
    codes = fleet("begin", str(len(boards)), str(JOBS))["codes"]
    for board, (runner, code) in zip(boards, codes.items(), strict=True):
        board.runner = runner
        board.enrol(code)
        board.start()
    begun = time.monotonic()
    killed = wait_for(lambda: held(world, boards[0].runner), WITHIN_S, "a job begins on the first board")
    boards[0].kill()
    killed_at = time.time()
    boards[0].start()
    wait_for(
        lambda: back_after_s(world, killed, killed_at) is not None, MOST_RECOVERY_S, "the killed board's job is back"
    )
    revoked = wait_for(lambda: held(world, boards[0].runner), WITHIN_S, "another job begins on it")
    revoked_at = time.time()
    fleet("revoke", boards[0].runner)
    assert boards[0].process.wait(30) == 3, "an agent that was revoked ends for good"
    left = lambda: world.rows(f"select count(*) {WORK} and j.status <> 'finished'")[0][0]  # noqa: E731
    graded = lambda: world.rows("select count(*) from grading_result")[0][0]  # noqa: E731
    wait_for(lambda: graded() == 2 and not left(), WITHIN_S, "every job ends")
    recovery = [back_after_s(world, job, at) for job, at in ((killed, killed_at), (revoked, revoked_at))]
    took = f"{JOBS} jobs in {time.monotonic() - begun:.0f} s"
    print(f"{took}; back in the line {recovery[0]:.1f} s after the kill, {recovery[1]:.1f} s after the revocation")
    assert max(recovery) < MOST_RECOVERY_S
    why = world.rows("select why from hardware_jobmove where subject_id = ? and moved_to = 'queued'", revoked)
    assert ("the runner was revoked",) in why, "it was in the middle of the job"
    assert world.rows(f"select j.outcome, count(*) {WORK} group by j.outcome") == [("measured", JOBS)]
    ends = f"select count(*) from hardware_boardend e where e.counted and e.job_id in (select b.job_ptr_id {WORK})"
    assert world.rows(f"{ends} and json_extract(e.said, '$.outcome') = 'done'") == [(JOBS,)]
    twice = f"select count(*) from hardware_jobmove m where m.moved_to = 'finished' and m.subject_id in (select b.job_ptr_id {WORK})"
    assert world.rows(twice) == [(JOBS,)]
    assert boards[1].line.said_twice and "finish" in {call.name for call in boards[1].line.kept}
    assert fleet("attempts") == {"beyond": 0}
