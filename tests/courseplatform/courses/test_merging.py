"""The file of last time, the course as it is, and the file that comes: what would be overwritten, and what stays where it is kept."""

import random

import pytest

from courseplatform.courses.course_file.merging import merge

BASE = {
    "course": {"slug": "small", "title": "Small"},
    "sessions": [
        {"date": "2024-01-16", "column": "lecture", "title": "One", "place": "R1"},
        {"date": "2024-01-18", "column": "lab", "title": "Two"},
        {"date": "2024-01-23", "column": "lecture", "title": "Three"},
    ],
    "assignments": [{"slug": "lab1", "kind": "lab", "short": "Lab 1", "due": "2024-01-26 23:59", "cap": None}],
}


def changed(tree, **paths):
    """A copy with other values: sessions__0__title="First"; None takes the key or the entry away."""
    found = copied(tree)
    for path, value in paths.items():
        *steps, last = [int(step) if step.isdigit() else step for step in path.split("__")]
        at = found
        for step in steps:
            at = at[step]
        if value is GONE:
            del at[last]
        elif isinstance(at, list) and last == len(at):
            at.append(value)
        else:
            at[last] = value
    return found


def copied(value):
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    return [copied(item) for item in value] if isinstance(value, list) else value


GONE = object()


def keys(base, held, wanted):
    return [edit.key for edit in merge(base, held, wanted).edits]


def test_what_nobody_changed_on_a_page_is_no_edit_whatever_the_file_says():
    wanted = changed(BASE, sessions__0__place="R2", assignments__0__due="2024-01-27 23:59", sessions__1=GONE)
    assert keys(BASE, BASE, wanted) == []
    assert merge(BASE, BASE, wanted).tree == wanted


def test_what_the_file_says_as_the_page_does_is_no_edit():
    held = changed(BASE, assignments__0__due="2024-02-02 23:59")
    assert keys(BASE, held, held) == []


def test_an_edit_is_named_with_what_it_was_what_it_is_and_what_the_file_says():
    held = changed(BASE, assignments__0__due="2024-02-02 23:59")
    (edit,) = merge(BASE, held, BASE).edits
    assert (edit.key, edit.where) == ("assignments[lab1].due", "Lab 1, due")
    assert (edit.before, edit.held, edit.wanted) == ("2024-01-26 23:59", "2024-02-02 23:59", "2024-01-26 23:59")
    assert not edit.is_new_in_file
    (both,) = merge(BASE, held, changed(BASE, assignments__0__due="2024-01-30 23:59")).edits
    assert both.is_new_in_file and both.wanted == "2024-01-30 23:59"


@pytest.mark.parametrize(
    ("held", "key"),
    [
        (changed(BASE, sessions__0__title="First"), "sessions[2024-01-16 First].title"),
        (changed(BASE, sessions__0__date="2024-01-17"), "sessions[2024-01-17 One].date"),
        (changed(BASE, sessions__0__place=GONE), "sessions[2024-01-16 One].place"),
        (changed(BASE, sessions__0__note="bring a laptop"), "sessions[2024-01-16 One].note"),
        (changed(BASE, sessions__1=GONE), "sessions[2024-01-18 Two]"),
        (changed(BASE, sessions__3={"date": "2024-01-25", "title": "Four"}), "sessions[2024-01-25 Four]"),
        (changed(BASE, assignments__0__cap=GONE), "assignments[lab1].cap"),
        (changed(BASE, late_policy={"title": "Late days"}), "late_policy"),
        (changed(BASE, assignments=GONE), "assignments[lab1]"),
        (changed(BASE, course__topics=["pruning"]), "course.topics"),
    ],
)
def test_each_kind_of_edit_is_found_in_an_old_file_and_stays_where_it_is_kept(held, key):
    assert keys(BASE, held, BASE) == [key]
    assert merge(BASE, held, BASE).tree == BASE
    assert merge(BASE, held, BASE, keep=[key]).tree == held


def test_a_kept_edit_goes_together_with_what_the_file_changes_elsewhere():
    held = changed(BASE, sessions__0__place="R9", sessions__1=GONE)
    wanted = changed(BASE, sessions__0__title="First", sessions__2__title="Drei", course__title="Smaller")
    found = merge(BASE, held, wanted, keep=["sessions[2024-01-16 One].place"])
    assert [edit.key for edit in found.edits] == ["sessions[2024-01-16 One].place", "sessions[2024-01-18 Two]"]
    assert found.tree["course"]["title"] == "Smaller"
    assert [item["title"] for item in found.tree["sessions"]] == ["First", "Two", "Drei"]
    assert found.tree["sessions"][0]["place"] == "R9"


def test_an_entry_that_was_edited_and_left_the_file_is_an_edit_and_keeps_its_place():
    held = changed(BASE, sessions__1__place="R7")
    wanted = changed(BASE, sessions__1=GONE)
    (edit,) = merge(BASE, held, wanted).edits
    assert (edit.key, edit.wanted) == ("sessions[2024-01-18 Two]", "")
    assert merge(BASE, held, wanted, keep=[edit.key]).tree == held


def test_without_a_file_on_record_all_that_the_file_changes_counts_as_an_edit():
    wanted = changed(BASE, sessions__0__place="R2", sessions__2=GONE)
    assert keys({}, BASE, wanted) == ["sessions[2024-01-16 One].place", "sessions[2024-01-23 Three]"]


def test_of_two_long_texts_the_place_is_shown_where_they_part():
    held = changed(BASE, course__summary="The same words again and again. " * 8 + "Held on Tuesdays.")
    wanted = changed(BASE, course__summary="The same words again and again. " * 8 + "Held on Fridays.")
    (edit,) = merge(BASE, held, wanted).edits
    assert "Tuesdays" in edit.held and "Fridays" in edit.wanted and len(edit.held) <= 60


def test_any_mix_of_edits_and_changes_keeps_all_of_them_or_takes_the_file():
    """Whatever was changed: nothing kept gives the file, and everything kept gives each edit and each change of the file beside them."""
    dice = random.Random(7)
    titles = ["One", "Two", "Three", "Four"]
    for _ in range(300):
        held, wanted = (_changed_at_random(dice, titles) for _ in range(2))
        assert merge(BASE, held, wanted).tree == wanted
        every = [edit.key for edit in merge(BASE, held, wanted).edits]
        assert len(every) == len(set(every))
        kept = merge(BASE, held, wanted, keep=every).tree
        assert merge(BASE, kept, held, keep=[]).tree == held
        assert {edit.key for edit in merge(BASE, held, kept).edits} == set()  # nothing of the pages is lost


def _changed_at_random(dice, titles):
    found = copied(BASE)
    for item in found["sessions"]:
        if dice.random() < 0.4:
            item["place"] = dice.choice(["R1", "R2", "R3"])
        if dice.random() < 0.3:
            item["date"] = dice.choice(["2024-01-16", "2024-01-30", "2024-02-01"])
    if dice.random() < 0.3:
        found["sessions"].pop(dice.randrange(3))
    if dice.random() < 0.3:
        found["sessions"].append({"date": "2024-02-08", "title": dice.choice(titles)})
    if dice.random() < 0.3:
        found["assignments"][0]["due"] = dice.choice(["2024-02-02 23:59", "2024-02-03 23:59"])
    return found
