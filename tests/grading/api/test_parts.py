"""Parts by the API: put on the desk, handed in by themselves or by asking, and read back."""

from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from grading.handing_in.receipts import verify
from grading.models import Submission
from tests.courseplatform.accounts.builders import headers_of
from tests.grading.handing_in.parts import NOTES, REPORT, pdf_file
from tests.grading.late_days.test_late_days import due_ago
from tests.people import hand_in, make_lab, onnx_like

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]
WORK = "/api/v1/courses/odml/assignments/essay"


@pytest.fixture
def essay(cast):
    return make_lab(cast.course, "essay", bench_spec={}, short="Essay", parts=[REPORT, NOTES | {"required": False}])


@pytest.fixture
def ruth(cast):
    return headers_of(cast.ruth)


def send(client, headers, part, **sent):
    return client.post(f"{WORK}/parts/{part}", {"upload_key": str(uuid4()), **sent}, **headers)


def pdf(tmp_path, pages=1):
    return SimpleUploadedFile("report.pdf", pdf_file(tmp_path, pages).path.read_bytes())


def test_an_assignment_says_of_what_it_is_made(client, essay, ruth):
    found = client.get(WORK, **ruth).json()
    assert [(part["key"], part["kind"], part["is_required"], part["pages"]) for part in found["parts"]] == [
        ("report", "pdf", True, 1), ("notes", "text", False, 0),
    ]  # fmt: skip
    assert found["takes_model"] is False and found["limits"] is None


def test_a_complete_desk_is_handed_in_by_itself(client, essay, ruth, tmp_path):
    assert send(client, ruth, "notes", text="First.").json()["submission"] is None
    answer = send(client, ruth, "report", file=pdf(tmp_path)).json()
    made = client.get(f"/api/v1/submissions/{answer['submission']}", **ruth).json()
    assert (
        {part["part"] for part in made["parts"]} == {"report", "notes"} and made["runs"] == [] and made["sha256"] == ""
    )
    assert [piece["part"] for piece in client.get(f"{WORK}/parts", **ruth).json()] == ["notes", "report"]
    saved = client.get(f"/api/v1/pieces/{answer['piece']['id']}/file", **ruth)
    assert b"".join(saved.streaming_content)[:5] == b"%PDF-"
    assert client.get(f"/api/v1/submissions/{made['id']}/file", **ruth).status_code == 404


def test_a_late_one_is_handed_in_by_asking_and_its_receipt_is_genuine(client, essay, ruth, tmp_path):
    due_ago(essay, hours=1)
    assert send(client, ruth, "report", file=pdf(tmp_path)).json()["submission"] is None
    receipt = client.post(f"{WORK}/submissions", {"without_model": "true", "upload_key": str(uuid4())}, **ruth)
    assert receipt.status_code == 201 and verify(receipt.json()["signature"])["parts"][0]["part"] == "report"


def test_what_does_not_fit_is_refused_with_its_code(client, essay, ruth, tmp_path):
    refused = send(client, ruth, "report", file=pdf(tmp_path, 2))
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "too_many_pages")
    assert send(client, ruth, "nothing", text="x").status_code == 404
    empty = client.post(f"{WORK}/submissions", {"without_model": "1", "upload_key": str(uuid4())}, **ruth)
    assert (empty.status_code, empty.json()["error"]["code"]) == (409, "desk_empty")


@pytest.mark.parametrize("part", ["notes", "report"])
def test_what_is_no_form_is_not_called_empty(client, essay, ruth, part):
    for sent in (
        {"data": {"text": "Said."}, "content_type": "application/json"},
        {"data": b"Said.", "content_type": "text/plain"},
    ):
        refused = client.post(f"{WORK}/parts/{part}", **sent, **ruth)
        error = refused.json()["error"]
        assert (refused.status_code, error["code"]) == (422, "not_a_form") and sent["content_type"] in error["message"]
    answer = client.post(f"{WORK}/parts/notes", "text=Said.", content_type="application/x-www-form-urlencoded", **ruth)
    assert answer.status_code == 200


def test_reading_alone_puts_nothing_and_nobody_reads_another_s_desk(client, cast, essay, ruth, tmp_path):
    assert client.post(f"{WORK}/parts/notes", {"text": "x"}, **headers_of(cast.ruth, ["read"])).status_code == 403
    piece = send(client, ruth, "notes", text="Mine.").json()["piece"]
    daniel = headers_of(cast.daniel)
    assert client.get(f"{WORK}/parts", **daniel).json() == []
    assert client.get(f"/api/v1/pieces/{piece['id']}/file", **daniel).status_code == 404


def test_an_attempt_that_keeps_a_model_says_whose(client, cast, ruth, tmp_path):
    cast.lab.parts = [NOTES]
    cast.lab.save()
    lab = type(cast.lab).objects.get(pk=cast.lab.pk)
    first = hand_in(cast, cast.ruth, onnx_like(tmp_path), lab=lab)
    answer = client.post("/api/v1/courses/odml/assignments/lab1/parts/notes", {"text": "Said."}, **ruth).json()
    made = client.get(f"/api/v1/submissions/{answer['submission']}", **ruth).json()
    assert made["model_from"] == str(first.pk) and [run["id"] for run in made["runs"]] == [str(first.runs.get().pk)]
    assert Submission.objects.count() == 2
