"""The runner protocol as an agent sees it: enrolling, work, its end, and everything that comes twice, late, or from somebody else."""

import hashlib
import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courseplatform.notices.models import Notification
from hardware import leases
from hardware.models import (
    BoardEnd,
    BoardJob,
    Duty,
    EnrolCode,
    Health,
    HealthCheck,
    Job,
    Outcome,
    Runner,
    RunnerSample,
    RunnerToken,
    Status,
)
from hardware.runners import alerts
from hardware.runners.duty import duty_change, health_clear
from hardware.runners.enrolling import code_make
from hardware.runners.files import MOST_LOG_BYTES, log_text
from tests.hardware.runners.boards import Board, add_board, fresh, make_work, results

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]


def test_a_code_opens_once_and_for_half_an_hour(cast):
    runner, board, code = add_board(cast, enrolled=False)
    assert Board().enrol("ABCD-EFGH-JKLM").status_code == 404
    typed = code.lower().replace("-", " ")
    assert board.enrol(typed).status_code == 201
    assert board.said["name"] == "pi4-01" and board.said["token"].startswith("milliamp_run_")
    first = board.token
    # The answer was lost: the same machine asks again, and only the newer token opens.
    assert board.enrol(code).status_code == 201 and board.token != first
    assert Board(first).poll().status_code == 401
    # Once it has shown the token, the same call on a bad line comes too late to make that void.
    token = board.token
    assert board.poll().status_code == 200
    assert (board.enrol(code).status_code, board.said["error"]["code"]) == (409, "code_used")
    assert Board(token).poll().status_code == 200
    other = Board(install_id="b" * 32)
    assert (other.enrol(code).status_code, other.said["error"]["code"]) == (409, "code_used")
    newer = code_make(runner=runner, by="helen@x")
    EnrolCode.objects.filter(used_at=None).update(expires_at=timezone.now())
    assert (other.enrol(newer).status_code, other.said["error"]["code"]) == (410, "code_expired")
    assert RunnerToken.objects.filter(digest__contains=board.token[:20]).count() == 0  # secrets are kept as hashes


def test_only_a_runner_comes_in_and_only_in_a_protocol_of_ours(cast, client):
    _, board = add_board(cast)
    assert (Board().poll().status_code, Board("milliamp_run_x").poll().status_code) == (401, 401)
    client.force_login(cast.helen)
    assert client.post("/api/runner/v1/lease", {}, content_type="application/json").status_code == 401
    assert board.poll(protocol=9).status_code == 426
    assert board.said["error"]["details"] == {"min": 1, "max": 1}
    assert client.get("/api/v1/me", headers={"authorization": f"Bearer {board.token}"}).status_code == 401


def test_a_new_board_measures_its_golden_model_before_anything_else(cast):
    work = make_work(cast)
    runner, board, code = add_board(cast, enrolled=False)
    board.enrol(code)
    job = board.job()
    assert (job["purpose"], board.said["health"]) == ("health", "unknown")
    model = board.client.get(job["files"][0]["url"], headers={"authorization": f"Bearer {board.token}"})
    data = b"".join(model.streaming_content)
    assert hashlib.sha256(data).hexdigest() == job["files"][0]["sha256"]
    rest = board.client.get(
        job["files"][0]["url"], headers={"authorization": f"Bearer {board.token}", "range": "bytes=1000-"}
    )
    assert rest.status_code == 206 and b"".join(rest.streaming_content) == data[1000:]
    assert board.carry_out(job).status_code == 200
    assert fresh(runner).health == Health.GOOD
    assert board.job()["lease"] == str(work.pk)


def test_a_run_from_the_line_to_its_end_and_every_call_twice(cast, ends):
    _, board = add_board(cast)
    work = make_work(cast)
    job = board.job()
    assert board.poll(held=[job]).status_code == 200 and board.said["job"] is None and board.said["drop"] == []
    for _ in range(2):
        assert board.call(job, "start").status_code == 200
    assert board.log(job, 0, b"loading\n").json() == {"committed": 8, "truncated": False}
    assert board.log(job, 0, b"loading\n").json()["committed"] == 8
    assert (board.log(job, 99, b"x").status_code, board.said["error"]["details"]) == (416, {"committed": 8})
    assert board.log(job, 4, b"ing\nmore").json()["committed"] == 12
    assert log_text(work, 1) == "loading\nmore"
    assert board.call(job, "beat", phase="timing", done=3, total=50, state={"temperature_c": 61.0}).json() == {
        "do": "continue"
    }
    work.refresh_from_db()
    assert (work.phase, work.progress_done, work.status) == ("timing", 3, Status.RUNNING)
    data = json.dumps(results()).encode()
    end = {"outcome": "done", "environment": {"governor": "performance"}, "log": {"bytes": 20}}
    named = {"name": "results.json", "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    assert board.call(job, "finish", **end, results=named).status_code == 202
    assert board.said == {"missing": ["results.json"], "log_committed": 12}
    assert board.put(job, "results.json", data, sha256="0" * 64).status_code == 422
    for _ in range(2):
        assert board.put(job, "results.json", data).status_code == 200
    assert board.put(job, "results.json", data + b" ").status_code == 409
    assert board.log(job, 12, b"the rest").json()["committed"] == 20
    assert board.call(job, "finish", **end, results=named).json() == {"recorded": True, "again": False}
    assert board.call(job, "finish", **end, results=named).json() == {"recorded": True, "again": True}
    assert board.call(job, "finish", **end | {"outcome": "cancelled"}).status_code == 409
    assert [(pk, outcome) for pk, outcome, _ in ends] == [(work.pk, Outcome.MEASURED)]
    assert BoardJob.objects.get(pk=work.pk).environment == {"governor": "performance", "bracket": None}


def test_what_a_silent_board_held_goes_to_another_and_its_late_word_counts_nothing(cast, ends):
    _, slow = add_board(cast, "pi4-01")
    work = make_work(cast)
    job = slow.job()
    assert slow.call(job, "start").status_code == 200
    later = timezone.now() + timedelta(seconds=61)
    assert leases.sweep(now=later)["expired"] == 1
    _, quick = add_board(cast, "pi4-02")
    BoardJob.objects.filter(pk=work.pk).update(not_before=timezone.now())
    second = quick.job()
    assert (second["lease"], second["attempt"]) == (job["lease"], 2)
    for name in ("start", "beat", "release"):
        assert (slow.call(job, name).status_code, slow.said["error"]["code"]) == (410, "lease_lost")
    assert slow.put(job, "results.json", b"{}").status_code == 410
    late = {"outcome": "infrastructure", "why": "woke up", "log": {"bytes": 0}}
    assert [slow.call(job, "finish", **late).status_code for _ in range(2)] == [410, 410]
    assert BoardEnd.objects.filter(counted=False).count() == 1  # evidence, once
    assert slow.poll(held=[job]).status_code == 200 and slow.said["drop"] == [job["lease"]]
    assert quick.carry_out(second).status_code == 200
    assert [outcome for _, outcome, _ in ends] == [Outcome.MEASURED]
    assert Job.objects.get(pk=work.pk).faults == 1


def test_the_database_itself_says_which_of_two_boards_gets_a_job(cast):
    """The change names the status that it expects. Where a query before it had looked, both would have seen the job wait."""
    work = make_work(cast)
    with CaptureQueriesContext(connection) as seen:
        assert leases.lease_take(work, worker="runner pi4-01")
    (change,) = [query["sql"] for query in seen if query["sql"].startswith("UPDATE")]
    assert all(f'"{column}" = ' in change.partition("WHERE")[2] for column in ("status", "attempt"))


def test_a_board_that_lost_its_memory_gives_back_what_it_held(cast):
    _, board = add_board(cast)
    work = make_work(cast)
    job = board.job()
    assert board.call(job, "start").status_code == 200
    assert board.poll(held=[]).status_code == 200 and board.said["job"] is None  # it went back, and waits its pause
    work.refresh_from_db()
    assert (work.status, work.faults) == (Status.QUEUED, 1)
    assert board.call(job, "start").status_code == 410


def test_a_job_whose_answer_was_lost_is_offered_again_as_it_was(cast):
    """A call of the protocol may come twice: the same lease is said, and nobody has had a fault."""
    runner, board = add_board(cast)
    work, other = make_work(cast), make_work(cast)
    job = board.job()
    assert board.job() == job
    work.refresh_from_db()
    assert (work.status, work.attempt, work.faults) == (Status.LEASED, 1, 0)
    # Not to a board that was taken off duty meanwhile: then it goes back.
    duty_change(visit=cast.visit(cast.helen), runner=runner, to=Duty.PAUSED)
    assert board.job() is None
    work.refresh_from_db()
    other.refresh_from_db()
    assert (work.status, other.status) == (Status.QUEUED, Status.QUEUED)


def test_what_a_silent_board_holds_is_given_back_by_whoever_asks_next(cast):
    """Sweeps come every half minute; a board that waits for work need not wait for one."""
    _, silent = add_board(cast)
    work = make_work(cast)
    job = silent.job()
    assert silent.call(job, "start").status_code == 200
    _, other = add_board(cast, "pi4-02")
    assert other.job() is None
    Job.objects.filter(pk=work.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert other.job() is None  # it waits the pause of a fault
    Job.objects.filter(pk=work.pk).update(not_before=timezone.now())
    again = other.job()
    assert (again["lease"], again["attempt"]) == (job["lease"], 2)


def test_the_answer_to_a_poll_may_be_lost_and_costs_nothing(cast, ends):
    _, board = add_board(cast)
    work = make_work(cast)
    first = board.job()
    assert board.job() == first  # the same lease, the same attempt
    assert board.carry_out(first).status_code == 200
    assert board.job() is None and len(ends) == 1
    assert Job.objects.get(pk=work.pk).faults == 0


def test_what_was_recorded_is_answered_as_before_also_for_files_and_log(cast, ends):
    """An agent that did not hear the answer to finish begins its delivery anew."""
    _, board = add_board(cast)
    work = make_work(cast)
    job = board.job()
    board.call(job, "start")
    board.log(job, 0, b"done\n")
    data = json.dumps(results()).encode()
    board.put(job, "results.json", data)
    named = {"name": "results.json", "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    end = {"outcome": "done", "results": named, "log": {"bytes": 5}, "environment": {}}
    assert board.call(job, "finish", **end).json() == {"recorded": True, "again": False}
    assert board.put(job, "results.json", data).status_code == 200
    assert board.put(job, "results.json", b"{}").status_code == 409
    assert (board.put(job, "more.json", b"{}").status_code, board.said["error"]["code"]) == (409, "file_differs")
    assert board.log(job, 0, b"done\nand more").json() == {"committed": 5, "truncated": True}
    assert board.call(job, "finish", **end).json() == {"recorded": True, "again": True}
    assert log_text(work, 1) == "done\n" and len(ends) == 1
    assert board.call(job, "beat").status_code == 410


def test_a_fault_of_the_board_is_nobodys_but_the_boards(cast, ends):
    runner, board = add_board(cast)
    work = make_work(cast)
    for n in range(leases.MAX_FAULTS):
        job = board.job()
        if job["purpose"] == "health":
            assert board.carry_out(job).status_code == 200
            job = board.job()
        assert (
            board.call(job, "finish", outcome="infrastructure", why="the SD card is full", log={"bytes": 0}).status_code
            == 200
        )
        assert fresh(runner).health == Health.UNKNOWN
        BoardJob.objects.filter(pk=work.pk).update(not_before=timezone.now())
        assert len(ends) == int(n == leases.MAX_FAULTS - 1)
    assert ends[0][1] == Outcome.INFRASTRUCTURE


def test_cancelled_work_is_told_at_the_next_beat(cast, ends):
    _, board = add_board(cast)
    work = make_work(cast)
    job = board.job()
    board.call(job, "start")
    leases.job_cancel(work, by="ruth")
    assert board.call(job, "beat").json() == {"do": "cancel"}
    assert board.call(job, "finish", outcome="cancelled", log={"bytes": 0}).status_code == 200
    assert [outcome for _, outcome, _ in ends] == [Outcome.CANCELLED]


def test_who_may_take_what(cast):
    visit = cast.visit(cast.helen)
    _, board = add_board(
        cast, tags=("camera",), isolation={"name": "none", "memory_limit": False, "why": "the memory cgroup is off"}
    )
    for fields in ({"device": "rpi-zero-w"}, {"runtime": "tflite"}, {"tags": ["robot"]}, {"needs_memory_limit": True}):
        make_work(cast, **fields)
        assert board.job() is None, fields
    own = make_work(cast, tags=["camera"])
    assert board.job()["lease"] == str(own.pk)
    runner = Runner.objects.get(name="pi4-01")
    duty_change(visit=visit, runner=runner, to=Duty.QUARANTINED, why="smells burnt")
    own.refresh_from_db()
    assert (own.status, own.faults) == (Status.QUEUED, 0)
    assert board.job() is None and board.said["duty"] == "quarantined"
    duty_change(visit=visit, runner=fresh(runner), to=Duty.REVOKED)
    assert (board.poll().status_code, board.said["error"]["code"]) == (401, "token_revoked")


def test_outside_its_baseline_a_board_is_bad_until_a_person_clears_it(cast):
    runner, board = add_board(cast)
    make_work(cast)
    Runner.objects.filter(pk=runner.pk).update(checked_at=timezone.now() - timedelta(hours=25))
    check = board.job()
    assert check["purpose"] == "health"
    assert board.carry_out(check, p50_ms=5.6).status_code == 200
    assert fresh(runner).health == Health.BAD and "12 % slower" in fresh(runner).health_why
    assert board.job() is None and board.said["health"] == "bad"
    told = Notification.objects.filter(title="pi4-01 is not well")
    assert {one.person for one in told} == {cast.helen, cast.ines, cast.amit} and "12 % slower" in told[0].text
    health_clear(visit=cast.visit(cast.helen), runner=runner, why="the fan was off")
    assert board.carry_out(board.job(), p50_ms=5.2).status_code == 200
    assert fresh(runner).health == Health.GOOD
    assert [check.is_well for check in HealthCheck.objects.order_by("pk")] == [True, False, True]
    assert board.job()["purpose"] == "measure"


@pytest.mark.parametrize(
    "change", [{"boot_id": "boot-2"}, {"agent": "1.1.0"}, {"kernel": "6.12"}, {"runtimes": {"onnx": "1.23.0"}}]
)
def test_after_a_change_of_the_board_its_golden_model_comes_first(cast, change):
    _, board = add_board(cast)
    make_work(cast)
    board.facts |= change
    assert board.job()["purpose"] == "health"


def test_two_machines_with_one_token_are_told_apart(cast):
    runner, board = add_board(cast)
    twin = Board(board.token, install_id="c" * 32)
    assert twin.poll().status_code == 200 and twin.said["duty"] == "quarantined"
    assert fresh(runner).status == Duty.QUARANTINED
    _, board = add_board(cast, "pi4-02")  # a copied card: the same install, started in two machines
    first = dict(board.facts)
    board.facts = first | {"boot_id": "boot-2"}
    board.poll()
    board.facts = first
    board.poll()
    assert board.said["duty"] == "quarantined"
    assert Notification.objects.filter(title="pi4-01 is in quarantine", person=cast.helen).count() == 1


def test_a_token_is_changed_without_locking_the_board_out(cast):
    _, board = add_board(cast)
    old = board.token
    assert board.send("POST", "/token").status_code == 200
    assert Board(old, **board.facts).poll().status_code == 200
    board.token = board.said["token"]
    assert board.poll().status_code == 200
    RunnerToken.objects.filter(expires_at__isnull=False).update(expires_at=timezone.now())
    assert Board(old, **board.facts).poll().status_code == 401


def test_the_log_is_kept_to_a_mebibyte_and_never_the_reason_of_a_failure(cast, ends):
    _, board = add_board(cast)
    work = make_work(cast)
    job = board.job()
    board.call(job, "start")
    for offset in range(0, MOST_LOG_BYTES, 1 << 19):
        board.log(job, offset, b"x" * (1 << 19))
    assert board.log(job, MOST_LOG_BYTES, b"more").json() == {"committed": MOST_LOG_BYTES, "truncated": True}
    assert board.carry_out(job, log={"bytes": 3 << 20}).status_code == 200
    assert len(ends) == 1 and len(log_text(work, 1)) == MOST_LOG_BYTES


@pytest.mark.parametrize(
    ("address", "body", "code"),
    [
        ("/lease", b"[]", "not_an_object"),
        ("/lease", b"{", "bad_json"),
        ("{}/start", b"{}", "no_attempt"),
        ("{}/start", b'{"attempt": 1e999}', "bad_json"),
        ("{}/finish", b'{"attempt": 1}', "unknown_outcome"),
        ("{}/finish", b'{"attempt": 99999999999999999999, "outcome": "cancelled"}', "no_attempt"),
        ("{}/finish", b'{"attempt": -1, "outcome": "cancelled"}', "no_attempt"),
        ("{}/finish", b'{"attempt": 1, "outcome": "done"}', "bad_end"),
    ],
)
def test_bad_words_get_a_code(cast, address, body, code):
    _, board = add_board(cast)
    make_work(cast)
    job = board.job()
    answer = board.client.post(
        "/api/runner/v1" + address.replace("{}", f"/lease/{job['lease']}"),
        body,
        content_type="application/json",
        headers={"authorization": f"Bearer {board.token}"},
    )
    assert answer.json()["error"]["code"] == code and answer.status_code < 500


def test_made_up_facts_and_states_are_bounded(cast):
    runner, board = add_board(cast)
    board.facts |= {
        "os": "x" * 9999,
        "cores": -3,
        "sensors": [{"name": "y" * 99}] * 99,
        "runtimes": {"onnx": ["1"], "evil": "1"},
        "memory_bytes": 1e99,
    }
    state = {"temperature_c": float("1e9"), "clock_mhz": "fast", "throttled": {"now": "no"}, "governor": "g" * 999}
    assert board.poll(state=state).status_code == 200
    kept = fresh(runner)
    assert len(kept.facts["os"]) == 120 and kept.facts["cores"] is None and len(kept.facts["sensors"]) == 24
    assert set(kept.facts["runtimes"]) == {"onnx"} and kept.state["temperature_c"] is None
    assert RunnerSample.objects.filter(runner=runner).count() == 1  # that of before, within half a minute


def test_another_course_and_another_board_have_no_part_in_a_lease(cast):
    _, board = add_board(cast)
    make_work(cast)
    job = board.job()
    _, other = add_board(cast, "pi4-02")
    assert other.call(job, "start").status_code == 404
    assert other.call(job, "finish", outcome="infrastructure").status_code == 404


def test_a_board_that_is_silent_for_a_day_is_told_of_once(cast):
    runner, _ = add_board(cast)
    Runner.objects.filter(pk=runner.pk).update(last_seen_at=timezone.now() - timedelta(hours=25))
    for _ in range(2):
        alerts.sweep(timezone.now())
    assert Notification.objects.filter(title="pi4-01 has been silent for a day", person=cast.amit).count() == 1
