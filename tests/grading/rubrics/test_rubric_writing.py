"""A changed rubric follows to everybody who was graded: what was previewed and nothing else, told where it is seen."""

import random
from decimal import Decimal

import pytest

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.models import Enrolment, Role, ScheduleChange
from grading.grade_facts import grade_for, grades_of
from grading.models import GradeEvent, RubricItem, RubricOption
from grading.rubric_plan import plan_rubric
from grading.services.grades import grade_override
from grading.services.rubric_writing import rubric_follow
from tests.courseplatform.teams.builders import make_students
from tests.grading.grades.grades import ask, refused, released, seen, told
from tests.grading.rubrics.rubrics import FACTS, change, other, rubric_of, tick, with_rubric

pytestmark = pytest.mark.django_db
D = Decimal
DEARER = other(((0, "options", 1, "points"), -0.5))


@pytest.fixture
def lab(cast):
    return with_rubric(cast.lab)


def newest(person):
    return GradeEvent.objects.filter(person=person).order_by("pk").last()


def test_exactly_those_whose_points_change_get_an_event_with_the_same_ticks_and_a_reason(cast, lab):
    tick(cast, cast.ruth, report=["complete", "interval"], why=["some"])
    tick(cast, cast.daniel, report=["complete"])
    count = GradeEvent.objects.count()
    plan = change(cast, DEARER)
    assert [one.person for one in plan.changes] == [cast.ruth]
    event = newest(cast.ruth)
    assert GradeEvent.objects.count() == count + 1
    assert (event.kind, event.item.key, event.points, event.options) == (
        "rubric",
        "report",
        D("1.50"),
        ["complete", "interval"],
    )
    assert event.reason == "No interval: \N{MINUS SIGN}0.25 is now \N{MINUS SIGN}0.50."
    assert (event.actor, event.actor_person) == (cast.helen.name, cast.helen)
    assert grade_for(lab, cast.ruth).points == D("2.00")


def test_a_team_is_graded_again_together_with_its_submission(cast, lab):
    tick(cast, cast.ruth, report=["complete", "interval"])
    plan = plan_rubric(lab, DEARER)
    assert (plan.changes[0].before.points, plan.changes[0].after.points) == (D("1.75"), D("1.50"))


def test_what_is_withdrawn_in_use_is_kept_and_comes_back_under_its_key(cast, lab):
    tick(cast, cast.ruth, marks={"talk": D(2)}, report=["complete"])
    change(cast, FACTS[1:2])
    assert RubricItem.objects.get(key="report").is_withdrawn and RubricItem.objects.get(key="talk").is_withdrawn
    assert not RubricItem.objects.filter(key="extra").exists()
    assert grade_for(lab, cast.ruth).points is None
    change(cast, FACTS)
    grade = grade_for(lab, cast.ruth)
    assert (grade.points, grade.line_of("report").options) == (D("4.00"), ("complete",))
    assert rubric_of(lab) == FACTS


def test_an_option_that_comes_back_is_ticked_by_nobody_whose_mark_went_on_without_it(cast, lab):
    tick(cast, cast.ruth, report=["complete", "interval"])
    change(cast, other(((0, "options", 1),)))
    assert grade_for(lab, cast.ruth).line_of("report").options == ("complete",)
    assert RubricOption.objects.get(key="interval").is_withdrawn
    change(cast, FACTS)
    assert grade_for(lab, cast.ruth).points_of("report") == 2


def test_what_goes_back_to_be_graded_is_open_again(cast, lab):
    tick(cast, cast.ruth, report=["complete", "interval"])
    plan = change(cast, other(((0, "exactly_one"), True)))
    assert plan.again == 1
    assert grade_for(lab, cast.ruth).points_of("report") is None
    assert "Report" in grade_for(lab, cast.ruth).missing


def test_a_new_item_opens_grades_that_were_complete(cast, lab):
    lab.bench_spec = {}
    lab.save()
    tick(cast, cast.ruth, marks={"talk": D(2)}, report=["complete"], why=["all"])
    plan = plan_rubric(lab, [*FACTS, {"key": "table", "title": "Table", "points": 1}])
    assert (plan.opened, plan.changes, plan.of) == (1, (), (D("6.00"), D("7.00")))


def test_a_sum_that_was_set_by_hand_stays_and_the_mark_below_it_moves(cast, lab):
    tick(cast, cast.ruth, report=["complete", "interval"])
    grade_override(
        visit=cast.visit(cast.helen), assignment=lab, person=cast.ruth, points=D(5), reason="so", seen=seen(lab, cast.ruth)
    )  # fmt: skip
    plan = change(cast, DEARER)
    assert plan.totals == [] and "set by hand" in plan.changes[0].why[-1]
    assert grade_for(lab, cast.ruth).points == 5
    assert grade_for(lab, cast.ruth).points_of("report") == D("1.50")


def test_only_whoever_sees_another_sum_is_told(cast, lab):
    tick(cast, cast.ruth, report=["complete", "interval"])
    tick(cast, cast.daniel, report=["complete"])
    change(cast, DEARER)
    assert told(cast.ruth) == []
    released(cast)
    change(cast, FACTS)
    assert told(cast.ruth) == ["Your grade of Lab 1 changed with its rubric"] and told(cast.daniel) == []


def test_the_same_change_once_more_is_told_once_more(cast, lab):
    tick(cast, cast.ruth, marks={"talk": D(2)})
    released(cast)
    for rubric in (FACTS[:2], FACTS, FACTS[:2]):
        change(cast, rubric)
    assert len(told(cast.ruth)) == 3


def test_a_preview_that_is_stale_is_refused_and_writes_nothing(cast, lab):
    tick(cast, cast.ruth, report=["complete", "interval"])
    digest = plan_rubric(lab, DEARER).digest
    tick(cast, cast.daniel, report=["complete", "interval"])
    before = GradeEvent.objects.count()
    assert refused(lambda: change(cast, DEARER, digest=digest), Conflict) == "preview_differs"
    assert (GradeEvent.objects.count(), rubric_of(lab)) == (before, FACTS)


def test_whoever_is_graded_meanwhile_and_is_not_concerned_makes_no_preview_stale(cast, lab):
    tick(cast, cast.ruth, report=["complete", "interval"])
    digest = plan_rubric(lab, DEARER).digest
    tick(cast, cast.daniel, report=["complete"])
    change(cast, DEARER, digest=digest)
    assert grade_for(lab, cast.daniel).points == 2


def test_a_rubric_that_somebody_changed_meanwhile_makes_a_preview_stale(cast, lab):
    digest = plan_rubric(lab, DEARER).digest
    change(cast, other(((3, "points"), 1)))
    assert refused(lambda: change(cast, DEARER, digest=digest), Conflict) == "preview_differs"


@pytest.mark.parametrize(
    ("rubric", "code"),
    [
        (FACTS, "no_change"),
        (other(((2, "points"), -1)), "too_small"),
        (other(((2, "points"), 0.333)), "too_many_decimals"),
        (other(((0, "options", 1, "points"), 0.001)), "too_many_decimals"),
        (other(((1, "key"), "report")), "twice"),
        (other(((0, "options", 1, "key"), "complete")), "twice"),
        (other(((0, "options", 0, "points"), 1)), "never_full"),
        (other(((2, "exactly_one"), True)), "one_of_nothing"),
    ],
    ids=str,
)
def test_what_the_course_file_refuses_is_refused(cast, lab, rubric, code):
    assert refused(lambda: change(cast, rubric, digest=""), BadInput) == code
    assert rubric_of(lab) == FACTS


def test_the_log_of_the_course_names_who_changed_the_rubric(cast, lab):
    tick(cast, cast.ruth, report=["complete", "interval"])
    change(cast, DEARER)
    assert ScheduleChange.objects.get().sentence == "Lab 1: the rubric was changed, and 1 grade with it."


def test_a_regrade_request_stays_open_when_its_item_is_graded_again(cast, lab):
    lab.regrade_rules = {"opens_hours": 24, "closes_days": 7}
    lab.save()
    tick(cast, cast.ruth, report=["complete", "interval"])
    released(cast)
    row = ask(cast)
    change(cast, DEARER)
    row.refresh_from_db()
    assert (row.status, row.points_before) == ("open", D("1.75"))


def test_an_entry_of_the_course_file_goes_the_same_way(cast, lab):
    tick(cast, cast.ruth, report=["complete", "interval"])
    rubric_follow(row=lab, rubric=DEARER, by="course file")
    assert (newest(cast.ruth).points, newest(cast.ruth).actor) == (D("1.50"), "course file")


def many(cast, lab, count):
    people = make_students(cast, count)
    items = {item.key: item for item in RubricItem.objects.filter(assignment=lab)}
    GradeEvent.objects.bulk_create(
        GradeEvent(assignment=lab, person=one, kind="rubric", item=items["report"], points=D("1.75"),
                   options=["complete", "interval"], actor="Amit")
        for one in people
    )  # fmt: skip
    return people


@pytest.mark.parametrize("count", [5, 600])
def test_a_class_is_looked_at_and_graded_again_with_a_fixed_number_of_queries(
    cast, lab, count, django_assert_max_num_queries
):
    people = many(cast, lab, count)
    released(cast)
    with django_assert_max_num_queries(12):
        plan = plan_rubric(lab, DEARER)
    assert len(plan.totals) == count
    with django_assert_max_num_queries(75):
        change(cast, DEARER, digest=plan.digest)
    assert {grade.points for grade in grades_of(lab, {one.pk for one in people}).values()} == {D("1.50")}


def any_rubric(dice):
    found = []
    for n in range(dice.randint(1, 3)):
        most = dice.choice((1, 2, 3))
        options = [
            {"key": f"o{m}", "title": f"O{m}", "points": dice.choice((-0.5, -0.25, 0, 0.5, 1, 2))}
            for m in range(dice.randint(1, 4))
        ]
        item = {"key": f"i{n}", "title": f"I{n}", "points": most}
        if dice.random() < 0.75:
            item["options"] = [*options, {"key": "full", "title": "Full", "points": most}]
            if dice.random() < 0.4:
                item["exactly_one"] = True
        found.append(item | ({"extra": True} if dice.random() < 0.2 else {}))
    return dice.sample(found, len(found))


@pytest.mark.parametrize("seed", range(25))
def test_what_is_previewed_is_what_is_applied_whatever_the_rubrics(cast, seed):
    dice = random.Random(seed)
    lab = with_rubric(cast.lab, any_rubric(dice))
    people = [cast.ruth, cast.daniel, *make_students(cast, 3)]
    for person in people:
        ticks, marks = {}, {}
        for item in rubric_of(lab):
            keys = [one["key"] for one in item.get("options", [])]
            if not keys or dice.random() < 0.2:
                marks[item["key"]] = D(dice.randint(0, item["points"] * 4)) / 4
            else:
                ticks[item["key"]] = (
                    [dice.choice(keys)] if "exactly_one" in item else dice.sample(keys, dice.randint(0, len(keys)))
                )
        tick(cast, person, marks=marks, **ticks)
    for _ in range(4):
        rubric = any_rubric(dice)
        plan, before = plan_rubric(lab, rubric), grades_of(lab, {one.pk for one in people})
        if not plan.said:
            continue
        change(cast, rubric, digest=plan.digest)
        after = grades_of(lab, {one.pk for one in people})
        told_of = {one.person.pk: (one.before.points, one.after.points) for one in plan.totals}
        assert told_of == {
            pk: (before[pk].points, after[pk].points) for pk in after if before[pk].points != after[pk].points
        }
        assert rubric_of(lab) == rubric
        assert plan_rubric(lab, rubric).said == ()


def test_a_student_who_left_the_course_is_graded_again_too(cast, lab):
    tick(cast, cast.ruth, report=["complete", "interval"])
    Enrolment.objects.filter(person=cast.ruth, role=Role.STUDENT).update(is_active=False)
    change(cast, DEARER)
    assert grade_for(lab, cast.ruth).points == D("1.50")
