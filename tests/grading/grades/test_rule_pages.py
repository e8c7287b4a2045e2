"""Rules and extra credit where people read them: the result, the lab, the gradebook, its CSV, the API; results of earlier versions too."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from grading.bench.sandbox import detect
from grading.demo.digits import hidden_split, write_hidden
from grading.grade import Event, grade_of
from grading.grade_facts import grade_for, measured_of
from grading.measuring import measure_run
from grading.models import Result, Run
from grading.models.grades import grade_path
from grading.points.table import extra_words, groups_of, is_lost
from grading.services.benchmarks import benchmarks_record
from grading.spec import BenchSpec
from hardware import leases
from hardware.models import Outcome
from hardware.profiles import load_profiles
from tests.grading.grades.grades import with_rubric
from tests.grading.grades.test_grade import AT, late
from tests.grading.points.rules import REFERENCE, criterion
from tests.load.ten_times import FILES, MODELS
from tests.load.ten_times import SPEC as TEN_SPEC
from tests.people import hand_in, onnx_like

pytestmark = pytest.mark.django_db
EVERY_KIND = [
    criterion({"kind": "pass"}, points=1, key="opens", group="Submission"),
    criterion({"kind": "curve", "points": [[0.7, 0], [0.9, 0.75], [1, 1]]}, "accuracy", 2, "curve", group="Basic"),
    criterion({"kind": "fits"}, points=1, key="board", group="Budget"),
    criterion({"kind": "at_most", "value": 1}, "ram_needed_bytes", 1, "ram", group="Budget"),
    criterion({"kind": "steps", "better": "more", "steps": [[2, 0.5], [6, 1]]}, "battery_hours", 1, "hours", group="Budget"),
    criterion({"kind": "all_of", "conditions": [
        {"metric": "accuracy", "at_least": {"baseline": "reference"}}, {"metric": "macs", "at_most": {"baseline": "reference", "times": 0.5}}, {"fits": True},
    ]}, points=2, key="both", group="Budget"),
    criterion({"kind": "at_most", "value": 1e9}, "macs", 0.5, "few", bonus=True),
]  # fmt: skip
BENCH = TEN_SPEC | {"criteria": EVERY_KIND, "baselines": REFERENCE, "devices": ["rpi-4-4gb"], "bonus_most": 0.25}
LINE = {
    "key": "a",
    "title": "A",
    "group": "",
    "basis": "counted",
    "metric": "macs",
    "value": "5",
    "arithmetic": "so",
    "of": "2.00",
}


@pytest.fixture
def measure(cast, tmp_path):
    """A function: Ruth's result of a real measurement of a lab that has a rule of every kind, with changes to what came out."""

    def make(**changes):
        inputs, labels = tmp_path / "inputs.npy", tmp_path / "labels.npy"
        write_hidden(hidden_split(), inputs, labels)
        cast.lab.bench_spec = BENCH
        cast.lab.save()
        model = MODELS / FILES[0]
        found = measure_run.measure_run(
            model=model, name=model.name, spec=BenchSpec.parse(BENCH), lab="Lab 1", inputs=inputs, labels=labels, sandbox=detect("auto"),
            seed=1, on_progress=lambda *_: None, profiles=load_profiles(),
        )  # fmt: skip
        hand_in(cast, cast.ruth, onnx_like(tmp_path))
        lease = leases.lease_next(worker="bench@test", kinds=("run",), now=timezone.now() + timedelta(seconds=1))
        leases.lease_start(lease)
        leases.lease_finish(lease, outcome=Outcome.MEASURED, result=found | changes)
        benchmarks_record(assignment=cast.lab)
        return Result.objects.get()

    return make


@pytest.fixture
def measured(measure):
    return measure()


def page_of(client, person, url):
    client.force_login(person)
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_real_result_explains_a_rule_of_every_kind(client, cast, measured):
    page = page_of(client, cast.ruth, Run.objects.get().get_absolute_url())
    by_key = {line["key"]: line for line in measured.points}
    assert [by_key[key]["earned"] for key in ("opens", "board", "ram", "hours", "few")] == [
        "1.00",
        "1.00",
        "0.00",
        "1.00",
        "0.25",
    ]
    assert "fits the Raspberry Pi 4, 4 GB with 3" in page and " of RAM to spare" in page
    assert "mAh / 600" in page and "at least 6.00\u202fh: 1.00" in page
    assert by_key["both"]["value"] == "3 of 3 hold" and page.count("holds</span>") == 3
    assert "91.0\u202f% is that of the reference model" in page
    assert "238\u202fM\u202fMACs is 0.5 x 476\u202fM\u202fMACs of the reference model" in page
    assert page.count('class="rule-drawing"') == 8  # curve, fits, RAM, hours, three conditions, extra credit
    assert "extra credit, few: 0.25 of 0.50" in page and "extra credit is at most 0.25 in all, so 0.25 counts" in page
    assert (measured.earned, measured.of) == (sum(Decimal(line["earned"]) for line in measured.points), Decimal("8.00"))


def test_the_lab_page_says_every_rule_before_anything_is_handed_in(client, cast, measured):
    page = page_of(client, cast.daniel, cast.lab.get_absolute_url())
    assert "70.0\u202f% gives 0, 90.0\u202f% gives 1.50, 100.0\u202f% gives 2.00, straight lines between" in page
    assert "from 2.00\u202fh 0.50, from 6.00\u202fh 1.00; below that 0" in page
    assert "0.50; extra credit" in page


def test_extra_credit_goes_on_top_in_the_gradebook_its_csv_and_the_api(client, cast, measure):
    measure(earned="8.25")
    run = Run.objects.get()
    with_rubric(cast)
    assert measured_of(cast.lab) == 8
    line = grade_for(cast.lab, cast.ruth).lines[0]
    assert (line.points, line.of) == (Decimal("8.25"), Decimal("8.00"))
    page = page_of(client, cast.ruth, run.get_absolute_url())
    assert "8.25 <span" in page and "of 8.00 measured points" in page
    brief = client.get(f"/api/v1/submissions/{run.submission_id}").json()["runs"][0]
    assert (brief["earned"], brief["of"]) == ("8.25", "8.00")
    assert ",8.25," in page_of(client, cast.helen, grade_path(cast.lab, "grades_csv"))
    assert "8.25 of 8.00" in page_of(client, cast.helen, "/courses/odml/submissions/")
    assert "extra credit, beyond what the lab is worth" in page_of(
        client, cast.helen, grade_path(cast.lab, "grades_person", person=cast.ruth.pk)
    )


def test_more_than_all_points_is_a_grade_and_lateness_takes_from_the_sum():
    event = Event(1, "benchmark", AT, "the machine", points=Decimal("11"), of=Decimal(10))
    worth = {"measured_of": Decimal(10)}
    assert grade_of((), [event], **worth).points == 11
    found = {
        kind: grade_of((), [event], late=late("10", kind), **worth).points
        for kind in ("percent_of_max", "percent_of_earned", "cap")
    }
    assert found == {"percent_of_max": 10, "percent_of_earned": Decimal("9.90"), "cap": 9}


def test_missing_extra_credit_is_no_loss_and_stands_last():
    bonus = LINE | {"earned": "0.00", "bonus": True, "group": "Basic", "title": "Peak under 512 KiB"}
    full = LINE | {"earned": "2.00"}
    assert not is_lost(bonus) and not is_lost(full) and is_lost(LINE | {"earned": "1.99"})
    assert [group["name"] for group in groups_of([bonus, full])] == ["Measured", "Extra credit"]
    assert extra_words([full, bonus]) == "extra credit, peak under 512 KiB: 0.00 of 2.00"
    assert extra_words([full]) == ""


def test_a_result_that_was_stored_before_these_rules_is_still_shown(client, cast, measured):
    old = [
        LINE
        | {
            "earned": "1.00",
            "drawing": {
                "points": "0,21 150,5",
                "place_x": 5,
                "place_y": 20,
                "band": None,
                "labels": [{"x": 3, "text": "8"}],
            },
        }
    ]
    Result.objects.update(points=old, earned=Decimal(1), of=Decimal(2))
    page = page_of(client, cast.ruth, Run.objects.get().get_absolute_url())
    assert "<b>1.00</b> of 2.00" in page and "extra credit" not in page and 'class="rule-drawing"' in page
