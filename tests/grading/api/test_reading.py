"""What the API gives: the facts of the pages, to those who see the pages."""

import json

import pytest

from courseplatform.courses.models import Enrolment
from grading.models import Run
from tests.grading.api.results import measured
from tests.people import SPEC, hand_in, make_lab, onnx_like

pytestmark = pytest.mark.django_db
LAB = "courses/odml/assignments/lab1"


def test_me_is_who_asks_with_which_token(cast, api):
    found = api(cast.ruth, ["read"]).read("me")
    assert (found["email"], found["name"], found["zone"]) == ("ruth@example.edu", "Ruth", "")
    assert found["token"]["scopes"] == ["read"] and set(found["token"]) == {"name", "prefix", "scopes", "expires_at"}


def test_courses_are_those_one_is_in_with_the_role_there(cast, api):
    found = api(cast.amit).read("courses")["results"]
    assert {(course["slug"], course["role"]) for course in found} == {("odml", "ta"), ("tinyml", "student")}


def test_a_course_one_has_left_is_not_there(cast, api):
    Enrolment.objects.filter(person=cast.ruth).update(is_active=False)
    ruth = api(cast.ruth)
    assert ruth.read("courses")["results"] == []
    assert ruth.get("courses/odml").status_code == 404


def test_a_public_course_is_still_for_its_members(cast, api):
    cast.course.is_public = True
    cast.course.save()
    assert api(cast.oscar).get("courses/odml").status_code == 404


def test_one_course_says_its_zone(cast, api):
    found = api(cast.ruth).read("courses/odml")
    assert (found["number"], found["zone"], found["role"]) == ("11-767", "America/New_York", "student")


def test_assignments_stand_in_the_order_of_the_course(cast, api):
    make_lab(cast.course, "report", position=0, bench_spec={}, short="Report")
    cast.lab.position = 2
    cast.lab.save()
    found = api(cast.ruth).read("courses/odml/assignments")["results"]
    assert [(one["slug"], one["takes_model"]) for one in found] == [("report", False), ("lab1", True)]


def test_an_assignment_says_what_it_takes_and_how_many_attempts_are_left(cast, api, tmp_path):
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    found = api(cast.ruth).read(LAB)
    assert found["attempts_left"] == found["attempts_allowed"] - 1
    assert found["limits"]["max_bytes"] == 1 << 20 and found["limits"]["input_shapes"]["NCHW"] == [1, 1, 8, 8]
    assert found["limits"]["classes"] == SPEC["classes"]


def test_an_assignment_without_a_model_has_no_limits(cast, api):
    make_lab(cast.course, "report", bench_spec={})
    assert api(cast.ruth).read("courses/odml/assignments/report")["limits"] is None


def test_the_hidden_inputs_are_named_nowhere(cast, api):
    text = json.dumps(api(cast.helen).read(LAB))
    assert "test-inputs" not in text and "hidden" not in text


def test_a_withdrawn_assignment_is_not_there(cast, api):
    cast.lab.is_withdrawn = True
    cast.lab.save()
    ruth = api(cast.ruth)
    assert ruth.get(LAB).status_code == 404 and ruth.read("courses/odml/assignments")["results"] == []


def test_times_are_utc_whatever_zone_the_person_lives_in(cast, api):
    cast.ruth.zone = "Asia/Tokyo"
    cast.ruth.save()
    assert api(cast.ruth).read(LAB)["due_at"] == cast.lab.due_at.isoformat().replace("+00:00", "Z")


def test_a_student_sees_own_hand_ins_and_the_staff_all(cast, api, tmp_path):
    for person in (cast.ruth, cast.daniel):
        hand_in(cast, person, onnx_like(tmp_path, more=person.name.encode()))
    people = {
        name: [one["person"] for one in api(getattr(cast, name)).read(f"{LAB}/submissions")["results"]]
        for name in ("ruth", "amit", "sofia")
    }
    assert people == {
        "ruth": ["ruth@example.edu"],
        "amit": ["daniel@example.edu", "ruth@example.edu"],
        "sofia": [],
    }


def test_staff_can_ask_for_one_person_and_a_student_gains_nothing_by_it(cast, api, tmp_path):
    for person in (cast.ruth, cast.daniel):
        hand_in(cast, person, onnx_like(tmp_path, more=person.name.encode()))
    asked = {"person": "Ruth@example.edu"}
    assert [one["person"] for one in api(cast.amit).read(f"{LAB}/submissions", asked)["results"]] == [
        "ruth@example.edu"
    ]
    assert api(cast.daniel).read(f"{LAB}/submissions", asked)["results"] == []


def test_a_submission_has_its_receipt_its_run_and_the_points(cast, api, tmp_path):
    run = measured(cast, cast.ruth, tmp_path)
    found = api(cast.ruth).read(f"submissions/{run.submission_id}")
    assert found["receipt"] == run.submission.receipt and found["sha256"] == run.submission.sha256
    assert found["late_s"] == 0 and found["course"] == "odml"
    assert [(one["id"], one["outcome"], one["earned"], one["of"], one["graded_by"]) for one in found["runs"]] == [
        (str(run.pk), "measured", "6.38", "7.00", "process, 1024 MiB")
    ]


def test_a_run_in_line_has_no_result_yet(cast, api, tmp_path):
    run = Run.objects.get(submission=hand_in(cast, cast.ruth, onnx_like(tmp_path)))
    found = api(cast.ruth).read(f"runs/{run.pk}")
    assert (found["status"], found["outcome"], found["error"], found["result"]) == ("queued", "", None, None)


def test_a_measured_run_gives_the_document_of_its_page(cast, api, client, tmp_path):
    run = measured(cast, cast.ruth, tmp_path)
    client.force_login(cast.ruth)
    page = client.get(f"{run.get_absolute_url()}result.json").json()
    assert api(cast.ruth).read(f"runs/{run.pk}")["result"] == page


def test_a_refused_run_says_why(cast, api, tmp_path):
    run = measured(cast, cast.ruth, tmp_path, outcome="refused", code="input_mismatch", message="Export it again.")
    found = api(cast.ruth).read(f"runs/{run.pk}")
    assert found["error"] == {"code": "input_mismatch", "message": "Export it again."} and found["result"] is None


def test_the_file_comes_back_byte_for_byte_and_only_as_a_download(cast, api, tmp_path):
    upload = onnx_like(tmp_path, name="<script>.onnx")
    submission = hand_in(cast, cast.ruth, upload)
    answer = api(cast.ruth).get(f"submissions/{submission.pk}/file")
    assert b"".join(answer.streaming_content) == upload.path.read_bytes()
    assert answer["Content-Type"] == "application/octet-stream" and answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"].startswith("attachment") and "sandbox" in answer["Content-Security-Policy"]


def test_a_file_that_our_disk_lost_is_our_fault(cast, api, tmp_path):
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    submission.model_file.storage.delete(submission.model_file.name)
    answer = api(cast.ruth).get(f"submissions/{submission.pk}/file")
    assert answer.status_code == 503 and answer.json()["error"]["code"] == "storage_failed"


def test_what_is_somebodys_is_kept_by_no_cache(cast, api):
    answer = api(cast.ruth).get("me")
    assert answer["Cache-Control"] == "private, no-store" and "Authorization" in answer["Vary"]


OTHERS = ["submissions/{submission}", "submissions/{submission}/file", "runs/{run}"]


@pytest.mark.parametrize("address", OTHERS)
@pytest.mark.parametrize("name", ["daniel", "sofia", "lena", "olu", "oscar"])
def test_what_is_another_students_is_not_there(cast, api, tmp_path, name, address):
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    keys = {"submission": submission.pk, "run": Run.objects.get(submission=submission).pk}
    there = api(getattr(cast, name)).get(address.format(**keys))
    never = dict.fromkeys(keys, "00000000-0000-0000-0000-000000000000")
    not_there = api(getattr(cast, name)).get(address.format(**never))
    assert there.status_code == not_there.status_code == 404
    assert there.content == not_there.content


@pytest.mark.parametrize("address", OTHERS)
def test_staff_of_another_course_see_nothing_of_it(cast, api, tmp_path, address):
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    keys = {"submission": submission.pk, "run": Run.objects.get(submission=submission).pk}
    Enrolment.objects.create(course=cast.other_course, person=cast.oscar, role="instructor")
    assert api(cast.oscar).get(address.format(**keys)).status_code == 404
    assert api(cast.amit).get(address.format(**keys)).status_code == 200
