"""The grading scheme in the course file: what is taken, and each thing that cannot be meant."""

import pytest

from courseplatform.courses.course_file.checking import advice, checked
from courseplatform.courses.course_file.reading import FileError, read

FILE = """\
course: {title: On-Device ML, term: Fall, slug: odml, zone: America/New_York}
grading:
  components:
    - {key: labs, title: Labs, percent: 60, of: [lab1, lab2], drop_lowest: 1}
    - {key: part, title: Participation, percent: 40, from: [participation]}
  curve:
    - {add: 2, why: a hard term}
  letters:
    - {letter: A, from: 90}
    - {letter: B, from: 80}
assignments:
  - {slug: lab1, kind: lab, short: Lab 1, percent: 30}
  - {slug: lab2, kind: lab, short: Lab 2, percent: 30}
"""


def codes(old="", new=""):
    assert old in FILE
    try:
        checked(read(FILE.replace(old, new).encode()))
    except FileError as error:
        return [(found.code, found.line) for found in error.findings]
    return []


def test_a_whole_scheme_is_taken():
    assert codes() == []


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("of: [lab1, lab2]", "of: [lab1, lab9]", [("unknown_assignment", 4), ("weighs_nowhere", 13)]),
        ("from: [participation]", "of: [lab2]", [("in_two_parts", 5)]),
        ("of: [lab1, lab2]", "of: [lab1]", [("drops_too_many", 4), ("weighs_nowhere", 13)]),
        ("drop_lowest: 1", "drop_lowest: 2", [("drops_too_many", 4)]),
        ("key: part,", "key: labs,", [("twice", 4), ("twice", 5)]),
        ("from: [participation]", "from: [kindness]", [("not_a_choice", 5)]),
        ("from: [participation]", "from: [participation, participation]", [("twice", 5)]),
        ("percent: 60", "percent: -60", [("too_small", 4)]),
        ("percent: 60", "percent: .nan", [("not_a_value", 4)]),
        ("percent: 60", "percent: .inf", [("not_a_value", 4)]),
        ("{add: 2,", "{add: 2, times: 1.1,", [("one_kind_a_step", 7)]),
        ("{add: 2, why", "{why", [("one_kind_a_step", 7)]),
        ("{add: 2,", "{root: true,", []),
        ("from: 80", "from: 90", [("letters_do_not_fall", 10)]),
        ("letter: B", "letter: A", [("twice", 8)]),
    ],
)
def test_what_cannot_be_meant_is_told_at_its_line(old, new, found):
    assert codes(old, new) == found


def test_work_that_does_not_count_may_stand_in_no_part():
    assert codes("short: Lab 2, percent: 30}", "short: Lab 2, percent: 30, counts: false}") == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("percent: 40", "percent: 30", ["weights_do_not_add_up"]),
        ("Lab 2, percent: 30", "Lab 2, percent: 20", ["pieces_do_not_add_up"]),
        ("", "", []),
    ],
)
def test_weights_that_do_not_add_up_are_told_and_taken(old, new, said):
    tree = checked(read(FILE.replace(old, new, 1).encode() if old else FILE.encode()))
    assert [code for code, _ in advice(tree)] == said
