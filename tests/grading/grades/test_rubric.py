"""Options of a rubric: what ticks come to, and how they are given, kept and refused."""

from decimal import Decimal

import pytest

from courseplatform.core.errors import BadInput, Conflict
from grading.course_file.rubric import rubric_dump, rubric_load
from grading.grade_facts import grade_for
from grading.models import GradeEvent, RubricOption
from grading.rubric import Item, Option, gone, ticked
from grading.services.grades import grade_give
from tests.grading.grades.grades import seen

D = Decimal
COMPLETE, NO_INTERVAL = Option("complete", "Complete", D("2.00")), Option("interval", "No interval", D("-0.25"))
REPORT = Item("report", "Report", D(2), options=(COMPLETE, NO_INTERVAL))
WHY = Item(
    "why", "Discussion", D(1), is_one_of=True, options=(Option("all", "All", D("1.00")), Option("some", "Some", D("0.50")))
)  # fmt: skip


def test_ticks_add_up_and_take_away():
    found = ticked(REPORT, {"complete", "interval"})
    assert (found.points, found.said) == (D("1.75"), "Complete (+2.00); No interval (\N{MINUS SIGN}0.25)")


def test_an_item_never_gives_less_than_nothing_nor_more_than_it_may():
    assert ticked(REPORT, {"interval"}).points == 0
    more = Item("extra", "Extra", D(1), options=(Option("a", "A", D(1)), Option("b", "B", D(1))))
    assert ticked(more, {"a", "b"}).points == 1


def test_exactly_one_of_is_not_none_and_not_two():
    assert ticked(WHY, set()) is None
    assert ticked(WHY, {"all", "some"}) is None
    assert ticked(WHY, {"some"}).points == D("0.50")


def test_nothing_ticked_is_zero_where_several_may_be():
    assert ticked(REPORT, ()).points == 0


def test_a_withdrawn_option_gives_nothing_and_is_named():
    item = Item("report", "Report", D(2), options=(COMPLETE, Option("old", "Old", D(1), is_withdrawn=True)))
    assert ticked(item, {"complete", "old"}).points == 2
    assert gone(item, ["complete", "old", "never"]) == ["old", "never"]


FACTS = [
    {
        "key": "report",
        "title": "Report",
        "points": 2,
        "options": [
            {"key": "complete", "title": "Complete", "points": 2},
            {"key": "interval", "title": "No interval", "points": -0.25},
        ],
    },
    {
        "key": "why",
        "title": "Discussion",
        "points": 1,
        "options": [{"key": "all", "title": "All", "points": 1}, {"key": "some", "title": "Some", "points": 0.5}],
        "exactly_one": True,
    },
    {"key": "extra", "title": "Extra credit", "points": 2, "extra": True},
]


@pytest.fixture
def lab(cast):
    rubric_load(cast.lab, FACTS)
    return cast.lab


def give(cast, lab, **more):
    return grade_give(
        visit=cast.visit(cast.amit), assignment=lab, person=cast.ruth, seen=seen(lab, cast.ruth), **more
    )  # fmt: skip


def test_the_course_file_keeps_options(lab):
    assert rubric_dump(lab)["rubric"] == FACTS


def test_ticks_become_points_and_stay_ticked(cast, lab):
    give(cast, lab, ticks={"report": ["interval", "complete"], "why": ["some"]})
    grade = grade_for(lab, cast.ruth)
    assert (grade.line_of("report").points, grade.line_of("report").options) == (D("1.75"), ("complete", "interval"))
    assert grade.points == D("2.25")
    assert grade.of == 10  # 7 measured and 3; the extra item is on top
    assert grade.missing == ()


def test_equal_ticks_change_nothing_and_others_for_equal_points_do(cast, lab):
    give(cast, lab, ticks={"report": ["complete"]})
    with pytest.raises(BadInput, match="Nothing was changed"):
        give(cast, lab, ticks={"report": ["complete"]})
    give(cast, lab, marks={"report": D(2)})
    assert grade_for(lab, cast.ruth).line_of("report").options == ()


def test_two_of_exactly_one_are_refused(cast, lab):
    with pytest.raises(BadInput) as refused:
        give(cast, lab, ticks={"why": ["all", "some"]})
    assert refused.value.code == "tick_exactly_one"
    assert not GradeEvent.objects.exists()


def test_a_tick_that_left_the_rubric_is_a_conflict_and_nothing_is_lost_in_silence(cast, lab):
    give(cast, lab, ticks={"report": ["complete"]})
    rubric_load(lab, [{**FACTS[0], "options": FACTS[0]["options"][1:]}, *FACTS[1:]])
    assert RubricOption.objects.get(key="complete").is_withdrawn
    with pytest.raises(Conflict) as refused:
        give(cast, lab, ticks={"report": ["complete"]})
    assert refused.value.code == "rubric_changed"
    assert refused.value.details["gone"] == ["complete"]


def test_an_option_that_nobody_was_graded_by_goes(lab):
    rubric_load(lab, [{**FACTS[0], "options": FACTS[0]["options"][1:]}, *FACTS[1:]])
    assert not RubricOption.objects.filter(key="complete").exists()
