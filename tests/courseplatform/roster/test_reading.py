"""Files as registrars and Canvas write them, and files that nobody should write."""

import csv
import io
import time
import zipfile

import pytest

from courseplatform.core.errors import AppError
from courseplatform.core.sheets.decode import MOST_BYTES
from courseplatform.roster.reading.names import from_parts, from_whole
from courseplatform.roster.reading.people import parse
from tests.courseplatform.roster.builders import CANVAS, CMU, csv_of

LIST = "Name\tE-mail\tStudent ID\nPeña, José\tjose@example.edu\t0012\n"


def rows_of(text, **fields):
    return parse(text if isinstance(text, bytes) else text.encode(), **fields).rows


def refused(text, **fields):
    """The code and the sentence of a file that cannot be used."""
    with pytest.raises(AppError) as caught:
        parse(text if isinstance(text, bytes) else text.encode(), **fields)
    return caught.value.code, caught.value.message


def test_canvas_rows_that_are_no_people_are_skipped_with_their_reason():
    found = parse(CANVAS.encode())
    assert found.system == "Canvas gradebook"
    assert [row.name for row in found.rows] == ["Ruth Adeyemi", "Kenji Mori"]
    assert [(row, why.split(" ")[0]) for row, why in found.skipped] == [(2, "no"), (3, "Canvas's"), (6, "Canvas's")]


def test_canvas_points_row_is_known_in_another_language_too():
    text = CANVAS.replace("Points Possible", "Mögliche Punkte").replace("Student, Test", "Studierende, Test")
    assert [row.name for row in rows_of(text)] == ["Ruth Adeyemi", "Kenji Mori"]


def test_canvas_identity_columns_are_read_and_joined_sections_are_two():
    row = rows_of(CANVAS)[0]
    assert (row.email, row.sis_id, row.canvas_id) == ("ruth@example.edu", "00912", "101")
    assert [name for name, _ in row.sections] == ["11767-A", "11767-1"]


def test_canvas_with_semicolons_and_two_name_columns():
    text = "LastName;FirstName;ID;SIS Login ID;Root Account;Section\nO'Neil;Ana;7;ana@example.edu;x;A\n"
    assert (rows_of(text)[0].name, rows_of(text)[0].registrar_name) == ("Ana O'Neil", "O'Neil, Ana")


def test_cmu_lists_a_student_twice_and_it_is_one_person_with_both_sections():
    jan, sukarno = rows_of(CMU, mail_domain="andrew.example.edu")
    assert (jan.rows, jan.email) == ([2, 3], "jberg@andrew.example.edu")
    assert sorted(jan.sections) == [("1", "lecture"), ("A", "lab")]
    assert (sukarno.name, sorted(sukarno.sections)) == ("Sukarno", [("1", "lecture"), ("B", "lab")])


def test_a_login_without_a_mail_domain_is_refused_and_says_what_to_do():
    assert "Name the mail domain" in rows_of(CMU)[0].refusal


def test_nothing_of_a_column_outside_the_list_is_kept_anywhere():
    header = "Last Name,First Name,MIT ID,Email,Citizenship,Visa Type,Hold,Gender,Birth Date,Address,GPA,Notes"
    found = parse(f"{header}\nPark,Daniel,0900,d@example.edu,ZZCITIZEN,ZZVISA,ZZHOLD,ZZGENDER,ZZBORN,ZZSTREET,ZZGPA,ZZNOTE\n".encode())  # fmt: skip
    assert "ZZ" not in repr(found)
    assert found.unread == ["Citizenship", "Visa Type", "Hold", "Gender", "Birth Date", "Address", "GPA", "Notes"]
    assert [column for column, _ in found.used] == ["Email", "MIT ID", "Last Name", "First Name"]


@pytest.mark.parametrize(
    ("codec", "words"),
    [
        ("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8 with a mark"), ("cp1252", "Windows-1252"),
        ("utf-16", "UTF-16 LE with a mark"), ("utf-16-le", "UTF-16 LE without a mark"), ("utf-16-be", "UTF-16 BE without a mark"),
    ],
)  # fmt: skip
def test_every_encoding_gives_the_same_people(codec, words):
    found = parse(LIST.encode(codec))
    assert (found.encoding, found.shape) == (words, "tab-separated")
    assert (found.rows[0].name, found.rows[0].sis_id) == ("José Peña", "0012")


def test_utf_16_be_with_a_mark():
    assert rows_of(b"\xfe\xff" + LIST.encode("utf-16-be"))[0].name == "José Peña"


def test_latin_1_where_windows_1252_has_no_character():
    found = parse(LIST.encode("latin-1") + b"\x81Name\tx@example.edu\t0013\n")
    assert found.encoding == "Latin-1"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_each_delimiter_is_found_even_when_cells_hold_the_others(delimiter):
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows([["Name", "Email", "Section"], ["Silva; Ana, Maria", "a@example.edu", "A|B"]])  # fmt: skip
    assert rows_of(out.getvalue())[0].email == "a@example.edu"


def test_the_sep_line_of_a_spreadsheet_is_obeyed_and_rows_keep_their_numbers():
    assert rows_of("sep=;\r\nName;Email\r\nAna;a@example.edu\r\n")[0].rows == [3]


def test_the_header_may_stand_below_a_title():
    assert rows_of("Class roster,,\nFall,,\nName,Email,ID\nAna,a@example.edu,007\n")[0].sis_id == "007"


def test_peoplesofts_xls_is_a_web_page_and_is_read_with_its_nested_tables_and_without_scripts():
    html = (
        "<html><head><script>var a='<table><tr><td>Emplid</td></tr></table>'</script><style>td{}</style></head><body>"
        "<table><tr><td>frame<table border=1><tr><th>Emplid</th><th>Name</th><th>Email Address</th><th>GPA</th></tr>"
        "<tr><td>0012</td><td>Weiss,Marta<table><tr><td>photo</td></tr></table></td><td>m@example.edu</td><td>3.9</td></tr>"
        "<tr><td>0013</td><td>Lind&eacute;n,Sofia</td><td><a href='mailto:s@example.edu'>s@example.edu</a></td><td>4</td></tr>"
        "</table></td></tr></table></body></html>"
    )
    found = parse(html.encode())
    assert (found.system, found.shape, found.unread) == ("PeopleSoft class roster", "HTML table", ["GPA"])
    assert [(row.sis_id, row.name, row.email) for row in found.rows] == [
        ("0012", "Marta Weiss", "m@example.edu"), ("0013", "Sofia Lindén", "s@example.edu"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Adeyemi, Ruth", "Ruth Adeyemi"), ("van der Berg, Jan", "Jan van der Berg"), ("de la Cruz,María José", "María José de la Cruz"),
        ("King, Jr., Martin Luther", "Martin Luther King Jr."), ("King, Martin Luther, Jr.", "Martin Luther King Jr."),
        ("Sukarno", "Sukarno"), ("Sukarno,", "Sukarno"), (", Prince", "Prince"), ("王, 小明", "王小明"), ("김, 민준", "김민준"),
        ("Иванова, Дарья", "Дарья Иванова"), ("Ruth Adeyemi", "Ruth Adeyemi"), ("Martin King, Jr.", "Martin King, Jr."),
    ],
)  # fmt: skip
def test_names_in_one_column(written, name):
    shown = from_whole(written)[0]
    assert shown.replace(",", "") == name.replace(",", "")


@pytest.mark.parametrize(
    ("last", "first", "name"),
    [
        ("Park", "Daniel", "Daniel Park"),
        ("Sukarno", ".", "Sukarno"),
        ("FNU", "Madonna", "Madonna"),
        ("李", "明", "李明"),
    ],
)
def test_names_in_two_columns(last, first, name):
    assert from_parts(last, first)[0] == name


def test_identifiers_keep_their_leading_zeros_also_behind_an_equals_sign():
    rows = rows_of(csv_of('Ana,a@example.edu,"=""00123""",A', "Tom,t@example.edu,00045,A"))
    assert [row.sis_id for row in rows] == ["00123", "00045"]


@pytest.mark.parametrize("damaged", ["1.23457E+11", "1,2e+08", "123456.0"])
def test_an_id_that_a_spreadsheet_turned_into_a_number_is_said_and_not_guessed(damaged):
    row = rows_of(f"Name;Email;Student ID\nAna;a@example.edu;{damaged}\n")[0]
    assert (row.sis_id, row.refusal) == ("", "")
    assert damaged in row.notes[0]


def test_a_damaged_id_without_an_address_is_refused_with_that_reason():
    assert "lost digits" in rows_of("Name;Student ID\nAna;1.2E+11\n")[0].refusal


def test_an_id_shorter_than_the_others_is_pointed_out():
    rows = rows_of(csv_of(*(f"P{n}a,p{n}@example.edu,{'0' if n else ''}123456{n}01,A" for n in range(8))))
    assert "leading zeros" in rows[0].notes[0]
    assert not any(row.notes for row in rows[1:])


@pytest.mark.parametrize("cell", ["=cmd|'/c calc'!A1", "+1+cmd", "@SUM(A1)", "-2+3"])
@pytest.mark.parametrize("place", range(4))
def test_a_formula_in_any_cell_that_is_read_refuses_its_row_alone(cell, place):
    cells = ["Ana", "a@example.edu", "0012", "A"]
    cells[place] = cell
    bad, good = rows_of(csv_of(",".join(cells), "Tom,t@example.edu,0013,A"))
    assert "formula" in bad.refusal
    assert cell not in repr(bad)
    assert good.refusal == ""


def test_a_formula_in_a_column_that_is_not_read_does_no_harm():
    rows = rows_of("Name,Email,Notes\nAna,a@example.edu,=1+1\n")
    assert (rows[0].refusal, "=1" in repr(rows)) == ("", False)


def test_a_row_with_twenty_cells_too_many_is_refused_with_its_number():
    bad, good = rows_of(csv_of("Ana,a@example.edu,0012,A" + ",x" * 20, "Tom,t@example.edu,0013,A,,,"))
    assert (bad.rows, "24 cells where the header has 4" in bad.refusal, good.refusal) == ([2], True, "")


def test_twenty_columns_too_many_are_named_and_not_read():
    more = ",".join(f"Extra {n}" for n in range(20))
    found = parse(f"Name,Email,{more}\nAna,a@example.edu,{','.join(['SECRET'] * 20)}\n".encode())
    assert (len(found.unread), "SECRET" in repr(found)) == (20, False)


def test_the_same_address_with_another_id_refuses_both_rows():
    rows = rows_of(csv_of("Ana,a@example.edu,0012,A", "Tom,A@example.edu,0013,A", "Kim,k@example.edu,0014,A"))
    assert [bool(row.refusal) for row in rows] == [True, True, False]
    assert "another ID in row 3" in rows[0].refusal


def test_the_same_id_with_another_address_refuses_both_rows():
    rows = rows_of(csv_of("Ana,a@example.edu,0012,A", "Ana,b@example.edu,0012,A"))
    assert all("another e-mail address" in row.refusal for row in rows)


def test_the_same_line_twice_is_one_person():
    assert [row.rows for row in rows_of(csv_of("Ana,a@example.edu,0012,A", "Ana,a@example.edu,0012,A"))] == [[2, 3]]


def test_a_waitlisted_and_a_dropped_student_are_not_enrolled():
    rows = rows_of(
        "Name,Email,Status\nAna,a@example.edu,Enrolled\nTom,t@example.edu,Dropped\nKim,k@example.edu,Waiting\n"
    )
    assert [row.standing for row in rows] == ["enrolled", "left", "waiting"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"), (b"\xef\xbb\xbf \n", "empty_file"), (b"<table><tr><td> </td></tr></table>", "empty_file"),
        (b"PK\x03\x04" + b"\0" * 100, "excel_workbook"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 100, "old_excel"), (b"%PDF-1.7", "pdf"), (b"Name,Email\nA\x00na,a@example.edu\n", "nul"),
        (b"\xff\xfeN\x00a\x00m", "broken_encoding"), (b"<?xml version='1.0'?><Workbook/>", "xml_workbook"),
        (b"<html><body>Session expired</body></html>", "no_table"), (b"Name,Email\n", "no_people"),
        (b"smith,john,F,USA\ndoe,jane,F,USA\n", "no_header"), (b'Name,Email\n"Ana,a@example.edu\nTom,t@example.edu\n', "unbalanced_quotes"),
        (b'Name,Email\n"Ana" x,a@example.edu\n', "unbalanced_quotes"), (b"Name,Email\n" + b"x" * 200_000, "unbalanced_quotes"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_refused_with_its_code(data, code):
    assert refused(data)[0] == code


def test_unbalanced_quotes_name_the_line_in_which_they_open():
    assert "line 3" in refused('Name,Email\nTom,t@example.edu\n"Ana,a@example.edu\nKim,k@example.edu\n')[1]


def test_a_header_that_tells_nobody_apart_names_what_was_found_and_what_is_needed():
    code, said = refused("Name,Section,Citizenship\nAna,A,ZZ\n")
    assert code == "no_identity_column"
    assert "Found: Name, Section, Citizenship" in said
    assert "E-mail" in said and "Andrew ID" in said and "ZZ" not in said


def test_a_file_without_a_header_is_never_repeated_in_the_answer():
    assert "smith" not in refused("smith,john,F,USA\n")[1]


def test_ten_megabytes_and_a_million_rows_are_refused_at_once():
    start = time.perf_counter()
    assert refused(b"Name,Email\n" + b"x" * (10 << 20))[0] == "list_too_large"
    assert refused(b"a\n" * 1_000_000)[0] == "too_many_rows"
    assert refused(b"Email" + b",x" * 600 + b"\na@example.edu\n")[0] == "too_many_columns"
    assert time.perf_counter() - start < 5


def test_a_zip_bomb_is_never_opened():
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (50 << 20))
    code, said = refused(bomb.getvalue()[:MOST_BYTES])
    assert (code, "not opened" in said, "paste" in said) == ("excel_workbook", True, True)


@pytest.mark.parametrize("piece", ["<", "<!--", "<table>", "<table><tr><td>", "<a ", "</table>", "&#0;"])
def test_hostile_html_is_answered_in_seconds(piece):
    start = time.perf_counter()
    assert refused("<html>" + piece * (1_000_000 // len(piece)))[0] in ("no_table", "too_many_rows", "no_header", "nul")
    assert time.perf_counter() - start < 20
