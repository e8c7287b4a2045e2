"""A team's own meter: when points rest on it, who says so, and that it can be taken back."""

from uuid import uuid4

import pytest
from django.utils import timezone

from courseplatform.core.errors import AppError, BadInput, Conflict, Forbidden
from courseplatform.notices.models import Notification
from grading.grade_facts import measured_event
from grading.models import ClassPoint, MeterReading, MeterWord, PowerReading
from grading.models.meters import Said
from grading.reruns.rules import points_by
from grading.selectors.meter_readings import meter_page, reading_get
from grading.services.class_points import class_points_rebuild
from grading.services.meter_readings import meter_reading_settle
from grading.services.power_readings import power_reading_take_back
from grading.services.releasing import grades_release
from grading.services.runs import run_again
from hardware import leases
from hardware.models import Outcome
from tests.courseplatform.teams.builders import make_team
from tests.grading.energy.builders import with_stages
from tests.grading.meters.builders import energy_lab, energy_line, enter, fresh, on_a_board
from tests.grading.ranks.classroom import lease
from tests.grading.reruns.reruns import begin

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]


@pytest.fixture
def run(cast, tmp_path):
    energy_lab(cast)
    return on_a_board(cast, cast.ruth, tmp_path)


def settle(cast, person, run, reading, said, reason="seen at the desk"):
    return meter_reading_settle(visit=cast.visit(person), run=fresh(run.pk), reading=reading, said=said, reason=reason)


def refused(code, call, *args, **more):
    with pytest.raises(AppError) as error:
        call(*args, **more)
    assert error.value.code == code, error.value.message


def test_until_the_staff_have_seen_it_nothing_is_worth_more_and_they_are_told(cast, run):
    before = fresh(run.pk).result
    row, is_new = enter(cast, cast.ruth, run)
    after = fresh(run.pk).result
    assert is_new and (after.earned, after.left_open) == (before.earned, before.left_open)
    assert "100 mJ were read from the team's meter; no points follow" in energy_line(run)["left_open"].replace(
        "\u202f", " "
    )
    told = Notification.objects.filter(title__contains="waits for your look").values_list("person__name", flat=True)
    assert set(told) == {"Helen", "Ines", "Amit"}
    assert row.inference_ms == 40 and row.typed == {
        "way": "current",
        "volts": 5.0,
        "idle_ma": 540.0,
        "loaded_ma": 1040.0,
    }


def test_once_confirmed_points_rest_on_it_in_the_result_the_grade_and_the_class(cast, run):
    before = fresh(run.pk).result
    row, _ = enter(cast, cast.ruth, run)
    settle(cast, cast.amit, run, row, Said.COUNTS)
    result = fresh(run.pk).result
    assert result.earned == before.earned + 2 and result.left_open == before.left_open - 2
    assert result.metrics["energy_mj"] == 100.0
    assert "read from the team's meter at pi4-01" in energy_line(run)["value"] + energy_line(run)[
        "arithmetic"
    ] + energy_line(run).get("how", "")
    assert ClassPoint.objects.get().numbers["energy_mj"] == [100.0] and class_points_rebuild(assignment=cast.lab) == 0
    assert measured_event(cast.lab, cast.ruth).points == result.earned
    assert MeterWord.objects.get().points_before["earned"] == str(before.earned)
    assert Notification.objects.filter(person=cast.ruth, title__startswith="The reading of the meter counts").exists()


def test_taken_back_all_is_as_before(cast, run):
    before = fresh(run.pk).result
    row, _ = enter(cast, cast.ruth, run)
    settle(cast, cast.amit, run, row, Said.COUNTS)
    settle(cast, cast.amit, run, row, Said.TAKEN_BACK, "the meter was at the wrong board")
    after = fresh(run.pk).result
    assert (after.earned, after.points, after.environment) == (before.earned, before.points, before.environment)
    assert after.metrics["energy_mj"] == before.metrics["energy_mj"]
    assert class_points_rebuild(assignment=cast.lab) == 0
    again, _ = enter(cast, cast.ruth, run, loaded_ma=1000.0)
    assert again.pk != row.pk


def test_measured_here_again_the_reading_goes_along_and_is_taken_back_with_both(cast, run):
    """What a board measured stands when the same file is measured here again, and so does what was read while it did."""
    row, _ = enter(cast, cast.ruth, run)
    settle(cast, cast.amit, run, row, Said.COUNTS)
    before = fresh(run.pk).result
    again = run_again(visit=cast.visit(cast.helen), run=fresh(run.pk))
    document = {
        "report": before.report, "host": before.host, "metrics": before.metrics, "quality": {}, "points": before.points,
        "environment": before.environment, "earned": before.earned, "of": before.of, "left_open": before.left_open,
    }  # fmt: skip
    leases.lease_finish(lease(), outcome=Outcome.MEASURED, result=document)
    assert energy_line(again)["earned"] == "2.00"
    refused("reading_stands", enter, cast, cast.ruth, again)
    assert reading_get(fresh(again.pk), row.pk) == row and meter_page(cast.visit(cast.amit), fresh(again.pk))["rows"]
    settle(cast, cast.amit, again, row, Said.TAKEN_BACK, "the meter was at the wrong board")
    assert (energy_line(again)["earned"], energy_line(run)["earned"]) == ("0.00", "0.00")
    assert measured_event(cast.lab, cast.ruth).points == fresh(again.pk).result.earned
    assert enter(cast, cast.ruth, again)[1]


def test_where_the_lab_says_team_it_counts_at_once(cast, tmp_path):
    energy_lab(cast, board={"readings": "team"})
    run = on_a_board(cast, cast.ruth, tmp_path)
    row, _ = enter(cast, cast.ruth, run)
    assert energy_line(run)["earned"] == "2.00"
    settle(cast, cast.ruth, run, row, Said.TAKEN_BACK, "typed wrong")
    assert energy_line(run)["earned"] == "0.00"


def test_what_one_of_the_staff_reads_counts_at_once_and_is_theirs(cast, run):
    row, _ = enter(cast, cast.amit, run)
    assert energy_line(run)["earned"] == "2.00"
    refused("staff_only_now", settle, cast, cast.ruth, run, row, Said.TAKEN_BACK)


def test_only_the_staff_say_that_it_counts_and_each_word_is_said_once(cast, run):
    row, _ = enter(cast, cast.ruth, run)
    for said in (Said.COUNTS, Said.REFUSED):
        with pytest.raises(Forbidden):
            settle(cast, cast.ruth, run, row, said)
    with pytest.raises(BadInput):
        settle(cast, cast.amit, run, row, Said.REFUSED, "  ")
    settle(cast, cast.amit, run, row, Said.REFUSED, "idle and loaded are of two boards")
    refused("settled_already", settle, cast, cast.amit, run, row, Said.COUNTS)
    refused("settled_already", settle, cast, cast.ruth, run, row, Said.TAKEN_BACK)
    assert "reading" not in fresh(run.pk).result.environment["on_board"]


def test_a_team_takes_back_nothing_that_the_staff_have_confirmed(cast, run):
    row, _ = enter(cast, cast.ruth, run)
    settle(cast, cast.amit, run, row, Said.COUNTS, "")
    refused("staff_only_now", settle, cast, cast.ruth, run, row, Said.TAKEN_BACK)


def test_the_same_form_twice_is_one_reading_and_another_waits_until_it_is_gone(cast, run):
    key = uuid4()
    row, is_new = enter(cast, cast.ruth, run, key=key)
    assert enter(cast, cast.ruth, run, key=key) == (row, False) and is_new
    refused("reading_stands", enter, cast, cast.ruth, run)
    assert MeterReading.objects.count() == 1


@pytest.mark.parametrize(
    ("board", "on_board"),
    [({"readings": "none"}, {}), (None, {"energy_mj": 80.0}), (None, {"device": "jetson-nano-4gb"})],
)
def test_where_nothing_is_to_be_read_nothing_is_taken(cast, tmp_path, board, on_board):
    energy_lab(cast, board=board)
    run = on_a_board(cast, cast.ruth, tmp_path, **on_board)
    refused("not_for_readings", enter, cast, cast.ruth, run)


def test_a_lab_without_points_for_energy_takes_none(cast, tmp_path):
    lab = energy_lab(cast)
    lab.bench_spec["criteria"].pop()
    type(lab).objects.filter(pk=lab.pk).update(bench_spec=lab.bench_spec)
    run = on_a_board(cast, cast.ruth, tmp_path)
    refused("not_for_readings", enter, cast, cast.ruth, run)


def test_of_others_released_and_being_run_again_none_is_taken(cast, run):
    refused("not_yours", enter, cast, cast.daniel, run)
    begin(cast)
    refused("rerun_stands", enter, cast, cast.ruth, run)
    assert not MeterReading.objects.exists(), "all or nothing"


def test_after_the_grades_are_out_only_the_staff_enter_one(cast, run):
    grades_release(visit=cast.visit(cast.helen), assignment=cast.lab)
    refused("grades_are_out", enter, cast, cast.ruth, run)
    assert enter(cast, cast.amit, run)[1]


def test_the_charge_of_the_load_counts_in_the_project_without_being_typed_again(cast, tmp_path):
    team = make_team(cast, "Magpie", cast.ruth)
    with_stages(cast.course)
    energy_lab(cast, is_individual=False)
    run = on_a_board(cast, cast.ruth, tmp_path)
    refused("no_load_time", enter, cast, cast.ruth, run, in_budget=True)
    enter(cast, cast.ruth, run, in_budget=True, load_s=90.0)
    kept = PowerReading.objects.get(team=team)
    assert (float(kept.used_mah), kept.known_by, float(kept.mean_ma), float(kept.minutes)) == (26.0, "run", 1040.0, 1.5)
    assert kept.board == "pi4-01" and kept.label == "Lab 1, attempt 1 on pi4-01"


def test_a_reading_that_is_entered_anew_counts_its_charge_once(cast, tmp_path):
    team = make_team(cast, "Magpie", cast.ruth)
    with_stages(cast.course)
    energy_lab(cast, is_individual=False)
    run = on_a_board(cast, cast.ruth, tmp_path)
    row, _ = enter(cast, cast.ruth, run, in_budget=True, load_s=90.0)
    settle(cast, cast.ruth, run, row, Said.TAKEN_BACK, "milliamps of the wrong board")
    again, _ = enter(cast, cast.ruth, run, in_budget=True, load_s=90.0, loaded_ma=1000.0)
    assert [float(one.used_mah) for one in PowerReading.objects.standing().filter(team=team)] == [25.0]
    gone = PowerReading.objects.exclude(taken_back=None).get().taken_back
    assert (gone.reason, gone.by) == ("milliamps of the wrong board", cast.ruth.email)
    settle(cast, cast.amit, run, again, Said.REFUSED, "seen at the desk")
    assert not PowerReading.objects.standing().exists()


def test_a_charge_that_was_taken_back_by_itself_stands_in_nobodys_way(cast, tmp_path):
    make_team(cast, "Magpie", cast.ruth)
    with_stages(cast.course)
    energy_lab(cast, is_individual=False)
    run = on_a_board(cast, cast.ruth, tmp_path)
    row, _ = enter(cast, cast.ruth, run, in_budget=True, load_s=90.0)
    power_reading_take_back(
        visit=cast.visit(cast.ruth), reading=PowerReading.objects.get(), reason="x", now=timezone.now()
    )
    settle(cast, cast.ruth, run, row, Said.TAKEN_BACK, "typed wrong")


@pytest.mark.parametrize("said", list(Said))
def test_where_the_lab_asks_something_else_by_now_no_word_counts_the_result_anew(cast, run, said):
    row, _ = enter(cast, cast.ruth, run)
    result = fresh(run.pk).result
    type(result).objects.filter(pk=result.pk).update(points_by=points_by(cast.lab))
    spec = fresh(run.pk).submission.assignment.bench_spec
    spec["criteria"] = [one | {"points": 1} for one in spec["criteria"]]
    type(cast.lab).objects.filter(pk=cast.lab.pk).update(bench_spec=spec)
    refused("rules_changed", settle, cast, cast.amit, run, row, said)
    after = fresh(run.pk).result
    assert (after.points, after.earned, MeterWord.objects.count()) == (result.points, result.earned, 0)


def test_a_lab_that_was_withdrawn_takes_no_reading(cast, run):
    type(cast.lab).objects.filter(pk=cast.lab.pk).update(is_withdrawn=True)
    for person in (cast.ruth, cast.amit):
        refused("withdrawn", enter, cast, person, run)


def test_a_person_without_a_team_has_no_budget(cast, run):
    refused("no_team", enter, cast, cast.ruth, run, in_budget=True, load_s=90.0)
    with pytest.raises(Conflict):
        settle(cast, cast.amit, run, enter(cast, cast.amit, run)[0], Said.COUNTS)
