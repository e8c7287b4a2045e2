"""What the page of a result says of boards: the offer with its line, how far one is, and what it came to."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from grading.measuring import worker
from grading.models import BoardAsk, Run
from hardware.models import BoardJob, Job, Outcome, Status
from tests.grading.measuring.carried import carried_out
from tests.grading.measuring.test_board_asks import lab as lab_of_boards
from tests.grading.measuring.test_board_asks import measured as measured_here
from tests.grading.measuring.test_on_boards import handed_in
from tests.hardware.runners.boards import add_board

pytestmark = pytest.mark.django_db
lab, measured = lab_of_boards, measured_here


def page_of(client, run, name="run"):
    answer = client.get(reverse(f"grading:{name}", kwargs={"course": "odml", "run": run.pk}))
    assert answer.status_code == 200
    return answer.content.decode()


def send(client, run, name):
    return client.post(reverse(f"grading:{name}", kwargs={"course": "odml", "run": run.pk}), follow=True)


def test_without_a_board_in_the_course_nothing_is_offered(cast, measured, client):
    client.force_login(cast.ruth)
    assert 'id="board-ask"' not in page_of(client, measured)


def test_from_the_offer_to_the_newer_result(cast, measured, client, tmp_path, monkeypatch):
    _, board = add_board(cast)
    client.force_login(cast.ruth)
    page = page_of(client, measured)
    assert "A run on a Raspberry Pi 4, 4 GB of the course replaces the modelled latency and energy" in page
    assert "none waits before it; a board begins in under 10" in page and "2 are left" in page
    assert "also where it gives fewer points than the model" in page
    page = send(client, measured, "board_ask").content.decode()
    assert "A worker of ours checks the model first." in page and "htmx" in page and "Ask for a board run" not in page
    worker.work_once("bench@test")
    part = page_of(client, measured, "board_ask_live")
    assert "First in line for a board" in part and "pi4-01" in part and "Where no board is free within 2" in part
    job = board.job()
    board.call(job, "start")
    state = {"temperature_c": 61.0, "clock_mhz": 1500, "throttled": {"now": [], "since_boot": []}}
    board.call(job, "beat", phase="step window 3", done=4, total=10, state=state)
    part = page_of(client, measured, "board_ask_live")
    assert "Measuring on pi4-01: window 3 of 5" in part and "It is 61" in part
    Job.objects.filter(pk=job["lease"]).update(status=Status.LEASED)
    assert carried_out(board, job, tmp_path, monkeypatch).status_code == 200
    assert "The board is done: points are counted" in page_of(client, measured, "board_ask_live")
    worker.work_once("bench@test")
    answer = client.get(reverse("grading:board_ask_live", kwargs={"course": "odml", "run": measured.pk}))
    after = Run.objects.get(pk=BoardAsk.objects.get().pk)
    assert answer.headers["HX-Redirect"] == after.get_absolute_url()
    page = page_of(client, after)
    assert "Ruth asked for this board run" in page and measured.get_absolute_url() in page
    page = page_of(client, measured)
    assert (
        "This attempt has a newer result" in page
        and after.get_absolute_url() in page
        and "Ask for a board run" not in page
    )


def test_withdrawn_and_asked_again_and_what_ended_says_why(cast, measured, client):
    add_board(cast)
    client.force_login(cast.ruth)
    send(client, measured, "board_ask")
    page = send(client, measured, "board_ask_withdraw").content.decode()
    assert "The last one was withdrawn." in page and "1 is left" in page
    assert (
        client.get(reverse("grading:board_ask_live", kwargs={"course": "odml", "run": measured.pk})).headers[
            "HX-Refresh"
        ]
        == "true"
    )
    asked = BoardAsk.objects.get()
    Job.objects.filter(pk=asked.pk).update(
        error_code="no_board", error_message="No board was free for it within two days."
    )
    assert "No board was free for it within two days." in page_of(client, measured)
    send(client, measured, "board_ask")
    assert send(client, measured, "board_ask").status_code == 409


def test_others_neither_see_nor_ask(cast, measured, client):
    add_board(cast)
    for person, status in ((cast.daniel, 404), (cast.lena, 404)):
        client.force_login(person)
        assert send(client, measured, "board_ask").status_code == status
    client.force_login(cast.amit)
    assert "may be asked for within 24 hours" not in page_of(client, measured)
    assert send(client, measured, "board_ask").status_code == 200 and BoardAsk.objects.get().is_by_staff
    client.force_login(cast.ruth)
    assert (
        "Withdraw it" not in page_of(client, measured)
        and send(client, measured, "board_ask_withdraw").status_code == 403
    )


def test_an_offer_says_who_waits_before(cast, measured, client):
    add_board(cast)
    client.force_login(cast.ruth)
    send(client, measured, "board_ask")
    worker.work_once("bench@test")
    now = timezone.now()
    BoardJob.objects.filter(purpose="health").update(status=Status.FINISHED, outcome=Outcome.MEASURED)
    asked = BoardJob.objects.get(status=Status.QUEUED)
    for n in range(3):
        asked.pk = asked.id = asked.job_ptr_id = None
        asked._state.adding = True
        asked.status, asked.queued_at, asked.turn = Status.QUEUED, now - timedelta(minutes=9 - n), 0
        asked.priority = 10
        asked.save(force_insert=True)
    part = page_of(client, measured, "board_ask_live")
    assert "Fourth in line for a board" in part


def test_the_page_of_a_run_that_waits_for_a_board_and_is_on_one(cast, lab, client):
    """In a lab that is measured on boards: its place in their line, then the window that runs, and what happens without a board."""
    _, board = add_board(cast)
    cast.lab.bench_spec = cast.lab.bench_spec | {"fallback": "emulation"}
    cast.lab.save()
    run = handed_in(cast)
    client.force_login(cast.ruth)
    assert "In line for a board" not in page_of(client, run)  # a worker checks it first
    worker.work_once("bench@test")
    page = page_of(client, run)
    assert "First in line for a board" in page and "is free, and this run is the next." in page
    assert "it is measured in emulation instead, and says so: in 3" in page and "The line now" not in page
    job = board.job()
    board.call(job, "start")
    state = {"temperature_c": 61.0, "clock_mhz": 1500, "throttled": {"now": [], "since_boot": []}}
    board.call(job, "beat", phase="cooling", done=0, total=0, state=state)
    part = page_of(client, run, "run_live")
    assert "Measuring on pi4-01" in part and "It cools down first. It is 61" in part
    board.call(job, "beat", phase="step window 2", done=0, total=0, state=state)
    part = page_of(client, run, "run_live")
    assert "Measuring on pi4-01: window 2 of 5" in part and 'max="5" value="2"' in part and "Clock" in part
    client.force_login(cast.amit)
    assert "Measuring on pi4-01: window 2 of 5" in page_of(client, run)
