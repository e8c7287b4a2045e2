"""The runner protocol played by who wishes us ill: a board with a changed agent, a stranger with a script."""

import hashlib
import io
import json
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from courseplatform.core.errors import BadInput
from courseplatform.core.leaving import STAYS, leaving_sweep
from hardware import leases
from hardware.models import (
    BoardEnd,
    BoardFile,
    BoardJob,
    Duty,
    Health,
    HealthCheck,
    Job,
    Outcome,
    Runner,
    RunnerToken,
    Status,
)
from hardware.runners import api
from hardware.runners.duty import duty_change
from hardware.runners.files import MOST_CHECK_BYTES, MOST_FILES
from hardware.runners.leasing import MOST_GIVEN_BACK
from hardware.runners.results import MOST_VALUES, steps_read
from tests.hardware.runners.boards import Board, add_board, fresh, make_work, results

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]


def ready(work):
    """Nobody waits for the pause after a fault."""
    BoardJob.objects.filter(pk=work.pk).update(not_before=timezone.now())


# -- work that is kept from others ------------------------------------------------------------------------------------


def test_a_board_that_gives_the_same_job_back_for_ever_is_taken_for_broken(cast, ends):
    runner, board = add_board(cast)
    work = make_work(cast)
    for _ in range(MOST_GIVEN_BACK + leases.MAX_FAULTS):
        job = board.job()
        if job["purpose"] == "health":  # it is doubted by then
            assert board.carry_out(job).status_code == 200
            job = board.job()
        assert board.call(job, "release", why="not today", fault=False).status_code == 200
        ready(work)
    assert [outcome for _, outcome, _ in ends] == [Outcome.INFRASTRUCTURE]
    assert fresh(runner).health == Health.UNKNOWN


def test_saying_cancelled_of_what_nobody_cancelled_is_giving_it_back(cast, ends):
    _, board = add_board(cast)
    work = make_work(cast)
    for _ in range(MOST_GIVEN_BACK + 1):
        assert board.call(board.job(), "finish", outcome="cancelled", log={"bytes": 0}).status_code == 200
        ready(work)
    work.refresh_from_db()
    assert (work.status, work.faults, ends) == (Status.QUEUED, 1, [])


def test_beating_for_ever_does_not_hold_a_job_for_ever(cast, ends):
    _, board = add_board(cast)
    work = make_work(cast, wall_s=60)
    job = board.job()
    board.call(job, "start")
    for minutes, status in ((30, 200), (34, 410)):
        BoardJob.objects.filter(pk=work.pk).update(leased_at=timezone.now() - timedelta(minutes=minutes))
        assert board.call(job, "beat", phase="timing").status_code == status
    work.refresh_from_db()
    assert (work.status, work.faults) == (Status.QUEUED, 1)
    assert board.call(job, "finish", outcome="infrastructure").status_code == 410


# -- the disk ---------------------------------------------------------------------------------------------------------


def test_files_of_all_attempts_do_not_add_up(cast, ends, django_capture_on_commit_callbacks):
    _, board = add_board(cast)
    work = make_work(cast)
    seen = []
    with django_capture_on_commit_callbacks(execute=True):
        for n in range(3):
            job = board.job()
            assert board.put(job, "results.json", b"x" * 1000 + bytes([n])).status_code == 200
            seen += [row.file.path for row in BoardFile.objects.filter(job=work, attempt=job["attempt"])]
            assert board.call(job, "release", why="not today", fault=False).status_code == 200
            ready(work)
        board.job()
    assert BoardFile.objects.filter(job=work).count() == 1  # the model
    leaving_sweep(now=timezone.now() + STAYS)
    assert len(seen) == 3 and not any(Path(path).exists() for path in seen)


def test_a_board_that_starts_anew_all_day_leaves_little_behind(cast, ends, monkeypatch):
    monkeypatch.setattr("hardware.runners.files.MOST_CHECKS_KEPT", 2)
    runner, board = add_board(cast)
    for n in range(5):
        board.facts["boot_id"] = f"boot-{n + 2}"
        assert board.carry_out(board.job()).status_code == 200
    checks = BoardJob.objects.filter(runner=runner)
    assert checks.count() == 3 and BoardFile.objects.filter(job__in=checks).count() == BoardFile.objects.count() == 6
    assert HealthCheck.objects.filter(runner=runner).count() == 6


def test_tokens_that_are_made_anew_all_day_are_few(cast, monkeypatch):
    monkeypatch.setattr("hardware.runners.enrolling.MOST_TOKENS", 2)
    runner, board = add_board(cast)
    for _ in range(5):
        assert board.send("POST", "/token").status_code == 200
        board.token = board.said["token"]
    assert RunnerToken.objects.filter(runner=runner).count() == 3 and board.poll().status_code == 200


def test_a_run_sends_few_files_and_a_golden_model_small_ones(cast, ends, monkeypatch):
    _, board, code = add_board(cast, enrolled=False)
    board.enrol(code)
    golden = board.job()
    assert golden["purpose"] == "health"
    assert board.put(golden, "results.json", b"[" * (MOST_CHECK_BYTES + 1)).status_code == 413
    assert board.carry_out(golden).status_code == 200
    monkeypatch.setattr("hardware.runners.files.MOST_FILE_BYTES", 1000)
    make_work(cast)
    job = board.job()
    assert board.put(job, "one", b"x" * 600).status_code == 200
    assert (board.put(job, "two", b"x" * 600).status_code, board.said["error"]["code"]) == (413, "file_too_large")
    for n in range(MOST_FILES - 1):
        assert board.put(job, f"small-{n}", b"").status_code == 200
    assert (board.put(job, "more", b"").status_code, board.said["error"]["code"]) == (413, "too_many_files")


def test_a_body_that_is_announced_too_large_is_not_read(cast, ends):
    _, board = add_board(cast)
    make_work(cast)
    job = board.job()
    for address in (f"/lease/{job['lease']}/files/x?attempt=1", f"/lease/{job['lease']}/log?attempt=1&offset=0"):
        answer = board.send("PUT", address, b"x", content_length=str(1 << 40), x_content_sha256="0" * 64)
        assert (answer.status_code, board.said["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize("name", ["..", ".hidden", "UPPER", "a%00b", "a%5Cb", "%E2%80%AEgnp.exe", "x" * 61, "a b"])
def test_a_file_has_a_plain_name(cast, ends, name):
    _, board = add_board(cast)
    make_work(cast)
    assert board.put(board.job(), name, b"x").status_code in (404, 422)
    assert BoardFile.objects.filter(name__startswith="results").count() == 1  # of the golden model


# -- results that are no results --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000,
        b'{"steps": [' + b"[]," * (MOST_VALUES // 2) + b"[]]}",
        b'{"steps": ' + b"9" * 5000 + b"}",
        json.dumps(results(wall_s=10**400)).encode(),
        json.dumps(results(wall_s=-1.0)).encode(),
        json.dumps(results(frames=[["latency", {}, 3]])).encode(),
        json.dumps(results(frames={"a": 1})).encode(),
        json.dumps(results(frames=[["latency", {}]] * 20_001)).encode(),
        json.dumps(results(wall_s=float("nan"))).encode(),
        json.dumps(results(p50_ms=10**400)).encode(),
        json.dumps(results(p50_ms=1.5)).replace("1.5", "1e400").encode(),
        b"\xff\xfe",
        b'{"steps": {"length": 1}}',
        b"",
    ],
    ids=[
        "deep",
        "many",
        "digits",
        "overflow",
        "negative",
        "triple",
        "object",
        "frames",
        "nan",
        "time of 401 digits",
        "1e400",
        "bytes",
        "shape",
        "empty",
    ],
)
def test_results_are_refused_with_a_code_whatever_they_are(data):
    with pytest.raises(BadInput) as refused:
        steps_read(io.BytesIO(data))
    assert refused.value.code == "bad_results" and len(refused.value.message) < 300


def test_results_larger_than_they_may_be_are_not_read_to_their_end():
    file = io.BytesIO(b" " * 5000)
    with pytest.raises(BadInput, match="larger"):
        steps_read(file, 1000)
    assert file.tell() == 1001


def test_what_a_model_prints_is_kept_in_a_way_that_can_be_kept(cast):
    """NUL and halves of characters, which PostgreSQL and answers do not take."""
    runner, board, code = add_board(cast, enrolled=False)
    board.enrol(code)
    job = board.job()
    board.call(job, "start")
    data = json.dumps(results(ended="crashed", message="bad \0 and \ud800 <i id=x>", frames=[])).encode()
    board.put(job, "results.json", data)
    named = {"name": "results.json", "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    assert board.call(job, "finish", outcome="done", results=named, log={"bytes": 0}).status_code == 200
    check = HealthCheck.objects.get(runner=runner)
    assert not check.is_well and "bad � and � <i id=x>" in check.said
    client = Client()
    client.force_login(cast.amit)
    page = client.get(f"/courses/odml/runners/{runner.pk}/").content.decode()
    assert "&lt;i id=x&gt;" in page and "<i id=x>" not in page


@pytest.mark.parametrize("text", ['"\\u0000"', '"\\ud800"', "NaN", "1e999", "[" * 30 + "]" * 30, '{"a": 1, "a": 2}'])
def test_what_json_does_not_have_is_refused_everywhere(cast, ends, text):
    _, board = add_board(cast)
    make_work(cast)
    job = board.job()
    lease = f"/lease/{job['lease']}"
    for address in ("/enroll", "/lease", f"{lease}/start", f"{lease}/beat", f"{lease}/release", f"{lease}/finish"):
        sent = f'{{"attempt": 1, "protocol": 1, "outcome": "cancelled", "facts": {text}, "environment": {text}, "why": {text}}}'
        answer = board.client.post(
            f"/api/runner/v1{address}",
            sent,
            content_type="application/json",
            headers={"authorization": f"Bearer {board.token}"},
        )
        assert answer.status_code == 422 or answer.status_code == 400, (address, answer.content)
        assert answer.json()["error"]["code"] in ("nul_character", "half_character", "bad_json", "json_too_deep")


@pytest.mark.parametrize(
    "value",
    [None, True, -1, 1 << 70, 10**4000, "x", [[]], {"a": {"b": []}}, 1e300],
    ids=["null", "true", "minus", "large", "digits", "text", "list", "object", "float"],
)
def test_any_value_anywhere_gets_an_answer(cast, ends, value):
    """Every member of every body, one after the other; what is no word of the protocol is refused or left out, never an error of ours."""
    _, board = add_board(cast)
    make_work(cast)
    job = board.job()
    lease = f"/lease/{job['lease']}"
    bodies = {
        "/enroll": ["code", "protocol", "facts"], "/lease": ["protocol", "facts", "state", "held"], f"{lease}/start": ["attempt"],
        f"{lease}/beat": ["attempt", "phase", "done", "total", "state"], f"{lease}/finish": ["outcome", "why", "results", "log", "environment"],
        f"{lease}/release": ["why", "fault", "attempt"],
    }  # fmt: skip
    for address, members in bodies.items():
        for member in members:
            said = {
                "attempt": job["attempt"],
                "protocol": 1,
                "facts": board.facts,
                "state": {},
                "held": [job],
                "outcome": "done",
            } | {member: value}
            assert board.send("POST", address, said).status_code < 500, (address, member)
    for member in [*board.facts, "state"]:
        assert board.poll(facts=board.facts | {member: value}, held=[job]).status_code < 500
    for member in ("temperature_c", "clock_mhz", "throttled", "power_w", "governor", "disk_free_bytes", "phase"):
        held = [{"lease": value, "attempt": value}, value]
        said = {"protocol": 1, "facts": board.facts, "state": {member: value}, "held": held}
        assert board.send("POST", "/lease", said).status_code < 500


@pytest.mark.parametrize(
    "header", ["bytes=" + "9" * 5000 + "-", "bytes=-5", "bytes=1-2-3", "bytes=٣-", "lines=1-", "bytes=99999-"]
)
def test_any_range_gets_an_answer(cast, ends, header):
    _, board = add_board(cast)
    make_work(cast)
    job = board.job()
    headers = {"authorization": f"Bearer {board.token}", "range": header}
    assert board.client.get(job["files"][0]["url"], headers=headers).status_code in (200, 206, 416)


# -- who may what -----------------------------------------------------------------------------------------------------


def test_a_revoked_board_is_nobody_at_every_address(cast, ends):
    runner, board = add_board(cast)
    make_work(cast)
    job = board.job()
    duty_change(visit=cast.visit(cast.helen), runner=runner, to=Duty.REVOKED)
    lease = f"/lease/{job['lease']}"
    calls = [
        ("POST", "/lease"),
        ("POST", "/token"),
        *(("POST", f"{lease}/{name}") for name in ("start", "beat", "release", "finish")),
    ]
    calls += [
        ("PUT", f"{lease}/log?attempt=1&offset=0"),
        ("PUT", f"{lease}/files/x?attempt=1"),
        ("GET", f"{lease}/files/model?attempt=1"),
    ]
    for method, address in calls:
        assert (board.send(method, address).status_code, board.said["error"]["code"]) == (401, "token_revoked"), address


def test_a_board_sees_nothing_of_another_course(cast, ends):
    _, board = add_board(cast)
    make_work(cast, course=cast.other_course)
    assert board.job() is None
    elsewhere = make_work(cast, course=cast.other_course, title="secret")
    lease = {"lease": str(elsewhere.pk), "attempt": 1}
    for name in ("start", "beat", "release"):
        assert board.call(lease, name).status_code == 404
    assert board.call(lease, "finish", outcome="cancelled").status_code == 404
    assert board.send("GET", f"/lease/{elsewhere.pk}/files/model?attempt=1").status_code == 404
    assert board.put(lease, "x", b"").status_code == 404 and board.log(lease, 0, b"x").status_code == 404
    assert board.poll(held=[lease]).status_code == 200 and board.said["drop"] == [str(elsewhere.pk)]
    assert Job.objects.get(pk=elsewhere.pk).attempt == 0


def test_staff_of_another_course_and_students_do_nothing_with_a_board(cast, client, ends):
    runner, board = add_board(cast)
    work = make_work(cast)
    board.job()
    pages = [("get", ""), ("get", f"log/{work.pk}/"), ("post", "code/"), ("post", "duty/"), ("post", "clear/")]
    for person, own, there in ((cast.ruth, 403, 404), (cast.lena, 404, 403)):
        client.force_login(person)
        for method, page in pages:
            sent = {"to": "revoked", "why": "because"}
            for slug, expected in (("odml", own), (cast.other_course.slug, there)):
                answer = getattr(client, method)(f"/courses/{slug}/runners/{runner.pk}/{page}", sent)
                assert answer.status_code in (expected, 404), (person, slug, page)
    assert fresh(runner).status == Duty.ACTIVE and fresh(runner).codes.count() == 1


def test_no_page_of_runners_is_posted_from_elsewhere(cast):
    runner, _ = add_board(cast)
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.helen)
    for page in ("new/", f"{runner.pk}/code/", f"{runner.pk}/duty/", f"{runner.pk}/clear/"):
        assert client.post(f"/courses/odml/runners/{page}", {"to": "revoked", "name": "x"}).status_code == 403
    assert fresh(runner).status == Duty.ACTIVE and Runner.objects.count() == 1


def test_codes_cannot_be_guessed_and_a_board_cannot_ask_without_end(cast, monkeypatch):
    monkeypatch.setattr(api, "WRONG_CODES_PER_MINUTE", 5)
    monkeypatch.setattr("courseplatform.core.api_rules.time.time", lambda: 1_000_000_000.0)
    runner, board, code = add_board(cast, enrolled=False)
    tries = [Board().enrol(f"AAAA-AAAA-AAA{n}") for n in range(6)]
    assert [answer.status_code for answer in tries] == [404] * 5 + [429]
    assert int(tries[-1]["Retry-After"]) > 0
    assert board.enrol(code).status_code == 429 and fresh(runner).enrolled_at is None
    monkeypatch.setattr("courseplatform.core.api_rules.time.time", lambda: 1_000_000_060.0)
    assert board.enrol(code).status_code == 201
    monkeypatch.setattr(api, "CALLS_OF_A_BOARD", 0.05)
    assert [board.poll().status_code for _ in range(8)][-1] == 429


# -- two things at once -----------------------------------------------------------------------------------------------


def at_once(*calls):
    """What each call answers; all begin together."""
    answers, barrier = [None] * len(calls), threading.Barrier(len(calls))

    def run(n, call):
        barrier.wait()
        try:
            answers[n] = call().status_code
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.django_db(transaction=True)
def test_calls_that_come_at_once_end_a_job_once(cast, ends):
    _, board = add_board(cast)
    work = make_work(cast)
    twins = [Board(board.token, **board.facts) for _ in range(4)]
    assert at_once(*(twin.poll for twin in twins)) == [200] * 4
    jobs = [twin.said["job"] for twin in twins]
    assert all(job == jobs[0] for job in jobs) and jobs[0]["attempt"] == 1
    job = jobs[0]
    assert board.call(job, "start").status_code == 200
    data = json.dumps(results()).encode()
    assert set(at_once(*(lambda twin=twin: twin.put(job, "results.json", data) for twin in twins))) == {200}
    assert set(at_once(*(lambda twin=twin: twin.log(job, 0, b"once\n") for twin in twins))) == {200}
    named = {"name": "results.json", "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    end = {"outcome": "done", "results": named, "log": {"bytes": 5}, "environment": {}}
    assert set(at_once(*(lambda twin=twin: twin.call(job, "finish", **end) for twin in twins))) == {200}
    assert BoardEnd.objects.filter(job=work, counted=True).count() == 1 and len(ends) == 1
    assert BoardFile.objects.filter(job=work, attempt=1).count() == 1


@pytest.mark.django_db(transaction=True)
def test_finish_beside_release_is_one_of_the_two(cast, ends):
    _, board = add_board(cast)
    work = make_work(cast)
    job = board.job()
    board.call(job, "start")
    first, second = Board(board.token, **board.facts), Board(board.token, **board.facts)
    said = {"outcome": "infrastructure", "why": "the card is full", "log": {"bytes": 0}}
    answers = at_once(
        lambda: first.call(job, "finish", **said), lambda: second.call(job, "release", why="x", fault=True)
    )
    assert sorted(answers) == [200, 410]
    work.refresh_from_db()
    assert (work.status, work.faults) == (Status.QUEUED, 1)
