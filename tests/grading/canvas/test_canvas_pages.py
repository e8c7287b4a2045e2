"""The way to Canvas and back: upload, who is who, choices that are remembered, the preview, the same file filled in, and the log."""

import re
import zlib
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from courseplatform.courses.models import Enrolment
from courseplatform.roster.models import RosterEntry
from grading.canvas.text import table_of
from grading.models import BookExport, CanvasColumn, CanvasFile
from grading.tasks import sweep_canvas_files
from tests.grading.book.classes import CMU, make_work, mark, release, with_scheme
from tests.grading.canvas.files import DANIEL, HEADER, POINTS, POSTING, RUTH, SHAPES, SOFIA, TEST, written

pytestmark = pytest.mark.django_db
CANVAS = "/courses/odml/grades/canvas/"


@pytest.fixture
def course(cast):
    """Report 1 is graded for all three and released, report 2 graded and hidden. The roster knows Canvas's numbers."""
    cast.lab.delete()
    with_scheme(cast.course, CMU)
    first, second = make_work(cast.course, "report1", short="Lab 1"), make_work(cast.course, "report2", short="Lab 2")
    for person, points in ((cast.ruth, 8.88), (cast.daniel, 7)):
        mark(cast, first, person, points)
    mark(cast, second, cast.ruth, 9)
    release(first)
    for person, number in ((cast.ruth, "1"), (cast.daniel, "2"), (cast.sofia, "3")):
        enrolment = Enrolment.objects.get(course=cast.course, person=person)
        RosterEntry.objects.create(
            enrolment=enrolment, course=cast.course, canvas_id=f"90{number}", sis_id=f"0012{int(number) + 2}"
        )
    return cast


def send(client, person, data, name="2026-11-27T Grades-11-767.csv"):
    client.force_login(person)
    return client.post(CANVAS, {"file": SimpleUploadedFile(name, data)})


def uploaded(client, course, data=None):
    answer = send(client, course.helen, data if data is not None else written())
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    return answer["Location"]


def text_of(client, address, status=200):
    answer = client.get(address)
    assert answer.status_code == status
    return answer.content.decode()


def digest_in(text):
    return re.search(r'name="digest" value="(\w+)"', text)[1]


def choose(client, address, **fields):
    return client.post(address, {"column-123456": "report1", "column-123457": "", "which": "released"} | fields)


def fetched(client, address):
    answer = client.post(address + "download/", {"digest": digest_in(text_of(client, address))})
    assert answer.status_code == 200, answer.content.decode()[-2000:]
    return answer


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_goes_in_is_filled_and_comes_back(client, course, name):
    address = uploaded(client, course, SHAPES[name])
    choose(client, address)
    answer = fetched(client, address)
    before, after = table_of(SHAPES[name]), table_of(answer.content)
    sign = "," if "decimal comma" in name else "."
    changed = [
        new.text
        for old_line, new_line in zip(before.lines, after.lines, strict=True)
        for old, new in zip(old_line.cells, new_line.cells, strict=True)
        if old.raw != new.raw
    ]
    assert changed == [f"8{sign}88", f"7{sign}00"] and "2026-11-27T Grades-11-767.csv" in answer["Content-Disposition"]


def test_a_column_of_the_same_name_is_suggested_and_nothing_else(client, course):
    text = text_of(client, uploaded(client, course))
    assert "2 grades would change" in text and "1 replaces a grade that Canvas has" in text
    assert "Ruth: 4.44 → <b>8.88</b>" in text and "Daniel: nothing → <b>7.00</b>" in text


def test_the_choice_is_remembered_for_the_next_file(client, course):
    address = uploaded(client, course)
    choose(client, address, **{"column-123456": "", "column-123457": "report1"})
    assert list(CanvasColumn.objects.values_list("canvas_id", "key")) == [("123457", "report1")]
    text = text_of(client, uploaded(client, course))
    assert "points × 0.5: 10 here, 5 there" in text and "1 EX kept" in text


def test_hidden_grades_go_out_only_where_one_says_so(client, course):
    address = uploaded(client, course)
    choose(client, address, **{"column-123456": "report2"})
    assert "No grade would change" in text_of(client, address)
    choose(client, address, **{"column-123456": "report2", "which": "all"})
    assert "Ruth: 4.44 → <b>9.00</b>" in text_of(client, address)
    assert "total:percent" in text_of(client, address)


def test_what_it_adds_up_to_is_not_offered_where_it_would_tell_hidden_grades(client, course):
    assert "total:percent" not in text_of(client, uploaded(client, course))


def test_missing_work_becomes_zero_only_where_one_says_so(client, course):
    data = written([HEADER, POINTS, RUTH, [*SOFIA[:6], "", *SOFIA[7:]]])
    address = uploaded(client, course, data)
    assert "Sofia" not in "".join(re.findall(r"<li>[^<]+ → ", text_of(client, address)))
    choose(client, address, missing="zero")
    assert "Sofia: nothing → <b>0.00</b>" in text_of(client, address)


def test_a_name_is_confirmed_and_taken_back(client, course):
    RosterEntry.objects.filter(canvas_id="901").delete()
    data = written([HEADER, POSTING, POINTS, ["Ruth", *RUTH[1:]], DANIEL, TEST])
    address = uploaded(client, course, data)
    text = text_of(client, address)
    assert "To be confirmed" in text and "1 grade would change" in text and "the same name" in text
    choose(client, address, confirm=["4"])
    assert "2 grades would change" in text_of(client, address) and "1 confirmed by hand" in text_of(client, address)
    choose(client, address)
    assert "1 grade would change" in text_of(client, address)


def test_only_who_was_suggested_can_be_confirmed(client, course):
    address = uploaded(client, course, written([HEADER, POINTS, ["Somebody", "5", "6", "7", *RUTH[4:]]]))
    choose(client, address, confirm=["3", "99", "x", "1e9"])
    assert CanvasFile.objects.get().confirmed == {}


def test_who_did_not_match_is_named_on_either_side(client, course):
    text = text_of(
        client, uploaded(client, course, written([HEADER, POINTS, RUTH, ["Nobody, Else", "5", "6", "7", *RUTH[4:]]]))
    )
    assert "Nobody, Else" in text and "none of its numbers is known in this course" in text
    assert "2 students without a row in Canvas" in text and "Canvas ID 902" in text


def test_one_column_of_ours_goes_into_one_of_canvas(client, course):
    answer = choose(client, uploaded(client, course), **{"column-123457": "report1"})
    assert answer.status_code == 422 and "same_column_twice" in answer.content.decode()


def test_what_has_changed_since_the_preview_is_not_downloaded(client, course):
    address = uploaded(client, course)
    digest = digest_in(text_of(client, address))
    mark(course, course.course.assignments.get(slug="report1"), course.ruth, 2)
    answer = client.post(address + "download/", {"digest": digest})
    assert answer.status_code == 409 and "preview_stale" in answer.content.decode()
    assert not BookExport.objects.exists()


def test_nothing_is_downloaded_where_no_column_is_chosen(client, course):
    address = uploaded(client, course)
    choose(client, address, **{"column-123456": ""})
    answer = client.post(address + "download/", {"digest": digest_in(text_of(client, address))})
    assert answer.status_code == 422 and "no_column_chosen" in answer.content.decode()


def test_each_download_is_noted_with_who_and_which_columns(client, course):
    fetched(client, uploaded(client, course))
    row = BookExport.objects.get()
    assert (row.kind, row.by, row.people, row.shown) == ("canvas", "Helen", 3, "released grades only")
    assert len(row.columns) == 1 and row.columns[0].endswith("to Lab 1 (123456)")
    assert "released grades only" in text_of(client, CANVAS)


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"", "no_file"), (b"Name,Points\r\nRuth,4\r\n", "not_canvas"), (b"PK\x03\x04", "excel_workbook"), (b"x" * 10_000_000, "list_too_large"),
     (written([["Student", "Nr", *HEADER[2:]], POINTS, RUTH]), "not_canvas"), (written([HEADER, POINTS, *[RUTH] * 5100]), "too_many_rows")],
    ids=["empty", "no gradebook", "workbook", "10 MB", "changed header", "5100 rows"],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_a_code_and_not_kept(client, course, data, code):
    answer = send(client, course.helen, data)
    text = answer.content.decode()
    assert answer.status_code in (413, 422) and (code in text or (code == "no_file" and "empty_file" in text))
    assert not CanvasFile.objects.exists()


def test_a_name_that_begins_like_a_formula_does_no_harm(client, course):
    evil = ['="=HYPERLINK(""http://x"")"', *RUTH[1:]]
    address = uploaded(client, course, written([HEADER, POINTS, evil, DANIEL]))
    assert table_of(fetched(client, address).content).lines[2].cells[0].text == evil[0]


def test_the_file_of_another_course_is_not_here(client, course):
    address = uploaded(client, course)
    CanvasFile.objects.update(course=course.other_course)
    text_of(client, address, 404)
    assert client.post(address + "download/").status_code == 404


def test_files_are_deleted_after_a_week(client, course):
    address = uploaded(client, course)
    assert sweep_canvas_files() == 0
    CanvasFile.objects.update(made_at=timezone.now() - timedelta(days=8))
    assert sweep_canvas_files() == 1
    assert "deleted after a week" in text_of(client, address, 404)


def test_the_file_is_kept_as_it_came(client, course):
    uploaded(client, course)
    assert zlib.decompress(bytes(CanvasFile.objects.get().content)) == written()


@pytest.mark.parametrize("name", ["amit", "ruth", "lena"])
def test_only_instructors_send_to_canvas(client, course, name):
    address = uploaded(client, course)
    client.force_login(getattr(course, name))
    for one in (CANVAS, address):
        assert client.get(one).status_code in (403, 404) and client.post(one).status_code in (403, 404)
    assert client.post(address + "download/").status_code in (403, 404)


def test_the_preview_makes_a_bounded_number_of_queries(client, course, django_assert_max_num_queries):
    address = uploaded(client, course)
    with django_assert_max_num_queries(26):
        client.get(address)
