"""Stored results by other criteria: the preview of the editor says who would get what, and writes nothing."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from grading.bench.on_device import device_json
from grading.models import Result
from grading.points.again import Stored, points_again
from grading.selectors.points_again import would_get
from grading.spec import BenchSpec
from hardware import leases
from hardware.models import Outcome
from hardware.profiles import load_profiles
from tests.grading.editing.editing import sent
from tests.grading.measuring.test_left_open import document
from tests.grading.points.rules import criterion, spec_of
from tests.grading.points.test_modelled import CHARGE_LAB, PICTURE, V2
from tests.people import SPEC, hand_in, onnx_like

METRICS = {"accuracy": 0.894, "peak_activation_bytes": 9000, "macs": 1000, "params": 10, "model_bytes": 9}
LINES = [
    {"key": "opens", "title": "Model opens", "group": "", "basis": "counted", "metric": "", "value": "", "arithmetic": "", "earned": "1.00", "of": "1.00"},
    {"key": "accuracy", "title": "Accuracy", "group": "", "basis": "measured", "metric": "accuracy", "value": "", "arithmetic": "", "earned": "2.21",
     "of": "4.00"},
    {"key": "memory", "title": "Memory at the peak", "group": "", "basis": "counted", "metric": "", "value": "", "arithmetic": "", "earned": "1.00",
     "of": "2.00"},
]  # fmt: skip


def stored(metrics=METRICS, **environment):
    return Stored(metrics, {"low": 0.88, "high": 0.907}, environment)


def test_the_same_rules_give_the_same_points():
    points = points_again(BenchSpec.parse(SPEC), stored())
    assert [line.earned for line in points.lines] == ["1.00", "2.21", "1.00"]


def test_numbers_of_the_board_are_read_of_the_device_that_the_rules_name_now():
    verdict = device_json(V2, load_profiles()["rpi-4-4gb"]) | PICTURE
    budget = {"convention": "nominal_current", "volts": 5.0, "capacity_mah": 4000}
    points = points_again(
        CHARGE_LAB, stored(METRICS | {"latency_ms": 1.0}, devices={"rpi-4-4gb": verdict}, budget=budget)
    )
    assert [line.earned for line in points.lines] == ["1.00", "1.00", "1.00", "1.00", "1.00"]
    gone = points_again(CHARGE_LAB, stored(devices={}))
    assert (gone.earned, gone.left_open) == ("0.00", "5.00")


def test_a_result_of_before_the_cost_model_leaves_open_what_it_does_not_say():
    older = {
        "fits": True, "ram": {"need_bytes": 70 << 20, "limit_bytes": 1 << 30}, "flash": {"need_bytes": 0, "limit_bytes": 0},
        "runtime": {"why": ""}, "reasons": [],
    }  # fmt: skip
    points = points_again(CHARGE_LAB, stored(fits={"rpi-4-4gb": older}))
    assert [bool(line.left_open) for line in points.lines] == [True, True, True, False, False]
    assert [line.earned for line in points.lines[3:]] == ["0.00", "1.00"]


def test_a_number_that_was_not_measured_then_is_open():
    points = points_again(spec_of(criterion({"kind": "at_least", "value": 0.5}, "sparsity")), stored())
    assert points.left_open == "2.00"


@pytest.fixture
def handed_in(cast, tmp_path):
    def make(person, **metrics):
        hand_in(cast, person, onnx_like(tmp_path, more=person.name.encode()))
        lease = leases.lease_next(worker="bench@test", kinds=("run",), now=timezone.now() + timedelta(seconds=1))
        leases.lease_start(lease)
        found = document(metrics=METRICS | metrics, points=LINES, earned="4.21", of="7.00", left_open="0.00")
        leases.lease_finish(lease, outcome=Outcome.MEASURED, result=found)

    return make


@pytest.mark.django_db
def test_each_active_attempt_is_counted_again_in_one_query(cast, handed_in, django_assert_max_num_queries):
    handed_in(cast.ruth)
    handed_in(cast.daniel, accuracy=0.97)
    changed = SPEC | {
        "criteria": [SPEC["criteria"][0], SPEC["criteria"][1] | {"rule": {"kind": "at_least", "value": 0.95}}]
    }
    with django_assert_max_num_queries(1):
        would = would_get(cast.lab, changed)
    assert {key: would[key] for key in ("count", "more", "less", "same", "open")} == {
        "count": 2,
        "more": 1,
        "less": 1,
        "same": 0,
        "open": 0,
    }
    assert (would["mean_now"], would["mean_then"]) == (Decimal("4.21"), Decimal("3.00"))
    first = would["rows"][0]
    assert (first.owner, first.now, first.then, first.change_words) == (
        "Ruth",
        Decimal("4.21"),
        Decimal("1.00"),
        "-3.21",
    )
    assert first.lines == "Accuracy: 2.21 to 0.00; Memory at the peak: 1.00, gone"


@pytest.mark.django_db
def test_without_results_or_with_rules_that_cannot_be_read_there_is_nothing_to_say(cast, handed_in):
    assert would_get(cast.lab, SPEC) == {}
    handed_in(cast.ruth)
    assert would_get(cast.lab, SPEC | {"criteria": [{}]}) == {}
    assert would_get(cast.lab, SPEC)["same"] == 1


@pytest.mark.django_db
def test_the_preview_of_the_editor_says_it_and_nothing_is_written(client, cast, handed_in):
    handed_in(cast.ruth)
    cast.lab.refresh_from_db()
    client.force_login(cast.helen)
    url = f"{cast.lab.get_absolute_url()}edit/"
    data = sent(cast.lab, **{"criteria-1-points": "2", "step": "preview"})
    page = client.post(url, dict(data.lists())).content.decode()
    assert (
        "Of 1 active attempt, 0 would get more, 1 less and 0 the same; the mean goes from 4.21 to 3.11 of 5.00." in page
    )
    assert "Ruth, attempt 1" in page and "Accuracy: 2.21 to 1.11" in page
    assert Result.objects.get().earned == Decimal("4.21")
    page = client.post(url, dict(sent(cast.lab, short="Lab One", step="preview").lists())).content.decode()
    assert "results so far would get" not in page
