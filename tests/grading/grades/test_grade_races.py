"""Two of the staff, or two tabs, at once: real threads on a real database."""

from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from grading.models import GradeEvent, GradeRelease, RegradeMove, RegradeRequest
from grading.services.grades import grade_give
from grading.services.regrade_answers import regrade_answer
from grading.services.regrades import regrade_ask
from grading.services.releasing import grades_release
from tests.courseplatform.teams.builders import make_team
from tests.grading.grades.grades import REASON, RULES, graded, regrade_of, seen, with_rubric
from tests.grading.handing_in.test_hand_in_races import AT_ONCE, at_once
from tests.people import make_cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_database]


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.fail("threads need a database file; see tests/settings.py")
    return make_cast()


def test_two_tas_who_answer_at_once_are_told_apart(cast):
    row, old = regrade_of(cast), seen(cast.lab, cast.ruth)
    work = [(cast.visit(person), Decimal(points)) for person, points in ((cast.amit, "3"), (cast.ines, "1"))]

    def act():
        visit, points = work.pop()
        mine = RegradeRequest.objects.select_related("assignment__course", "item", "person", "team").get(pk=row.pk)
        regrade_answer(visit=visit, row=mine, points=points, text="Read again.", seen=old)
        return "answered"

    assert sorted(at_once(act, times=2)) == ["answered", "stale_grade"]
    event, kept = GradeEvent.objects.get(kind="regrade"), RegradeRequest.objects.get()
    assert (kept.answered_by, kept.answer_points) == (event.actor, event.points)
    assert RegradeMove.objects.filter(moved_to="answered").count() == 1


def test_marks_of_two_tas_at_once_are_those_of_one_and_the_other_is_told(cast):
    """For a team, whose members two TAs have opened."""
    with_rubric(cast, is_individual=False)
    make_team(cast, "Magpie", cast.ruth, cast.daniel)
    work = [(cast.visit(cast.amit), cast.ruth, "3"), (cast.visit(cast.ines), cast.daniel, "1")]

    def act():
        visit, person, points = work.pop()
        return grade_give(visit=visit, assignment=cast.lab, person=person, marks={"report": Decimal(points)}, seen=0)

    assert sorted(map(str, at_once(act, times=2))) == ["2", "stale_grade"]
    assert len({row.points for row in GradeEvent.objects.all()}) == 1


def test_several_requests_at_once_never_exceed_the_limit(cast):
    graded(cast)
    cast.lab.regrade_rules = RULES | {"limit": 1}
    cast.lab.save()
    items, visit, now = ["report", "plot"] * 3, cast.visit(cast.ruth), timezone.now()

    def act():
        made = regrade_ask(
            visit=visit, assignment=cast.lab, item=items.pop(), reason=REASON, knows_both_ways=True, now=now
        )
        return made.status

    found = at_once(act)
    assert found.count("open") == 1
    assert set(found) == {"open", "none_left"}


def test_several_clicks_on_release_are_one_release(cast):
    visit = cast.visit(cast.helen)
    found = at_once(lambda: grades_release(visit=visit, assignment=cast.lab).is_released)
    assert sorted(map(str, found)) == ["True"] + ["released_already"] * (AT_ONCE - 1)
    assert GradeRelease.objects.count() == 1
