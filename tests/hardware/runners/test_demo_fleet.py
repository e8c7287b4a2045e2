"""The demo's fleet: what its pages say of six boards with five weeks behind them, and that it goes on without touching anybody's work."""

from datetime import timedelta

import pytest
from django.utils import timezone

from hardware import demo_runners, demo_runners_past, leases
from hardware.models import BoardLease, Ended, Runner
from hardware.runners.selectors.rows import fleet_rows
from tests.hardware.runners.boards import FLEET, add_board, make_work, text, words_of
from tests.people import make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def shared(module_dir):
    people = make_cast()
    demo_runners_past.load(course=people.course, people={"helen.castell@example.edu": people.helen}, now=timezone.now())
    return people


@pytest.fixture
def cast(shared):
    return shared


@pytest.fixture
def fleet(cast):
    return {runner.name: runner for runner in Runner.objects.filter(course=cast.course)}


def test_the_demos_fleet_says_what_the_picture_says(client, cast, fleet, django_assert_max_num_queries):
    page = words_of(text(client, FLEET, cast.amit))
    away = timezone.localtime(fleet["nano-02"].last_seen_at, cast.course.tz)
    assert (
        f"5 of 6 runners are well; nano-02 has not answered since {away:%H:%M}" in page
        or "nano-02 has not answered since" in page
    )
    for said in (
        "out of service; its run went to nano-01",
        "starts again under 60 °C",
        "waiting for work",
        "Waiting for a board: 4 runs,",
        "1 h 38 min",
    ):
        assert said in page, said
    with django_assert_max_num_queries(45):
        client.get(FLEET)
    with django_assert_max_num_queries(45):
        client.get(f"{FLEET}live/")
    rows = {row.runner.name: row for row in fleet_rows(cast.visit(cast.amit), timezone.now())}
    assert rows["nano-02"].busy[-1]["kind"] == "away" and 40 < rows["pi4-01"].busy_share < 90


def test_the_page_of_each_board_and_all_of_its_parts(client, cast, fleet, django_assert_max_num_queries):
    client.force_login(cast.amit)
    known = (("nano-02", "it was away"), ("coral-01", "Cools down"), ("pi4-02", "1 beyond its baseline"))
    for name, said in known:
        with django_assert_max_num_queries(75):
            page = words_of(text(client, f"{FLEET}{fleet[name].pk}/"))
        assert said in page and "It measured" in page and ("the fan had come loose" in page) == (name == "pi4-02")
    address = f"{FLEET}{fleet['pi4-02'].pk}/"
    for figure in ("use", "checks", "heat"):
        for span in ("day", "week", "term"):
            drawn = client.get(f"{address}figures/{figure}.json?span={span}").json()
            assert drawn["data"] and drawn["layout"]["xaxis"]["type"] == "date"
        lines = client.get(f"{address}figures/{figure}.csv").content.decode().strip().split("\r\n")
        assert len(lines) > 30
    assert client.get(f"{address}figures/nothing.json").status_code == 404
    assert client.get(f"{address}figures/nothing.csv").status_code == 404
    with django_assert_max_num_queries(30):
        assert client.get(f"{address}now/").status_code == 200


def test_work_of_a_board_is_filtered_paged_and_taken_along(client, cast, fleet):
    address = f"{FLEET}{fleet['nano-02'].pk}/"
    page = text(client, f"{address}?how=failed&page=9", cast.amit)
    work = page.split('id="jobs"')[1].split("</section>")[0]
    assert "no sign of life from runner nano-02" in work and "1 run," in work and 'badge good">' not in work
    lines = client.get(f"{address}figures/jobs.csv?how=failed").content.decode().strip().split("\r\n")
    assert len(lines) == 2 and ",failed,no sign of life" in lines[1]
    late = words_of(text(client, f"{FLEET}{fleet['zero-01'].pk}/"))
    assert "Came too late" in late and "its network was away for seven minutes" in late
    lost = BoardLease.objects.get(runner=fleet["nano-02"], how=Ended.FAILED)
    log = words_of(text(client, f"{address}log/{lost.job_id}/"))
    assert "window 2: 48.9 ms" in log and "nano-01" in log and "no sign of life" in log.lower()


def test_boards_of_the_demo_go_on_and_touch_no_work_of_others(client, cast, fleet):
    now = timezone.now()
    mine = make_work(cast, title="a real one", device="rpi-4-8gb")
    real, board = add_board(cast, "real-01", device="rpi-4-8gb")
    moment = now
    for _ in range(40):
        moment += timedelta(seconds=30)
        demo_runners.pulse(moment)
        leases.sweep(now=moment)
    states = {row.runner.name: row.state for row in fleet_rows(cast.visit(cast.amit), moment)}
    assert (
        states["nano-02"] == "away"
        and states["pi4-02"] == "idle"
        and {states["pi4-01"], states["nano-01"]} <= {"running", "cooling", "idle"}
    )
    spells = BoardLease.objects.filter(runner=fleet["pi4-01"], at__gt=now - timedelta(minutes=2))
    assert spells.count() >= 2 and not spells.filter(how=Ended.FAILED).exists()
    mine.refresh_from_db()
    assert mine.attempt == 0 and demo_runners.pulse(moment) == 0
    Runner.objects.filter(pk=real.pk).update(last_seen_at=moment)
    assert board.job()["lease"] == str(mine.pk)
