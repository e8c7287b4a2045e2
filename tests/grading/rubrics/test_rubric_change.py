"""What a mark becomes when the rubric changes under it, and the words for it."""

import random
from dataclasses import replace
from decimal import Decimal

import pytest

from grading.rubric import Item, Mark, Option, ticked
from grading.rubric_change import change_words, moved_marks, pairs_of

D = Decimal
COMPLETE, INTERVAL = Option("complete", "Complete", D("2.00")), Option("interval", "No interval", D("-0.25"))
REPORT = Item("report", "Report", D("2.00"), options=(COMPLETE, INTERVAL))
ALL, SOME = Option("all", "All", D("1.00")), Option("some", "Some", D("0.50"))
WHY = Item("why", "Discussion", D("1.00"), options=(ALL, SOME), is_one_of=True)
TALK = Item("talk", "Talk", D("3.00"))


def moved(old, new, points, *options):
    found = moved_marks(pairs_of([old], [new]), {old.key: Mark(None if points is None else D(points), options)})
    return (found[0].after, found[0].why) if found else None


def with_option(item, key, **changes):
    return replace(item, options=tuple(replace(one, **changes) if one.key == key else one for one in item.options))


def test_ticks_keep_and_their_points_follow():
    found = moved(REPORT, with_option(REPORT, "interval", points=D("-0.50")), "1.75", "complete", "interval")
    assert found == (
        Mark(D("1.50"), ("complete", "interval")),
        ("No interval: \N{MINUS SIGN}0.25 is now \N{MINUS SIGN}0.50.",),
    )


def test_who_did_not_tick_it_keeps_the_mark():
    assert moved(REPORT, with_option(REPORT, "interval", points=D("-0.50")), "2.00", "complete") is None


def test_points_given_as_a_number_are_lowered_to_the_new_maximum_and_no_further():
    assert moved(TALK, replace(TALK, of=D("2.00")), "2.50") == (
        Mark(D("2.00")),
        ("Talk: at most 3.00 is now at most 2.00.",),
    )
    assert moved(TALK, replace(TALK, of=D("2.00")), "1.50") is None
    assert moved(TALK, replace(TALK, of=D("9.00")), "2.50") is None


def test_a_withdrawn_option_counts_no_more_and_the_other_ticks_stand():
    found, why = moved(REPORT, with_option(REPORT, "interval", is_withdrawn=True), "1.75", "complete", "interval")
    assert found == Mark(D("2.00"), ("complete",))
    assert why == ("No interval (\N{MINUS SIGN}0.25) was withdrawn.",)


def test_where_nothing_else_was_ticked_the_item_goes_back_to_be_graded():
    found, why = moved(REPORT, with_option(REPORT, "complete", is_withdrawn=True), "2.00", "complete")
    assert found == Mark(None)
    assert why[-1] == "Report is to be graded again: nothing that was ticked can be ticked any more."


def test_exactly_one_of_with_two_ticked_goes_back_to_be_graded():
    found, why = moved(REPORT, replace(REPORT, is_one_of=True), "1.75", "complete", "interval")
    assert found == Mark(None)
    assert why[-1] == "Report is to be graded again: 2 are ticked, and exactly one is to be."


def test_exactly_one_of_with_one_ticked_stands():
    assert moved(REPORT, replace(REPORT, is_one_of=True), "2.00", "complete") is None


def test_nothing_ticked_does_not_answer_exactly_one_of():
    assert moved(REPORT, replace(REPORT, is_one_of=True), "0")[0] == Mark(None)
    assert moved(WHY, with_option(WHY, "all", points=D("0.75")), "0") is None  # a number that somebody gave


def test_an_item_that_lost_its_options_keeps_the_points():
    bare = replace(REPORT, options=tuple(replace(one, is_withdrawn=True) for one in REPORT.options))
    assert moved(REPORT, bare, "1.75", "complete", "interval") is None
    found, why = moved(REPORT, replace(bare, of=D("1.00")), "1.75", "complete", "interval")
    assert found == Mark(D("1.00")) and why[-1] == "Report is graded by a number now."


def test_a_number_stays_where_options_come():
    assert moved(TALK, replace(TALK, options=(Option("a", "A", D("3.00")),)), "2.50") is None


def test_a_withdrawn_item_moves_no_mark_and_one_that_is_back_is_counted_by_the_rubric_of_now():
    gone = replace(REPORT, is_withdrawn=True)
    assert moved(REPORT, gone, "1.75", "complete", "interval") is None
    back = with_option(REPORT, "interval", points=D("-0.50"))
    assert moved(gone, back, "1.75", "complete", "interval")[0].points == D("1.50")


def test_titles_notes_and_order_move_nobody():
    other = replace(with_option(REPORT, "complete", title="Whole"), title="Write-up", note="one page")
    assert moved(REPORT, replace(other, options=other.options[::-1]), "1.00", "complete") is None


def test_a_mark_that_was_taken_away_stays_away():
    assert moved(REPORT, with_option(REPORT, "complete", points=D("1.00")), None) is None


def test_all_changes_are_said():
    new = [
        replace(TALK, of=D("2.00"), is_extra=True),
        replace(with_option(REPORT, "interval", is_withdrawn=True), title="Write-up"),
        Item("table", "Table", D("1.00")),
        replace(WHY, is_withdrawn=True),
    ]
    assert change_words([REPORT, WHY, TALK], new) == [
        "Talk: at most 3.00 is now at most 2.00.",
        "Talk is extra credit now, beyond what the assignment is worth.",
        "Report has another title now: Write-up",
        "No interval (\N{MINUS SIGN}0.25) was withdrawn.",
        "Table is new, up to 1.00.",
        "Discussion was withdrawn and counts no more.",
        "The order is another one.",
    ]
    assert change_words([REPORT, WHY], [REPORT, WHY]) == []


def any_item(dice):
    options = tuple(
        Option(f"o{n}", f"O{n}", D(dice.randint(-200, 300)) / 100, dice.random() < 0.2)
        for n in range(dice.choice((0, 0, 1, 2, 4)))
    )
    return Item("x", "X", D(dice.randint(1, 400)) / 100, "", dice.random() < 0.1, options, dice.random() < 0.3)


@pytest.mark.parametrize("seed", range(300))
def test_whatever_changes_a_mark_is_possible_afterwards_and_a_second_look_moves_nothing(seed):
    dice = random.Random(seed)
    old, new = any_item(dice), any_item(dice)
    left = [replace(one, is_withdrawn=True) for one in old.options if one.key not in {two.key for two in new.options}]
    new = replace(new, options=(*new.options, *left))
    keys = tuple(one.key for one in old.offered if dice.random() < 0.5)
    sum_of = ticked(old, keys)
    mark = Mark(sum_of.points, keys) if sum_of is not None and dice.random() < 0.7 else Mark(min(D("1.25"), old.of))
    found = moved_marks(pairs_of([old], [new]), {"x": mark})
    after = found[0].after if found else mark
    if new.is_withdrawn:
        assert not found
        return
    assert after.points is None or 0 <= after.points <= new.of
    if found and after.options:
        assert ticked(new, after.options).points == after.points
    assert moved_marks(pairs_of([new], [new]), {"x": after}) == []
    for one in found:
        assert one.why and one.before == mark
