"""What the API says of work to the person who asks: what it costs now, how far it is, how long a run still takes."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from grading.handing_in.receipts import verify
from grading.models import Piece, Submission
from grading.services.late_favours import extension_give, owners_in
from tests.courseplatform.teams.builders import make_team
from tests.grading.api.results import measured
from tests.grading.handing_in.parts import REPORT, pdf_file
from tests.grading.late_days.test_late_days import PERSONAL, due_ago, with_policy
from tests.people import hand_in, make_lab, onnx_like

pytestmark = pytest.mark.django_db
LAB, LIST = "courses/odml/assignments/lab1", "courses/odml/assignments"
FREE = {"days_late": 0, "free_days_used": 0, "max_percent": 100.0, "accepted": True, "bank_left": 3}


def of_list(person, slug="lab1"):
    return next(one for one in person.read(LIST)["results"] if one["slug"] == slug)["mine"]


def without_words(cost):
    return {key: value for key, value in cost.items() if key != "explanation"}


def test_what_handing_in_costs_now_stands_at_the_assignment_and_in_the_list(cast, api):
    with_policy(cast)
    due_ago(cast.lab, hours=-1)
    ruth = api(cast.ruth)
    for mine in (of_list(ruth), ruth.read(LAB)["mine"]):
        assert without_words(mine["cost"]) == FREE
        assert (mine["state"], mine["attempts_left"], mine["submission"], mine["team"]) == ("not begun", 10, None, None)
    due_ago(cast.lab, hours=25)
    cost = of_list(ruth)["cost"]
    assert without_words(cost) == FREE | {"days_late": 2, "free_days_used": 2} and cost["explanation"]
    due_ago(cast.lab, days=4, hours=1)
    assert without_words(of_list(ruth)["cost"]) == FREE | {"days_late": 5, "free_days_used": 3, "max_percent": 80.0}
    with_policy(cast, PERSONAL, over={"rule": "refuse"})
    assert of_list(ruth)["cost"]["accepted"] is False


def test_where_no_rule_no_date_or_nothing_to_hand_in_is_stated_there_is_no_cost(cast, api):
    ruth = api(cast.ruth)
    due_ago(cast.lab, hours=1)
    assert of_list(ruth)["cost"] is None and of_list(ruth)["state"] == "overdue"
    with_policy(cast)
    make_lab(
        cast.course, "later", released_at=timezone.now() + timedelta(days=1), due_at=timezone.now() + timedelta(days=2)
    )
    make_lab(cast.course, "undated", due_at=None)
    assert of_list(ruth, "later")["cost"] is None and of_list(ruth, "undated")["cost"] is None
    assert of_list(api(cast.amit))["cost"] is None


def test_an_extension_moves_the_date_of_its_person_alone(cast, api):
    with_policy(cast)
    due_ago(cast.lab, hours=25)
    owners = owners_in(cast.course, [cast.ruth])
    wall = f"{(timezone.now() + timedelta(days=1)).astimezone(cast.course.tz):%Y-%m-%d %H:%M}"
    extension_give(visit=cast.visit(cast.helen), assignment=cast.lab, owners=owners, until=wall, reason="ill")
    ruth, daniel = of_list(api(cast.ruth)), of_list(api(cast.daniel))
    assert ruth["due_at"] > daniel["due_at"] and ruth["cost"]["days_late"] == 0 and daniel["cost"]["days_late"] == 2


def test_attempts_of_a_team_are_the_teams_and_others_ones_own(cast, api, tmp_path):
    make_team(cast, "magpie", cast.ruth, cast.daniel)
    shared = make_lab(cast.course, "shared", is_individual=False)
    type(cast.lab).objects.filter(pk=cast.lab.pk).update(is_individual=True)
    hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"1"), lab=shared)
    hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"2"))
    daniel = api(cast.daniel)
    assert (of_list(daniel, "shared")["attempts_left"], of_list(daniel, "shared")["team"]) == (9, "magpie")
    assert (of_list(daniel)["attempts_left"], of_list(daniel)["team"]) == (10, None)
    assert daniel.read(f"{LIST}/shared")["attempts_left"] == 9
    assert of_list(api(cast.ruth))["attempts_left"] == 9


@pytest.mark.parametrize("labs", [2, 40])
def test_a_list_with_a_late_policy_and_hand_ins_makes_the_same_queries(
    cast, api, tmp_path, labs, django_assert_max_num_queries
):
    with_policy(cast)
    due_ago(cast.lab, hours=25)
    for n in range(labs):
        make_lab(cast.course, f"x{n}", position=n, due_at=timezone.now() - timedelta(hours=30))
    measured(cast, cast.ruth, tmp_path)
    ruth = api(cast.ruth)
    with django_assert_max_num_queries(28):
        assert of_list(ruth)["state"] == "measured"


# -- runs -------------------------------------------------------------------------------------------------------------


def test_a_run_that_waits_says_its_place_and_one_that_ended_its_metrics(cast, api, tmp_path):
    daniel, ruth = api(cast.daniel), api(cast.ruth)
    run = measured(cast, cast.ruth, tmp_path)
    found = ruth.read(f"runs/{run.pk}")
    assert found["wait"] is None
    assert found["metrics"] == [
        {"key": "accuracy", "title": "Accuracy", "value": 0.975, "unit": "share", "basis": "measured"},
        {"key": "macs", "title": "Multiply-accumulates", "value": 3456.0, "unit": "macs", "basis": "counted"},
    ]
    waiting = hand_in(cast, cast.daniel, onnx_like(tmp_path, more=b"x")).runs.get()
    wait = daniel.read(f"runs/{waiting.pk}")["wait"]
    assert (
        wait["ahead"] == 0
        and wait["starts_in"] is None
        and wait["ask_again_s"] >= 1
        and wait["title"]
        and wait["sentence"]
    )
    assert daniel.read(f"runs/{waiting.pk}")["metrics"] == []


def test_the_signature_of_a_receipt_is_for_whose_it_is(cast, api, tmp_path):
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    found = api(cast.ruth).read(f"submissions/{submission.pk}")
    assert verify(found["signature"])["receipt"] == found["receipt"]
    assert api(cast.helen).read(f"submissions/{submission.pk}")["signature"] == ""


# -- parts ------------------------------------------------------------------------------------------------------------


def test_a_part_that_is_to_wait_for_its_model_hands_nothing_in(cast, api, tmp_path):
    cast.lab.parts = [REPORT]
    cast.lab.save()
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    ruth = api(cast.ruth)
    for n, (waits, handed) in enumerate((("false", False), ("", True))):
        report = SimpleUploadedFile("r.pdf", pdf_file(tmp_path, 1).path.read_bytes() + b"%" * n)
        answer = ruth.post(f"{LAB}/parts/report", {"upload_key": str(uuid4()), "file": report, "hand_in": waits})
        assert (answer.json()["submission"] is not None) == handed, answer.content
    assert Submission.objects.count() == 2


def test_who_did_what_may_name_people_by_their_addresses(cast, api):
    make_team(cast, "magpie", cast.ruth, cast.daniel)
    make_lab(
        cast.course,
        "essay",
        bench_spec={},
        is_individual=False,
        parts=[{"key": "who", "kind": "contributions", "title": "Who"}],
    )
    ruth, address = api(cast.ruth), f"{LIST}/essay/parts/who"
    half = ruth.post(address, {"did-ruth@example.edu": "data"})
    assert half.status_code == 422 and half.json()["error"]["code"] == "contribution_missing"
    whole = ruth.post(address, {"did-ruth@example.edu": "data", f"did-{cast.daniel.pk}": "all else"})
    assert whole.status_code == 200
    assert {row["did"] for row in Piece.objects.get().data["rows"]} == {"data", "all else"}
