"""The desk in the browser: each part answered in its place, with and without JavaScript, by those whose desk it is."""

from datetime import timedelta
from hashlib import sha256
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from courseplatform.core import pdfs
from courseplatform.teams.models import Membership
from courseplatform.uploads.models import Upload
from courseplatform.uploads.services.receiving import upload_create
from grading.handing_in.receipts import verify
from grading.models import Piece, Submission
from grading.services.submissions import submission_create
from tests.courseplatform.uploads.builders import send
from tests.grading.handing_in.parts import NOTES, REPORT, pdf_file, put_report, put_text
from tests.grading.late_days.test_late_days import due_ago, make_team, with_policy
from tests.people import hand_in, make_cast, make_lab, onnx_like

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]
ESSAY = "/courses/odml/assignments/essay/"
WHO = {"key": "who", "kind": "contributions", "title": "Who did what"}
TABLE = {"key": "numbers", "kind": "table", "title": "Results table", "columns": ["Model", "Bits"], "required": False}


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    return make_cast()


@pytest.fixture
def essay(cast):
    return make_lab(
        cast.course, "essay", bench_spec={}, short="Essay", parts=[REPORT, NOTES | {"required": False}, TABLE]
    )


def pdf(tmp_path, pages=1):
    return SimpleUploadedFile("essay.pdf", pdf_file(tmp_path, pages).path.read_bytes())


def put(client, part, **sent):
    return client.post(f"{ESSAY}parts/{part}/", {"upload_key": str(uuid4()), **sent})


def text(answer):
    return answer.content.decode()


def test_the_page_says_what_is_missing_and_hands_in_when_nothing_is(cast, essay, client, tmp_path):
    client.force_login(cast.ruth)
    assert "One thing is missing: the report." in text(client.get(ESSAY))
    assert put(client, "notes", text="By hand.").url.startswith(f"{ESSAY}?put=")
    assert "Everything else is safely here" in text(client.get(ESSAY))
    answer = put(client, "report", file=pdf(tmp_path))
    submission = Submission.objects.get()
    assert answer.url == submission.get_absolute_url()
    receipt = text(client.get(answer.url))
    assert "essay.pdf" in receipt and submission.pieces.get(part="report").sha256 in receipt
    assert "Everything is here and handed in." in text(client.get(ESSAY))
    assert {part["part"] for part in verify(submission.signature)["parts"]} == {"report", "notes"}


def test_what_is_here_can_be_taken_away_on_the_page(cast, essay, client):
    client.force_login(cast.ruth)
    assert "Take it away" not in text(client.get(ESSAY))
    put(client, "notes", text="Said.")
    address = f"/courses/odml/pieces/{Piece.objects.get().pk}/remove/"
    assert f'action="{address}"' in text(client.get(ESSAY))
    page = text(client.post(address, follow=True))
    assert "Notes is taken away." in page and address not in page


def test_what_was_refused_stands_in_its_field_again(cast, essay, client):
    client.force_login(cast.ruth)
    answer = put(client, "numbers", text="Size,Bits\na,8")
    page = text(answer)
    assert answer.status_code == 422 and "wrong_columns" in page and "Size,Bits\na,8" in page
    assert not Piece.objects.exists()


def test_a_table_comes_as_a_file_too_and_leaves_as_one(cast, essay, client):
    client.force_login(cast.ruth)
    put(client, "numbers", file=SimpleUploadedFile("t.csv", b"Model,Bits\n=cmd|x,8"))
    piece = Piece.objects.get()
    csv = text(client.get(f"/courses/odml/pieces/{piece.pk}/file/"))
    assert "Model,Bits" in csv and "\n=cmd" not in csv  # no formula for whoever opens it in a spreadsheet
    assert put(client, "numbers", file=SimpleUploadedFile("t.csv", b"\xff\xfe\x00M")).status_code == 422


def test_a_script_gets_json_with_the_same_words(cast, essay, client, tmp_path):
    client.force_login(cast.ruth)
    answer = client.post(
        f"{ESSAY}parts/report/",
        {"upload_key": str(uuid4()), "file": pdf(tmp_path, 2)},
        headers={"accept": "application/json"},
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "too_many_pages")


def test_a_part_that_came_in_pieces_is_put_once(cast, essay, client, tmp_path, settings):
    client.force_login(cast.ruth)
    content = pdf_file(tmp_path).path.read_bytes()
    upload = upload_create(
        person=cast.ruth, purpose="part", target=f"{essay.pk}:report", file_name="essay.pdf", size_bytes=len(content),
        declared_sha256=sha256(content).hexdigest(),
    )  # fmt: skip
    send(upload, content)
    for _ in range(2):
        answer = client.post(
            f"{ESSAY}parts/report/",
            {"upload_key": str(uuid4()), "upload_id": str(upload.pk)},
            headers={"accept": "application/json"},
        )
        assert answer.status_code == 200, text(answer)
    assert Piece.objects.count() == Submission.objects.count() == 1 and Upload.objects.get().status == "taken"


def test_an_upload_stays_while_we_are_too_busy_to_look_at_it(cast, essay, client, tmp_path, monkeypatch):
    client.force_login(cast.ruth)
    content = pdf_file(tmp_path).path.read_bytes()
    upload = upload_create(
        person=cast.ruth, purpose="part", target=f"{essay.pk}:report", file_name="essay.pdf", size_bytes=len(content)
    )
    send(upload, content)
    sent = {"upload_key": str(uuid4()), "upload_id": str(upload.pk)}
    monkeypatch.setattr(pdfs, "WAIT_S", 0)
    with pdfs._slot(), pdfs._slot():
        answer = client.post(f"{ESSAY}parts/report/", sent, headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "busy")
    assert client.post(f"{ESSAY}parts/report/", sent, headers={"accept": "application/json"}).status_code == 200


def test_late_work_is_offered_with_what_it_costs(cast, essay, client, tmp_path):
    with_policy(cast)
    client.force_login(cast.ruth)
    due_ago(essay, hours=2)
    assert put(client, "report", file=pdf(tmp_path)).url.startswith(f"{ESSAY}?put=")
    page = text(client.get(ESSAY))
    assert "Handing in now costs 1 of your 3 remaining late days." in page and not Submission.objects.exists()
    answer = client.post(f"{ESSAY}hand-in/", {"without_model": "1", "upload_key": str(uuid4())})
    assert answer.url == Submission.objects.get().get_absolute_url()


def test_an_incomplete_desk_can_be_handed_in_as_it_is(cast, essay, client):
    client.force_login(cast.ruth)
    put(client, "notes", text="No report yet.")
    assert "Hand in as it is" in text(client.get(ESSAY))
    client.post(f"{ESSAY}hand-in/", {"without_model": "1", "upload_key": str(uuid4())})
    assert Submission.objects.get().pieces.get().part == "notes"


@pytest.mark.parametrize("who", ["daniel", "oscar", "lena"])
@pytest.mark.parametrize("page", ["", "file/", "pdf/"])
def test_nobody_else_sees_a_piece(cast, essay, client, tmp_path, who, page):
    piece = put_report(cast.ruth, essay, tmp_path)
    client.force_login(getattr(cast, who))
    assert client.get(f"/courses/odml/pieces/{piece.pk}/{page}").status_code in {403, 404}
    assert client.post(f"/courses/odml/pieces/{piece.pk}/remove/").status_code in {403, 404}


def test_a_team_mate_sees_what_lies_on_the_desk_and_the_staff_what_was_handed_in(cast, client, tmp_path):
    team = make_team(cast, cast.ruth, cast.daniel)
    essay = make_lab(cast.course, "essay", bench_spec={}, short="Essay", parts=[REPORT, WHO], is_individual=False)
    piece = put_report(cast.ruth, essay, tmp_path, team=team)
    client.force_login(cast.amit)
    assert client.get(piece.get_absolute_url()).status_code == 404  # a draft
    client.force_login(cast.daniel)
    page = text(client.get(piece.get_absolute_url()))
    assert "Not handed in yet." in page and piece.sha256 in page
    put(client, "who", **{f"did-{cast.ruth.pk}": "wrote", f"did-{cast.daniel.pk}": "measured"})
    assert Submission.objects.get().team == team
    client.force_login(cast.amit)
    assert piece.sha256 in text(client.get(piece.get_absolute_url()))
    assert client.post(f"/courses/odml/pieces/{piece.pk}/remove/").status_code == 404  # staff take nothing away


def test_who_left_a_team_still_opens_the_parts_of_what_it_handed_in_then(cast, client, tmp_path):
    team = make_team(cast, cast.ruth, cast.daniel)
    essay = make_lab(cast.course, "essay", bench_spec={}, short="Essay", parts=[REPORT], is_individual=False)
    Membership.objects.filter(person=cast.daniel).update(since_at=timezone.now() + timedelta(minutes=1))
    piece = put_report(cast.ruth, essay, tmp_path, team=team)  # before Daniel came
    made, _ = submission_create(person=cast.ruth, assignment=essay, upload=None, upload_key=uuid4())
    Submission.objects.filter(pk=made.pk).update(received_at=timezone.now() + timedelta(minutes=2))
    until = timezone.now() + timedelta(minutes=3)
    Membership.objects.filter(person=cast.daniel).update(until_at=until)
    draft = put_report(cast.ruth, essay, tmp_path, team=team, now=until + timedelta(minutes=1))
    client.force_login(cast.daniel)
    assert piece.get_absolute_url() in text(client.get(made.get_absolute_url()))
    assert client.get(piece.get_absolute_url()).status_code == 200
    assert client.get(draft.get_absolute_url()).status_code == 404


def test_who_saves_over_the_newer_words_of_somebody_else_is_told_first(cast, client):
    team = make_team(cast, cast.ruth, cast.daniel)
    essay = make_lab(cast.course, "essay", bench_spec={}, short="Essay", parts=[NOTES], is_individual=False)
    first = put_text(cast.ruth, essay, "Before.", team=team)
    client.force_login(cast.ruth)
    assert f'name="seen" value="{first.pk}"' in text(client.get(ESSAY))
    theirs = put_text(cast.daniel, essay, "Of Daniel.", team=team)
    answer = put(client, "notes", text="Of Ruth.", seen=str(first.pk))
    page = text(answer)
    assert (answer.status_code, Piece.objects.standing().get()) == (409, theirs)
    assert "Daniel saved another one at" in page and ">Of Ruth.</textarea>" in page
    assert f'name="seen" value="{theirs.pk}"' in page  # saved again, it is meant
    put(client, "notes", text="Of Ruth.", seen=str(theirs.pk))
    assert Piece.objects.standing().get().text == "Of Ruth."
    put(client, "notes", text="Of Ruth, from another tab.", seen=str(theirs.pk))  # over her own
    client.force_login(cast.daniel)
    assert put(client, "notes", text="By a program.").status_code == 302  # which has no page
    assert Piece.objects.standing().get().text == "By a program."


def test_two_members_who_send_a_file_at_once_are_told_too(cast, client, tmp_path):
    team = make_team(cast, cast.ruth, cast.daniel)
    essay = make_lab(cast.course, "essay", bench_spec={}, short="Essay", parts=[REPORT], is_individual=False)
    theirs = put_report(cast.daniel, essay, tmp_path, team=team)
    client.force_login(cast.ruth)
    refused = client.post(
        f"{ESSAY}parts/report/",
        {"upload_key": str(uuid4()), "file": pdf(tmp_path), "seen": ""},
        headers={"accept": "application/json"},
    )
    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["details"]["seen"]) == (409, "changed_meanwhile", str(theirs.pk))
    assert put(client, "report", file=pdf(tmp_path), seen=str(theirs.pk)).status_code == 302


def test_one_form_sent_with_two_files_keeps_the_first_and_says_so(cast, essay, client, tmp_path):
    client.force_login(cast.ruth)
    key = str(uuid4())
    put(client, "report", upload_key=key, file=pdf(tmp_path))
    answer = put(client, "report", upload_key=key, file=pdf(tmp_path))
    assert answer.status_code == 409 and "upload_key_used" in text(answer) and Piece.objects.count() == 1


def test_a_pdf_is_shown_by_the_browser_apart_from_our_pages(cast, essay, client, tmp_path):
    piece = put_report(cast.ruth, essay, tmp_path)
    client.force_login(cast.ruth)
    shown = client.get(f"/courses/odml/pieces/{piece.pk}/pdf/")
    policy = shown["Content-Security-Policy"]
    assert shown["Content-Type"] == "application/pdf" and shown["Content-Disposition"].startswith("inline")
    assert (
        "default-src 'none'" in policy and "script-src" not in policy and shown["X-Content-Type-Options"] == "nosniff"
    )
    saved = client.get(f"/courses/odml/pieces/{piece.pk}/file/")
    assert saved["Content-Disposition"].startswith("attachment") and b"".join(saved.streaming_content)[:5] == b"%PDF-"


def test_a_stranger_s_words_are_words(cast, essay, client):
    client.force_login(cast.ruth)
    put(client, "notes", text="<script>alert(1)</script> [x](javascript:alert(1))")
    page = text(client.get(Piece.objects.get().get_absolute_url()))
    assert "<script>alert" not in page and 'href="javascript' not in page


def test_two_attempts_that_differ_in_a_part_can_be_compared(cast, client, tmp_path):
    cast.lab.parts = [REPORT]
    cast.lab.save()
    lab = type(cast.lab).objects.get(pk=cast.lab.pk)
    hand_in(cast, cast.ruth, onnx_like(tmp_path), lab=lab)
    put_report(cast.ruth, lab, tmp_path)
    client.force_login(cast.ruth)
    client.post("/courses/odml/assignments/lab1/hand-in/", {"without_model": "1", "upload_key": str(uuid4())})
    page = text(client.get("/courses/odml/assignments/lab1/compare/"))
    assert "Report, one page" in page and "report.pdf" in page
    client.force_login(cast.amit)
    assert "report.pdf" in text(client.get(Submission.objects.latest("number").get_absolute_url()))
    assert client.get("/courses/odml/submissions/").status_code == 200


def test_a_page_with_parts_asks_as_often_for_many_pieces_as_for_one(
    cast, essay, client, tmp_path, django_assert_max_num_queries
):
    client.force_login(cast.ruth)
    for n in range(4):
        put(client, "notes", text=f"Version {n}")
        client.post(f"{ESSAY}hand-in/", {"without_model": "1", "upload_key": str(uuid4())})
    with django_assert_max_num_queries(18):
        client.get(ESSAY)
