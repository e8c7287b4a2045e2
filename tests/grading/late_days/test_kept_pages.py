"""What the page of a lab and the late days keep in the process is never older than the rows: each kind of row is changed, and the page shows it."""

from copy import deepcopy
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from courseplatform.teams.models import Membership
from grading.late_rows.facts import circle_of, person_key
from grading.late_rows.preview import late_table
from grading.models.assignments import Assignment, HiddenSet
from grading.models.grades import GradeRelease, RubricItem, RubricOption
from grading.models.late_days import Accommodation, Excuse, Extension, LateEntry, LateRequest
from grading.models.owners import Owner
from grading.models.submissions import Submission
from hardware.course_devices import profiles_of
from hardware.models.devices import CourseDevice
from tests.grading.late_days.pages import late_days, see
from tests.grading.late_days.test_late_days import make_team, with_policy
from tests.hardware.builders import device_of_course
from tests.people import hand_in, onnx_like

pytestmark = pytest.mark.real_database
LAB = "/courses/odml/assignments/lab1/"


@pytest.fixture
def cast(transactional_db, data_dir):
    from tests.people import make_cast

    found = make_cast()
    with_policy(found)
    Assignment.objects.filter(pk=found.lab.pk).update(due_at=timezone.now() - timedelta(hours=1))
    return found


def test_the_work_itself(cast, client):
    assert "Quiet words" not in see(client, cast.ruth, LAB)
    Assignment.objects.filter(pk=cast.lab.pk).update(summary="Quiet words")
    assert "Quiet words" in see(client, cast.ruth, LAB)
    spec = deepcopy(cast.lab.bench_spec)
    spec["criteria"][0]["title"] = "How quick it is"
    Assignment.objects.filter(pk=cast.lab.pk).update(bench_spec=spec, short="Lab One", attempts_allowed=4)
    page = see(client, cast.ruth, LAB)
    assert (
        "Lab One" in page and "0 of 4 counted so far" in page and page.count("How quick it is") == 2
    )  # and where it is tried
    HiddenSet.objects.update(title="Other digits")
    assert "Other digits, " in see(client, cast.ruth, LAB)
    Assignment.objects.filter(pk=cast.lab.pk).update(is_draft=True)
    client.force_login(cast.ruth)
    assert client.get(LAB).status_code == 404
    assert see(client, cast.helen, LAB)


def test_the_devices_of_the_course(cast):
    assert "desk" not in profiles_of(cast.course)
    row = device_of_course(cast, slug="desk", name="Desk board")
    assert profiles_of(cast.course)["desk"].name == "Desk board" and "desk" not in profiles_of(cast.other_course)
    row.facts |= {"name": "Another name"}
    row.save()
    assert profiles_of(cast.course)["desk"].name == "Another name"
    CourseDevice.objects.update(retired_at=timezone.now())
    assert "desk" not in profiles_of(cast.course) and "desk" in profiles_of(cast.course, with_retired=True)
    CourseDevice.objects.update(retired_at=None, slug="table")
    assert "desk" not in profiles_of(cast.course) and "table" in profiles_of(cast.course)


def test_the_rubric_and_its_options(cast, client):
    see(client, cast.ruth, LAB)
    item = RubricItem.objects.create(assignment=cast.lab, key="words", title="Clear words", points=2)
    assert "Clear words" in see(client, cast.ruth, LAB)
    option = RubricOption.objects.create(item=item, key="all", title="All", points=2)
    item.title = "Plain words"
    item.save()
    page = see(client, cast.ruth, LAB)
    assert "Plain words" in page and "Clear words" not in page
    option.delete()
    item.delete()
    assert "Plain words" not in see(client, cast.ruth, LAB)


def test_a_release_and_its_end(cast, client):
    assert "Why is my grade this?" not in see(client, cast.ruth, LAB)
    GradeRelease.objects.create(assignment=cast.lab, is_released=True, by="helen", at=timezone.now())
    assert "Why is my grade this?" in see(client, cast.ruth, LAB)
    GradeRelease.objects.create(assignment=cast.lab, is_released=False, by="helen", at=timezone.now())
    assert "Why is my grade this?" not in see(client, cast.ruth, LAB)


def test_what_staff_gave_a_person_and_took_back(cast, client):
    before = see(client, cast.ruth, LAB)
    given = {"reason": "ill", "made_by": "Helen"}
    until = timezone.now() + timedelta(days=3)
    extension = Extension.objects.create(assignment=cast.lab, person=cast.ruth, until_at=until, **given)
    assert "Extended for you until" in see(client, cast.ruth, LAB)
    assert "Extended for you until" not in see(client, cast.daniel, LAB)
    excuse = Excuse.objects.create(assignment=cast.lab, person=cast.ruth, **given)
    assert "You are excused" in see(client, cast.ruth, LAB)
    Accommodation.objects.create(course=cast.course, person=cast.ruth, extra_days=2, **given)
    assert "due 2 days later" in late_days(client, cast.ruth)
    for row in (extension, excuse, Accommodation.objects.get()):
        row.withdrawn_at = timezone.now()
        row.save()
    page = see(client, cast.ruth, LAB)
    assert "Extended for you" not in page and "You are excused" not in page
    assert "Extended" not in before and "due 2 days later" not in late_days(client, cast.ruth)


def test_what_is_granted_and_asked_for(cast, client):
    assert "3 of 3 left" in late_days(client, cast.ruth)
    LateEntry.objects.create(
        course=cast.course, person=cast.ruth, kind="grant", days=2, reason="board came late", actor="Helen"
    )
    assert "5 of 5 left" in late_days(client, cast.ruth) and "<b>5 of 5</b>" in see(client, cast.ruth, LAB)
    assert "3 of 3 left" in late_days(client, cast.daniel)
    with_policy(cast, {"bank": {"days": 3, "owner": "person"}, "spend": "asked"})
    assert "Asked for so far" not in see(client, cast.ruth, LAB)
    LateRequest.objects.create(assignment=cast.lab, person=cast.ruth, units=2, request_key=uuid4())
    assert "Asked for so far: 2 late days" in see(client, cast.ruth, LAB)


def test_a_hand_in_and_what_became_of_it(cast, client, tmp_path):
    assert "None yet" in see(client, cast.ruth, LAB)
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    page = see(client, cast.ruth, LAB)
    assert "None yet" not in page and "1 of 10 counted so far" in page
    assert "None yet" in see(client, cast.daniel, LAB)
    Submission.objects.update(counts=False)
    assert "0 of 10 counted so far" in see(client, cast.ruth, LAB)
    Submission.objects.update(counts=True, received_at=timezone.now() - timedelta(days=1), is_active=True)
    assert "Handed in" in see(client, cast.ruth, LAB)


def test_who_is_in_the_team_and_in_the_circle(cast, client):
    Assignment.objects.filter(pk=cast.lab.pk).update(is_individual=False)
    assert "Team" not in see(client, cast.ruth, LAB).split('class="sub"')[1].split("</p>")[0]
    team = make_team(cast, cast.ruth, cast.daniel)
    assert f"Team {team.name}: Ruth" in see(client, cast.ruth, LAB)
    assert set(circle_of(cast.course, {cast.ruth.pk}).people) == {person_key(cast.ruth.pk), person_key(cast.daniel.pk)}
    Membership.objects.create(team=team, course=cast.course, person=cast.sofia, since_at=timezone.now())
    assert "Sofia" in see(client, cast.ruth, LAB)
    assert person_key(cast.sofia.pk) in circle_of(cast.course, {cast.ruth.pk}).people
    cast.daniel.name = "Dan"
    cast.daniel.save()
    assert "Dan," in see(client, cast.ruth, LAB)


def test_the_circle_goes_on_over_those_who_were_in_two_teams(cast):
    first = make_team(cast, cast.ruth, cast.daniel)
    Membership.objects.filter(team=first, person=cast.daniel).update(until_at=timezone.now())
    second = make_team(cast, cast.daniel, cast.sofia, name="second")
    Membership.objects.filter(team=second, person=cast.sofia).update(until_at=timezone.now())
    third = make_team(cast, cast.sofia, cast.lena, name="third")
    Membership.objects.filter(team=third, person=cast.lena).update(until_at=timezone.now())
    fourth = make_team(cast, cast.lena, cast.oscar, name="fourth")
    found = circle_of(cast.course, {cast.ruth.pk})
    everybody = (cast.ruth, cast.daniel, cast.sofia, cast.lena, cast.oscar)
    assert set(found.people) == {person_key(one.pk) for one in everybody}
    assert {team.pk for team in found.teams.values()} == {first.pk, second.pk, third.pk, fourth.pk}
    assert set(circle_of(cast.course, {cast.amit.pk}).people) == {person_key(cast.amit.pk)}


def test_who_came_to_the_team_after_the_due_time_sees_the_page(cast, client):
    Assignment.objects.filter(pk=cast.lab.pk).update(is_individual=False, due_at=timezone.now() - timedelta(days=2))
    team = make_team(cast, cast.ruth, cast.daniel)
    Membership.objects.create(team=team, course=cast.course, person=cast.sofia, since_at=timezone.now())
    assert "If it is late" in see(client, cast.sofia, LAB)
    table = late_table(cast.course, Assignment.objects.get(pk=cast.lab.pk), Owner(cast.sofia, team), timezone.now())
    assert table is not None and all(row.by > timezone.now() - timedelta(hours=1) for row in table.rows)


def test_another_policy(cast, client):
    assert "3 of 3 left" in late_days(client, cast.ruth)
    with_policy(cast, {"bank": {"days": 5, "owner": "person"}})
    assert "5 of 5 left" in late_days(client, cast.ruth)
