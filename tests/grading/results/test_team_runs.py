"""Staff who verify a team's own board choose among the measured runs of its members."""

import pytest
from django.utils import timezone

from courseplatform.teams.models import BoardRequest
from grading.models import Run
from tests.courseplatform.teams.builders import make_team
from tests.people import hand_in, onnx_like

pytestmark = pytest.mark.django_db


def measured(cast, person, tmp_path):
    submission = hand_in(cast, person, onnx_like(tmp_path, more=person.email.encode()))
    Run.objects.filter(submission=submission).update(status="finished", outcome="measured")
    return Run.objects.get(submission=submission)


def test_the_runs_of_members_are_offered_and_nobody_elses(client, cast, tmp_path):
    team = make_team(cast, "Magpie", cast.ruth)
    mine, other = measured(cast, cast.ruth, tmp_path), measured(cast, cast.daniel, tmp_path)
    BoardRequest.objects.create(team=team, board="ESP32-S3", why="small", made_by=cast.ruth, made_at=timezone.now())
    client.force_login(cast.amit)
    page = client.get(f"/courses/{cast.course.slug}/team/{team.slug}/board/").content.decode()
    assert str(mine.pk) in page and "Lab 1, attempt 1 of Ruth" in page
    assert str(other.pk) not in page
    client.force_login(cast.ruth)
    assert str(mine.pk) not in client.get(f"/courses/{cast.course.slug}/team/{team.slug}/board/").content.decode()
