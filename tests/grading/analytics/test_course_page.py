"""The analytics of a course as a page: for whom, what it reads from the rows, its files, and how many queries it makes."""

import csv
import io
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.courses.models import Enrolment, Role
from grading.models import Assignment, GradeNow, GradingSheet, LateEntry, RubricItem, Run, Submission
from grading.models.desk import Purpose
from grading.selectors import analytics_course as reading
from grading.selectors.analytics_course_line import nights_of, ours_of, waits_of
from grading.selectors.analytics_course_work import came_of, graded_of, left_of, marked_of, of_hand, spreads_of, used_of
from hardware.models import (
    Item,
    Loan,
    LoanPiece,
    Outcome,
    Priority,
    Product,
    Runner,
    RunnerHour,
    Status,
    Stockroom,
    StockroomCourse,
)
from tests.people import make_lab

pytestmark = pytest.mark.django_db
on_both = pytest.mark.real_database  # what the database sums and ranks
PAGE = "/courses/odml/analytics/"
KEYS = {"labs", "attempts", "late", "graders", "boards", "out", "waits", "nights", "ours"}
POLICY = {"policy": {"bank": {"days": 3, "owner": "person"}, "unit": {"kind": "hours"}, "penalty": {"each": 10}}}


def text_of(client, person, address=PAGE, status=200):
    client.force_login(person)
    answer = client.get(address)
    assert answer.status_code == status, answer.content[:400]
    return " ".join(answer.content.decode().replace("\u202f", " ").replace("\u00a0", " ").split())


def graded(lab, person, points, *, of=10, is_complete=True):
    return GradeNow.objects.create(assignment=lab, person=person, points=points, of=of, is_complete=is_complete)


def attempt(lab, person, at, **fields):
    facts = {
        "number": lab.submissions.filter(person=person).count() + 1,
        "upload_key": uuid4(),
        "receipt": uuid4().hex[:20],
    } | fields
    return Submission.objects.create(assignment=lab, person=person, received_at=at, **facts)


def run(submission, at, waited_s=None, **fields):
    begun = None if waited_s is None else at + timedelta(seconds=waited_s)
    ended = (
        {}
        if begun is None
        else {"status": Status.FINISHED, "outcome": Outcome.MEASURED, "finished_at": begun + timedelta(seconds=20)}
    )
    return Run.objects.create(
        kind="run", owner_key=submission.owner.key, submission=submission, requested_by="x", queued_at=at, started_at=begun, **(ended | fields)
    )  # fmt: skip


def sheet(lab, number, person, by, points, seconds=0, **fields):
    made = attempt(lab, person, timezone.now() - timedelta(days=3))
    facts = {
        "done_at": timezone.now() - timedelta(days=1),
        "done_by": by,
        "points": points,
        "seconds_spent": seconds,
    } | fields
    return GradingSheet.objects.create(assignment=lab, number=number, person=person, submission=made, **facts)


def span(cast, **query):
    return reading.range_of(cast.visit(cast.helen), query, timezone.now())


# -- who --


@pytest.mark.parametrize("name", ["amit", "helen"])
def test_the_staff_see_it_and_find_it_in_the_bar(cast, client, name):
    page = text_of(client, getattr(cast, name))
    assert f'href="{PAGE}"' in page
    for key in KEYS:
        assert f'id="{key}"' in page, key


@pytest.mark.parametrize(("name", "status"), [("ruth", 403), ("lena", 404), ("oscar", 404)])
@pytest.mark.parametrize("address", [PAGE, f"{PAGE}labs.json", f"{PAGE}labs.csv"])
def test_nobody_else_does(cast, client, name, status, address):
    text_of(client, getattr(cast, name), address, status)


def test_an_empty_course_says_in_words_what_will_be_here(cast, client):
    page = text_of(client, cast.helen)
    for said in (
        "Nothing was handed in yet", "No grade is complete yet.", "Nobody handed anything in", "This course has no late days.",
        "No report was graded at the desk", "No board measures for this course.", "The course has no boards to lend.", "No run was measured",
        "Nobody stood in line", "No run came into the line",
    ):  # fmt: skip
        assert said in page, said
    assert "data-plot-url" not in page


# -- the range --


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("weeks=x", "not_weeks"),
        ("from=soon", "not_a_day"),
        ("from=2026-11-02&to=2026-11-01", "backwards"),
        ("weeks=2&from=2026-11-02", "two_ranges"),
    ],
)
def test_a_range_that_is_none_is_refused_and_the_term_is_shown(cast, client, query, code):
    page = text_of(client, cast.helen, f"{PAGE}?{query}", 422)
    assert code in page
    assert "The page shows the whole term." in page
    assert code in text_of(client, cast.helen, f"{PAGE}labs.csv?{query}", 422)


def test_what_was_typed_stays_in_its_field_and_is_no_markup(cast, client):
    page = text_of(client, cast.helen, f'{PAGE}?from="><odd>', 422)
    assert "&quot;&gt;&lt;odd&gt;" in page
    assert '"><odd>' not in page


def test_addresses_of_charts_keep_the_range(cast, client):
    attempt(cast.lab, cast.ruth, timezone.now() - timedelta(days=1))
    page = text_of(client, cast.helen, f"{PAGE}?weeks=2")
    assert f'data-plot-url="{PAGE}attempts.json?weeks=2"' in page
    assert f'href="{PAGE}attempts.csv?weeks=2"' in page
    assert 'aria-current="true"' not in page


# -- what it reads --


@on_both
def test_grades_of_each_assignment_in_percent_without_those_who_left(cast):
    for person, points in ((cast.ruth, 5), (cast.daniel, 9), (cast.sofia, 7)):
        graded(cast.lab, person, points)
    graded(cast.lab, cast.lena, 1)
    other = make_lab(cast.course, "lab2", short="Lab 2")
    graded(other, cast.ruth, 3, is_complete=False)
    works = reading.Reading(cast.visit(cast.helen), span(cast), timezone.now()).works
    one, two = sorted(spreads_of(cast.course, works), key=lambda found: found.work.short)
    assert (one.count, one.lowest, one.lower, one.median, one.upper, one.highest) == (3, 50, 60, 70, 80, 90)
    assert (two.count, two.partly) == (0, 1)
    Enrolment.objects.filter(course=cast.course, person=cast.ruth).update(is_active=False)
    assert spreads_of(cast.course, works[:1])[0].count == 2


@on_both
def test_attempts_are_counted_by_the_days_of_the_course(cast):
    now = timezone.now()
    late_evening = cast.course.wall(
        timezone.localdate(now, cast.course.tz) - timedelta(days=2), timezone.datetime.min.time()
    ) - timedelta(minutes=1)
    attempt(cast.lab, cast.ruth, late_evening)
    attempt(cast.lab, cast.ruth, late_evening + timedelta(minutes=2))
    attempt(cast.lab, cast.daniel, late_evening, counts=False)
    found = {one.day: one.count for one in came_of(cast.course, span(cast))}
    day = late_evening.astimezone(cast.course.tz).date()
    assert found == {day: 1, day + timedelta(days=1): 1}


def with_late_days(cast):
    cast.course.facts = {**cast.course.facts, "late_policy": POLICY}
    cast.course.save()


def entry(cast, person, days, kind="spend", **fields):
    return LateEntry.objects.create(
        course=cast.course, person=person, kind=kind, days=days, reason="x", actor="x", **fields
    )


@on_both
def test_late_days_are_used_on_the_day_of_the_hand_in_and_favours_are_of_no_work(cast):
    at = timezone.now() - timedelta(days=10)
    entry(cast, cast.ruth, -2, assignment=cast.lab, submission=attempt(cast.lab, cast.ruth, at))
    entry(cast, cast.ruth, 1, "refund")
    entry(cast, cast.ruth, 5, "policy")
    (used,) = used_of(cast.course, span(cast))
    assert (used.work, used.units, used.day) == (cast.lab.pk, 2, at.astimezone(cast.course.tz).date())


@on_both
def test_late_days_left_are_of_everybody_who_is_here_now(cast):
    with_late_days(cast)
    for person, days in ((cast.ruth, 3), (cast.ruth, -3), (cast.daniel, 3), (cast.lena, 3)):
        entry(cast, person, days)
    assert left_of(cast.course) == {"student": {0: 2, 3: 1}}


def test_without_a_policy_nobody_has_late_days(cast):
    assert left_of(cast.course) == {}


@on_both
def test_graders_over_all_labs_and_blind_marks_of_samples(cast):
    RubricItem.objects.create(assignment=cast.lab, key="all", title="All", points=4)
    RubricItem.objects.create(assignment=cast.lab, key="extra", title="Extra", points=2, is_extra=True)
    first = sheet(cast.lab, 1, cast.ruth, cast.amit, 3, 600, is_sample=True)
    sheet(cast.lab, 2, cast.daniel, cast.amit, 1)
    sheet(cast.lab, 3, cast.sofia, cast.amit, 1, done_at=timezone.now() - timedelta(days=200))
    for number, (grader, points) in enumerate(((cast.amit, 3), (cast.ines, 2)), 10_001):
        sheet(cast.lab, number, cast.ruth, grader, points, purpose=Purpose.SAMPLE, sample_of=first, grader=grader)
    of = of_hand(cast.course)
    assert of == {cast.lab.pk: 4.0}
    (one,) = graded_of(cast.course, span(cast), of)
    assert (one.name, one.reports, one.points, one.of, one.seconds, one.timed) == ("Amit", 2, 4.0, 8.0, 600, 1)
    marked, is_withheld = marked_of(cast.visit(cast.helen), of)
    assert {(row.name, row.share) for row in marked} == {("Amit", 0.75), ("Ines", 0.5)}
    assert not is_withheld


def test_a_ta_with_samples_to_mark_does_not_see_what_others_gave(cast, client):
    RubricItem.objects.create(assignment=cast.lab, key="all", title="All", points=4)
    first = sheet(cast.lab, 1, cast.ruth, cast.helen, 3, is_sample=True)
    for number, grader in enumerate((cast.helen, cast.ines), 10_001):
        sheet(cast.lab, number, cast.ruth, grader, 2, purpose=Purpose.SAMPLE, sample_of=first, grader=grader)
    of = of_hand(cast.course)
    assert marked_of(cast.visit(cast.amit), of) == ([], True)
    assert len(marked_of(cast.visit(cast.helen), of)[0]) == 2
    assert "Mark the shared reports that wait for you" in text_of(client, cast.amit)
    assert "Mark the shared reports" not in text_of(client, cast.helen)


def test_names_of_students_stand_nowhere_also_where_they_are_hidden(cast, client):
    cast.lab.is_anonymous = True
    cast.lab.save()
    sheet(cast.lab, 1, cast.ruth, cast.amit, 3)
    graded(cast.lab, cast.ruth, 5)
    run(attempt(cast.lab, cast.ruth, timezone.now() - timedelta(days=1)), timezone.now() - timedelta(days=1), 5)
    pages = [text_of(client, cast.amit)] + [text_of(client, cast.amit, f"{PAGE}{key}.csv") for key in KEYS]
    assert not any("Ruth" in page or "ruth@" in page for page in pages)


@on_both
def test_waits_of_a_day_and_of_all_and_not_of_what_the_staff_measure_again(cast):
    at = timezone.now() - timedelta(days=2)
    for number, waited in enumerate((10, 20, 30, 400)):
        run(attempt(cast.lab, cast.ruth, at), at + timedelta(seconds=number), waited)
    run(attempt(cast.lab, cast.ruth, at), at, 9000, priority=Priority.RERUN)
    run(attempt(cast.lab, cast.ruth, at), at)
    by_day, whole = waits_of(cast.course, span(cast))
    assert list(by_day) == [at.astimezone(cast.course.tz).date()]
    assert (whole.count, whole.median, whole.ninth, whole.longest) == (4, 25, pytest.approx(289), 400)
    assert waits_of(cast.other_course, span(cast)) == ({}, None)


@on_both
def test_the_line_of_a_due_night(cast):
    due = (timezone.now() - timedelta(days=1)).replace(second=0, microsecond=0)
    Assignment.objects.filter(pk=cast.lab.pk).update(due_at=due)
    works = reading.Reading(cast.visit(cast.helen), span(cast), timezone.now()).works
    for minute, waited in ((-30, 600), (-29, 3000), (-400, 60), (200, 60)):
        made = attempt(cast.lab, cast.ruth, due)
        run(made, due + timedelta(minutes=minute), waited)
    (night,) = nights_of(cast.course, works, span(cast))
    assert (night.came, night.most, night.most_at, night.waits.longest) == (2, 2, -29, 3000)
    assert night.in_line == {-30: 1, -29: 2, -20: 1, 21: 0}


@on_both
def test_failures_that_were_ours_by_day(cast):
    at = timezone.now() - timedelta(days=2)
    run(attempt(cast.lab, cast.ruth, at), at, 1)
    run(attempt(cast.lab, cast.ruth, at), at, 1, outcome=Outcome.INFRASTRUCTURE, faults=4)
    (day,) = ours_of(cast.course, span(cast))
    assert (day.runs, day.lost, day.again) == (2, 1, 4)


def board(cast, name="pi-1", device="rpi-4-4gb", hours=10, worked_s=1800.0):
    made = Runner.objects.create(
        course=cast.course, name=name, device=device, made_by="x", enrolled_at=timezone.now() - timedelta(days=9)
    )
    at = (timezone.now() - timedelta(days=3)).replace(minute=0, second=0, microsecond=0)
    RunnerHour.objects.bulk_create(
        RunnerHour(runner=made, at=at + timedelta(hours=n), worked_s=worked_s) for n in range(hours)
    )
    return made


@on_both
def test_boards_are_summed_by_kind(cast, client):
    board(cast)
    board(cast, "pi-2", worked_s=0.0)
    page = text_of(client, cast.helen, f"{PAGE}boards.csv")
    assert "Raspberry Pi 4" in page
    rows = list(csv.DictReader(io.StringIO(client.get(f"{PAGE}boards.csv").content.decode("utf-8-sig"))))
    assert [(row["Boards"], row["Busy, h"], row["Measured, %"], row["Free, %"]) for row in rows] == [
        ("2", "5.0", "25.0", "75.0")
    ]


def in_stock(course):
    room = Stockroom.objects.create(name="Stock")
    StockroomCourse.objects.create(stockroom=room, course=course)
    product = Product.objects.create(stockroom=room, name="Pi", kind="board")
    return Item.objects.create(stockroom=room, product=product, tag="PI-1")


def test_boards_that_are_out_are_counted_in_the_stock_of_the_course(cast, client):
    in_stock(cast.course)
    assert "None of the 1 boards was out" in text_of(client, cast.helen)


# -- files --


@on_both
def test_each_chart_that_says_something_has_a_figure_and_a_csv(cast, client):
    everything(cast, people=3, works=2)
    page = text_of(client, cast.helen)
    for key in (*KEYS - {"out", "late"}, "boards-term"):
        assert f'data-plot-url="{PAGE}{key}.json"' in page, key
        figure = client.get(f"{PAGE}{key}.json")
        assert figure.status_code == 200 and figure.json()["data"], key
        answer = client.get(f"{PAGE}{key}.csv")
        assert answer["Content-Disposition"] == f'attachment; filename="odml-analytics-{key}.csv"'
        lengths = {len(row) for row in csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))}
        assert len(lengths) == 1, key


def test_a_cell_is_no_formula(cast, client):
    lab = make_lab(cast.course, "evil", short="=1+1")
    graded(lab, cast.ruth, 5)
    text_of(client, cast.helen)
    assert "'=1+1" in client.get(f"{PAGE}labs.csv").content.decode()


@pytest.mark.parametrize("key", ["none", "labs2"])
def test_a_chart_that_is_not_there_is_not_found(cast, client, key):
    text_of(client, cast.helen, f"{PAGE}{key}.json", 404)
    text_of(client, cast.helen, f"{PAGE}{key}.csv", 404)


def test_a_chart_without_data_has_no_figure(cast, client):
    text_of(client, cast.helen, f"{PAGE}labs.json", 404)


# -- what it costs --


def everything(cast, people, works):
    """Each of the people graded and late in each of the works, some of it at the desk, runs, boards."""
    now, course = timezone.now(), cast.course
    students = User.objects.bulk_create(User(email=f"s{n}@example.edu", name=f"S{n}") for n in range(people))
    Enrolment.objects.bulk_create(Enrolment(course=course, person=one, role=Role.STUDENT) for one in students)
    labs = [
        make_lab(course, f"work{n}", short=f"Work {n}", due_at=now - timedelta(days=2 * n + 1)) for n in range(works)
    ]
    RubricItem.objects.bulk_create(RubricItem(assignment=lab, key="all", title="All", points=4) for lab in labs)
    GradeNow.objects.bulk_create(
        GradeNow(assignment=lab, person=one, points=Decimal(n % 10), of=10, is_complete=True)
        for lab in labs
        for n, one in enumerate(students)
    )
    made = Submission.objects.bulk_create(
        Submission(assignment=lab, person=one, number=1, received_at=lab.due_at - timedelta(hours=n % 40), upload_key=uuid4(), receipt=uuid4().hex[:20])
        for lab in labs for n, one in enumerate(students)
    )  # fmt: skip
    LateEntry.objects.bulk_create(
        LateEntry(
            course=course,
            person=one.person,
            kind="spend",
            days=-1,
            assignment=one.assignment,
            submission=one,
            reason="x",
            actor="x",
        )
        for one in made[::7]
    )
    GradingSheet.objects.bulk_create(
        GradingSheet(assignment=one.assignment, number=n + 1, person=one.person, submission=one, done_at=now - timedelta(hours=1), points=3, seconds_spent=60,
                     done_by=(cast.amit, cast.ines)[n % 2])
        for n, one in enumerate(made)
    )  # fmt: skip
    for n, one in enumerate(made[:: max(len(made) // 30, 1)]):
        run(one, one.assignment.due_at - timedelta(minutes=n % 9 + 5), 60 * n + 1, faults=n % 2)
    board(cast)
    item = in_stock(course)
    loan = Loan.objects.create(
        course=course, stockroom=item.stockroom, person=students[0], handed_at=now, handed_by="x"
    )
    LoanPiece.objects.create(
        loan=loan, item=item, product=item.product, out_at=now - timedelta(days=3), condition_out="good"
    )


@pytest.mark.parametrize(("people", "works"), [(3, 2), (500, 20)])
def test_it_asks_as_much_for_five_hundred_as_for_three(cast, people, works, django_assert_max_num_queries, settings):
    with_late_days(cast)
    everything(cast, people, works)
    visit, now = cast.visit(cast.helen), timezone.now()
    found = reading.range_of(visit, {}, now)
    with django_assert_max_num_queries(20):
        page = reading.course_page(visit, found, now)
    assert all(chart.rows for chart in page["charts"]), [chart.key for chart in page["charts"] if not chart.rows]


def test_a_figure_reads_its_own_section_alone(cast, client, django_assert_max_num_queries):
    everything(cast, 3, 2)
    visit, now = cast.visit(cast.helen), timezone.now()
    with django_assert_max_num_queries(3):
        reading.charts_with(visit, reading.range_of(visit, {}, now), now, "labs")
