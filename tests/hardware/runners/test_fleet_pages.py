"""The pages of runners: the fleet as it is, adding one, its history, and what staff do with it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from hardware.inventory.services.cases import case_move, case_open
from hardware.models import BoardJob, Duty, EnrolCode, Health, Runner, RunnerEvent, RunnerSample
from hardware.runners import duty
from hardware.runners.selectors.rows import fleet_rows
from tests.hardware.inventory.builders import items_of, product_of
from tests.hardware.runners.boards import FLEET, Board, add_board, fresh, make_work, text, words_of

pytestmark = pytest.mark.django_db


def test_from_the_form_to_a_board_on_duty(client, cast):
    client.force_login(cast.helen)
    assert "No board measures here yet" in text(client, FLEET)
    (item,) = items_of(cast, product_of(cast, kind="board"), "PI-01")
    sent = {"name": "pi4-01", "device": "rpi-4-4gb", "tags": "camera ina219", "item": item.pk}
    answer = client.post(f"{FLEET}new/", sent)
    code = answer.context["code"]
    assert answer.headers["Cache-Control"] == "no-store" and f"--code {code}" in answer.content.decode()
    assert "waits for its code" in text(client, FLEET)
    again = client.post(f"{FLEET}new/", sent | {"item": ""})
    assert again.status_code == 422 and "has a runner pi4-01 already" in again.content.decode()
    board = Board(install_id="d" * 32)
    assert board.enrol(code).status_code == 201
    assert "checking" in text(client, FLEET) or board.carry_out(board.job()).status_code == 200
    runner = Runner.objects.get()
    assert runner.tags == ["camera", "ina219"] and runner.item == item
    page = text(client, f"{FLEET}{runner.pk}/")
    assert "Raspberry Pi 4 Model B Rev 1.4" in page and "onnx 1.22.1" in page
    assert EnrolCode.objects.count() == 1 and code not in page


def test_the_fleet_says_what_each_board_does(client, cast, django_assert_max_num_queries):
    runner, board = add_board(cast)
    add_board(cast, "zero-01", enrolled=False, device="rpi-zero-w")
    add_board(cast, "pi4-02")
    make_work(cast, title="Lab 1, attempt 2")
    job = board.job()
    board.call(job, "start")
    Runner.objects.filter(name="pi4-02").update(last_seen_at=timezone.now() - timedelta(minutes=9))
    items_of(cast, product_of(cast), "PI-01")
    for address in (FLEET, f"{FLEET}live/", "/courses/odml/hardware/"):
        page = text(client, address, cast.amit)
        for words in ("Lab 1, attempt 2", "running", "not answering", "waits for its code"):
            assert words in page, (address, words)
    rows = {row.runner.name: row for row in fleet_rows(cast.visit(cast.amit), timezone.now())}
    assert rows["pi4-01"].temperature_c == 48.5 and len(rows["pi4-01"].busy) == 2 and not rows["zero-01"].busy
    with django_assert_max_num_queries(20):
        client.get(FLEET)
    client.force_login(cast.ruth)
    assert client.get(FLEET).status_code == 403
    assert fresh(runner).state["clock_mhz"] == 1500


def test_a_board_that_is_not_well_is_looked_at_and_checked_again(client, cast):
    runner, board = add_board(cast)
    Runner.objects.filter(pk=runner.pk).update(checked_at=timezone.now() - timedelta(days=2))
    board.carry_out(board.job(), p50_ms=9.0)
    client.force_login(cast.amit)
    page = text(client, f"{FLEET}{runner.pk}/")
    assert "80 % slower than its baseline of 5.00 ms" in page and "Check it again" in page
    assert client.post(f"{FLEET}{runner.pk}/clear/", {"why": ""}).status_code == 422
    client.post(f"{FLEET}{runner.pk}/clear/", {"why": "the fan was off"})
    assert fresh(runner).health == Health.UNKNOWN and "the fan was off" in text(client, f"{FLEET}{runner.pk}/")


def test_duty_is_changed_by_staff_and_said_to_the_board(client, cast):
    runner, board = add_board(cast)
    client.force_login(cast.amit)
    duty = f"{FLEET}{runner.pk}/duty/"
    assert client.post(duty, {"to": "quarantined"}).status_code == 422
    assert client.post(duty, {"to": "flying"}).status_code == 422
    client.post(duty, {"to": "paused", "why": "lecture"})
    assert fresh(runner).status == Duty.PAUSED and board.poll().json()["duty"] == "paused"
    client.post(duty, {"to": "revoked"})
    assert board.poll().status_code == 401 and "Revoked:" in text(client, FLEET)
    assert client.post(duty, {"to": "active"}).status_code == 409
    assert client.post(f"{FLEET}{runner.pk}/code/").status_code == 403  # a TA makes no codes


def test_what_a_job_printed_is_read_by_the_staff_alone(client, cast):
    runner, board = add_board(cast)
    work = make_work(cast)
    job = board.job()
    board.call(job, "start")
    board.log(job, 0, b"<script>alert(1)</script>\n")
    page = text(client, f"{FLEET}{runner.pk}/log/{work.pk}/", cast.amit)
    assert "&lt;script&gt;alert(1)" in page and "<script>alert" not in page
    assert client.get(f"{FLEET}{runner.pk}/log/{cast.course.pk}/").status_code == 404
    assert BoardJob.objects.get(pk=work.pk).taken_by == runner


def test_a_day_of_temperatures_is_drawn(client, cast):
    runner, _ = add_board(cast)
    now = timezone.now()
    for minutes in range(600, 0, -5):
        RunnerSample.objects.create(runner=runner, at=now - timedelta(minutes=minutes), temperature_c=40 + minutes % 20)
    address = f"{FLEET}{runner.pk}/"
    assert "40 to 55 °C in the last 24 hours" in text(client, address, cast.amit)
    figure = client.get(f"{address}figures/heat.json?span=day").json()
    assert len(figure["data"][0]["x"]) >= 120 and max(filter(None, figure["data"][0]["y"])) == 55


def test_the_agent_is_one_file_for_anybody():
    answer = Client().get("/runner/milliamp-runner.pyz")
    assert (
        answer.content.startswith(b"#!/usr/bin/env python3\n")
        and "milliamp-runner.pyz" in answer["Content-Disposition"]
    )
    assert answer.content == Client().get("/runner/milliamp-runner.pyz").content


def test_a_log_is_followed_byte_by_byte(client, cast):
    runner, board = add_board(cast)
    work = make_work(cast)
    job = board.job()
    board.call(job, "start")
    said = "wärmt auf: 41 °C\n".encode()
    board.log(job, 0, said[:2])  # in the middle of a letter
    address = f"{FLEET}{runner.pk}/log/{work.pk}/text/?attempt=1"
    client.force_login(cast.amit)
    answer = client.get(f"{address}&offset=0")
    assert (answer.content, answer["X-Log-Next"], answer["X-Log-Open"]) == (b"w", "1", "1")
    assert answer["Content-Type"].startswith("text/plain")
    board.log(job, 2, said[2:])
    answer = client.get(f"{address}&offset=1")
    assert answer.content == said[1:] and answer["X-Log-Next"] == str(len(said))
    assert client.get(f"{address}&offset={len(said)}").content == b""
    assert client.get(f"{address}&offset=-1").status_code == 200
    for bad in ("attempt=9", "attempt=x", "attempt=99999999999"):
        assert client.get(f"{FLEET}{runner.pk}/log/{work.pk}/text/?{bad}").status_code == 404
    other, _ = add_board(cast, "pi4-02")
    assert client.get(f"{FLEET}{other.pk}/log/{work.pk}/text/").status_code == 404
    board.carry_out(job, log={"bytes": len(said)})
    assert client.get(f"{address}&offset=0")["X-Log-Open"] == "0"


def test_what_follows_is_said_before_it_is_done(client, cast):
    runner, board = add_board(cast)
    add_board(cast, "pi4-02")
    make_work(cast, title="Lab 3, attempt 6")
    board.call(board.job(), "start")
    page = words_of(text(client, f"{FLEET}{runner.pk}/duty/?to=quarantined", cast.amit))
    assert (
        "Lab 3, attempt 6 goes back into the line" in page
        and "pi4-02 could take it" in page
        and "costs nobody an attempt" in page
    )
    assert "It ends Lab 3, attempt 6, then its agent is given nothing" in words_of(text(client, f"{FLEET}{runner.pk}/"))
    assert client.get(f"{FLEET}{runner.pk}/duty/?to=active").status_code == 422
    assert client.get(f"{FLEET}{runner.pk}/duty/?to=flying").status_code == 422


def test_a_board_that_retires_ends_its_run_and_frees_its_name_and_item(client, cast):
    (item,) = items_of(cast, product_of(cast, kind="board"), "PI-01")
    runner, board = add_board(cast, item=item)
    make_work(cast)
    job = board.job()
    client.force_login(cast.amit)
    client.post(f"{FLEET}{runner.pk}/duty/", {"to": "retire", "why": "worn out"})
    assert (fresh(runner).status, fresh(runner).retires) == (Duty.DRAINING, True)
    assert duty.sweep(timezone.now()) == 0
    assert board.carry_out(job).status_code == 200
    assert duty.sweep(timezone.now()) == 1 and duty.sweep(timezone.now()) == 0
    assert (fresh(runner).status, fresh(runner).item) == (Duty.REVOKED, None) and board.poll().status_code == 401
    again, _ = add_board(cast, item=item)
    assert again.name == "pi4-01" and again.pk != runner.pk
    other, _ = add_board(cast, "pi4-02")
    client.post(f"{FLEET}{other.pk}/duty/", {"to": "retire"})
    assert fresh(other).status == Duty.REVOKED  # it held nothing


def test_a_runner_is_edited_by_instructors_and_keeps_its_history(client, cast):
    (item,) = items_of(cast, product_of(cast, kind="board"), "PI-01")
    runner, board = add_board(cast)
    add_board(cast, "pi4-02", item=item)
    edit = f"{FLEET}{runner.pk}/edit/"
    client.force_login(cast.amit)
    assert client.get(edit).status_code == 403
    client.force_login(cast.helen)
    sent = {"name": "shelf-1", "device": "rpi-4-8gb", "tags": "camera", "team": "", "item": ""}
    for wrong in ({"name": "pi4-02"}, {"name": ""}, {"tags": "no/tag"}, {"device": "abacus"}, {"item": item.pk}):
        assert client.post(edit, sent | wrong).status_code == 422, wrong
    assert client.post(edit, sent).status_code == 302
    row = fresh(runner)
    assert (row.name, row.device, row.tags, row.health) == ("shelf-1", "rpi-4-8gb", ["camera"], Health.UNKNOWN)
    page = words_of(text(client, f"{FLEET}{runner.pk}/"))
    assert "name pi4-01 to shelf-1" in page and "1 run," in page
    assert board.poll().json()["job"]["purpose"] == "health"
    assert RunnerEvent.objects.filter(runner=runner, what="edited").count() == 1
    client.post(edit, sent)
    assert RunnerEvent.objects.filter(runner=runner, what="edited").count() == 1


def test_the_page_of_the_code_follows_the_machine(client, cast):
    runner, board, code = add_board(cast, enrolled=False)
    arrival = f"{FLEET}{runner.pk}/arrival/"
    assert "pi4-01 waits for its machine" in words_of(text(client, arrival, cast.helen))
    board.enrol(code)
    assert "pi4-01 has enrolled: its golden model is next" in words_of(text(client, arrival))
    job = board.job()
    assert "its golden model runs" in words_of(text(client, arrival))
    board.carry_out(job)
    done = text(client, arrival)
    assert "pi4-01 is well and takes work" in words_of(done) and "data-live-done" in done


def test_the_board_and_its_item_say_of_each_other(client, cast):
    (item,) = items_of(cast, product_of(cast, kind="board"), "PI-01")
    runner, _ = add_board(cast, item=item)
    case = case_open(visit=cast.visit(cast.amit), item=item, what="it smells")
    case_move(visit=cast.visit(cast.amit), case=case, to="in_repair", why="to the workshop")
    page = words_of(text(client, f"{FLEET}{runner.pk}/", cast.amit))
    assert "out of service" in page and "it smells" in page and "PI-01" in page
    page = words_of(text(client, "/courses/odml/hardware/items/PI-01/"))
    assert "pi4-01" in page and "gets no work" in page
