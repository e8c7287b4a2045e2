"""The course grade: both courses' schemes against values worked out by hand, and every rule of a component by itself."""

from decimal import Decimal

import pytest

from grading.gradebook import (
    Component,
    Condition,
    Curve,
    Letter,
    Piece,
    Scheme,
    State,
    letter_of,
    part_of,
    plain,
    shown,
    standing_of,
    supposed,
)

D = Decimal
CMU = Scheme(
    (
        Component("participation", "Participation", D(15), "Papers", cap=D(15)),
        Component("presentations", "Paper Presentations", D(15), "Papers"),
        Component("reports", "Lab Reports", D(50), "Project/Lab", count=10),
        Component("final", "Final Report & Presentation", D(20), "Project/Lab"),
    )
)
MIT = Scheme(
    (
        Component("scribe", "Scribe Duties", D(5)),
        Component("labs", "4 Labs", D(60), count=4),
        Component("paper", "Paper Review Presentation", D(10)),
        Component("project", "Final Project", D(25)),
        Component("bonus", "Participation Bonus", D(4), cap=D(4), is_bonus=True),
    ),
    conditions=(Condition(3, ("lab1", "lab2", "lab3", "lab4")),),
)


def graded(key, points, of=10, **more):
    return Piece(key, key.title(), D(str(points)), D(of), State.GRADED, is_turned_in=True, **more)


def missing(key, of=10, **more):
    return Piece(key, key.title(), None, D(of), State.MISSING, **more)


def ahead(key, of=10, **more):
    return Piece(key, key.title(), None, D(of), State.AHEAD, **more)


def part(pieces, **more):
    return part_of(Component("labs", "Labs", D(60), **more), pieces)


def test_cmu_11_767_in_the_middle_of_the_term():
    rubric_points = (9.5, 9, 9.2, 8.4, 8.6, 9.4, 8.88)  # of 10, worth 5 % each
    reports = [graded(f"r{n}", points) for n, points in enumerate(rubric_points, 1)] + [ahead("r8"), ahead("r9")]
    found = standing_of(
        CMU,
        {
            "participation": [graded("credits", 11, 15)],
            "presentations": [graded("talk", 13.5, 15)],
            "reports": reports,
            "final": [ahead("report", 20)],
        },
    )
    shares = [plain(line.percent) for line in found.parts[2].lines[:7]]
    assert shares == ["4.75", "4.5", "4.6", "4.2", "4.3", "4.7", "4.44"]
    assert found.parts[2].earned == D("31.49")
    assert (found.earned, found.so_far) == (D("55.99"), 65)
    assert shown(found.percent) == D("86.14")  # 55.99 / 65


def test_mit_6_s965_with_a_missing_lab_and_a_capped_bonus():
    found = standing_of(
        MIT,
        {
            "scribe": [graded("duty", 5, 5)],
            "labs": [
                Piece("lab0", "Lab 0", D(2), D(10), State.UNCOUNTED, is_turned_in=True),
                graded("lab1", 90, 100, weight=D(15)),
                graded("lab2", 80, 100, weight=D(15)),
                missing("lab3", 100, weight=D(15)),
                ahead("lab4", 100, weight=D(15)),
            ],
            "paper": [graded("talk", 9, 10)],
            "project": [ahead("proposal"), ahead("report"), ahead("talk-of-project")],
            "bonus": [
                graded("contributors", 3, 3, weight=D(3)),
                graded("evaluation", 1, 1, weight=D(1)),
                graded("karma", 1, 1, weight=D(1)),
            ],
        },
    )
    labs, bonus = found.parts[1], found.parts[4]
    assert (labs.earned, labs.so_far) == (D("25.5"), 45)  # 13.5 + 12 + 0 of three labs
    assert (bonus.earned, bonus.says) == (4, "5 % is capped at 4 %")
    assert (found.earned, found.so_far) == (D("43.5"), 60)  # 5 + 25.5 + 9 + 4; the bonus is of nothing
    assert shown(found.percent) == D("69.83")  # 39.5 / 60 = 65.83, and 4 on top
    (passing,) = found.passes
    assert (passing.have, passing.ahead, passing.holds, passing.is_lost) == (2, 1, False, False)
    assert not found.fails


def test_mit_6_s965_at_the_end_of_the_term_is_failed_with_two_labs():
    labs = [graded("lab1", 100, 100), graded("lab2", 100, 100), missing("lab3", 100), missing("lab4", 100)]
    found = standing_of(MIT, {"labs": labs})
    assert found.fails
    assert found.parts[1].earned == 30


def test_a_lab_that_was_turned_in_for_nothing_counts_for_passing():
    labs = [graded("lab1", 50, 100), graded("lab2", 50, 100), graded("lab3", 0, 100), missing("lab4", 100)]
    found = standing_of(MIT, {"labs": labs})
    assert found.passes[0].holds
    assert not found.fails


def test_uncounted_work_helps_nobody_to_pass():
    lab0 = Piece("lab0", "Lab 0", D(10), D(10), State.UNCOUNTED, is_turned_in=True)
    found = standing_of(MIT, {"labs": [lab0, graded("lab1", 1), graded("lab2", 1), missing("lab3"), missing("lab4")]})
    assert found.passes[0].have == 2


def test_nothing_settled_is_no_percent_and_not_zero():
    found = standing_of(MIT, {"labs": [ahead("lab1")]})
    assert (found.percent, found.earned, found.so_far, found.letter) == (None, 0, 0, "")


def test_what_is_in_grading_counts_neither_for_nor_against():
    waiting = Piece("lab2", "Lab 2", D(1), D(10), State.GRADING, is_turned_in=True)
    found = part([graded("lab1", 8), waiting])
    assert (found.earned, found.so_far) == (24, 30)
    assert found.lines[1].percent is None


def test_a_share_is_of_the_pieces_that_the_scheme_states():
    assert part([graded("lab1", 10)], count=4).earned == 15
    assert part([graded("lab1", 10)]).earned == 60


def test_more_pieces_than_stated_share_the_component():
    found = part([graded(f"lab{n}", 10) for n in range(5)], count=4)
    assert (found.earned, found.lines[0].weight) == (60, 12)


def test_the_lowest_is_dropped_and_the_others_fill_the_component():
    found = part([graded("lab1", 5), graded("lab2", 10), graded("lab3", 8)], drop_lowest=1)
    assert [line.is_dropped for line in found.lines] == [True, False, False]
    assert (found.earned, found.so_far) == (54, 60)  # 30 + 24
    assert found.says == "the lowest 1 dropped"


def test_the_only_settled_piece_is_never_dropped():
    found = part([graded("lab1", 5), ahead("lab2")], drop_lowest=1)
    assert (found.earned, found.so_far) == (15, 30)


def test_a_missing_piece_is_the_first_to_be_dropped():
    found = part([missing("lab1"), graded("lab2", 1)], drop_lowest=1)
    assert found.lines[0].is_dropped
    assert found.earned == 6


def test_of_unequal_weights_the_lowest_share_is_dropped_not_the_smallest_percent():
    pieces = [graded("lab1", 9, weight=D(10)), graded("lab2", 5, weight=D(50))]
    found = part(pieces, drop_lowest=1)
    assert [line.is_dropped for line in found.lines] == [False, True]
    assert found.earned == 54  # 0.9 of the whole 60


def test_an_excused_piece_leaves_its_weight_to_the_others():
    excused = Piece("lab2", "Lab 2", None, D(10), State.EXCUSED)
    found = part([graded("lab1", 9), excused, graded("lab3", 6)])
    assert (found.earned, found.so_far) == (45, 60)  # 27 + 18
    stated = part([graded("lab1", 9, weight=D(10)), excused, graded("lab3", 6, weight=D(20))])
    assert stated.earned == 42  # 0.9 of 20 and 0.6 of 40


def test_a_part_where_everything_is_excused_counts_for_nothing():
    found = part([Piece("lab1", "Lab 1", None, D(10), State.EXCUSED)])
    assert (found.earned, found.so_far) == (0, 0)


def test_stated_weights_that_do_not_add_up_stand():
    found = part([graded("lab1", 10, weight=D(10)), graded("lab2", 10, weight=D(10))])
    assert (found.earned, found.so_far) == (20, 20)


def test_extra_credit_goes_above_a_piece_and_stops_at_a_cap():
    assert part([graded("lab1", 12)]).earned == 72
    assert part([graded("lab1", 12)], cap=D(60)).earned == 60


def test_a_piece_out_of_nothing_gives_nothing():
    assert part([graded("lab1", 3, of=0)]).earned == 0


@pytest.mark.parametrize(
    ("step", "percent", "after"),
    [
        (Curve("add", D(2)), "86.5", "88.50"),
        (Curve("add", D(-1)), "86.5", "85.50"),
        (Curve("times", D("1.05")), "80", "84.00"),
        (Curve("root"), "81", "90.00"),
        (Curve("add", D(5), most=D(100)), "98", "100.00"),
        (Curve("add", D(5), most=D(100)), "103", "103.00"),  # who is above already keeps it
        (Curve("root"), "0", "0.00"),
    ],
)
def test_a_step_of_the_curve(step, percent, after):
    assert shown(step.of(D(percent))) == D(after)


def test_curves_are_steps_one_after_the_other():
    scheme = Scheme(
        (Component("labs", "Labs", D(100)),), curve=(Curve("times", D("1.1"), why="a hard term"), Curve("add", D(1)))
    )
    found = standing_of(scheme, {"labs": [graded("lab1", 8)]})
    assert [(lift.before, lift.after) for lift in found.lifts] == [(80, 88), (88, 89)]
    assert found.percent == 89


LETTERS = (Letter("A", D(90)), Letter("B", D(80)), Letter("C", D(70)))


@pytest.mark.parametrize(
    ("percent", "letter"),
    [("100", "A"), ("90", "A"), ("89.995", "A"), ("89.994", "B"), ("70", "C"), ("69.99", ""), (None, "")],
)
def test_a_letter_is_by_the_percent_as_it_is_shown(percent, letter):
    assert letter_of(LETTERS, None if percent is None else D(percent)) == letter


def test_thirds_add_up_to_the_whole():
    pieces = [graded(f"p{n}", 1, 3) for n in range(3)]
    found = standing_of(Scheme((Component("labs", "Labs", D(100)),)), {"labs": pieces})
    assert shown(found.percent) == D("33.33")
    whole = standing_of(Scheme((Component("labs", "Labs", D(100), count=3),)), {"labs": [graded(f"p{n}", 3, 3) for n in range(3)]})  # fmt: skip
    assert shown(whole.percent) == 100


def test_a_half_that_was_cut_at_28_digits_is_rounded_upwards():
    assert shown(D("0.0049999999999999999999999999")) == D("0.01")


def test_what_if_sets_open_pieces_and_leaves_uncounted_ones():
    lab0 = Piece("lab0", "Lab 0", D(0), D(10), State.UNCOUNTED)
    pieces = {"labs": [lab0, graded("lab1", 5), ahead("lab2")]}
    found = standing_of(MIT, supposed(pieces, {"lab2": D(10), "lab0": D(10)}))
    assert found.parts[1].earned == D("22.5")
    assert pieces["labs"][2].points is None


def test_every_line_says_its_sum():
    lines = part([graded("lab1", "8.88"), missing("lab2"), ahead("lab3")], count=12).lines
    assert [line.arithmetic for line in lines] == [
        "8.88 of 10 × 5 % = 4.44 %",
        "missing, 0 of 10 × 5 % = 0 %",
        "up to 5 %, open",
    ]
