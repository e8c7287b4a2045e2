"""Stages that change say which readings they take along, before anything is written."""

from datetime import date, timedelta

import pytest

from courseplatform.courses.services.stages import stages_plan
from grading.course_file.stages_import import moved_readings
from tests.courseplatform.teams.builders import make_team
from tests.grading.energy.builders import reading_of, with_stages

pytestmark = pytest.mark.django_db


@pytest.fixture
def stages(cast):
    found = with_stages(cast.course)
    team = make_team(cast, "Magpie", cast.ruth)
    for days_ago in (20, 8.2, 8.1, 1):
        reading_of(cast, cast.ruth, team, days_ago=days_ago)
    cast.course.refresh_from_db()
    return found


def day(text, by):
    return f"{date.fromisoformat(text) + timedelta(days=by)}"


def test_readings_that_would_count_elsewhere_are_told(cast, stages):
    inference, updates, power = stages
    later = [inference | {"until": day(inference["until"], 3)}, updates | {"from": day(updates["from"], 3)}, power]
    assert stages_plan(course=cast.course, stages=later).notes == [
        "2 power readings count in Inference then, no longer in Updates."
    ]
    gone = [updates, power]
    assert stages_plan(course=cast.course, stages=gone).notes == [
        "1 power reading counts in no stage then, no longer in Inference."
    ]


def test_another_budget_or_title_moves_nothing_and_asks_nothing(cast, stages, django_assert_num_queries):
    other = [item | {"budget_mah": 1, "title": "Other"} for item in stages]
    assert stages_plan(course=cast.course, stages=other).notes == []
    tree = {"course": {"zone": "UTC"}, "project": {"stages": stages}}
    with django_assert_num_queries(0):
        assert moved_readings(cast.course, tree, tree) == []
