"""Who reads the notes of a report, when, and on which ways; what a request may not do."""

import io
import json
from datetime import timedelta
from uuid import uuid4
from zipfile import ZipFile

import pytest
from django.core.cache import cache
from django.utils import timezone

from courseplatform.accounts.exporting import export_stream
from courseplatform.teams.models import Membership
from grading.models import Annotation, GradeRelease
from grading.services.annotations import annotation_remove
from tests.courseplatform.accounts.builders import headers_of
from tests.courseplatform.teams.builders import make_team
from tests.grading.grades.grades import graded, released, with_rubric
from tests.grading.notes.reports import BOX, note_in, report_of

pytestmark = pytest.mark.django_db
SECRET = "Say what the interval is."


@pytest.fixture
def piece(cast, tmp_path, data_dir):
    return report_of(cast, cast.ruth, tmp_path)


@pytest.fixture
def team_piece(cast, tmp_path, data_dir):
    """Of Ruth and Daniel; Sofia is none of them."""
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel)
    Membership.objects.filter(team=team).update(since_at=timezone.now() - timedelta(days=5))
    return report_of(cast, cast.ruth, tmp_path, team=team)


def address(piece, path=""):
    return f"{piece.get_absolute_url()}notes/{path}"


def read(client, person, piece):
    """What this person gets of the notes: the JSON, and whether the page has the words."""
    client.force_login(person)
    answer = client.get(address(piece))
    page = client.get(piece.get_absolute_url())
    return (
        answer.status_code,
        answer.json()["notes"] if answer.status_code == 200 else None,
        SECRET in page.content.decode(),
    )


def post(client, piece, path="add/", **more):
    facts = {
        "page": 1,
        "kind": "highlight",
        "boxes": json.dumps([BOX]),
        "quote": "q",
        "text": SECRET,
        "key": str(uuid4()),
    }
    return client.post(address(piece, path), facts | more, headers={"Accept": "application/json"})


def exported(person):
    cache.clear()
    archive = ZipFile(io.BytesIO(b"".join(export_stream(person))))
    return json.loads(archive.read("grading.json"))["notes_in_reports"]


def test_a_student_reads_the_notes_while_the_grades_are_released_and_not_before(cast, client, piece):
    graded(cast)
    GradeRelease.objects.create(assignment=cast.lab, is_released=False, by="Helen", at=timezone.now())
    note_in(cast, piece, SECRET)
    assert read(client, cast.ruth, piece) == (200, [], False) and exported(cast.ruth) == []
    assert "in your report" not in client.get(f"/courses/odml/assignments/{cast.lab.slug}/grade/").content.decode()
    released(cast)
    status, found, is_on_page = read(client, cast.ruth, piece)
    assert status == 200 and is_on_page
    assert [(one["number"], one["text"], one["boxes"], one["by"]) for one in found] == [(1, SECRET, [BOX], "Amit")]
    assert [(row["text"], row["report_page"], row["by"]) for row in exported(cast.ruth)] == [(SECRET, 1, "Amit")]
    page = client.get(f"/courses/odml/assignments/{cast.lab.slug}/grade/").content.decode()
    assert "1 note in your report" in page and f"{piece.get_absolute_url()}#notes" in page
    GradeRelease.objects.create(assignment=cast.lab, is_released=False, by="Helen", at=timezone.now())
    assert read(client, cast.ruth, piece) == (200, [], False) and exported(cast.ruth) == []


def test_another_student_never_gets_them(cast, client, piece):
    note_in(cast, piece, SECRET)
    released(cast)
    assert read(client, cast.daniel, piece)[0] == 404 and exported(cast.daniel) == []


def test_who_was_in_the_team_reads_them_and_who_came_later_does_not(cast, client, team_piece):
    note_in(cast, team_piece, SECRET)
    released(cast)
    Membership.objects.create(team=team_piece.team, course=cast.course, person=cast.sofia, since_at=timezone.now())
    Membership.objects.filter(person=cast.daniel).update(until_at=timezone.now())
    assert read(client, cast.ruth, team_piece)[2] and len(exported(cast.ruth)) == 1
    assert read(client, cast.daniel, team_piece)[1][0]["text"] == SECRET and len(exported(cast.daniel)) == 1
    assert read(client, cast.sofia, team_piece) == (200, [], False) and exported(cast.sofia) == []


def test_a_report_that_the_grade_does_not_rest_on_shows_none(cast, client, piece):
    note_in(cast, piece, SECRET)
    released(cast)
    piece.submissions.update(is_active=False)
    assert read(client, cast.ruth, piece) == (200, [], False) and exported(cast.ruth) == []


def test_another_grader_sees_a_note_at_once_and_what_it_said_before(cast, client, piece):
    client.force_login(cast.amit)
    first = post(client, piece).json()["notes"][0]
    post(client, piece, f"{first['id']}/edit/", text="Shorter.", revision=1)
    _, (note,), _ = read(client, cast.helen, piece)
    assert note["text"] == "Shorter." and note["changed"].startswith("changed by Amit")
    assert [one["text"] for one in note["earlier"]] == [SECRET]


def test_a_student_does_not_learn_what_a_note_said_before(cast, client, piece):
    client.force_login(cast.amit)
    first = post(client, piece).json()["notes"][0]
    post(client, piece, f"{first['id']}/edit/", text="Shorter.", revision=1)
    released(cast)
    _, (note,), is_secret_on_page = read(client, cast.ruth, piece)
    assert (note["text"], note["earlier"], is_secret_on_page) == ("Shorter.", [], False)


def test_a_removed_note_is_gone_for_students(cast, client, piece):
    note = note_in(cast, piece, SECRET)
    released(cast)
    annotation_remove(visit=cast.visit(cast.amit), annotation=note)
    assert read(client, cast.ruth, piece) == (200, [], False) and exported(cast.ruth) == []


@pytest.mark.parametrize("path", ["add/", "1/edit/", "1/remove/", "1/restore/"])
def test_a_student_writes_nothing(cast, client, piece, path):
    note = note_in(cast, piece)
    client.force_login(cast.ruth)
    assert post(client, piece, path.replace("1", str(note.pk))).status_code == 403
    assert Annotation.objects.get().text == "State the interval."


def test_a_note_is_changed_removed_and_put_back_over_the_web(cast, client, piece):
    client.force_login(cast.amit)
    pk = post(client, piece).json()["notes"][0]["id"]
    assert (
        post(client, piece, f"{pk}/edit/", text="*Shorter*", revision=1).json()["notes"][0]["html"]
        == "<p><em>Shorter</em></p>\n"
    )
    late = post(client, piece, f"{pk}/edit/", text="Old page", revision=1)
    assert late.status_code == 409 and late.json()["error"]["code"] == "note_changed"
    assert post(client, piece, f"{pk}/remove/").json()["notes"] == []
    assert post(client, piece, f"{pk}/restore/").json()["notes"][0]["number"] == 1
    assert post(client, piece, "99999999999999999999/remove/").status_code == 404


@pytest.mark.parametrize(
    "boxes",
    [
        "nonsense",
        "[" * 5000,
        "{}",
        "[[true, 0, 1, 1]]",
        "[[0, 0, 1]]",
        "[[0, 0, 1e999, 1]]",
        "[[0, NaN, 1, 1]]",
        "[[0, 1" + "0" * 400 + ", 1, 1]]",
        "[1]",
        "x" * 30_000,
    ],
)
def test_a_place_that_is_none_is_a_sentence_and_no_fault_of_ours(cast, client, piece, boxes):
    client.force_login(cast.amit)
    answer = post(client, piece, boxes=boxes)
    assert answer.status_code == 422 and answer.json()["error"]["code"] == "bad_place"


def test_without_a_script_a_page_is_named(cast, client, piece):
    client.force_login(cast.amit)
    answer = client.post(address(piece, "add/"), {"page": "1", "text": SECRET})
    assert answer.status_code == 302 and answer["Location"].endswith("#notes")
    assert SECRET in client.get(piece.get_absolute_url()).content.decode()


def test_hostile_markdown_is_text(cast, client, piece):
    note_in(cast, piece, "<script>alert(1)</script> [x](javascript:alert(1))")
    _, (note,), _ = read(client, cast.amit, piece)
    assert "<script" not in note["html"] and 'href="javascript' not in note["html"]
    page = client.get(piece.get_absolute_url()).content.decode()
    assert "<script>alert" not in page


def test_the_bytes_come_under_a_name_that_tells_nothing(cast, client, piece):
    client.force_login(cast.amit)
    answer = client.get(f"{piece.get_absolute_url()}report/")
    assert answer["Content-Type"] == "application/pdf" and b"".join(answer.streaming_content).startswith(b"%PDF-")
    assert "report.pdf" in answer["Content-Disposition"] and "ruth" not in str(answer.headers).lower()
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'; frame-ancestors 'none'"


@pytest.mark.parametrize("notes", [1, 60])
def test_a_page_with_many_notes_asks_as_much_as_one_with_few(cast, client, piece, notes, django_assert_max_num_queries):
    with_rubric(cast)
    for _ in range(notes):
        note_in(cast, piece, item="report")
    released(cast)
    for person in (cast.amit, cast.ruth):
        client.force_login(person)
        with django_assert_max_num_queries(26):
            client.get(piece.get_absolute_url())
        with django_assert_max_num_queries(14):
            client.get(address(piece))


def test_the_api_gives_the_notes_of_a_hand_in_to_the_staff_and_after_the_release_to_its_owner(client, cast, piece):
    with_rubric(cast)
    note = note_in(cast, piece, text=SECRET, item="report")
    address = f"/api/v1/submissions/{piece.submissions.get().pk}"

    def notes(person):
        return client.get(address, **headers_of(person, ["read"])).json()["notes"]

    assert (len(notes(cast.amit)), notes(cast.ruth)) == (1, [])
    released(cast)
    said = notes(cast.ruth)[0]
    assert (said["text"], said["item"], said["piece"], said["number"]) == (SECRET, "report", str(piece.pk), 1)
    assert said["by"] == "Amit" and said["boxes"] == [BOX]
    annotation_remove(visit=cast.visit(cast.amit), annotation=note)
    assert notes(cast.ruth) == []


def test_the_page_of_one_person_leads_the_staff_to_the_notes(client, cast, piece):
    with_rubric(cast)
    note_in(cast, piece, text=SECRET)
    client.force_login(cast.amit)
    text = client.get(f"/courses/odml/assignments/lab1/grades/{cast.ruth.pk}/").content.decode()
    assert f'href="{piece.get_absolute_url()}#notes">1 note in the report</a>' in text
