"""The gradebook's page: what it shows, to whom, filter and order from the address, cells, setting a grade from there and undoing it."""

import re
from decimal import Decimal

import pytest

from courseplatform.accounts.models import User
from courseplatform.courses.models import Enrolment, Role
from grading.book.html import Drawing, rows_html
from grading.book.layout import layout_of
from grading.book.rows import Book, BookRow
from grading.gradebook import Scheme
from grading.models import Assignment, BookExport, GradeEvent
from tests.courseplatform.teams.builders import make_team
from tests.grading.book.classes import CMU, make_work, mark, release, with_scheme
from tests.people import make_user

pytestmark = pytest.mark.django_db
BOOK = "/courses/odml/grades/"
HOSTILE = '<script>alert("1")</script>, =cmd'


@pytest.fixture
def course(cast):
    """11-767's scheme; report 1 is graded for Ruth and Daniel and released, reports 2 and 3 are missing for all."""
    cast.lab.delete()
    with_scheme(cast.course, CMU)
    first, *_ = (make_work(cast.course, f"report{n}") for n in (1, 2, 3))
    mark(cast, first, cast.ruth, 9.5)
    mark(cast, first, cast.daniel, 6)
    release(first)
    return cast


def shown(client, person, address=BOOK, status=200):
    client.force_login(person)
    answer = client.get(address)
    assert answer.status_code == status, answer.status_code
    return answer.content.decode()


def rows(text):
    """[(name, is hidden, cells as text)] of the table, in its order."""
    body = text.split("<tbody>")[1].split("</tbody>")[0]
    found = []
    for row in body.split("<tr ")[1:]:
        cells = [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in re.split(r"<td[^>]*>", row)]
        found.append((cells[0].split(">")[-1].strip(), " hidden" in row.split(">")[0], cells[1:]))
    return found


def post(client, person, address, part=True, **fields):
    client.force_login(person)
    return client.post(address, fields, headers={"X-Part": "cell"} if part else {})


def cell(cast, person, column="report1"):
    return f"{BOOK}{person.pk}/{column}/"


def seen_in(text):
    return re.search(r'name="seen" value="(\d+)"', text)[1]


def set_points(client, cast, person, points, reason="late favour", by=None, **more):
    fields = {"points": points, "reason": reason} | more
    fields.setdefault("seen", seen_in(shown(client, cast.helen, cell(cast, person))))
    return post(client, by or cast.helen, cell(cast, person) + "set/", **fields)


def events_of(answer):
    return re.findall(r'name="event" value="(\d+)"', answer.content.decode())


def test_staff_see_a_row_for_each_student_with_what_each_piece_gives(client, course):
    text = shown(client, course.amit)
    names = [name for name, _, _ in rows(text)]
    assert names == ["Daniel", "Ruth", "Sofia"]
    by_name = {name: cells for name, _, cells in rows(text)}
    assert "4.75" in by_name["Ruth"] and "3.00" in by_name["Daniel"]
    assert "missing 0" in by_name["Sofia"]
    assert "Papers, 30" in text and "Project/Lab, 70" in text and "Median of shown" in text


def test_a_student_does_not_see_the_table(client, course):
    text = client_text(client, course.ruth, BOOK)
    assert "Daniel" not in text and "Median of shown" not in text


def client_text(client, person, address):
    client.force_login(person)
    return client.get(address).content.decode()


@pytest.mark.parametrize("name", ["ruth", "lena", "oscar"])
@pytest.mark.parametrize("more", ["1/", "1/report1/", "1/report1/set/", "1/report1/undo/", "canvas/"])
def test_nobody_but_the_staff_opens_what_lies_below(client, course, name, more):
    client.force_login(getattr(course, name))
    assert client.get(BOOK + more).status_code in (403, 404)
    assert client.post(BOOK + more).status_code in (403, 404)


@pytest.mark.parametrize("address", ["/courses/odml/grades.csv", "/courses/odml/grades.xlsx", BOOK + "canvas/"])
def test_a_teaching_assistant_exports_nothing(client, course, address):
    shown(client, course.amit, address, 403)
    assert not BookExport.objects.exists()
    assert "grades.csv" not in shown(client, course.amit) and "grades.csv" in shown(client, course.helen)


def test_a_teaching_assistant_reads_a_cell_and_does_not_set_it(client, course):
    text = shown(client, course.amit, cell(course, course.ruth))
    assert "4.75 of 5" in text and "data-set" not in text
    assert (
        post(client, course.amit, cell(course, course.ruth) + "set/", points="1", reason="no", seen="0").status_code
        == 403
    )
    assert not GradeEvent.objects.filter(kind="override").exists()


def test_the_address_filters_sorts_and_counts_without_a_script(client, course):
    make_team(course, "Magpie", course.ruth)
    found = rows(shown(client, course.helen, BOOK + "?q=magp"))
    assert [(name, hidden) for name, hidden, _ in found] == [("Daniel", True), ("Ruth", False), ("Sofia", True)]
    assert [name for name, _, _ in rows(shown(client, course.helen, BOOK + "?sort=report1&dir=down"))] == [
        "Ruth",
        "Daniel",
        "Sofia",
    ]
    assert [name for name, _, _ in rows(shown(client, course.helen, BOOK + "?sort=report1"))][:2] == ["Sofia", "Daniel"]
    text = shown(client, course.helen, BOOK + "?show=missing")
    assert ">3</span>" in text and "aria-sort" in text


@pytest.mark.parametrize(
    "query",
    ["?sort=nonsense&dir=x&show=y", "?q=%00", "?sort=source:participation", "?q=" + "a" * 900, "?sort=team&dir=down"],
)
def test_a_strange_address_is_the_plain_table(client, course, query):
    assert len(rows(shown(client, course.helen, BOOK + query))) == 3


def test_medians_are_of_what_is_shown(client, course):
    both = shown(client, course.helen).split("<tfoot>")[1]
    one = shown(client, course.helen, BOOK + "?q=ruth").split("<tfoot>")[1]
    assert ">3.88<" in both and ">4.75<" in one  # 3.00 and 4.75, then Ruth alone


def test_the_page_makes_as_many_queries_for_sixty_as_for_three(client, course, django_assert_max_num_queries):
    client.force_login(course.helen)
    client.get(BOOK)
    with django_assert_max_num_queries(24):
        client.get(BOOK)
    people = User.objects.bulk_create(User(email=f"s{n}@example.edu", name=f"Student {n}") for n in range(60))
    Enrolment.objects.bulk_create(Enrolment(course=course.course, person=one, role=Role.STUDENT) for one in people)
    with django_assert_max_num_queries(24):
        assert client.get(BOOK).content.count(b"<tr id=") == 63


def test_what_people_typed_is_escaped_in_every_cell():
    row = BookRow(1, HOSTILE, HOSTILE, "", HOSTILE, (), [], {}, Decimal(0), Decimal(0), None, "", None)
    book = Book(Scheme(()), (), [row])
    text = rows_html(Drawing(layout_of(book), "/x/"), [row], {1})
    assert "<script>" not in text and "&lt;script&gt;" in text


def test_a_book_without_a_scheme_and_without_anybody_is_still_a_page(client, cast):
    Enrolment.objects.filter(course=cast.course, role=Role.STUDENT).delete()
    assert "Nobody is enrolled yet" in shown(client, cast.helen)


def test_one_student_reads_as_a_list_of_pieces_with_their_state_in_words(client, course):
    text = shown(client, course.amit, f"{BOOK}{course.sofia.pk}/")
    assert "missing, counts as 0" in text and f"{BOOK}{course.sofia.pk}/report2/" in text
    shown(client, course.amit, f"{BOOK}{course.helen.pk}/", 404)
    shown(client, course.amit, f"{BOOK}999999999999999999999/", 404)


def test_a_cell_says_its_sum_and_what_happened(client, course):
    text = shown(client, course.helen, cell(course, course.ruth))
    assert "Ruth, Report1: 4.75 of 5" in text and "Amit" in text and "9.5" in text
    assert 'role="dialog"' not in text
    shown(client, course.helen, cell(course, course.ruth, "nothing"), 404)
    shown(client, course.helen, cell(course, course.ruth, "source:participation"))


def test_an_instructor_sets_a_whole_grade_from_its_cell(client, course):
    answer = set_points(client, course, course.ruth, "7,5")
    assert answer.status_code == 200
    assert "3.75" in answer.content.decode() and f'id="p{course.ruth.pk}"' in answer.content.decode()
    row = GradeEvent.objects.get(kind="override")
    assert (row.points, row.reason, row.actor) == (Decimal("7.50"), "late favour", "Helen")


def test_a_team_is_set_at_once_or_one_of_it_alone(client, course):
    work = make_work(course.course, "report4", is_individual=False)
    make_team(course, "Magpie", course.ruth, course.daniel)
    mark(course, work, course.ruth, 5)
    address = cell(course, course.ruth, "report4")
    text = shown(client, course.helen, address)
    assert "not for Daniel" in text
    answer = post(client, course.helen, address + "set/", points="8", reason="both", seen=seen_in(text))
    assert answer.content.decode().count("<tr id=") == 2 and GradeEvent.objects.filter(kind="override").count() == 2
    seen = seen_in(shown(client, course.helen, address))
    post(client, course.helen, address + "set/", points="9", reason="one", seen=seen, whom="one")
    assert [(row.person.name, row.points) for row in GradeEvent.objects.filter(reason="one")] == [("Ruth", Decimal(9))]


@pytest.mark.parametrize(
    ("points", "reason", "code"),
    [("NaN", "why", "not_points"), ("sNaN", "why", "not_points"), ("1e99999999", "why", "not_points"),
     ("-1", "why", "points_out_of_range"), ("1e9", "why", "points_out_of_range"),
     ("1.234", "why", "too_many_decimals"), ("many", "why", "not_points"), ("8", "", "reason_missing"), ("", "why", "nothing_changed")],
)  # fmt: skip
def test_a_refusal_says_its_code_and_keeps_what_was_typed(client, course, points, reason, code):
    answer = set_points(client, course, course.ruth, points, reason)
    text = answer.content.decode()
    assert answer.status_code == 422 and code in text and f'value="{points}"' in text
    assert (f'value="{reason}"' in text) and not GradeEvent.objects.filter(kind="override").exists()


def test_who_was_slower_is_told_and_keeps_what_was_typed(client, course):
    seen = seen_in(shown(client, course.helen, cell(course, course.ruth)))
    set_points(client, course, course.ruth, "5")
    answer = set_points(client, course, course.ruth, "6", by=course.ines, seen=seen)
    assert (
        answer.status_code == 409
        and "stale_grade" in answer.content.decode()
        and 'value="6"' in answer.content.decode()
    )


def test_undoing_puts_back_what_stood_before_by_another_event(client, course):
    events = events_of(set_points(client, course, course.ruth, "7.5"))
    answer = post(client, course.helen, cell(course, course.ruth) + "undo/", event=events)
    assert answer.status_code == 200 and "4.75" in answer.content.decode() and not events_of(answer)
    assert list(GradeEvent.objects.filter(kind="override").values_list("points", flat=True)) == [Decimal("7.50"), None]


def test_undoing_the_second_change_puts_the_first_back(client, course):
    set_points(client, course, course.ruth, "7")
    events = events_of(set_points(client, course, course.ruth, "2", "a slip"))
    post(client, course.helen, cell(course, course.ruth) + "undo/", event=events)
    newest = GradeEvent.objects.filter(kind="override").last()
    assert newest.points == 7 and newest.reason == "Undone; before it stood: late favour"


def test_a_change_is_undone_once_and_only_while_nobody_changed_it_since(client, course):
    events = events_of(set_points(client, course, course.ruth, "7"))
    set_points(client, course, course.ruth, "8", by=course.ines)
    answer = post(client, course.helen, cell(course, course.ruth) + "undo/", event=events)
    assert answer.status_code == 409 and "changed_since" in answer.content.decode()
    assert GradeEvent.objects.filter(kind="override").last().points == 8


@pytest.mark.parametrize("by", ["ines", "helen"])
def test_only_the_own_changes_are_undone(client, course, by):
    events = events_of(set_points(client, course, course.ruth, "7"))
    wrong = events if by == "ines" else ["999999"]
    answer = post(client, getattr(course, by), cell(course, course.ruth) + "undo/", event=wrong)
    assert answer.status_code == 422 and "no_such_edit" in answer.content.decode()
    assert GradeEvent.objects.filter(kind="override").count() == 1


def test_without_a_script_setting_leads_back_to_the_cell(client, course):
    seen = seen_in(shown(client, course.helen, cell(course, course.ruth)))
    answer = post(
        client, course.helen, cell(course, course.ruth) + "set/", part=False, points="5", reason="why", seen=seen
    )
    assert answer.status_code == 302 and answer["Location"] == cell(course, course.ruth)


def test_a_name_with_markup_is_only_text_on_the_page(client, course):
    hostile = make_user("Eve")
    User.objects.filter(pk=hostile.pk).update(name=HOSTILE)
    Enrolment.objects.create(course=course.course, person=hostile, role=Role.STUDENT)
    for address in (BOOK, f"{BOOK}{hostile.pk}/", cell(course, hostile)):
        assert '<script>alert("1")' not in shown(client, course.helen, address)


def test_every_cell_of_the_table_opens(client, course):
    text = shown(client, course.helen)
    keys = re.findall(r'data-c="([^"]+)" data-kind="cell"', text)
    assert {"source:participation", "report1", "report3"} <= set(keys)
    for key in keys:
        shown(client, course.helen, cell(course, course.sofia, key))


# -- reports that are graded without names -------------------------------------------------------------------------------


@pytest.fixture
def nameless(course):
    """Report 2 is graded for Ruth with 7.25, its names are hidden, and nothing of it is released."""
    second = Assignment.objects.get(course=course.course, slug="report2")
    Assignment.objects.filter(pk=second.pk).update(is_anonymous=True)
    second.refresh_from_db()
    mark(course, second, course.ruth, 7.25)
    return second


def test_no_points_stand_beside_a_name_while_names_are_hidden(client, course, nameless):
    for person in (course.amit, course.helen):
        assert "7.25" not in shown(client, person)
        assert "7.25" not in shown(client, person, f"{BOOK}{course.ruth.pk}/")
        assert "names_hidden" in shown(client, person, cell(course, course.ruth, "report2"), status=403)
    client.force_login(course.helen)
    assert b"7.25" not in client.get("/courses/odml/grades.csv").content
    answer = post(
        client, course.helen, cell(course, course.ruth, "report2") + "set/", points="9", reason="why", seen="0"
    )
    assert answer.status_code == 403
    assert not GradeEvent.objects.filter(kind="override").exists()


def test_points_are_there_again_once_the_grades_are_released(client, course, nameless):
    release(nameless)
    assert "7.25" in shown(client, course.amit, cell(course, course.ruth, "report2"))
