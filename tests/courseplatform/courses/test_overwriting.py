"""A file that comes after edits on pages: what it would overwrite is shown, with who made it, and stays where one says so."""

import html
import re
from datetime import date
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from courseplatform.courses.course_file.service import course_import, export_text, plan_import, tree_of
from courseplatform.courses.models import Course, CourseFileImport, Enrolment, Role
from courseplatform.courses.services.sessions import session_delete, session_save
from grading.models import Assignment

pytestmark = pytest.mark.django_db
FILE = """\
# taken at the beginning of the term
course: {slug: small, title: Small, zone: America/New_York, starts_on: 2024-01-15, ends_on: 2024-03-29}
sessions:
  - {date: 2024-01-16, column: lecture, title: One, from: "09:30", to: "10:50", place: R1}
  - {date: 2024-01-18, column: lab, title: Two, from: "09:30", to: "10:50", place: R1}
  - {date: 2024-01-23, column: lecture, title: Three}
assignments:
  - {slug: lab2, kind: lab, short: Lab 2, released: "2024-01-18 09:30", due: "2024-10-04 23:59"}
"""
MOVED = "sessions[2024-01-17 09:30 One].date"
DUE = "assignments[lab2].due"


@pytest.fixture
def small(cast):
    """A course from a file, in which Helen then moved a session and somebody another due time."""
    course, _ = course_import(plan=plan_import(FILE.encode()), by=cast.ines.email)
    for person, role in ((cast.helen, Role.INSTRUCTOR), (cast.ines, Role.INSTRUCTOR), (cast.ruth, Role.STUDENT)):
        Enrolment.objects.create(course=course, person=person, role=role)
    one = course.sessions.get(title="One")
    session_save(visit=cast.visit(cast.helen, course), pk=one.pk, values={"held_on": date(2024, 1, 17)})
    lab = Assignment.objects.get(course=course)
    lab.set_dates(released="2024-01-18 09:30", due="2024-10-05 23:59")
    lab.save()
    return course


def words(answer):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def previewed(client, course, text):
    return client.post(f"/courses/{course.slug}/file/preview/", {"text": text})


def taken(client, course, text, **more):
    data = {"text": text, "held": export_text(Course.objects.get(pk=course.pk)), **more}
    return client.post(f"/courses/{course.slug}/file/apply/", data)


def held_now(course):
    return tree_of(Course.objects.get(pk=course.pk))


def test_the_preview_lists_the_edits_that_the_file_would_overwrite_apart_from_what_it_changes(client, cast, small):
    client.force_login(cast.ines)
    said = words(previewed(client, small, FILE.replace("title: Three", "title: Drei")))
    assert "The file would overwrite 2 edits" in said and "since Ines took a file on" in said
    assert re.search(r"One \(2024-01-17\), date Helen, \w+ \d+, \d\d:\d\d 2024-01-17 2024-01-16", said)
    assert "Lab 2, due changed on a page; by whom is not on record 2024-10-05 23:59 2024-10-04 23:59" in said
    assert "1 change of the file beside them ~ sessions[2024-01-23 Three].title: Three -> Drei" in said


def taken_down(client, course):
    return client.get(f"/courses/{course.slug}/file/download/").content.decode()


def test_who_changes_a_copy_that_holds_the_edits_overwrites_none(client, cast, small):
    client.force_login(cast.ines)
    text = taken_down(client, small)
    assert re.match(r"# taken down on \d{4}-\d\d-\d\d, state [0-9a-f]{16}:", text)
    plan = plan_import(text.replace("2024-10-05 23:59", "2024-10-09 23:59").encode())
    assert plan.edits == [] and plan.changes == ["~ assignments[lab2].due: 2024-10-05 23:59 -> 2024-10-09 23:59"]
    said = words(previewed(client, small, plan.text))
    assert "No edit that was made on a page is overwritten" in said
    assert taken(client, small, plan.text).status_code == 302
    assert held_now(small)["assignments"][0]["due"] == "2024-10-09 23:59"
    assert "taken down" not in export_text(Course.objects.get(pk=small.pk))


def test_what_was_changed_after_a_copy_was_taken_down_is_an_edit(client, cast, small):
    client.force_login(cast.ines)
    text = taken_down(client, small).replace("title: Three", "title: Drei").replace("short: Lab 2", "short: Lab two")
    three = small.sessions.get(title="Three")
    session_save(visit=cast.visit(cast.helen, small), pk=three.pk, values={"title": "Tres"})
    plan = plan_import(text.encode())
    assert [(edit.before, edit.held, edit.wanted) for edit in plan.edits] == [("Three", "Tres", "Drei")]
    said = words(previewed(client, small, text))
    assert "since this file was taken down on" in said and "title Helen," in said


def test_a_copy_is_not_asked_once_a_file_was_taken_since(client, cast, small):
    """Whoever goes on with the same file sees as edits only what others changed, not what the file itself did."""
    client.force_login(cast.ines)
    text = taken_down(client, small).replace("short: Lab 2", "short: Lab two")
    course_import(plan=plan_import(text.encode()), by=cast.ines.email)
    again = plan_import(text.replace("short: Lab two", "short: Lab deux").encode())
    assert again.edits == [] and again.changes == ["~ assignments[lab2].short: Lab two -> Lab deux"]


def test_the_line_of_another_course_or_site_is_a_comment(client, cast, small):
    plan = plan_import(("# taken down on 2024-01-01, state 0123456789abcdef: from elsewhere\n" + FILE).encode())
    assert {edit.key for edit in plan.edits} == {MOVED, DUE}


def test_one_state_is_kept_once(client, cast, small):
    client.force_login(cast.ines)
    assert taken_down(client, small) == taken_down(client, small)
    assert small.file_copies.count() == 1


def test_the_ticked_edits_stay_and_the_rest_of_the_file_is_taken(client, cast, small):
    client.force_login(cast.ines)
    text = FILE.replace("title: Three", "title: Drei")
    assert taken(client, small, text, take="ticked", keep=[DUE]).status_code == 302
    held = held_now(small)
    assert [item["title"] for item in held["sessions"]] == ["One", "Two", "Drei"]
    assert held["sessions"][0]["date"] == "2024-01-16"  # not ticked
    assert held["assignments"][0]["due"] == "2024-10-05 23:59"
    assert "2024-10-05 23:59" in export_text(Course.objects.get(pk=small.pk))


def test_what_was_kept_against_a_file_is_shown_again_before_the_same_file_overwrites_it(client, cast, small):
    client.force_login(cast.ines)
    taken(client, small, FILE, take="ticked", keep=[MOVED, DUE])
    assert "The file would overwrite 2 edits" in words(previewed(client, small, FILE))


def test_the_whole_file_overwrites_every_edit_and_then_there_is_none_left(client, cast, small):
    client.force_login(cast.ines)
    assert taken(client, small, FILE, take="whole", keep=[DUE]).status_code == 302
    assert held_now(small)["assignments"][0]["due"] == "2024-10-04 23:59"
    assert export_text(Course.objects.get(pk=small.pk)) == FILE
    assert "No edit that was made on a page is overwritten" in words(
        previewed(client, small, FILE.replace("title: Three", "title: Drei"))
    )


def test_an_export_that_is_sent_back_overwrites_nothing(client, cast, small):
    client.force_login(cast.ines)
    text = client.get(f"/courses/{small.slug}/file/download/").content.decode()
    assert "2024-10-05 23:59" in text and "2024-01-17" in text
    assert "No changes" in words(previewed(client, small, text))


def test_a_session_that_was_deleted_on_its_page_comes_back_only_if_one_says_so(client, cast, small):
    two = small.sessions.get(title="Two")
    session_delete(visit=cast.visit(cast.helen, small), pk=two.pk)
    client.force_login(cast.ines)
    assert "Two (2024-01-18)" in words(previewed(client, small, FILE))
    taken(client, small, FILE, take="ticked", keep=["sessions[2024-01-18 09:30 Two]", MOVED, DUE])
    assert [item["title"] for item in held_now(small)["sessions"]] == ["One", "Three"]


def test_edits_that_do_not_fit_the_file_are_refused_with_the_reason_and_the_ticks_stay(client, cast, small):
    client.force_login(cast.ines)
    text = FILE.replace(
        "starts_on: 2024-01-15, ends_on: 2024-03-29", "starts_on: 2024-01-15, ends_on: 2024-01-31"
    ).replace("2024-01-16, column: lecture, title: One", "2024-01-17, column: lecture, title: New")
    session_save(
        visit=cast.visit(cast.helen, small),
        pk=small.sessions.get(title="Three").pk,
        values={"held_on": date(2024, 2, 20)},
    )
    answer = taken(client, small, text, take="ticked", keep=["sessions[2024-02-20 Three].date"])
    said = words(answer)
    assert answer.status_code == 422
    assert "Three is on 2024-02-20, outside the course" in said and "outside_the_course" in said
    assert 'name="keep" value="sessions[2024-02-20 Three].date" checked' in answer.content.decode()
    assert held_now(small)["course"]["ends_on"] == "2024-03-29"
    assert taken(client, small, text, take="whole").status_code == 302


def test_an_edit_that_is_none_is_refused(client, cast, small):
    client.force_login(cast.ines)
    answer = client.post(
        f"/courses/{small.slug}/file/apply/",
        {"text": FILE, "held": export_text(small), "take": "ticked", "keep": "sessions[9].title"},
        headers={"accept": "application/json"},
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "no_such_edit")


def test_a_course_whose_imports_were_not_recorded_is_compared_with_the_text_that_it_kept(client, cast, small):
    CourseFileImport.objects.all().delete()
    client.force_login(cast.ines)
    said = words(previewed(client, small, FILE.replace("title: Three", "title: Drei")))
    assert "The file would overwrite 2 edits" in said and "1 change of the file beside them" in said


def test_the_command_says_what_it_overwrites_and_keeps_it_when_told_to(small, tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(FILE.replace("title: Three", "title: Drei"))

    def run(*args):
        out = StringIO()
        call_command("import_course", *args, str(path), stdout=out)
        return out.getvalue()

    assert f"edit overwritten: {DUE}: 2024-10-05 23:59 (the file: 2024-10-04 23:59)" in run("--dry-run")
    said = run("--keep-edits")
    assert f"edit kept: {DUE}:" in said and "~ sessions[2024-01-23 Three].title: Three -> Drei" in said
    held = held_now(small)
    assert held["assignments"][0]["due"] == "2024-10-05 23:59"
    assert held["sessions"][2]["title"] == "Drei"


def test_the_preview_makes_as_many_queries_for_many_edits_as_for_few(client, cast, small):
    client.force_login(cast.ines)
    with CaptureQueriesContext(connection) as few:
        assert "The file would overwrite 2 edits" in words(previewed(client, small, FILE))
    for session in small.sessions.all():
        values = {"note": f"n {session.pk}", "place": "R9"}
        session_save(visit=cast.visit(cast.helen, small), pk=session.pk, values=values)
    with CaptureQueriesContext(connection) as many:
        assert "The file would overwrite 8 edits" in words(previewed(client, small, FILE))
    assert len(many) <= len(few) < 66
