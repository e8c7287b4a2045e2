"""One cell of the gradebook, two windows: real threads on a real database."""

from decimal import Decimal

import pytest
from django.db import connection

from grading.models import GradeEvent
from grading.services.book_edits import book_cell_set, book_edit_undo
from tests.grading.book.classes import CMU, make_work, mark, with_scheme
from tests.grading.grades.grades import seen
from tests.grading.handing_in.test_hand_in_races import at_once
from tests.people import make_cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_database]


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.fail("threads need a database file; see tests/settings.py")
    return make_cast()


@pytest.fixture
def work(cast):
    with_scheme(cast.course, CMU)
    made = make_work(cast.course, "report1")
    mark(cast, made, cast.ruth, 9)
    return made


def put(cast, work, by, points, newest):
    return book_cell_set(
        visit=cast.visit(by),
        assignment=work,
        person=cast.ruth,
        points=Decimal(points),
        reason="late favour",
        seen=newest,
    )


def overrides():
    return list(GradeEvent.objects.filter(kind="override").order_by("pk").values_list("points", flat=True))


def test_of_two_who_set_one_cell_at_once_one_is_told(cast, work):
    people, newest = [cast.helen, cast.ines], seen(work, cast.ruth)

    def act():
        return len(put(cast, work, people.pop(), "5", newest))

    assert sorted(map(str, at_once(act, times=2))) == ["1", "stale_grade"]
    assert overrides() == [5]


def test_a_change_that_is_undone_twice_at_once_is_undone_once(cast, work):
    events = put(cast, work, cast.helen, "5", seen(work, cast.ruth))

    def act():
        book_edit_undo(visit=cast.visit(cast.helen), assignment=work, person=cast.ruth, events=events)
        return "undone"

    assert sorted(at_once(act, times=2)) == ["changed_since", "undone"]
    assert overrides() == [5, None]


def test_who_undoes_while_somebody_else_sets_it_never_takes_that_away(cast, work):
    events = put(cast, work, cast.helen, "5", seen(work, cast.ruth))
    newest = seen(work, cast.ruth)

    def undo():
        book_edit_undo(visit=cast.visit(cast.helen), assignment=work, person=cast.ruth, events=events)
        return "undone"

    def again():
        return f"{len(put(cast, work, cast.ines, '8', newest))} set"

    acts = [undo, again]

    def act():
        return acts.pop()()

    found = sorted(at_once(act, times=2))
    assert (found, overrides()) in [(["1 set", "changed_since"], [5, 8]), (["stale_grade", "undone"], [5, None])]
