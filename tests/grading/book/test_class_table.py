"""The table of the class says of everybody what the explanation of one person says, at a bounded number of queries."""

import random
from decimal import Decimal

import pytest
from django.utils import timezone

from grading.book.pieces import pieces_of
from grading.book.scheme import scheme_of
from grading.gradebook import standing_of
from grading.models import Excuse, GradeEvent
from grading.selectors.book import book_of
from grading.services.grade_rows import grades_now_write
from tests.courseplatform.teams.builders import make_students
from tests.grading.book.classes import MIT, PARTICIPATION, credit, make_work, presentation, release, with_scheme

pytestmark = pytest.mark.django_db
D = Decimal
LABS = {"key": "labs", "title": "Labs", "percent": 60, "count": 5, "of": ["lab1", "lab2", "lab3", "lab4"]}


def fill(cast, people, chance):
    """Marks, hand-ins elsewhere and excuses by chance, written as rows are."""
    work = [
        make_work(
            cast.course,
            f"lab{n}",
            due_in=chance.choice((-3, 3)),
            is_counted=n != 2,
            worth_percent=chance.choice((None, 10)),
        )
        for n in range(1, 5)
    ]
    work.append(make_work(cast.course, "project-report", due_in=20, points=20))
    work.append(make_work(cast.course, "reading", due_in=-9, points=2))
    for one in work:
        item = one.rubric.get()
        GradeEvent.objects.bulk_create(
            GradeEvent(
                assignment=one,
                person=person,
                kind="rubric",
                item=item,
                points=D(chance.randrange(0, 4 * int(item.points))) / 4,
                actor="Amit",
            )
            for person in people
            if chance.random() < 0.6
        )
        grades_now_write(one)
        Excuse.objects.bulk_create(
            Excuse(assignment=one, person=person, reason="ill", made_by="Helen")
            for person in people
            if chance.random() < 0.1
        )
    for person in people[::2]:
        credit(cast.course, person, chance.randrange(1, 5))
        presentation(cast.course, person, chance.choice((None, 12)), days=chance.choice((-3, 3)))
    release(*work[:2])


@pytest.mark.parametrize(
    "labs", [LABS, LABS | {"drop_lowest": 1}, LABS | {"cap_percent": 20}, LABS | {"from": ["peer_feedback"]}]
)
def test_the_table_says_what_the_explanation_says(cast, labs):
    cast.lab.delete()
    scheme = MIT | {
        "components": [labs, *(part for part in MIT["components"] if part["key"] != "labs")],
        "curve": [{"add": 2}],
    }
    with_scheme(cast.course, scheme, participation=PARTICIPATION)
    people = make_students(cast, 12)
    fill(cast, people, random.Random(str(labs)))
    now = timezone.now()
    book = book_of(cast.visit(cast.helen), now)
    said = pieces_of(cast.course, [row.person for row in book.rows], now, for_students=False)
    for row in book.rows:
        standing = standing_of(scheme_of(cast.course), said[row.person])
        assert (row.earned, row.so_far, row.percent) == (standing.earned, standing.so_far, standing.percent)
        assert row.sums == {part.component.key: part.earned for part in standing.parts}
        lines = {line.piece.key: line for part in standing.parts for line in part.lines if not line.piece.source}
        for column, cell in zip(book.columns, row.cells, strict=True):
            if column.key in lines:
                assert (cell.state, cell.percent) == (lines[column.key].piece.state, lines[column.key].percent)
    assert {cell.state for row in book.rows for cell in row.cells} >= {"graded", "ahead", "excused", "uncounted"}


def test_the_book_asks_as_much_for_60_people_as_for_5(cast, django_assert_max_num_queries):
    cast.lab.delete()
    with_scheme(cast.course, MIT, participation=PARTICIPATION)
    people = make_students(cast, 2)
    fill(cast, people, random.Random(1))
    visit = cast.visit(cast.helen)
    for more in (0, 55):
        make_students(cast, more, prefix=f"More{more}")
        with django_assert_max_num_queries(18):
            assert len(book_of(visit, timezone.now()).rows) == 5 + more
