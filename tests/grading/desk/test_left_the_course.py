"""Reports of people who left the course leave the line of the desk, and stay reachable."""

import pytest
from django.utils import timezone

from courseplatform.courses.models import Enrolment
from grading.models import GradingSheet
from grading.selectors.desk_line import line_of
from grading.services.sheets import sheets_prepare
from tests.courseplatform.teams.builders import make_team
from tests.grading.desk.desks import essay, hand_in_report, many

pytestmark = pytest.mark.django_db


def leave(*people):
    Enrolment.objects.filter(person__in=people).update(is_active=False)


def numbers(cast, lab):
    return {row.number for row in line_of(cast.visit(cast.amit), lab, timezone.now()).rows}


def test_the_line_and_the_board_count_only_who_is_here(client, cast, tmp_path):
    lab = essay(cast)
    people = many(cast, lab, tmp_path, 3)
    leave(people[0])
    gone = GradingSheet.objects.get(person=people[0])
    assert len(numbers(cast, lab)) == 2 and gone.number not in numbers(cast, lab)
    client.force_login(cast.amit)
    board = client.get("/courses/odml/desk/?of=essay").content.decode()
    assert "0 of 2</b> graded" in board and "1 report of people who left the course stands aside" in board
    assert f"Report {gone.number}</a>" in board
    assert client.get(gone.get_absolute_url()).status_code == 200


def test_a_teams_report_leaves_with_its_last_member(cast, tmp_path):
    lab = essay(cast, is_individual=False)
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel)
    hand_in_report(cast.ruth, lab, team=team)
    sheets_prepare(assignment=lab)
    leave(cast.ruth)
    assert len(numbers(cast, lab)) == 1
    leave(cast.daniel)
    assert numbers(cast, lab) == set()
