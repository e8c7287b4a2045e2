"""Handing in by a program: the same service, the same receipt, once."""

from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from grading.models import Submission
from grading.models.assignments import NewerAttempt
from tests.people import make_lab, onnx_like

pytestmark = pytest.mark.django_db
HAND_IN = "courses/odml/assignments/lab1/submissions"


def sent(folder, key=None, **more):
    content = onnx_like(folder, more=uuid4().hex.encode()).path.read_bytes()
    return {"model": SimpleUploadedFile("m.onnx", content), "upload_key": str(key or uuid4()), **more}


def code_of(answer):
    return answer.status_code, answer.json()["error"]["code"]


def test_a_model_gets_a_receipt_and_a_run_in_line(cast, api, tmp_path):
    answer = api(cast.ruth).post(HAND_IN, sent(tmp_path))
    found = answer.json()
    submission = Submission.objects.get()
    assert answer.status_code == 201 and found["created"] is True
    assert found["receipt"] == submission.receipt and submission.person == cast.ruth
    assert [run["status"] for run in found["runs"]] == ["queued"]


def test_the_location_leads_to_the_hand_in(cast, api, tmp_path):
    ruth = api(cast.ruth)
    where = ruth.post(HAND_IN, sent(tmp_path))["Location"]
    assert ruth.read(where.partition("/api/v1/")[2])["id"] == str(Submission.objects.get().pk)


def test_the_same_upload_key_again_gives_the_same_receipt(cast, api, tmp_path):
    ruth, key = api(cast.ruth), uuid4()
    first, again = (ruth.post(HAND_IN, sent(tmp_path, key)) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["receipt"] == first.json()["receipt"] and again.json()["created"] is False
    assert Submission.objects.count() == 1


def test_the_same_file_under_another_key_is_the_same_hand_in(cast, api, tmp_path):
    ruth, content = api(cast.ruth), onnx_like(tmp_path).path.read_bytes()
    codes = [
        ruth.post(HAND_IN, {"model": SimpleUploadedFile("m.onnx", content), "upload_key": str(uuid4())}).status_code
        for _ in range(2)
    ]
    assert codes == [201, 200] and Submission.objects.count() == 1


def test_two_people_may_choose_the_same_key(cast, api, tmp_path):
    key = uuid4()
    assert [api(person).post(HAND_IN, sent(tmp_path, key)).status_code for person in (cast.ruth, cast.daniel)] == [
        201,
        201,
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [({"upload_key": ""}, "bad_upload_key"), ({"upload_key": "7"}, "bad_upload_key"), ({"model": ""}, "no_file"),
     ({"upload_key": "a\0b"}, "bad_upload_key")],
)  # fmt: skip
def test_a_form_that_lacks_something_is_refused_in_words_for_programs(cast, api, tmp_path, change, code):
    answer = api(cast.ruth).post(HAND_IN, sent(tmp_path) | change)
    assert code_of(answer) == (422, code) and "Reload" not in answer.json()["error"]["message"]
    assert not Submission.objects.exists()


def test_json_is_no_hand_in(cast, api):
    answer = api(cast.ruth).post(HAND_IN, {"model": "x"}, content_type="application/json")
    assert code_of(answer) == (422, "not_a_form")


def test_what_is_no_model_is_refused(cast, api, tmp_path):
    form = sent(tmp_path) | {"model": SimpleUploadedFile("m.onnx", b"hello")}
    assert api(cast.ruth).post(HAND_IN, form).status_code == 422


def test_a_model_that_the_lab_does_not_take_is_too_large(cast, api, tmp_path):
    form = sent(tmp_path) | {
        "model": SimpleUploadedFile("m.onnx", onnx_like(tmp_path).path.read_bytes() + b"\0" * (2 << 20))
    }
    assert code_of(api(cast.ruth).post(HAND_IN, form)) == (413, "too_large")


def test_an_assignment_that_is_not_released_takes_nothing(cast, api, tmp_path):
    lab = make_lab(cast.course, "later", released_at=cast.lab.due_at)
    answer = api(cast.ruth).post(f"courses/odml/assignments/{lab.slug}/submissions", sent(tmp_path))
    assert code_of(answer) == (409, "not_released")


def test_used_up_attempts_are_a_conflict(cast, api, tmp_path):
    cast.lab.attempts_allowed, cast.lab.newer_attempt = 1, NewerAttempt.WAIT
    cast.lab.save()
    ruth = api(cast.ruth)
    ruth.post(HAND_IN, sent(tmp_path))
    assert code_of(ruth.post(HAND_IN, sent(tmp_path))) == (409, "no_attempts_left")


def test_nobody_hands_in_for_another(cast, api, tmp_path):
    api(cast.helen).post(HAND_IN, sent(tmp_path, person="ruth@example.edu", person_id=cast.ruth.pk))
    assert Submission.objects.get().person == cast.helen


@pytest.mark.parametrize("name", ["lena", "olu", "oscar"])
def test_who_is_not_in_the_course_hands_in_nothing(cast, api, tmp_path, name):
    answer = api(getattr(cast, name)).post(HAND_IN, sent(tmp_path))
    assert code_of(answer) == (404, "not_found") and not Submission.objects.exists()


def test_reading_is_no_leave_to_hand_in(cast, api, tmp_path):
    answer = api(cast.ruth, ["read"]).post(HAND_IN, sent(tmp_path))
    assert code_of(answer) == (403, "scope_missing") and answer.json()["error"]["details"] == {"scope": "hand_in"}
    assert not Submission.objects.exists()


def test_handing_in_is_no_leave_to_read(cast, api, tmp_path):
    ruth = api(cast.ruth, ["hand_in"])
    assert ruth.post(HAND_IN, sent(tmp_path)).status_code == 201
    assert code_of(ruth.get(HAND_IN)) == (403, "scope_missing")


def test_a_session_hands_in_only_with_its_form_token(cast, tmp_path):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cast.ruth)
    assert code_of(browser.post(f"/api/v1/{HAND_IN}", sent(tmp_path))) == (403, "csrf_failed")
    assert not Submission.objects.exists()
    browser.get("/courses/odml/assignments/lab1/")
    key = browser.cookies["csrftoken"].value
    assert browser.post(f"/api/v1/{HAND_IN}", sent(tmp_path), HTTP_X_CSRFTOKEN=key).status_code == 201


def test_a_bad_token_beside_a_session_is_not_saved_by_it(cast, tmp_path):
    browser = Client()
    browser.force_login(cast.ruth)
    answer = browser.post(f"/api/v1/{HAND_IN}", sent(tmp_path), HTTP_AUTHORIZATION="Bearer mlp_nothing")
    assert code_of(answer) == (401, "bad_token")


def test_a_token_beside_another_persons_session_decides(cast, api, tmp_path):
    ruth = api(cast.ruth)
    ruth.client.force_login(cast.helen)
    assert ruth.read("me")["email"] == "ruth@example.edu"
