"""The rows of a plain table, drawn by one function."""

from courseplatform.core.templatetags.ui import amount, dense_rows


def test_what_stands_in_a_cell_is_no_markup():
    assert "&lt;b&gt;" in dense_rows([["<b>", 1]])


def test_numbers_stand_to_the_right_from_the_second_column_on():
    assert (
        dense_rows([["yours", 0.5, None]])
        == '<tr><td>yours</td><td class="num">0.5</td><td class="num">None</td></tr>\n'
    )


def test_a_bar_is_as_long_as_its_share_and_no_longer_than_its_cell():
    assert 'class="bar-of-amount top fifth"' in amount(0.256, "fifth", is_top=True)
    assert ('width="25.6"' in amount(0.256), 'width="100.0"' in amount(3.0)) == (True, True)


def test_words_alone_are_drawn_as_rows_with_numbers_are():
    rows = [["<b>", "1 & 2", "\"'"], ["é"], ["x", ""]]
    assert dense_rows(rows) == "".join(dense_rows([row, [1]]).removesuffix("<tr><td>1</td></tr>\n") for row in rows)
    assert dense_rows([]) == ""


def test_no_cell_can_end_another():
    assert dense_rows([["a\x1eb", "c\x1fd"]]) == '<tr><td>a\x1eb</td><td class="num">c\x1fd</td></tr>\n'
