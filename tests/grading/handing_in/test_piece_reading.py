"""What somebody sends for a part: taken, or refused with a sentence that says what to do."""

import pytest

from courseplatform.core import pdfs
from courseplatform.core.errors import BadInput, TooLarge, Unavailable
from courseplatform.core.pdfs import pdf_pages
from grading.handing_in.piece_reading import read_contributions, read_file, read_link, read_text
from grading.handing_in.piece_tables import read_table, table_text
from grading.models import Assignment
from grading.parts import part_of, parts_of, wrong_with
from tests.grading.handing_in.parts import REPORT, pdf_file
from tests.people import SPEC, FakeUpload, User, onnx_like

TABLE = part_of({"key": "t", "kind": "table", "title": "Results", "columns": ["Model", "Size"], "rows": 2})
FREE = part_of({"key": "t", "kind": "table", "title": "Results"})
LINK = part_of({"key": "l", "kind": "link", "title": "Video", "hosts": ["youtube.com"]})
TEXT = part_of({"key": "n", "kind": "text", "title": "Notes", "letters": 20})
FILE = part_of({"key": "f", "kind": "file", "title": "Notebook", "endings": [".ipynb"], "max_mb": 0.01})
LAB = Assignment(short="Lab 1", bench_spec=SPEC)


def refused(read, *args):
    with pytest.raises((BadInput, TooLarge)) as found:
        read(*args)
    return found.value.code


@pytest.mark.parametrize("text", [
    "Model,Size\na,1\nb,2", "Model\tSize\na\t1\nb\t2", "Model;Size\r\na;1\r\nb;2\r\n", "\ufeffmodel,SIZE\na,1\n\nb,2", "a,1\nb,2",
])  # fmt: skip
def test_a_table_is_read_however_a_spreadsheet_writes_it(text):
    assert read_table(TABLE, text).data == {"columns": ["Model", "Size"], "rows": [["a", "1"], ["b", "2"]]}


def test_a_cell_with_a_comma_and_one_with_markup_stay_what_they_are():
    assert read_table(FREE, 'A,B\n"1,5",<b>x</b>').data["rows"] == [["1,5", "<b>x</b>"]]


@pytest.mark.parametrize(("text", "code"), [
    ("", "part_empty"), ("Model,Size\na,1", "too_few_rows"), ("Size,Model\n1,a\n2,b", "wrong_columns"), ("Model,Size\na,1\nb,2,3", "table_broken"),
    ('Model,Size\n"a,1\nb,2', "table_broken"), ("Model,Size\n" + "a,1\n" * 201, "table_too_large"),
    (f"Model,Size\n{'x' * 201},1\nb,2", "table_too_large"), ("\0\n", "part_empty"), (",,", "part_empty"), ("\t\n\t\t\n", "part_empty"),
])  # fmt: skip
def test_a_table_that_cannot_be_used_says_why(text, code):
    assert refused(read_table, TABLE, text) == code


@pytest.mark.parametrize("text", ["Model\tSize\na\t\nb\t2\t\n", "\t\nModel\tSize\t\na\nb\t2", "a\t\nb\t2"])
def test_cells_that_are_empty_at_the_end_of_a_row_may_lack(text):
    assert read_table(TABLE, text).data == {"columns": ["Model", "Size"], "rows": [["a", ""], ["b", "2"]]}


@pytest.mark.parametrize(("columns", "rows"), [
    (["A", "B"], [["one\nand two", "a\tb"], ['5" screen', ""], ["", "x,y;z"]]), (["Model, with bits"], [["a; b, c"], ['"']]),
    (["A\nB", "C"], [["=1+1", "'"]]),
])  # fmt: skip
def test_a_table_that_is_edited_and_saved_again_stays_what_it_was(columns, rows):
    sent = table_text(columns, rows).replace("\n", "\r\n")  # as a browser sends a textarea
    assert read_table(FREE, sent).data == {"columns": columns, "rows": rows}


@pytest.mark.parametrize(("text", "code"), [
    ("", "part_empty"), ("javascript:alert(1)", "not_a_link"), ("https://user:pw@youtube.com/x", "not_a_link"), ("youtube.com/x", "not_a_link"),
    ("https://youtube.com.evil.example/x", "wrong_host"), ("https://you tube.com/x", "not_a_link"), ("http://[::1", "not_a_link"),
    ("https://youtube.com/" + "x" * 500, "not_a_link"), ("data:text/html,x", "not_a_link"), ("https://notyoutube.com/", "wrong_host"),
    ("https://evil.com\\.youtube.com/x", "not_a_link"), ("https://evil.com%2f.youtube.com/x", "not_a_link"), ("https://:pw@youtube.com/x", "not_a_link"),
    ("https://youtube.com:80@evil.com/", "not_a_link"), ("https://youtube.com:99999/x", "not_a_link"), ("https://youtube.com:abc/x", "not_a_link"),
    ("https://youtube.com:0/", "not_a_link"), ("https://youtube.com/\u202egpj.exe", "not_a_link"), ("https://youtube.com/\u200b", "not_a_link"),
    ("https://evil.com\u2044.youtube.com/", "not_a_link"), ("https://youtube.com\x85/", "not_a_link"), ("https://evil.com?.youtube.com", "wrong_host"),
    ("https://evil.com#.youtube.com/", "wrong_host"), ("https:\\\\youtube.com/x", "not_a_link"), ("https:///youtube.com", "not_a_link"),
])  # fmt: skip
def test_a_link_leads_to_the_web_and_to_the_hosts_that_are_named(text, code):
    assert refused(read_link, LINK, text) == code


@pytest.mark.parametrize(
    "link", ["https://youtube.com", "http://m.youtube.com:8080/@course", "https://YouTube.com?v=ä"]
)
def test_what_leads_to_the_named_host_is_taken(link):
    assert read_link(LINK, link).text == link


def test_a_host_below_the_named_one_is_meant_too():
    assert read_link(LINK, " https://www.youtube.com/watch?v=1 ").text == "https://www.youtube.com/watch?v=1"


def test_a_text_is_kept_without_control_characters_and_not_endless():
    assert read_text(TEXT, "a\0b \r\n c\x07 ").text == "ab\n c"
    assert refused(read_text, TEXT, "x" * 21) == "text_too_long" and refused(read_text, TEXT, " \n") == "part_empty"


def test_everybody_of_the_team_has_done_something():
    people = [User(pk=1, name="Ruth"), User(pk=2, name="Daniel")]
    part = part_of({"key": "w", "kind": "contributions", "title": "Who"})
    assert read_contributions(part, people, {"1": " wrote  it ", "2": "measured"}).data["rows"][0]["did"] == "wrote it"
    assert refused(read_contributions, part, people, {"1": "all of it"}) == "contribution_missing"
    assert read_contributions(part, people, {"1": "wr\0ote\x1b", "2": "x\u0085"}).data["rows"][0]["did"] == "wrote"
    assert refused(read_contributions, part, people, {"1": "\0", "2": "x"}) == "contribution_missing"


def test_a_pdf_says_how_many_pages_it_has(tmp_path):
    assert pdf_pages(pdf_file(tmp_path, 3).path) == 3
    assert read_file(LAB, part_of(REPORT), pdf_file(tmp_path)).data == {"pages": 1}
    assert refused(read_file, LAB, part_of(REPORT), pdf_file(tmp_path, 2)) == "too_many_pages"


def written(folder, content, name="report.pdf"):
    path = folder / "sent.pdf"
    path.write_bytes(content)
    return FakeUpload(name, path)


DEEP = b"%PDF-1.4\n1 0 obj\n" + b"[" * 200_000 + b"\nendobj\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF"
LOOP = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Count 1/Kids[2 0 R]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"


@pytest.mark.parametrize(
    "content", [b"%PDF-1.7\n", b"%PDF-" + bytes(5000), DEEP, LOOP], ids=["head", "zeros", "deep", "loop"]
)
def test_a_hostile_or_broken_pdf_is_refused_and_hangs_nobody(tmp_path, content):
    assert refused(read_file, LAB, part_of(REPORT), written(tmp_path, content)) in {"pdf_damaged", "pdf_too_hard"}


def test_a_pdf_that_takes_too_much_computing_is_too_hard(tmp_path, monkeypatch):
    child = tmp_path / "child.py"
    child.write_text("import resource\nresource.setrlimit(resource.RLIMIT_CPU, (1, 1))\nwhile True: pass\n")
    monkeypatch.setattr(pdfs, "CHILD", child)
    assert refused(read_file, LAB, part_of(REPORT), pdf_file(tmp_path)) == "pdf_too_hard"


def test_a_pdf_that_is_not_looked_at_in_time_is_not_called_bad(tmp_path, monkeypatch):
    """Only two are opened at once, and a machine with much to do takes long: neither is the file's fault."""
    monkeypatch.setattr(pdfs, "WAIT_S", 0.1)
    with pdfs._slot(), pdfs._slot(), pytest.raises(Unavailable) as found:
        read_file(LAB, part_of(REPORT), pdf_file(tmp_path))
    assert found.value.code == "busy" and read_file(LAB, part_of(REPORT), pdf_file(tmp_path)).data == {"pages": 1}
    monkeypatch.setattr(pdfs, "WALL_S", 0.001)
    with pytest.raises(Unavailable) as found:
        read_file(LAB, part_of(REPORT), pdf_file(tmp_path))
    assert found.value.code == "busy"
    monkeypatch.setattr(pdfs, "WALL_S", 15)
    assert read_file(LAB, part_of(REPORT), pdf_file(tmp_path)).data == {"pages": 1}  # no slot is lost


def test_what_only_calls_itself_a_pdf_is_none(tmp_path):
    assert refused(read_file, LAB, part_of(REPORT), written(tmp_path, b"MZ" + bytes(100))) == "not_a_pdf"
    assert refused(read_file, LAB, part_of(REPORT), written(tmp_path, b"%PDF-1.7", "report.exe")) == "wrong_ending"


def test_a_pdf_with_a_password_is_told_so(tmp_path):
    assert (
        refused(read_file, LAB, part_of(REPORT), pdf_file(tmp_path, user_password="x", algorithm="RC4-128"))
        == "pdf_encrypted"
    )


def test_another_file_has_its_endings_and_its_size(tmp_path):
    assert read_file(LAB, FILE, written(tmp_path, b"{}", "a.ipynb")).upload is not None
    assert refused(read_file, LAB, FILE, written(tmp_path, bytes(20_000), "a.ipynb")) == "too_large"
    assert refused(read_file, LAB, FILE, written(tmp_path, b"{}", "a.py")) == "wrong_ending"


def test_a_variant_is_a_model_with_a_name_and_labels(tmp_path):
    family = part_of({"key": "v", "kind": "models", "title": "Variants", "vary": ["depth"]})
    found = read_file(LAB, family, onnx_like(tmp_path, "mlp_d2.onnx"), {"depth": " 2\0 ", "other": "x"})
    assert (found.format, found.data) == ("onnx", {"name": "mlp_d2", "labels": {"depth": "2"}})
    assert refused(read_file, LAB, family, written(tmp_path, b"nothing", "a.onnx")) not in {"", "wrong_ending"}


def test_the_model_and_the_statement_come_by_themselves():
    keys = [part.key for part in parts_of([REPORT], is_benchmarked=True, needs_statement=True)]
    assert keys == ["report", "statement", "model"]
    alone = {"key": "v", "kind": "models", "title": "Variants", "alone": True}
    assert [part.key for part in parts_of([alone], is_benchmarked=True, needs_statement=False)] == ["v"]


@pytest.mark.parametrize(("parts", "code"), [
    ([REPORT, REPORT], "twice"), ([REPORT | {"key": "model"}], "reserved_part"), ([REPORT | {"columns": ["a"]}], "foreign_key"),
    ([{"key": "v", "kind": "models", "title": "V"}], "nothing_measures"), ([{"key": "f", "kind": "file", "title": "F"}], "missing_key"),
    ([{"key": "v", "kind": "models", "title": "V", "least": 9, "most": 3}], "ends_before_it_begins"),
])  # fmt: skip
def test_parts_that_cannot_be_are_found(parts, code):
    assert code in [found for _, found, _ in wrong_with(parts, is_benchmarked=False)]
