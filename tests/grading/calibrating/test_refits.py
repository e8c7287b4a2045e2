"""From rows of a board to coefficients of a course: fitted once, refused with the reason, adopted by a person, and for nobody else."""

import csv
import io
import json
from dataclasses import replace

import pytest
from django.core.management import call_command
from django.urls import reverse

from courseplatform.core.errors import BadInput, IllegalMove
from courseplatform.notices.models import Notification
from grading.bench.architectures.catalogue import build
from grading.bench.cost.coefficients import load_calibrations
from grading.bench.cost.sweep import networks
from grading.bench.on_device import Choice, device_json
from grading.bench.report import report_of
from grading.calibrating.adopted import calibrations_for, calibrations_of_result
from grading.figures.board_rows import calibration_words
from grading.measuring import refits
from grading.measuring.refits import refit_waiting
from grading.measuring.worker import budget_of
from grading.models import Assignment, Refit, RefitStatus
from grading.reruns.rules import measured_by, points_by
from grading.services.refits import refit_adopt, refit_begin, refit_discard, refit_withdraw
from hardware.models import CalibrationRow
from hardware.profiles import load_profiles
from tests.grading.calibrating.calibrations import REASON, calibration_of, refit_of
from tests.hardware.runners.boards import add_board
from tests.people import SPEC

pytestmark = pytest.mark.django_db


def report_of_onnx(width=0.4):
    """A network that no sweep holds, as an ONNX file of it would be counted."""
    graph = build("mobilenet_v2", width=width, resolution=112, classes=10)
    graph.format = "onnx"
    return report_of(graph, size=1 << 20, sha256="")


def page(refit, name="calibration"):
    return reverse(f"grading:{name}", kwargs={"course": refit.course.slug, "calibration": refit.pk})


def decided(visit, refit, to="adopt"):
    return {"adopt": refit_adopt, "withdraw": refit_withdraw}[to](visit=visit, refit=refit, reason=REASON)


def test_rows_are_fitted_once_and_wait_for_a_person(cast):
    refit = refit_of(cast)
    assert refit.status == RefitStatus.DRAFT and refit.judged["family_out_median"] < 0.05
    assert (
        refit.speaks_for == "rpi-4b/onnxruntime/fp32/1"
        and refit.coefficients["group"] == "rpi-4b/onnxruntime@1.22/fp32/1"
    )
    refit_begin(refit.calibration)
    assert refit_waiting("bench@other") == 0 and Refit.objects.count() == 1
    assert calibrations_for(cast.course) is None


def test_instructors_are_told_once_that_one_waits_for_them_and_of_one_that_is_no_use(cast):
    draft = refit_of(cast)
    wild = refit_of(cast, draft.calibration.runner, noise=1.2)
    assert refit_waiting("bench@other") == 0
    rows = Notification.objects.filter(kind="hardware", key__startswith="refit-").order_by("pk")
    assert set(rows.values_list("person", flat=True)) == {cast.helen.pk, cast.ines.pk}
    first, second = rows.filter(person=cast.helen)
    assert first.title.startswith("A calibration of pi4-01 waits for your decision: ") and first.path == page(draft)
    assert (second.title, second.path) == ("A calibration of pi4-01 cannot be used", page(wild))
    assert "no use" in second.text


@pytest.mark.parametrize("factor", [1e-9, 1e9, 1e12])
def test_times_that_no_board_needs_are_refused_or_wait_for_a_person_and_stop_no_worker(cast, factor):
    refit = refit_of(cast, factor=factor)
    assert refit.status in (RefitStatus.DRAFT, RefitStatus.REFUSED)
    json.dumps([refit.coefficients, refit.judged, refit.points], allow_nan=False)


def test_a_board_that_says_the_same_time_of_everything_stops_no_worker(cast):
    made = calibration_of(cast)
    made.rows.all()._raw_delete(made.rows.db)
    CalibrationRow.objects.bulk_create(
        CalibrationRow(
            calibration=made, network=name, family=one.family, is_whole=one.is_whole, macs=1, runtime_version="1.22.0", p50_ms=1e-6, p90_ms=1e-6,
            p99_ms=1e-6, low_ms=1e-6, high_ms=1e-6, windows=5, inferences=250,
        )
        for name, one in networks().items()
    )  # fmt: skip
    refit_begin(made)
    assert refit_waiting("bench@test") == 1
    refit = Refit.objects.get()
    json.dumps([refit.coefficients, refit.judged, refit.points], allow_nan=False)
    assert refit.status in (RefitStatus.DRAFT, RefitStatus.REFUSED)


def test_a_fit_that_came_to_no_numbers_is_refused_and_not_kept(cast, monkeypatch):
    """NaN is no JSON: PostgreSQL refuses the row, and the worker would try it for ever."""
    found = refits.fitted

    def wrong(*args):
        fit = found(*args)
        return replace(fit, judgement=replace(fit.judgement, family_out_median=float("nan")))

    monkeypatch.setattr(refits, "fitted", wrong)
    refit = refit_of(cast)
    assert refit.status == RefitStatus.REFUSED and "does not come to an end" in refit.said


def test_a_fit_that_is_no_use_is_refused_with_the_reason_and_cannot_be_adopted(cast):
    runner = add_board(cast)[0]
    few = refit_of(cast, runner, only=lambda name: "mobilenet" in name or "1x1" in name)
    nothing = refit_of(cast, runner, only=lambda name: "1x1" in name)
    wild = refit_of(cast, runner, noise=1.2)
    assert [one.status for one in (few, nothing, wild)] == [RefitStatus.REFUSED] * 3
    assert "Too little was measured" in few.said and "No whole network" in nothing.said and "no use" in wild.said
    with pytest.raises(IllegalMove):
        decided(cast.visit(cast.helen), wild)


def test_predictions_change_only_where_a_calibration_was_adopted_and_only_for_files_that_its_runtime_loads(cast):
    board, report = load_profiles()["rpi-4-4gb"], report_of_onnx()
    before = device_json(report, board, budget_of(cast.course))
    refit = refit_of(cast)
    assert device_json(report, board, budget_of(cast.course)) == before
    decided(cast.visit(cast.helen), refit)
    after = device_json(report, board, budget_of(cast.course))
    assert (before["runtime"], after["runtime"]) == ("tflite@2.7.1", "onnxruntime@1.22")
    assert (
        after["latency_ms"] != before["latency_ms"] and after["calibration"]["source"] == refit.name and after["graded"]
    )
    assert refit.name in calibration_words(after) and refit.name not in calibration_words(before)
    assert device_json(report, board, budget_of(cast.other_course)) == before  # another course has adopted nothing
    others = [slug for slug in load_profiles() if not slug.startswith("rpi-4")]
    assert all(
        device_json(report, load_profiles()[slug], budget_of(cast.course)) == device_json(report, load_profiles()[slug])
        for slug in others
    )
    report_of_tflite = report_of(build("mobilenet_v2", width=0.4, resolution=112), size=1, sha256="")
    assert device_json(report_of_tflite, board, budget_of(cast.course))["runtime"] == "tflite@2.7.1"
    asked = device_json(report, board, Choice("tflite@2.7.1", calibrations=calibrations_for(cast.course)))
    assert asked["latency_ms"] == before["latency_ms"]


def test_a_newer_one_takes_the_place_of_the_older_which_results_go_on_to_name(cast):
    runner = add_board(cast)[0]
    first = decided(cast.visit(cast.helen), refit_of(cast, runner))
    result = {
        "environment": {
            "devices": {"rpi-4-4gb": {"calibration": {"source": first.name}}, "laptop": {"calibration": None}}
        }
    }
    second = refit_of(cast, runner, seed=8, factor=1.3)
    # What stands was fitted to the same networks, of a board that was faster by then.
    assert second.status == RefitStatus.DRAFT and second.standing.startswith(f"Calibration {first.pk} of ")
    assert second.judged["standing_median"] == pytest.approx(0.23, abs=0.03)
    decided(cast.visit(cast.helen), second)
    assert [row.status for row in Refit.objects.order_by("pk")] == [RefitStatus.REPLACED, RefitStatus.ADOPTED]
    group = second.coefficients["group"]
    assert calibrations_for(cast.course).groups[group].source == second.name
    result_sees = calibrations_of_result(cast.course, result).groups[group]
    assert result_sees.source == first.name
    decided(cast.visit(cast.helen), second, "withdraw")
    assert calibrations_for(cast.course) is None and group not in load_calibrations().groups
    decided(cast.visit(cast.helen), Refit.objects.get(pk=first.pk))  # and back
    assert calibrations_for(cast.course).groups[group].source == first.name


def test_results_of_before_stand_by_other_rules_where_points_rest_on_what_is_modelled(cast):
    lab = cast.lab
    latency = {
        "key": "fast",
        "title": "Fast",
        "group": "Basic",
        "metric": "latency_ms",
        "points": 1,
        "rule": {"kind": "at_most", "value": 50},
    }
    plain = measured_by(lab), points_by(lab)
    refit = decided(cast.visit(cast.helen), refit_of(cast))
    assert (measured_by(lab), points_by(lab)) == plain  # no point rests on it
    for devices, is_other in (["rpi-4-8gb"], True), (["laptop"], False):
        lab.bench_spec = SPEC | {"devices": devices, "criteria": [*SPEC["criteria"], latency]}
        now = measured_by(lab)
        Refit.objects.filter(pk=refit.pk).update(status=RefitStatus.WITHDRAWN)
        assert (measured_by(lab) != now) is is_other
        Refit.objects.filter(pk=refit.pk).update(status=RefitStatus.ADOPTED)
    assert Assignment.objects.get(pk=lab.pk).bench_spec == SPEC


@pytest.mark.parametrize("reason", ["", "too short", "x" * 301, "\x00" * 20])
def test_who_adopts_says_why(cast, reason):
    refit = refit_of(cast)
    with pytest.raises(BadInput, match="Say why"):
        refit_adopt(visit=cast.visit(cast.helen), refit=refit, reason=reason)
    refit.refresh_from_db()
    assert refit.status == RefitStatus.DRAFT


def test_instructors_decide_the_staff_read_and_nobody_else_sees_it(cast, client):
    refit = refit_of(cast)
    for person, status in ((cast.ruth, 403), (cast.oscar, 404), (cast.amit, 200), (cast.helen, 200)):
        client.force_login(person)
        answers = {
            client.get(page(refit, name)).status_code for name in ("calibration", "calibration_csv", "calibration_plot")
        }
        assert answers == {status}, person
    client.force_login(cast.amit)
    assert b"Use it in this course" not in client.get(page(refit)).content
    assert client.post(page(refit), {"to": "adopt", "reason": REASON}).status_code == 403
    client.force_login(cast.helen)
    assert client.post(page(refit), {"to": "adopt", "reason": "no"}).status_code == 422
    assert client.post(page(refit), {"to": "adopt", "reason": REASON}).status_code == 302
    text = client.get(page(refit)).content.decode()
    assert "Helen, " in text and "helen@example.edu" not in text.split("</header>")[-1]
    refit.refresh_from_db()
    assert (refit.status, refit.reason, refit.decided_by) == (RefitStatus.ADOPTED, REASON, cast.visit(cast.helen).by)
    assert client.post(page(refit), {"to": "discard"}).status_code == 409
    assert [move.why for move in refit.moves.all()][-1] == REASON
    assert (
        b"with 1 calibration of its own"
        in client.get(reverse("grading:calibrations", kwargs={"course": cast.course.slug})).content
    )


def test_a_draft_can_be_discarded_for_good(cast):
    refit = refit_discard(visit=cast.visit(cast.helen), refit=refit_of(cast))
    with pytest.raises(IllegalMove):
        decided(cast.visit(cast.helen), refit)


def test_the_table_that_leaves_can_be_fitted_again_by_anybody(cast, client, tmp_path):
    refit = refit_of(cast)
    client.force_login(cast.amit)
    text = client.get(page(refit, "calibration_csv")).content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert (
        len(rows) == refit.judged["rows"]
        and rows[0]["runtime"] == "onnxruntime@1.22.0"
        and "stat=p50" in rows[0]["source"]
    )
    table, output = tmp_path / "board.csv", tmp_path / "fit.json"
    table.write_text(text, encoding="utf-8")
    call_command("calibrate", "--alone", "--from", str(table), "--output", str(output))
    again = load_calibrations(output).groups["rpi-4b/onnxruntime@1.22/fp32/1"]
    assert again.theta == pytest.approx(refit.coefficients["theta"], abs=1e-3) and again.rows == len(rows)


def test_pages_ask_a_fixed_number_of_times(cast, client, django_assert_max_num_queries):
    runner = add_board(cast)[0]
    for seed in (7, 8, 9):
        refit = refit_of(cast, runner, seed=seed)
    calibration_of(cast, runner)
    client.force_login(cast.helen)
    with django_assert_max_num_queries(14):
        assert client.get(reverse("grading:calibrations", kwargs={"course": cast.course.slug})).status_code == 200
    with django_assert_max_num_queries(14):
        assert client.get(page(refit)).status_code == 200
    with django_assert_max_num_queries(14):
        answer = client.get(reverse("runners:calibration", kwargs={"course": cast.course.slug, "runner": runner.pk}))
    assert answer.content.count(b"To be decided") == 3
