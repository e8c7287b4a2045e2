"""Canvas's file in every shape: read, given back as it was, and filled in."""

from decimal import Decimal

import pytest

from courseplatform.core.errors import AppError
from grading.canvas.filling import Ours, digest_of, filled, with_grades
from grading.canvas.matching import Known, matched
from grading.canvas.reading import canvas_file
from grading.canvas.text import table_of
from tests.grading.canvas.files import DANIEL, HEADER, HEX, POINTS, ROWS, RUTH, SHAPES, SOFIA, with_column, written

CLASS = [
    Known(1, "Ruth Adeyemi", canvas_id="901", sis_id="00123", login="radeyemi", email="ruth@example.edu"),
    Known(2, "Daniel Park", canvas_id="902", sis_id="00124", login="dpark", email="daniel@example.edu"),
    Known(3, "Sofia Lindgren", canvas_id="903", sis_id="00125", login="slindgren", email="sofia@example.edu"),
]
LAB1 = Ours("lab1", "Lab 1", Decimal(10), {1: Decimal("8.88"), 2: Decimal(7), 3: Decimal(6)})


def code_of(data):
    with pytest.raises(AppError) as caught:
        canvas_file(data)
    assert len(caught.value.message) > 30
    return caught.value.code


def sent(data, ours=LAB1, column="123456", class_=CLASS):
    """The file filled in, and what was filled."""
    file = canvas_file(data)
    pairs = matched(file.people, class_, {}).pairs
    chosen = [(one, ours) for one in file.columns if one.id == column]
    found = filled(file, pairs, chosen)
    return with_grades(file, found), found


@pytest.mark.parametrize("name", SHAPES)
def test_a_file_is_given_back_byte_for_byte(name):
    assert table_of(SHAPES[name]).to_bytes() == SHAPES[name]


@pytest.mark.parametrize("name", SHAPES)
def test_the_columns_and_people_of_every_shape_are_found(name):
    file = canvas_file(SHAPES[name])
    assert [(one.id, one.title, one.of) for one in file.columns] == [
        ("123456", "Lab 1", Decimal(10)), ("123457", "Lab 1 (v2)", Decimal(5)),
    ]  # fmt: skip
    assert [one.canvas_id for one in file.people] == ["901", "902", "903"]
    assert [one.known.pk for one in matched(file.people, CLASS, {}).pairs] == [1, 2, 3]


@pytest.mark.parametrize("name", SHAPES)
def test_only_the_chosen_column_changes_and_only_where_a_grade_differs(name):
    before, (after, (column,)) = SHAPES[name], sent(SHAPES[name])
    old, new = table_of(before), table_of(after)
    changed = [
        (place, n, new.lines[place].cells[n].text)
        for place, line in enumerate(old.lines)
        for n, cell in enumerate(line.cells)
        if cell.raw != new.lines[place].cells[n].raw
    ]
    sign = "," if "comma" in name and "decimal" in name else "."
    assert {n for _, n, _ in changed} == {column.column.place}
    assert [text for _, _, text in changed] == [f"8{sign}88", f"7{sign}00"]  # Sofia's cell says N/A and is kept
    assert [line.end for line in old.lines] == [line.end for line in new.lines]
    assert (new.mark, new.delimiter, new.head) == (old.mark, old.delimiter, old.head)


def test_what_was_filled_in_is_read_again_as_the_same_grades():
    once, _ = sent(SHAPES["semicolons and decimal commas"])
    twice, (column,) = sent(once)
    assert twice == once and column.same == 2 and not column.changes


def test_ex_and_not_assigned_are_kept_and_counted():
    _, (column,) = sent(written(), column="123457")
    assert (column.excused, column.not_assigned) == (1, 0)
    assert [change.name for change in column.changes] == ["Ruth Adeyemi", "Sofia Lindgren"]
    _, (first,) = sent(written())
    assert first.not_assigned == 1


def test_points_are_put_into_the_maximum_of_canvas():
    _, (column,) = sent(written(), column="123457")
    assert column.times == Decimal("0.5")
    assert [(change.old, change.new) for change in column.changes] == [("", "4.44"), ("2.00", "3.00")]
    assert column.overwritten == 1


def test_who_has_no_grade_here_keeps_the_cell():
    data, (column,) = sent(written(), ours=Ours("lab1", "Lab 1", Decimal(10), {2: Decimal(7)}))
    assert column.empty == 1 and b"4.44" in data


def test_two_previews_of_the_same_are_the_same_and_of_others_are_not():
    _, one = sent(written())
    _, same = sent(written())
    _, other = sent(written(), ours=Ours("lab1", "Lab 1", Decimal(10), {1: Decimal(1)}))
    assert digest_of(one) == digest_of(same) != digest_of(other)


def test_a_name_that_begins_with_an_equals_sign_is_matched_by_its_number_and_left_as_it_is():
    evil = ['="=HYPERLINK(""http://x""), Ruth"', *RUTH[1:]]
    before = written([HEADER, POINTS, evil, DANIEL])
    file = canvas_file(before)
    assert file.people[0].name.startswith("=HYPERLINK")
    after, _ = sent(before)
    assert table_of(after).lines[2].cells[0].raw == table_of(before).lines[2].cells[0].raw


def test_the_last_parenthesis_is_the_number_of_the_assignment():
    file = canvas_file(written([[*HEADER[:6], "Quiz (3) (77)", "Essay (draft)", *HEADER[8:]], *ROWS[1:]]))
    assert [(one.id, one.title) for one in file.columns] == [("77", "Quiz (3)")]
    assert ("Essay (draft)", "Canvas's own column, or one of your notes") in file.unread


def test_a_note_with_a_number_and_no_points_is_no_assignment():
    file = canvas_file(written(with_column(ROWS, 6, "Seat (12)")))
    assert [one.id for one in file.columns] == ["123456", "123457"]
    assert ("Seat (12)", "it has no points possible in this file") in file.unread


def test_an_assignment_that_stands_there_twice_is_left_alone():
    file = canvas_file(written(with_column(ROWS, 8, "Again (123456)", "", "10.00")))
    assert not [one for one in file.columns if one.id == "123456"]
    assert ("Again (123456)", "it stands in the file twice") in file.unread


def test_a_column_that_moved_is_found_by_its_name():
    moved = [[row[6], *row[:6], *row[7:]] for row in ROWS]
    after, (column,) = sent(written(moved))
    assert column.column.place == 0 and len(column.changes) == 2
    assert table_of(after).lines[3].cells[1].text == "Adeyemi, Ruth"


def test_the_rows_that_are_nobodys_are_named():
    skipped = canvas_file(written()).skipped
    assert [words for _, words in skipped] == ["how Canvas posts grades", "points possible", "Canvas's test student"]


def test_the_test_student_is_known_by_its_login_alone():
    file = canvas_file(written([*ROWS[:3], ["Étudiant, Essai", "999", "", HEX, *TEST_REST], RUTH]))
    assert len(file.people) == 1


TEST_REST = ["11-767-A", "", "", "", "", ""]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"PK\x03\x04 a workbook", "excel_workbook"),
        (b"%PDF-1.7 a report", "pdf"),
        (b"<html><table><tr><td>Student</td></tr></table></html>", "not_canvas"),
        (b"Name,Points\r\nRuth,4\r\n", "not_canvas"),
        (written([["Student", "Number", *HEADER[2:]], *ROWS[1:]]), "not_canvas"),  # a changed header
        (written([HEADER, POINTS]), "no_people"),
        (written([[*HEADER[:6], "Lab 1", "Lab 2", *HEADER[8:]], *ROWS[1:]]), "no_assignments"),
        (written().replace(b"Adeyemi", b'"Adeyemi'), "unbalanced_quotes"),
        (written([*ROWS[:3], *[RUTH] * 5100]), "too_many_rows"),
        (b"x" * 10_000_000, "list_too_large"),
        (written([[*row, *[""] * 600] for row in ROWS]), "too_many_columns"),
        (written() + b"\x00", "nul"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_gradebook_is_refused_with_a_code(data, code):
    assert code_of(data) == code


def test_ids_that_a_spreadsheet_made_numbers_are_said_and_the_next_number_is_asked():
    rows = [
        HEADER,
        POINTS,
        ["Adeyemi, Ruth", "9.01E+5", "1.23E+08", "radeyemi", *RUTH[4:]],
        ["Park, Daniel", "1.1E+17", "", "", *DANIEL[4:]],
    ]
    file = canvas_file(written(rows))
    found = matched(file.people, CLASS, {})
    assert [(pair.known.name, pair.by) for pair in found.pairs] == [("Ruth Adeyemi", "login")]
    (suggestion,) = found.suggestions
    assert suggestion.known.name == "Daniel Park"
    assert "the same name" in suggestion.by and "turned into a number by a spreadsheet" in suggestion.by


def test_lost_zeros_are_a_suggestion_and_not_a_match():
    (row,) = canvas_file(written([HEADER, POINTS, ["R. Adeyemi", "77", "123", "", *RUTH[4:]]])).people
    found = matched([row], CLASS, {})
    assert not found.pairs and found.suggestions[0].known.pk == 1
    assert "may have dropped the zeros" in found.suggestions[0].by


def test_a_name_alone_is_confirmed_by_hand():
    (row,) = canvas_file(written([HEADER, POINTS, ["Ruth ADEYEMI", "77", "", "", *RUTH[4:]]])).people
    assert not matched([row], CLASS, {}).pairs
    (pair,) = matched([row], CLASS, {row.number: 1}).pairs
    assert pair.known.pk == 1 and pair.by == "confirmed by hand"


def test_two_rows_of_one_person_get_nothing_and_are_named():
    file = canvas_file(written([HEADER, POINTS, RUTH, ["Adeyemi, Ruth", "", "00123", "", *RUTH[4:]], SOFIA]))
    found = matched(file.people, CLASS, {})
    assert [pair.known.pk for pair in found.pairs] == [3]
    assert [why for _, why in found.strangers] == ["Ruth Adeyemi stands in the file more than once, in lines 3, 4"] * 2


def test_numbers_of_two_people_in_one_row_are_nobodys():
    (row,) = canvas_file(written([HEADER, POINTS, ["Adeyemi, Ruth", "901", "00124", "", *RUTH[4:]]])).people
    found = matched([row], CLASS, {})
    assert not found.pairs and not found.suggestions
    assert "Ruth Adeyemi" in found.strangers[0][1] and "Daniel Park" in found.strangers[0][1]


def test_two_students_of_one_name_are_not_guessed_between():
    twin = Known(4, "Ruth Adeyemi", canvas_id="904")
    (row,) = canvas_file(written([HEADER, POINTS, ["Adeyemi, Ruth", "77", "", "", *RUTH[4:]]])).people
    found = matched([row], [*CLASS, twin], {})
    assert not found.suggestions and "2 students have this name" in found.strangers[0][1]


def test_who_did_not_match_is_said_on_either_side():
    file = canvas_file(written([HEADER, POINTS, RUTH, ["Nobody, Else", "1", "2", "3", *RUTH[4:]]]))
    found = matched(file.people, CLASS, {})
    assert [(row.name, why) for row, why in found.strangers] == [
        ("Nobody, Else", "none of its numbers is known in this course")
    ]
    assert [one.name for one in found.absent] == ["Daniel Park", "Sofia Lindgren"]


def test_a_row_whose_cells_moved_gets_nothing():
    file = canvas_file(written([HEADER, POINTS, RUTH, ["Park", " Daniel", "902", *DANIEL[2:-1], "7"]]))
    found = matched(file.people, CLASS, {})
    assert [pair.known.pk for pair in found.pairs] == [1]
    assert "where the header has" in found.strangers[0][1]


def test_a_short_row_is_filled_up_to_the_column():
    data = written([HEADER, POINTS, DANIEL[:4]])
    after, _ = sent(data)
    assert table_of(after).lines[2].cells[6].text == "7.00"
