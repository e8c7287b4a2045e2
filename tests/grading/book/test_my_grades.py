"""A student's own grades: what is released adds up, what is not stays hidden on every way, and what if."""

import time
from decimal import Decimal

import pytest
from django.utils import timezone

from grading.book.what_if import read_typed
from grading.gradebook import Piece, State
from grading.models import Excuse
from grading.selectors.my_book import mine
from grading.services.grades import grade_override
from tests.grading.book.classes import (
    CMU,
    MIT,
    PARTICIPATION,
    credit,
    make_work,
    mark,
    presentation,
    release,
    with_scheme,
)
from tests.grading.grades.grades import seen

pytestmark = pytest.mark.django_db
D = Decimal
URL = "/courses/odml/grades/"


@pytest.fixture
def cmu(cast):
    """Ruth: Report 1 is released, Report 2 is graded and not released, Report 3 is missing, Report 8 is to come."""
    with_scheme(cast.course, CMU, participation=PARTICIPATION)
    cast.lab.delete()
    one, two = make_work(cast.course, "report1"), make_work(cast.course, "report2")
    mark(cast, one, cast.ruth, "9.5")
    mark(cast, two, cast.ruth, "7.77")
    release(one)
    make_work(cast.course, "report3")
    make_work(cast.course, "report8", due_in=3)
    make_work(cast.course, "final-report", due_in=30, points=20)
    credit(cast.course, cast.ruth, 11)
    presentation(cast.course, cast.ruth, "13.33", is_released=False)
    return cast


def page(client, person, **typed):
    client.force_login(person)
    return client.get(URL, typed)


def lines(found):
    return {line.piece.key: line for part in found.standing.parts for line in part.lines}


def test_only_what_is_released_counts(cmu):
    found = mine(cmu.visit(cmu.ruth), timezone.now())
    # 11 of 15 for participation, 4.75 of 5 for Report 1, 0 of 5 for Report 3
    assert (found.standing.earned, found.standing.so_far) == (D("15.75"), 25)
    states = {key: line.piece.state for key, line in lines(found).items()}
    assert (states["report1"], states["report2"], states["report3"], states["report8"]) == (
        "graded",
        "grading",
        "missing",
        "ahead",
    )


def test_hidden_points_are_nowhere_on_the_page(cmu, client):
    shown = page(client, cmu.ruth).content.decode()
    assert "4.75" in shown
    assert "7.77" not in shown and "3.88" not in shown and "13.33" not in shown
    assert "with the graders" in shown


def test_a_sum_by_hand_that_is_not_released_is_no_points(cmu, client):
    work = cmu.course.assignments.get(slug="report3")
    grade_override(
        visit=cmu.visit(cmu.helen),
        assignment=work,
        person=cmu.ruth,
        points=D("6.66"),
        reason="on paper",
        seen=seen(work, cmu.ruth),
    )
    found = lines(mine(cmu.visit(cmu.ruth), timezone.now()))["report3"]
    assert (found.piece.state, found.piece.points) == ("grading", None)
    assert "6.66" not in page(client, cmu.ruth).content.decode()


def test_grades_that_are_taken_back_are_hidden_again(cmu, client):
    release(cmu.course.assignments.get(slug="report1"), is_released=False)
    assert "4.75" not in page(client, cmu.ruth).content.decode()


def test_nobody_reads_anothers_grades(cmu, client):
    assert "4.75" not in page(client, cmu.daniel).content.decode()
    assert page(client, cmu.lena).status_code == 404


def test_what_if_says_the_grade_at_once_and_without_a_script(cmu, client):
    shown = page(client, cmu.ruth, **{"if-report8": "8", "if-report2": "10"}).content.decode()
    # 15.75 and 4 and 5 of 35: 70.71
    assert "If it comes so:" in shown and "70.71 %" in shown
    assert 'value="8"' in shown


def test_a_typed_number_answers_with_the_head_alone(cmu, client):
    client.force_login(cmu.ruth)
    part = client.get(URL, {"if-report8": "8"}, headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith('<section class="standing"') and "<html" not in part


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("10.01", "above_the_maximum"), ("-1", "negative"), ("NaN", "not_a_number"), ("Infinity", "not_a_number"),
        ("1e999999", "above_the_maximum"), ("eight", "not_a_number"), ("1_0", "not_a_number"), ("٣", "not_a_number"), ("9" * 400, "not_a_number"),
    ],
)  # fmt: skip
def test_points_that_cannot_be_are_refused_with_a_code_and_kept(cmu, client, typed, code):
    answer = page(client, cmu.ruth, **{"if-report8": typed})
    assert answer.status_code == 400
    shown = answer.content.decode()
    assert f'data-code="{code}"' in shown
    assert f'value="{typed[:16]}"' in shown


def test_what_names_no_open_work_is_passed_over():
    done = Piece("lab1", "Lab 1", D(1), D(10), State.GRADED)
    assert read_typed({"if-lab1": "10", "if-lab9": "x"}, ()).points == {}
    assert read_typed({"if-lab1": "7,5"}, (done,)).points == {"lab1": D("7.5")}


def test_what_is_excused_counts_for_nothing(cmu):
    work = cmu.course.assignments.get(slug="report3")
    Excuse.objects.create(assignment=work, person=cmu.ruth, reason="ill", made_by="Helen")
    found = mine(cmu.visit(cmu.ruth), timezone.now())
    assert lines(found)["report3"].piece.state == State.EXCUSED
    assert found.standing.earned > D("15.75")  # nine reports share the fifty percent


def test_a_pass_that_is_lost_is_said(cast, client):
    with_scheme(cast.course, MIT, participation=PARTICIPATION)
    for slug in ("lab2", "lab3"):
        make_work(cast.course, slug)
    make_work(cast.course, "lab4", due_in=9)
    shown = page(client, cast.ruth).content.decode()
    assert "cannot be met any more" in shown


def test_a_course_without_a_scheme_shows_released_points(cast, client):
    work = make_work(cast.course, "essay")
    mark(cast, work, cast.ruth, "9.5")
    release(work)
    shown = page(client, cast.ruth).content.decode()
    assert "This course states no grading scheme" in shown and "9.5 of 10" in shown


def test_letters_are_shown_only_where_the_course_shows_them(cmu, client):
    scheme = CMU | {"letters": [{"letter": "Excellent", "from": 10}]}
    with_scheme(cmu.course, scheme)
    assert "Excellent" in page(client, cmu.ruth).content.decode()
    with_scheme(cmu.course, scheme | {"letters_shown": False})
    assert "Excellent" not in page(client, cmu.ruth).content.decode()


def test_a_students_own_grades_ask_at_most_twelve_queries(cmu, django_assert_max_num_queries):
    visit = cmu.visit(cmu.ruth)
    with django_assert_max_num_queries(9):
        mine(visit, timezone.now())


def test_the_whole_page_asks_at_most_twelve_queries(cmu, client, django_assert_max_num_queries):
    client.force_login(cmu.ruth)
    client.get(URL)
    with django_assert_max_num_queries(12):
        client.get(URL)


@pytest.mark.parametrize("typed", ["1e-99999999", "1e-999999", "0e9999999", "0e-99999999", "-0", "1e-400"])
def test_a_number_that_is_long_only_when_it_is_written_out_costs_nothing(client, cmu, typed):
    begun = time.process_time()
    answer = page(client, cmu.ruth, **{"if-report8": typed})
    assert answer.status_code == 200 and len(answer.content) < 500_000
    assert time.process_time() - begun < 5 and "-0.00" not in answer.content.decode()
