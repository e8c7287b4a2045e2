"""The page of a lab's analytics: who may open it, what it says of a whole class, hidden names, files, and what it costs."""

import csv
from decimal import Decimal
from io import StringIO
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.courses.models import Enrolment, Role
from grading.models import GradeRelease, GradingSheet, LateEntry, Result, Submission
from grading.selectors.analytics_lab import LabAnalytics, lab_page
from grading.selectors.grades import class_rows
from tests.grading.analytics.classes import compare_on, make_class
from tests.people import SPEC, make_cast, make_lab, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]
KEYS = ("points", "cost", "attempts", "late", "late-left", "graders")
BLIND = [["2.50", "2.50", "2.25"], ["2.25", "2.50", "2.00"], ["2.75", "2.50", "2.50"], ["2.00", "2.00", "2.00"]]


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    return make_cast()


@pytest.fixture
def graders(cast):
    found = [cast.amit, make_user("Tomas"), make_user("Priya")]
    Enrolment.objects.bulk_create(Enrolment(course=cast.course, person=one, role=Role.TA) for one in found[1:])
    return found


def out_of(cast):
    """The cast's own students would be a part of the class."""
    Enrolment.objects.filter(course=cast.course, role=Role.STUDENT).delete()


def address(lab, rest="analytics/"):
    return f"/courses/{lab.course.slug}/assignments/{lab.slug}/{rest}"


def opened(client, person, path):
    client.force_login(person)
    return client.get(path)


def rows_of(answer):
    return list(csv.reader(StringIO(answer.content.decode("utf-8-sig"))))


def test_only_the_staff_open_it(cast, client):
    lab = make_class(cast.course, SPEC, 3).lab
    paths = [
        address(lab),
        address(lab, "analytics.csv"),
        address(lab, "analytics/points.csv"),
        address(lab, "analytics/points.json"),
    ]
    for path in paths:
        assert opened(client, cast.ruth, path).status_code == 403
        assert opened(client, cast.oscar, path).status_code == 404
        assert opened(client, cast.amit, path).status_code == 200
        assert opened(client, cast.helen, path).status_code == 200
        client.logout()
        assert client.get(path).status_code == 302


def test_an_unknown_chart_or_cost_is_no_fault_of_ours(cast, client):
    lab = make_class(cast.course, SPEC, 3).lab
    for name in ("none", "late-none", "where"):
        assert opened(client, cast.helen, address(lab, f"analytics/{name}.json")).status_code == 404
        assert client.get(address(lab, f"analytics/{name}.csv")).status_code == 404
    page = client.get(address(lab) + "?cost=%00%27")
    assert page.status_code == 200
    assert b"modelled latency" in client.get(address(lab, "analytics/cost.json?cost=nonsense")).content


def test_the_table_adds_up_to_the_mean_of_the_grades(cast):
    out_of(cast)
    made = make_class(cast.course, SPEC, 9, graders=[cast.amit])
    visit = cast.visit(cast.helen)
    found = LabAnalytics(visit, made.lab, timezone.now()).points
    grades = {
        row["team_name"]: row["grade"].points for row in class_rows(visit, made.lab) if row["grade"].points is not None
    }
    mean = sum(grades.values()) / len(grades)
    assert len(found.graded) == len(grades) == 8
    assert found.mean == mean.quantize(Decimal("0.01"))
    assert sum(line.mean for line in found.lines) == found.mean
    assert found.of - found.lost == found.mean
    assert {unit.name: float(unit.points) for unit in found.graded} == {
        name: float(points) for name, points in grades.items()
    }


def test_the_page_says_what_it_found(cast, client, graders):
    out_of(cast)
    made = make_class(cast.course, SPEC, 12, graders=graders)
    compare_on(made, graders, BLIND)
    page = opened(client, cast.helen, address(made.lab)).content.decode()
    for words in (
        "Median ", "one grader is stricter than the other two", "11 of 12 teams handed in.", "11 of 12 teams graded", "not released", "Release grades",
        "Before you release: four reports were marked by three graders, and Priya gave", "Mean of 11 teams",
    ):  # fmt: skip
        assert words in page
    GradeRelease.objects.create(assignment=made.lab, is_released=True, by="x", at=timezone.now())
    page = client.get(address(made.lab)).content.decode()
    assert "Release grades" not in page
    assert "Four reports were marked" in page


def test_each_chart_has_a_figure_and_its_rows_as_csv(cast, client, graders):
    made = make_class(cast.course, SPEC, 6, graders=graders)
    client.force_login(cast.helen)
    for key in KEYS:
        assert {"data", "layout"} == set(client.get(address(made.lab, f"analytics/{key}.json")).json())
        rows = rows_of(client.get(address(made.lab, f"analytics/{key}.csv")))
        assert len(rows) > 1
        assert len({len(row) for row in rows}) == 1


def test_the_file_of_all_has_a_row_for_each_team_and_no_formula(cast, client):
    out_of(cast)
    made = make_class(cast.course, SPEC, 4)
    team = made.owners[0]
    team.name = "=SUM(A1)"
    team.save()
    rows = rows_of(opened(client, cast.helen, address(made.lab, "analytics.csv")))
    assert rows[0][:5] == ["Team", "Handed in", "Attempts", "Points", "Submission"]
    assert [row[0] for row in rows[1:]] == ["'=SUM(A1)", "Bittern", "Curlew", "Dunlin"]
    assert rows[-1][1:4] == ["no", "0", ""]


def test_two_of_one_name_keep_their_own_numbers(cast, graders):
    out_of(cast)
    made = make_class(cast.course, SPEC, 4, teams=False, absent=0, graders=graders)
    User.objects.filter(pk__in=[one.pk for one in [*made.people, *graders]]).update(name="Sam Lee")
    found = LabAnalytics(cast.visit(cast.helen), made.lab, timezone.now())
    heads, rows = found.table()
    accuracy = heads.index("Accuracy, %")
    held = {
        f"{100 * row.metrics['accuracy']:.1f}" for row in Result.objects.filter(run__submission__assignment=made.lab)
    }
    assert {row[accuracy] for row in rows} == held
    assert [row.name for row in found.graders.rows] == [
        "Sam Lee (amit@example.edu)", "Sam Lee (priya@example.edu)", "Sam Lee (tomas@example.edu)",
    ]  # fmt: skip


def test_hidden_names_stand_nowhere(cast, client, graders):
    out_of(cast)
    made = make_class(cast.course, SPEC, 8, graders=graders, is_anonymous=True)
    client.force_login(cast.helen)
    paths = [address(made.lab), address(made.lab, "analytics.csv")]
    paths += [address(made.lab, f"analytics/{key}.{form}") for key in KEYS for form in ("csv", "json")]
    for path in paths:
        text = client.get(path).content.decode()
        assert not [one.name for one in [*made.owners, *made.people] if one.name in text]
    assert b"Report 1" in client.get(paths[1]).content
    assert b"names hidden" in client.get(paths[0]).content
    GradeRelease.objects.create(assignment=made.lab, is_released=True, by="x", at=timezone.now())
    assert b"Avocet" in client.get(paths[1]).content


def test_a_grader_with_samples_left_reads_nothing_of_what_others_gave(cast, graders):
    made = make_class(cast.course, SPEC, 8, graders=graders)
    compare_on(made, graders, BLIND)
    assert LabAnalytics(cast.visit(cast.amit), made.lab, timezone.now()).graders.compared
    GradingSheet.objects.filter(purpose="sample", grader=cast.amit, number=10_000).update(done_at=None)
    found = LabAnalytics(cast.visit(cast.amit), made.lab, timezone.now()).graders
    assert (found.compared, found.left) == ([], 1)
    assert LabAnalytics(cast.visit(cast.helen), made.lab, timezone.now()).graders.compared


def test_before_any_grade_is_complete_what_was_measured_is_drawn(cast):
    out_of(cast)
    made = make_class(cast.course, SPEC, 5)
    made.lab.rubric.create(key="more", title="More", points=1, position=9)
    found = LabAnalytics(cast.visit(cast.helen), made.lab, timezone.now()).points
    assert found.is_so_far
    assert found.of == 6
    assert [line.head for line in found.lines] == ["Submission", "Accuracy", "Latency, modelled"]


def test_nothing_at_all_has_a_page(cast, client):
    for slug, fields in (
        ("a", {}),
        ("b", {"bench_spec": {}, "is_individual": False}),
        ("c", {"due_at": None}),
        ("d", {"is_draft": True}),
    ):
        lab = make_lab(cast.course, slug, short=slug, **fields)
        page = opened(client, cast.helen, address(lab))
        assert page.status_code == 200
        assert "Nothing " in page.content.decode() or "No " in page.content.decode()
        assert client.get(address(lab, "analytics.csv")).status_code == 200


def test_students_alone_are_units_too(cast, client):
    out_of(cast)
    made = make_class(cast.course, SPEC, 6, teams=False)
    page = opened(client, cast.helen, address(made.lab)).content.decode()
    assert "5 of 6 students handed in." in page
    (late,) = LabAnalytics(cast.visit(cast.helen), made.lab, timezone.now()).charts("late")
    assert late.columns == ["Late days used", "Students"]
    assert sum(int(row[1]) for row in late.rows) == sum(int(row[1]) for row in late.also[0].rows) == 6


def test_work_of_ones_own_is_paid_by_the_bank_of_the_team(cast):
    out_of(cast)
    made = make_class(cast.course, SPEC, 3, absent=0)
    own = make_lab(cast.course, "own", short="Own", due_at=made.lab.due_at)
    Submission.objects.create(
        assignment=own,
        person=made.people[0],
        number=1,
        upload_key=uuid4(),
        receipt=uuid4().hex,
        counts=True,
        is_active=True,
    )
    LateEntry.objects.create(
        course=cast.course, team=made.owners[0], kind="spend", days=-2, assignment=own, reason="late", actor="test"
    )
    (late,) = LabAnalytics(cast.visit(cast.helen), own, timezone.now()).charts("late")
    assert late.finding == "1 team used 2 late days for Own."
    assert late.rows[-1] == ["not handed in", "2"]


def test_the_lab_before_stands_beside(cast, client):
    out_of(cast)
    made = make_class(cast.course, SPEC, 4)
    make_lab(cast.course, "lab2", short="Lab 2", due_at=made.lab.due_at - timezone.timedelta(days=14))
    page = opened(client, cast.helen, address(made.lab)).content.decode()
    assert "Compare with Lab 2" in page
    assert "No grade of Lab 2 is complete." in page


def test_the_work_links_to_it(cast, client):
    client.force_login(cast.amit)
    for path in (cast.lab.get_absolute_url(), address(cast.lab, "grades/")):
        assert address(cast.lab) in client.get(path).content.decode()
    client.force_login(cast.ruth)
    assert address(cast.lab) not in client.get(cast.lab.get_absolute_url()).content.decode()


@pytest.mark.parametrize("teams", [True, False])
def test_five_hundred_cost_as_many_queries_as_five(cast, graders, teams):
    out_of(cast)
    few = make_class(cast.course, SPEC, 5, teams=teams, graders=graders, slug="few")
    few_count = queries(cast, few)
    Enrolment.objects.filter(course=cast.course, role=Role.STUDENT).delete()
    many = make_class(cast.course, SPEC, 250 if teams else 500, teams=teams, attempts=2, graders=graders, slug="many")
    assert queries(cast, many) == few_count <= 20


def queries(cast, made):
    lab = type(made.lab).objects.select_related("course").get(pk=made.lab.pk)
    visit = cast.visit(cast.helen)
    with CaptureQueriesContext(connection) as found:
        lab_page(visit, lab, timezone.now(), "")
    return len(found)
