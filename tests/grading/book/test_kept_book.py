"""What My grades keeps in the process is never older than the rows, and never somebody else's."""

from datetime import timedelta

import pytest
from django.utils import timezone

from grading.models import Assignment, Excuse, Extension, RubricItem
from grading.selectors.my_book import mine
from tests.grading.book.classes import CMU, make_work, mark, presentation, release, with_scheme

pytestmark = pytest.mark.real_database


@pytest.fixture
def cast(transactional_db, data_dir):
    from tests.people import make_cast

    found = make_cast()
    with_scheme(found.course, CMU)
    found.lab.delete()
    return found


def line(cast, person, key="report1"):
    found = mine(cast.visit(person), timezone.now())
    return next(one.piece for part in found.standing.parts for one in part.lines if one.piece.key == key)


def said(cast, person, key="report1"):
    piece = line(cast, person, key)
    return piece.state.value, piece.points


def presented(cast, person):
    pieces = [one.piece for part in mine(cast.visit(person), timezone.now()).standing.parts for one in part.lines]
    return [piece.points for piece in pieces if piece.source == "presentations"]


def test_a_release_shows_what_was_hidden_and_takes_it_back(cast):
    work = make_work(cast.course, "report1")
    mark(cast, work, cast.ruth, "9.5")
    assert [said(cast, cast.ruth)[1], said(cast, cast.daniel)] == [None, ("missing", None)]
    release(work)
    assert float(said(cast, cast.ruth)[1]) == 9.5 and said(cast, cast.daniel) == ("missing", None)
    release(work, is_released=False)
    assert said(cast, cast.ruth)[1] is None


def test_dates_of_ones_own_and_what_one_is_excused_from(cast):
    work, now = make_work(cast.course, "report1"), timezone.now()
    assert said(cast, cast.ruth) == ("missing", None)
    until = now + timedelta(days=3)
    Extension.objects.create(assignment=work, person=cast.ruth, until_at=until, made_by="Helen")
    assert (said(cast, cast.ruth)[0], said(cast, cast.daniel)[0]) == ("ahead", "missing")
    assert mine(cast.visit(cast.ruth), now).due["report1"] == until
    Excuse.objects.create(assignment=work, person=cast.daniel, made_by="Helen")
    assert (said(cast, cast.ruth)[0], said(cast, cast.daniel)[0]) == ("ahead", "excused")


def test_the_work_its_worth_and_presentations(cast):
    work = make_work(cast.course, "report1", points=4)
    Assignment.objects.filter(pk=work.pk).update(points=0)  # then its rubric says what it is worth
    assert line(cast, cast.ruth).of == 4
    RubricItem.objects.create(assignment=work, key="sums", title="Sums", points=2)
    assert line(cast, cast.ruth).of == 6
    Assignment.objects.filter(pk=work.pk).update(title="Another title")
    assert "Another title" in line(cast, cast.ruth).title
    presentation(cast.course, cast.ruth, "13.33")
    own, theirs = (presented(cast, person) for person in (cast.ruth, cast.daniel))
    assert [float(points) for points in own] == [13.33] and theirs == [None]
