"""Names hidden from graders: searched for in every answer that the staff can get about the work."""

import pytest
from django.core.cache import cache
from django.utils import timezone

from grading.course_file.assignment_item import item_of
from grading.models import GradeRelease, GradingSheet
from grading.services.sheets import sheets_prepare
from tests.courseplatform.accounts.builders import headers_of
from tests.courseplatform.teams.builders import make_team
from tests.grading.api import results
from tests.grading.desk.desks import essay, hand_in_report
from tests.grading.grades.grades import give, with_rubric
from tests.grading.handing_in.parts import REPORT, put_report

pytestmark = pytest.mark.django_db
SECRET = ("Ruthven", "ruth@example.edu", "Magpie", "ruthven_report", "ruthven_model")
LAB = "/courses/odml/assignments/lab1/"


@pytest.fixture(autouse=True)
def _nobody_has_asked_yet():
    cache.clear()


@pytest.fixture
def hidden(cast, tmp_path, monkeypatch, document):
    """Ruthven's measured hand-in with its report, in a lab whose names are hidden."""
    monkeypatch.setattr(results, "DOCUMENT", document)
    cast.lab.parts, cast.lab.is_anonymous = [REPORT], True
    cast.lab.save()
    lab = type(cast.lab).objects.get(pk=cast.lab.pk)
    piece = put_report(cast.ruth, lab, tmp_path)
    type(piece).objects.filter(pk=piece.pk).update(file_name="ruthven_report.pdf")
    run = results.measured(cast, cast.ruth, tmp_path)
    type(run.submission).objects.filter(pk=run.submission_id).update(file_name="ruthven_model.onnx")
    cast.ruth.name = "Ruthven"  # after the hand-in, whose bytes hold the name
    cast.ruth.save()
    sheets_prepare(assignment=lab)
    return lab, run, piece


def asked(client, address, **headers):
    """What leaves the house: the text, and the heads of the answer."""
    answer = client.get(address, **headers)
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return answer.status_code, f"{answer.headers}\n{body.decode('utf-8', 'replace')}"


def addresses(lab, run, piece):
    sheet, course = GradingSheet.objects.get(), "/courses/odml"
    return [
        sheet.get_absolute_url(), f"{sheet.get_absolute_url()}live/", f"{LAB}desk/", f"{course}/desk/", f"{course}/desk/?of=lab1",
        f"{LAB}grades/", f"{LAB}grades.csv", f"{LAB}grades/{run.submission.person_id}/", f"{course}/submissions/",
        f"{course}/submissions.csv", f"{course}/submissions/?person=Ruthven", f"{course}/receipts/{run.submission_id}/",
        f"{course}/runs/{run.pk}/", f"{course}/runs/{run.pk}/result.json", f"{course}/runs/{run.pk}/result.csv", f"{course}/runs/{run.pk}/live/",
        f"{course}/pieces/{piece.pk}/", f"{course}/pieces/{piece.pk}/file/", f"{course}/pieces/{piece.pk}/pdf/", LAB, f"{LAB}leaderboard/",
        f"{LAB}compare/", f"{course}/runs-kept-back/", f"{course}/meter-readings/",
        f"{LAB}family/?person={run.submission.person_id}", f"{LAB}edit/", f"{course}/line/", f"{LAB}reruns/", "/courses/odml/",
    ]  # fmt: skip


API = (
    "/api/v1/courses/odml/assignments/lab1/submissions", "/api/v1/courses/odml/assignments/lab1/submissions?person=ruth@example.edu",
    "/api/v1/submissions/{}", "/api/v1/runs/{}", "/api/v1/pieces/{}/file", "/api/v1/submissions/{}/file",
)  # fmt: skip


@pytest.mark.parametrize("name", ["amit", "helen"])
def test_no_answer_about_the_work_names_its_person_team_or_files(client, cast, hidden, name):
    _, run, piece = hidden
    person = getattr(cast, name)
    client.force_login(person)
    for address in addresses(*hidden):
        status, text = asked(client, address)
        assert status < 500, address
        assert not (
            found := [
                one for one in SECRET if one in text.replace("?person=Ruthven", "").replace('value="Ruthven"', "")
            ]
        ), (address, found)
    token = headers_of(person, ["read"])
    ids = {"runs": run.pk, "pieces": piece.pk}
    for address in API:
        key = next((one for part, one in ids.items() if f"/{part}/" in address), run.submission_id)
        status, text = asked(client, address.format(key), **token)
        assert status < 500 and not [one for one in SECRET if one in text.replace("?person=ruth@example.edu", "")], (
            address
        )


def test_the_desk_says_a_number_and_the_class_leads_to_it(client, cast, hidden):
    client.force_login(cast.amit)
    sheet = GradingSheet.objects.get()
    text = client.get(f"{LAB}grades/").content.decode()
    assert f'href="{sheet.get_absolute_url()}"' in text and "Report 1" in text and "No report" in text
    assert "report-1.pdf" in client.get(f"/courses/odml/pieces/{hidden[2].pk}/pdf/")["Content-Disposition"]


def test_one_persons_page_is_refused_and_leads_to_the_desk(client, cast, hidden):
    client.force_login(cast.amit)
    answer = client.get(f"{LAB}grades/{cast.ruth.pk}/")
    assert answer.status_code == 403 and "names_hidden" in answer.content.decode()


def test_an_instructor_looks_with_a_click_that_is_kept_and_a_ta_does_not(client, cast, hidden):
    sheet = GradingSheet.objects.get()
    client.force_login(cast.amit)
    assert client.post(f"{sheet.get_absolute_url()}names/").status_code == 403
    client.force_login(cast.helen)
    assert "Ruthven" in client.post(f"{sheet.get_absolute_url()}names/", follow=True).content.decode()
    client.force_login(cast.amit)
    text = client.get(sheet.get_absolute_url()).content.decode()
    assert "Helen looked at the names" in text and "Ruthven" not in text
    client.force_login(cast.helen)
    assert client.get(f"{LAB}grades/{cast.ruth.pk}/").status_code == 200
    assert client.get(f"{LAB}grades/{cast.daniel.pk}/").status_code == 403


def test_after_the_release_the_names_are_there_again(client, cast, hidden):
    lab, run, _ = hidden
    GradeRelease.objects.create(assignment=lab, is_released=True, by="Helen", at=timezone.now())
    client.force_login(cast.amit)
    for address in (f"{LAB}grades/", "/courses/odml/submissions/", f"/courses/odml/runs/{run.pk}/"):
        assert "Ruthven" in client.get(address).content.decode(), address


@pytest.fixture
def looked_at(client, cast, hidden):
    """Amit has graded the report and looked at all of it; Helen reads the audit."""
    lab, run, piece = hidden
    give(cast, cast.ruth, lab=with_rubric(cast, lab), report=2)
    client.force_login(cast.amit)
    for address in (f"receipts/{run.submission_id}/", f"runs/{run.pk}/", f"pieces/{piece.pk}/file/"):
        assert client.get(f"/courses/odml/{address}").status_code == 200
    client.force_login(cast.helen)
    return lab


def audit_lines(client, question=""):
    return client.get(f"/courses/odml/audit.csv{question}").content.decode()


def test_the_audit_says_what_was_graded_and_looked_at_and_not_whose_it_is(client, cast, looked_at):
    text = audit_lines(client)
    assert "The grade for Lab 1" in text and "A run and its result" in text and "A file that was handed in" in text
    assert "Ruthven" not in text and cast.ruth.email not in text and f"grades/{cast.ruth.pk}/" not in text
    assert "Ruthven" not in client.get("/courses/odml/audit/").content.decode()


def test_nobody_is_found_in_the_audit_by_work_without_a_name(client, cast, looked_at):
    assert len(audit_lines(client, "?about=Ruthven").splitlines()) == 1  # the heads of the columns
    GradeRelease.objects.create(assignment=looked_at, is_released=True, by="Helen", at=timezone.now())
    assert "The grade for Lab 1" in audit_lines(client, "?about=Ruthven")


def test_the_audit_names_people_again_after_the_release(client, cast, hidden):
    lab, run, _ = hidden
    GradeRelease.objects.create(assignment=lab, is_released=True, by="Helen", at=timezone.now())
    client.force_login(cast.amit)
    client.get(f"/courses/odml/runs/{run.pk}/")
    client.force_login(cast.helen)
    assert "Ruthven" in audit_lines(client, "?about=Ruthven")


def test_students_see_their_own_work_as_ever(client, cast, hidden):
    client.force_login(cast.ruth)
    text = client.get(f"/courses/odml/receipts/{hidden[1].submission_id}/").content.decode()
    assert "Ruthven" in text and "ruthven_model.onnx" in text


def test_a_teams_name_is_hidden_as_well(client, cast, tmp_path):
    lab = essay(cast, is_individual=False, is_anonymous=True)
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel)
    submission = hand_in_report(cast.ruth, lab, team=team)
    sheets_prepare(assignment=lab)
    client.force_login(cast.amit)
    for address in (
        "assignments/essay/desk/1/",
        "assignments/essay/grades/",
        "assignments/essay/grades.csv",
        "submissions/",
        f"receipts/{submission.pk}/",
    ):
        _, text = asked(client, f"/courses/odml/{address}")
        assert "Magpie" not in text and "ruth@example.edu" not in text, address


def test_the_course_file_says_it_and_keeps_it(cast):
    lab = essay(cast, is_anonymous=True)
    assert item_of(type(lab).objects.get(pk=lab.pk), ())["anonymous"] is True
