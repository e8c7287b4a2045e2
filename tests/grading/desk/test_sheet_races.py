"""Graders who meet at one report: real threads on a real database."""

import pytest
from django.db import connection

from grading.models import GradeEvent
from grading.services.sheet_finishing import sheet_finish
from grading.services.sheets import sheet_claim, sheet_save, sheets_prepare
from tests.grading.desk.desks import GOOD, again, claimed, essay, hand_in_report, sheet_of
from tests.grading.handing_in.test_hand_in_races import AT_ONCE, at_once
from tests.people import make_cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_database]


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.fail("threads need a database file; see tests/settings.py")
    return make_cast()


@pytest.fixture
def sheet(cast, tmp_path):
    return sheet_of(cast, essay(cast), tmp_path)


def test_of_graders_who_open_a_report_at_once_one_has_it(cast, sheet):
    visits = [cast.visit(person) for person in (cast.amit, cast.ines, cast.helen)]

    def act():
        visit = visits.pop()
        return sheet_claim(visit=visit, sheet=again(sheet)).claimed_by.name

    found = at_once(act, times=3)
    assert found.count("claimed") == 2
    assert again(sheet).claimed_by.name in found


def test_done_and_a_take_over_at_once_are_one_after_the_other(cast, sheet):
    claimed(cast, sheet)
    acts = ["done", "take"]

    def act():
        found = again(sheet)
        if acts.pop() == "take":
            return sheet_claim(visit=cast.visit(cast.ines), sheet=found, take_from=cast.amit.pk).claimed_by.name
        sheet_finish(visit=cast.visit(cast.amit), sheet=found, revision=0, ticks=GOOD, comment="", seen=0)
        return "done"

    found, now = set(at_once(act, times=2)), again(sheet)
    assert "done" in found or "taken_over" in found
    assert (now.done_at is not None) == ("done" in found) == GradeEvent.objects.exists()


def test_done_in_several_tabs_is_done_once(cast, sheet):
    claimed(cast, sheet)

    def act():
        sheet_finish(
            visit=cast.visit(cast.amit), sheet=again(sheet), revision=0, ticks=GOOD, comment="Well done.", seen=0
        )
        return "done"

    found = at_once(act)
    assert found.count("done") == 1 and set(found) <= {"done", "done_already", "claim_lost", "stale_sheet"}
    assert GradeEvent.objects.filter(kind="note").count() == 1


def test_saves_of_several_tabs_at_once_are_those_of_one(cast, sheet):
    claimed(cast, sheet)
    words = [f"tab {n}" for n in range(AT_ONCE)]

    def act():
        comment = words.pop()
        sheet_save(visit=cast.visit(cast.amit), sheet=again(sheet), revision=0, ticks=GOOD, comment=comment)
        return comment

    found = at_once(act)
    assert found.count("stale_sheet") == AT_ONCE - 1
    assert again(sheet).comment in found and again(sheet).revision == 1


def test_sheets_that_several_pages_make_at_once_are_made_once(cast, tmp_path):
    lab = essay(cast)
    for person in (cast.ruth, cast.daniel, cast.sofia):
        hand_in_report(person, lab, tmp_path)
    at_once(lambda: sheets_prepare(assignment=lab))
    assert sorted(row.number for row in lab.sheets.all()) == [1, 2, 3]
