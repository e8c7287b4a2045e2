"""Names hidden from graders on the pages beside the desk: tables of re-runs, and the late days of a person."""

import json
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from grading.models import GradeRelease, GradingSheet, LateEntry, LateVerdict
from grading.services.sheets import sheets_prepare
from tests.courseplatform.accounts.builders import headers_of
from tests.grading.desk.desks import essay, hand_in_report
from tests.grading.reruns.reruns import apply, begin, change_rules, measured

pytestmark = pytest.mark.django_db
SECRET = ("Ruthven", "Danielson", "ruth@example.edu", "daniel@example.edu")
LATE = "/courses/odml/late-days/people/{}/"


@pytest.fixture(autouse=True)
def _nobody_has_asked_yet():
    cache.clear()


@pytest.fixture
def rerun(cast, tmp_path):
    for person, name, accuracy in ((cast.ruth, "Ruthven", 0.96), (cast.daniel, "Danielson", 0.894)):
        measured(cast, person, tmp_path, accuracy=accuracy)
        type(person).objects.filter(pk=person.pk).update(name=name)
    type(cast.lab).objects.filter(pk=cast.lab.pk).update(is_anonymous=True)
    sheets_prepare(assignment=cast.lab)
    change_rules(cast)
    return begin(cast)


@pytest.mark.parametrize("name", ["amit", "helen"])
@pytest.mark.parametrize("is_applied", [False, True])
def test_no_table_of_a_rerun_names_anybody(client, cast, rerun, name, is_applied):
    if is_applied:
        apply(cast, rerun)
    person = getattr(cast, name)
    client.force_login(person)
    page = rerun.get_absolute_url()
    for address in (page, f"{page}table.csv", f"{page}plot.json", f"{page}?q=Ruthven", f"{page}live/"):
        text = client.get(address).content.decode().replace('value="Ruthven"', "")
        assert not [one for one in SECRET if one in text], address
    token = headers_of(person, ["read"])
    answer = client.get(f"/api/v1/courses/odml/assignments/lab1/reruns/{rerun.pk}", **token)
    rows = json.loads(answer.content)["rows"]
    assert sorted(row["name"] for row in rows) == ["Report 1", "Report 2"]
    assert not [one for one in SECRET if one in answer.content.decode()]


def test_its_rows_lead_to_the_desk_and_after_the_release_to_the_people(client, cast, rerun):
    client.force_login(cast.amit)
    text = client.get(rerun.get_absolute_url()).content.decode()
    assert all(f'href="{sheet.get_absolute_url()}"' in text for sheet in GradingSheet.objects.all())
    GradeRelease.objects.create(assignment=cast.lab, is_released=True, by="Helen", at=timezone.now())
    assert "Ruthven" in client.get(rerun.get_absolute_url()).content.decode()


@pytest.fixture
def late(cast, tmp_path):
    """Ruth's essay came a day late: a line of the ledger and a verdict, both with what finds the report."""
    lab = essay(cast, is_anonymous=True)
    cast.course.facts = {"late_policy": {"policy": {"banks": [{"owner": "person", "days": 5, "name": ""}]}}}
    cast.course.save()
    submission = hand_in_report(cast.ruth, lab, tmp_path)
    sheets_prepare(assignment=lab)
    LateVerdict.objects.filter(assignment=lab).delete()
    LateVerdict.objects.create(
        assignment=lab, person=cast.ruth, submission=submission, days_late=1, free_days_used=1, penalty_percent=0, max_percent=100,
        accepted=True, explanation=["Handed in at 17:42:11."],
    )  # fmt: skip
    LateEntry.objects.create(
        course=cast.course, person=cast.ruth, assignment=lab, submission=submission, kind="spend", days=-1, reason="Handed in at 17:42:11",
        actor="late-day policy",
    )  # fmt: skip
    return lab, submission


def test_the_late_days_of_a_person_tell_how_many_and_not_which_report(client, cast, late):
    _, submission = late
    secret = ("17:42:11", str(submission.pk), submission.receipt)
    for person in (cast.amit, cast.helen):
        client.force_login(person)
        for address in (LATE.format(cast.ruth.pk), f"/courses/odml/late-days/people/{cast.ruth.pk}/ledger.csv"):
            answer = client.get(address)
            assert answer.status_code == 200
            assert not [one for one in secret if one in answer.content.decode()], address
        answer = client.get("/api/v1/courses/odml/late-days?person=ruth@example.edu", **headers_of(person, ["read"]))
        assert answer.status_code == 200 and not [one for one in secret if one in answer.content.decode()]
        assert json.loads(answer.content)["verdicts"][0]["days_late"] == 1


def test_the_student_reads_the_own_late_days_as_ever_and_the_staff_after_the_release(client, cast, late):
    lab, submission = late
    answer = client.get("/api/v1/courses/odml/late-days", **headers_of(cast.ruth, ["read"]))
    assert str(submission.pk) in answer.content.decode() and "17:42:11" in answer.content.decode()
    GradeRelease.objects.create(assignment=lab, is_released=True, by="Helen", at=timezone.now() - timedelta(days=1))
    client.force_login(cast.amit)
    assert "17:42:11" in client.get(LATE.format(cast.ruth.pk)).content.decode()
