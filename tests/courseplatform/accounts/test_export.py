"""A person's export: what every room holds about them, nothing of anybody else, and nothing before its time."""

import io
import json
from zipfile import ZipFile

import pytest
from django.apps import apps
from django.core.cache import cache
from django.utils import timezone

from courseplatform.accounts.exporting import export_sections, export_stream
from courseplatform.accounts.models import User
from courseplatform.core.errors import AppError
from courseplatform.notices.services.notifications import notification_send
from courseplatform.participation.models import Credit
from grading.models.grades import GradeRelease
from grading.models.submissions import Submission
from tests.courseplatform.accounts.builders import make_token
from tests.courseplatform.teams.builders import make_team
from tests.grading.grades.grades import answer, regrade_of
from tests.hardware.inventory.builders import hand_over, items_of, product_of
from tests.hardware.inventory.lending import ask
from tests.people import hand_in, onnx_like

pytestmark = pytest.mark.django_db
PAGE, FETCH = "/accounts/export/", "/accounts/export/download/"
# Columns that point to a person and say nothing about them that is theirs to take along, with why.
LEFT_OUT = {
    "keeping.CourseArchive.person": "which of the staff asked for an archive: it stands in the audit, which is exported",
    "account.EmailAddress.user": "the address of the account, which is in account.json",
    "accounts.AccountMerge.loser": "what was joined, for the operators",
    "accounts.AccountMerge.winner": "what was joined, for the operators",
    "grading.Annotation.author": "what somebody wrote about the work of somebody else",
    "grading.AnnotationVersion.author": "what somebody wrote about the work of somebody else",
    "grading.BookExport.by_person": "the log of what left the gradebook, for the instructors",
    "grading.CanvasFile.made_by": "files of other people",
    "audit.AuditRow.about": "what the staff looked at, which is not shown to whom it was about",
    "audit.StudentView.student": "as whom the staff looked at a course, likewise",
    "grading.GradeEvent.actor_person": "what somebody did to the grade of somebody else",
    "grading.GradingSheet.claimed_by": "which report a grader has open",
    "grading.GradingSheet.done_by": "what somebody did to the grade of somebody else",
    "grading.GradingSheet.grader": "which report of somebody else is marked once more",
    "grading.GradingSheet.person": "a working copy of the staff; what came of it is in the grade",
    "grading.LateStale.person": "a wake-up that is gone in seconds",
    "grading.RegradeRequest.assigned_to": "whose work a request of somebody else is",
    "hardware.StockImport.made_by": "lists of things",
    "grading.ReleasedTo.person": "that a grade was released and told: both are in grades and in the notifications",
    "grading.PassbackScore.person": "a grade on its way to the LMS: the grade itself is in grades",
    "lti.Launch.person": "a sign-in on its way, gone after a day",
    "participation.ImportAuthor.person": "whom a name in a file of the staff means",
    "socialaccount.SocialAccount.user": "a table of the library that stays empty; single sign-on is in account.json",
    "roster.RosterImport.made_by": "lists of other people",
}


@pytest.fixture(autouse=True)
def _nobody_fetches():
    cache.clear()


def fetched(client):
    answer = client.post(FETCH)
    assert (
        answer.status_code == 200
        and answer["Content-Type"] == "application/zip"
        and "no-store" in answer["Cache-Control"]
    )
    archive = ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert archive.testzip() is None
    return archive


def test_every_column_that_points_to_a_person_is_exported_or_left_out_for_a_reason():
    people = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in [*model._meta.concrete_fields, *model._meta.many_to_many]
        if field.remote_field and field.remote_field.model is User and not model._meta.auto_created
    }
    people -= {name for name in people if name.startswith(("admin.", "auth.", "authtoken."))}
    covered = {name for section in export_sections() for name in section.covers}
    assert people - covered - LEFT_OUT.keys() == set()
    assert (covered | LEFT_OUT.keys()) - people == set()


def test_a_student_takes_along_what_is_theirs_and_nothing_of_others(cast, client, data_dir, tmp_path):
    cast.course.enrolments.filter(person=cast.ruth).update(made_at=timezone.now())
    secret = make_token(cast.ruth)[1]
    mine, other = hand_in(cast, cast.ruth, onnx_like(tmp_path)), hand_in(cast, cast.daniel, onnx_like(tmp_path))
    make_team(cast, "Magpie", cast.ruth, cast.daniel)
    boards = product_of(cast)
    items = items_of(cast, boards, "PI-01", "PI-02", "PI-03", "PI-04")
    hand_over(cast, items[0])
    hand_over(cast, items[1], person=cast.sofia)
    ask(cast, cast.ruth, item=items[2])
    for person in (cast.ruth, cast.daniel):
        notification_send(
            course=cast.course,
            people=[person],
            kind="hardware",
            key=f"x-{person.pk}",
            title=f"Hello {person.name}",
            text="t",
            path="/",
        )
        Credit.objects.create(
            course=cast.course,
            person=person,
            kind="answer",
            reason=f"well said, {person.name}",
            given_by="amit",
            at=timezone.now(),
        )
    client.force_login(cast.ruth)
    assert (
        "hardware.json" in client.get(PAGE).content.decode()
        and PAGE in client.get("/accounts/profile/").content.decode()
    )
    assert client.get(FETCH).status_code == 405
    archive = fetched(client)
    found = {name: json.loads(archive.read(name)) for name in archive.namelist() if name.endswith(".json")}
    assert set(found) == {f"{section.name}.json" for section in export_sections()}
    assert (
        found["account.json"]["account"][0]["email"] == cast.ruth.email
        and found["account.json"]["access_tokens"][0]["name"] == "laptop"
    )
    assert [row["course"] for row in found["courses.json"]["enrolments"]] == ["odml"]
    assert [row["team"] for row in found["teams.json"]["memberships"]] == ["Magpie"]
    assert [row["tag"] for row in found["hardware.json"]["loans"]] == ["PI-01"]
    assert [(row["item"], row["status"]) for row in found["hardware.json"]["reservations"]] == [("PI-03", "asked")]
    assert [row["sha256"] for row in found["grading.json"]["hand_ins"]] == [mine.sha256] and found["grading.json"][
        "grades"
    ] == []
    assert found["grading.json"]["runs"] and found["participation.json"]["credits"][0]["reason"] == "well said, Ruth"
    (name,) = [name for name in archive.namelist() if name.startswith("files/hand-ins/odml/")]
    assert archive.read(name) == Submission.objects.get(pk=mine.pk).model_file.open("rb").read()
    everything = b"".join(archive.read(name) for name in archive.namelist()).decode("utf-8", "replace")
    assert secret not in everything and cast.ruth.password not in everything
    assert not any(
        word in everything for word in ("Hello Daniel", "well said, Daniel", "PI-02", str(other.pk), cast.sofia.email)
    )
    Submission.objects.get(pk=mine.pk).model_file.storage.delete(Submission.objects.get(pk=mine.pk).model_file.name)
    assert json.loads(fetched(client).read("missing.json")) == [name.removeprefix("files/")]


def test_only_who_is_signed_in_fetches_and_one_at_a_time(cast, client):
    assert client.post(FETCH).status_code == 302 and client.get(PAGE).status_code == 302
    begun = export_stream(cast.ruth)
    with pytest.raises(AppError) as caught:
        export_stream(cast.ruth)
    assert caught.value.code == "export_running"
    assert next(export_stream(cast.daniel))
    assert next(begun)
    begun.close()  # the browser went away
    export_stream(cast.ruth).close()  # and again, before the first byte
    assert b"".join(export_stream(cast.ruth)).startswith(b"PK")


def test_an_export_asks_as_much_for_many_rows_as_for_few(cast, client, django_assert_max_num_queries):
    boards = product_of(cast)
    for item in items_of(cast, boards, *(f"PI-{n:02d}" for n in range(30))):
        hand_over(cast, item)
    with django_assert_max_num_queries(80):
        b"".join(export_stream(cast.ruth))


def test_grades_and_answers_are_in_it_while_they_are_released(cast, client):
    def now():
        cache.clear()
        archive = ZipFile(io.BytesIO(b"".join(export_stream(cast.ruth))))
        return json.loads(archive.read("grading.json"))

    answer(cast, regrade_of(cast))
    found = now()
    (grade,) = found["grades"]
    assert {line["title"]: line["points"] for line in grade["lines"]}["Report"] == "2.00"
    assert len(found["regrade_requests"]) == len(found["regrade_answers"]) == 1
    GradeRelease.objects.create(assignment=cast.lab, is_released=False, by="Helen", at=timezone.now())
    found = now()
    assert found["grades"] == found["regrade_answers"] == [] and len(found["regrade_requests"]) == 1
