"""Grading by hand and releasing, through the services."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from courseplatform.accounts.merging import account_merge
from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.models import Enrolment
from courseplatform.notices.models.notifications import Notification
from courseplatform.teams.models import Membership
from grading.grade_facts import grade_for, group_of
from grading.models import GradeEvent, LateVerdict, Submission
from grading.services.benchmarks import benchmarks_record
from grading.services.grades import grade_give, grade_override
from grading.services.release_news import release_news_send
from grading.services.releasing import grades_release, grades_take_back
from grading.services.runs import run_again
from tests.courseplatform.teams.builders import make_student, make_students, make_team
from tests.grading.api.results import measured
from tests.grading.grades.grades import give, graded, history, released, seen, with_rubric
from tests.people import hand_in, make_user, onnx_like

pytestmark = pytest.mark.django_db


def grade(cast, person):
    return grade_for(cast.lab, person)


def told(person, kind="grade"):
    return [row.title for row in Notification.objects.filter(person=person, kind=kind).order_by("pk")]


def test_marks_are_events_and_the_grade_is_their_sum(cast):
    with_rubric(cast)
    give(cast, cast.ruth, report=2, plot="1.5")
    assert history(cast.lab, cast.ruth) == [("rubric", "report", 2), ("rubric", "plot", Decimal("1.50"))]
    assert grade(cast, cast.ruth).points == Decimal("3.50")


def test_only_what_differs_is_written(cast):
    with_rubric(cast)
    give(cast, cast.ruth, report=2, plot=1)
    assert give(cast, cast.ruth, report=2, plot=2) == 1
    with pytest.raises(BadInput) as refused:
        give(cast, cast.ruth, report=2, plot=2)
    assert refused.value.code == "nothing_changed"


@pytest.mark.parametrize("points", ["-0.01", "3.01", "NaN", "Infinity"])
def test_points_stay_within_the_item(cast, points):
    with_rubric(cast)
    with pytest.raises(BadInput) as refused:
        give(cast, cast.ruth, report=points)
    assert (refused.value.code, refused.value.details) == ("points_out_of_range", {"field": "points-report"})
    assert history(cast.lab, cast.ruth) == []


@pytest.mark.parametrize("points", ["1e-9", "2.505", "0.001"])
def test_points_are_not_rounded_but_refused(cast, points):
    with_rubric(cast)
    with pytest.raises(BadInput, match="at most two decimals") as refused:
        give(cast, cast.ruth, report=points)
    assert (refused.value.code, refused.value.details) == ("too_many_decimals", {"field": "points-report"})
    assert history(cast.lab, cast.ruth) == []


@pytest.mark.parametrize("points", ["2.500", "25e-1"])
def test_points_with_two_decimals_may_be_written_otherwise(cast, points):
    with_rubric(cast)
    give(cast, cast.ruth, report=points)
    assert history(cast.lab, cast.ruth) == [("rubric", "report", Decimal("2.5"))]


def test_an_item_of_another_lab_is_refused(cast):
    with_rubric(cast)
    with pytest.raises(BadInput) as refused:
        give(cast, cast.ruth, essay=1)
    assert refused.value.code == "no_such_item"


def test_a_mark_for_a_team_is_given_to_everybody_who_was_in_it_at_the_hand_in(cast, tmp_path):
    with_rubric(cast, is_individual=False)
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel)
    measured(cast, cast.ruth, tmp_path)
    # Daniel leaves afterwards, and Sofia comes: her work it was not
    Membership.objects.filter(person=cast.daniel).update(until_at=timezone.now())
    Membership.objects.create(
        team=team, course=cast.course, person=cast.sofia, since_at=timezone.now(), begun_by="test"
    )
    give(cast, cast.ruth, report=2)
    assert [history(cast.lab, person)[-1] for person in (cast.ruth, cast.daniel)] == [("rubric", "report", 2)] * 2
    assert history(cast.lab, cast.sofia) == []
    assert GradeEvent.objects.filter(kind="rubric", submission=Submission.objects.get()).count() == 2


def test_before_a_hand_in_the_team_of_today_is_graded(cast):
    with_rubric(cast, is_individual=False)
    make_team(cast, "Magpie", cast.ruth, cast.daniel)
    assert {one.name for one in group_of(cast.lab, cast.ruth).people} == {"Ruth", "Daniel"}
    assert {one.name for one in group_of(cast.lab, cast.sofia).people} == {"Sofia"}


def test_the_whole_can_be_set_for_one_member_of_a_team(cast):
    with_rubric(cast, is_individual=False)
    make_team(cast, "Magpie", cast.ruth, cast.daniel)
    give(cast, cast.ruth, report=2)
    grade_override(
        visit=cast.visit(cast.helen), assignment=cast.lab, person=cast.ruth, points=Decimal(1), reason="did little",
        seen=seen(cast.lab, cast.ruth), is_for_one=True,
    )  # fmt: skip
    assert (grade(cast, cast.ruth).points, grade(cast, cast.daniel).points) == (1, 2)


def test_an_override_without_a_reason_is_refused(cast):
    with_rubric(cast)
    with pytest.raises(BadInput) as refused:
        grade_override(
            visit=cast.visit(cast.helen), assignment=cast.lab, person=cast.ruth, points=Decimal(1), reason=" ", seen=0
        )
    assert refused.value.code == "reason_missing"


def test_lifting_what_was_never_set_is_refused(cast):
    with_rubric(cast)
    with pytest.raises(BadInput) as refused:
        grade_override(
            visit=cast.visit(cast.helen), assignment=cast.lab, person=cast.ruth, points=None, reason="x", seen=0
        )
    assert refused.value.code == "nothing_changed"


def test_a_page_that_is_out_of_date_changes_nothing(cast):
    with_rubric(cast)
    old = seen(cast.lab, cast.ruth)
    give(cast, cast.ruth, report=2)
    with pytest.raises(Conflict) as refused:
        grade_give(
            visit=cast.visit(cast.ines), assignment=cast.lab, person=cast.ruth, marks={"report": Decimal(1)}, seen=old
        )
    assert (refused.value.code, refused.value.details["by"]) == ("stale_grade", "Amit")
    assert grade(cast, cast.ruth).points == 2


def test_a_measurement_meanwhile_does_not_make_the_page_out_of_date(cast, tmp_path):
    with_rubric(cast)
    old = seen(cast.lab, cast.ruth)
    measured(cast, cast.ruth, tmp_path)
    grade_give(
        visit=cast.visit(cast.ines), assignment=cast.lab, person=cast.ruth, marks={"report": Decimal(1)}, seen=old
    )
    assert grade(cast, cast.ruth).points == Decimal("7.38")


def test_a_change_after_the_release_wants_a_reason_and_tells_the_student(cast):
    graded(cast)
    with pytest.raises(BadInput) as refused:
        give(cast, cast.ruth, reason="", report=3)
    assert refused.value.code == "reason_missing"
    give(cast, cast.ruth, reason="I had overlooked page 2", report=3)
    assert told(cast.ruth) == ["Your grade of Lab 1 changed"]


def test_before_the_release_nobody_is_told_and_no_reason_is_wanted(cast):
    with_rubric(cast)
    give(cast, cast.ruth, reason="", report=3)
    assert told(cast.ruth) == []


def test_release_tells_every_student_once_and_taking_back_is_another_row(cast):
    with_rubric(cast)
    visit = cast.visit(cast.helen)
    grades_release(visit=visit, assignment=cast.lab)
    with pytest.raises(Conflict) as refused:
        grades_release(visit=visit, assignment=cast.lab)
    assert refused.value.code == "released_already"
    assert told(cast.ruth) == []  # a worker tells, after the commit
    assert (release_news_send(), release_news_send()) == ((3, False), (0, False))
    assert [told(person) for person in (cast.ruth, cast.daniel, cast.amit)] == [
        ["Grades of Lab 1 are released"]
    ] * 2 + [[]]
    grades_take_back(visit=visit, assignment=cast.lab, reason="item 2 was wrong")
    with pytest.raises(Conflict) as refused:
        grades_take_back(visit=visit, assignment=cast.lab, reason="item 2 was wrong")
    assert refused.value.code == "not_released"
    assert list(cast.lab.grade_releases.values_list("is_released", flat=True)) == [True, False]


def test_the_measured_part_is_an_event_that_names_its_result(cast, tmp_path):
    run = measured(cast, cast.ruth, tmp_path)
    event = GradeEvent.objects.get()
    assert (event.kind, event.points, event.result, event.submission) == (
        "benchmark",
        Decimal("6.38"),
        run.result,
        run.submission,
    )


def test_measuring_the_same_again_adds_one_event_and_recording_twice_none(cast, tmp_path):
    from django.utils import timezone as clock

    from grading.queue.wake import RUN_KIND
    from hardware import leases
    from hardware.models import Outcome
    from tests.grading.api.results import DOCUMENT

    run = measured(cast, cast.ruth, tmp_path)
    run_again(visit=cast.visit(cast.helen), run=run)
    lease = leases.lease_next(worker="test", kinds=[RUN_KIND], now=clock.now())
    leases.lease_start(lease)
    assert leases.lease_finish(lease, outcome=Outcome.MEASURED, result=DOCUMENT | {"earned": "5.00"})
    assert [points for _, _, points in history(cast.lab, cast.ruth)] == [Decimal("6.38"), Decimal("5.00")]
    assert benchmarks_record(assignment=cast.lab) == 0


def test_the_release_brings_missing_measured_parts_up_to_date(cast, tmp_path):
    measured(cast, cast.ruth, tmp_path)
    GradeEvent._base_manager.all().delete()  # handed in before there were grades
    grades_release(visit=cast.visit(cast.helen), assignment=cast.lab)
    assert history(cast.lab, cast.ruth) == [("benchmark", "", Decimal("6.38"))]


def test_lateness_is_that_of_the_late_day_rules(cast, tmp_path):
    with_rubric(cast)
    cast.course.facts = {"late_policy": {"policy": {"penalty": {"kind": "percent_of_max", "each": 10}}}}
    cast.course.save()
    cast.lab.refresh_from_db()
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    LateVerdict.objects.all().delete()
    LateVerdict.objects.create(
        assignment=cast.lab, person=cast.ruth, submission=submission, days_late=1, free_days_used=0, penalty_percent=10,
        max_percent=90, accepted=True, explanation=["1 day late."],
    )  # fmt: skip
    give(cast, cast.ruth, report=3, plot=2)
    assert grade(cast, cast.ruth).points == Decimal("3.80")  # 5 less 10 % of 12


def test_events_are_never_changed_or_deleted(cast):
    graded(cast)
    row = GradeEvent.objects.first()
    for act in (
        row.save,
        row.delete,
        GradeEvent.objects.all().delete,
        lambda: GradeEvent.objects.update(points=1),
        cast.lab.grade_releases.get().save,
    ):
        with pytest.raises(Conflict) as refused:
            act()
        assert refused.value.code == "append_only"


def test_who_dropped_the_course_can_still_be_graded(cast):
    with_rubric(cast)
    Enrolment.objects.filter(person=cast.ruth).update(is_active=False)
    give(cast, cast.ruth, report=1)
    assert grade(cast, cast.ruth).points == 1


def test_two_accounts_that_are_joined_have_one_line_of_events(cast):
    with_rubric(cast)
    kim = make_student(cast, "Kim")
    give(cast, kim, report=3)
    give(cast, cast.ruth, report=1, plot=1)
    account_merge(winner=cast.ruth, loser=kim, by="test")
    assert history(cast.lab, cast.ruth) == [("rubric", "report", 3), ("rubric", "report", 1), ("rubric", "plot", 1)]
    assert not GradeEvent.objects.filter(person=kim).exists()


@pytest.mark.parametrize("count", [5, 600])
def test_releasing_makes_the_same_few_queries_for_any_number(cast, count, django_assert_max_num_queries):
    with_rubric(cast)
    make_students(cast, count)
    with django_assert_max_num_queries(22):
        grades_release(visit=cast.visit(cast.helen), assignment=cast.lab, now=timezone.now() - timedelta(hours=1))
    release_news_send()
    assert Notification.objects.filter(kind="grade").count() == count + 3


def test_a_note_is_kept_beside_the_points(cast):
    with_rubric(cast)
    released(cast)
    grade_give(
        visit=cast.visit(cast.amit), assignment=cast.lab, person=cast.ruth, marks={}, seen=0, note="Good **plot**."
    )
    assert [(row.kind, row.reason) for row in GradeEvent.objects.all()] == [("note", "Good **plot**.")]
    assert told(cast.ruth) == ["Your grade of Lab 1 changed"]


def test_a_person_of_another_course_has_no_grade_here(cast):
    make_user("Nobody")
    with_rubric(cast)
    assert grade(cast, cast.lena).points is None


def test_a_measured_part_that_changes_after_the_release_is_told(cast, tmp_path):
    measured(cast, cast.ruth, tmp_path)
    released(cast)
    GradeEvent._base_manager.update(result=None)  # as if an earlier result had been another one
    benchmarks_record(assignment=cast.lab)
    assert told(cast.ruth) == ["The measured part of your grade of Lab 1 changed"]
    assert benchmarks_record(assignment=cast.lab) == 0
