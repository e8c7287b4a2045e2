"""A new course: from a template, last term or a file; looked at first, made as a draft that belongs to its maker alone."""

import html
import re
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from courseplatform.courses.course_file.service import course_import, export_text, plan_import
from courseplatform.courses.models import Course, Enrolment, Role, Session, Visibility
from grading.models import Assignment, Submission
from grading.models.assignments import HiddenSet
from tests.people import hand_in, onnx_like

pytestmark = pytest.mark.django_db
CMU = {
    "from": "template:cmu-11-767-f23",
    "title": "On-Device ML",
    "term": "",
    "first_day": "2027-08-31",
    "slug": "odml-f27",
}
OWN = """\
# of a colleague
course: {slug: tiny, title: Tiny, term: Spring 2027, zone: America/New_York, starts_on: 2027-01-12, ends_on: 2027-03-29}
sessions:
  - {date: 2027-01-14, column: lecture, title: One}
"""


def words(answer):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def seen_in(answer):
    return re.search(r'name="seen" value="(\w+)"', answer.content.decode())[1]


def made(client, data):
    """Looked at, then made."""
    look = client.post("/new-course/", {**data, "do": "show"})
    assert look.status_code == 200, words(look)
    return client.post("/new-course/", {**data, "do": "make", "seen": seen_in(look)})


@pytest.mark.parametrize(
    ("name", "status"), [("helen", 200), ("olu", 200), ("amit", 403), ("ruth", 403), ("oscar", 403)]
)
def test_courses_are_made_by_operators_and_instructors(client, cast, name, status):
    client.force_login(getattr(cast, name))
    assert client.get("/new-course/").status_code == status
    assert client.post("/new-course/", {**CMU, "do": "make"}).status_code in ((409, 422) if status == 200 else (403,))
    assert not Course.objects.filter(slug="odml-f27").exists()


def test_one_may_begin_from_each_template_and_from_ones_own_courses_only(client, cast):
    client.force_login(cast.helen)
    page = client.get("/new-course/").content.decode()
    for slug in ("cmu-11-767-f21", "cmu-11-767-f23", "mit-6-s965-f22", "on-device-intelligence-workshop", "template"):
        assert f"template%3A{slug}" in page
    assert f"course%3A{cast.course.slug}" in page and f"course%3A{cast.other_course.slug}" not in page
    assert client.get("/new-course/", {"from": f"course:{cast.other_course.slug}"}).status_code == 404
    assert client.get("/new-course/", {"from": "template:../../etc/passwd"}).status_code == 404


def test_the_preview_says_in_figures_what_would_be_made_and_makes_nothing(client, cast):
    client.force_login(cast.helen)
    said = words(client.post("/new-course/", {**CMU, "do": "show"}))
    assert "Tue Aug 31, 2027 to Fri Dec 10, 2027" in said and "209 weeks later" in said
    assert "The term reads Fall 2027 now." in said
    assert "Tue Oct 19, 2027" in said and "Fall Break" in said  # a day without class, where it is now
    assert re.search(r"\d+ sessions", said) and re.search(r"\d+ assignments", said)
    assert "You alone are enrolled" in said
    assert not Course.objects.filter(slug="odml-f27").exists()


def test_the_preview_says_on_which_hidden_sets_the_copy_measures(client, cast):
    client.force_login(cast.helen)
    set_of = HiddenSet.objects.create(slug="signs-1a2b3c4d", title="Hand signs", count=3)
    lab = Assignment.objects.filter(course=cast.course).exclude(bench_spec={}).first()
    ask = {**CMU, "from": f"course:{cast.course.slug}", "do": "show"}
    Assignment.objects.filter(course=cast.course).update(hidden_set=None)
    assert f"{lab.short} needs one before it measures any model" in words(client.post("/new-course/", ask))
    Assignment.objects.filter(pk=lab.pk).update(hidden_set=set_of)
    said = words(client.post("/new-course/", ask))
    assert "on the same ones as before, signs-1a2b3c4d" in said and "needs one before" not in said


def test_the_course_is_a_draft_of_its_maker_who_goes_straight_to_it(client, cast):
    client.force_login(cast.helen)
    answer = made(client, CMU)
    course = Course.objects.get(slug="odml-f27")
    assert answer.status_code == 302 and answer["Location"] == course.get_absolute_url()
    assert course.visibility == Visibility.DRAFT and course.is_public  # as its file says, once it is opened
    assert (course.title, course.term, course.starts_on) == ("On-Device ML", "Fall 2027", date(2027, 8, 31))
    assert list(course.enrolments.values_list("person__name", "role")) == [("Helen", Role.INSTRUCTOR)]
    assert client.get(course.get_absolute_url()).status_code == 200
    assert client.__class__().get(f"/courses/{course.slug}/about/").status_code == 302
    assert course.get_absolute_url() not in client.__class__().get("/").content.decode()


def test_last_term_is_copied_as_its_pages_have_it_and_without_people_and_their_work(client, cast, tmp_path):
    course, _ = course_import(plan=plan_import(OWN.encode()))
    Enrolment.objects.create(course=course, person=cast.helen, role=Role.INSTRUCTOR)
    Enrolment.objects.create(course=course, person=cast.ruth, role=Role.STUDENT)
    Session.objects.filter(course=course).update(place="Wean 3110")  # an edit of a page
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    before = Submission.objects.count()
    client.force_login(cast.helen)
    data = {
        "from": "course:tiny",
        "title": "Tiny",
        "term": "Spring 2028",
        "first_day": "2028-01-10",
        "slug": "tiny-s28",
    }
    assert made(client, data).status_code == 302
    copy = Course.objects.get(slug="tiny-s28")
    assert [(s.held_on, s.place) for s in copy.sessions.all()] == [(date(2028, 1, 13), "Wean 3110")]
    assert copy.term == "Spring 2028" and copy.starts_on == date(2028, 1, 11)  # the Tuesday after that Monday
    assert list(copy.enrolments.values_list("person", flat=True)) == [cast.helen.pk]
    assert Submission.objects.count() == before and not Assignment.objects.filter(course=copy).exists()
    course.refresh_from_db()
    assert course.starts_on == date(2027, 1, 12)


def test_a_file_is_opened_with_what_it_says_and_keeps_its_comments_where_nothing_is_changed(client, cast):
    client.force_login(cast.helen)
    opened = client.post(
        "/new-course/", {"from": "file", "do": "open", "file": SimpleUploadedFile("tiny.yaml", OWN.encode())}
    )
    page = opened.content.decode()
    assert 'value="tiny"' in page and 'value="2027-01-12"' in page and "of a colleague" in page
    data = {
        "from": "file",
        "text": OWN,
        "title": "Tiny",
        "term": "Spring 2027",
        "first_day": "2027-01-12",
        "slug": "tiny",
    }
    assert made(client, data).status_code == 302
    assert export_text(Course.objects.get(slug="tiny")) == OWN


def test_a_file_that_is_wrong_is_refused_with_its_lines_and_comes_back(client, cast):
    client.force_login(cast.helen)
    data = {"from": "file", "title": "Tiny", "first_day": "2027-01-12", "slug": "tiny", "do": "show"}
    answer = client.post("/new-course/", {**data, "text": OWN.replace("column: lecture", "colum: lecture")})
    said = words(answer)
    assert answer.status_code == 422 and "sessions[0] has no key colum. Did you mean column?" in said
    assert re.search(r"\b4 sessions\[0\]", said) and "of a colleague" in said
    empty = client.post("/new-course/", {"from": "file", "do": "open"})
    assert empty.status_code == 422 and "No file was chosen" in words(empty)
    broken = client.post("/new-course/", {"from": "file", "do": "open", "text": "a: [1"})
    assert broken.status_code == 422 and "a: [1" in broken.content.decode()


@pytest.mark.parametrize(
    ("change", "status", "sentence"),
    [
        ({"slug": "odml"}, 409, "There is a course with the address odml already."),
        ({"slug": "On Device"}, 422, "An address has small letters"),
        ({"slug": "-f27"}, 422, "An address has small letters"),
        ({"slug": ""}, 422, "This field is required."),
        ({"first_day": "next Tuesday"}, 422, "Enter a valid date."),
        ({"first_day": "0202-08-31"}, 422, "This day is in the year 202."),
        ({"title": "x" * 161}, 422, "at most 160"),
        ({"term": "One\nTwo"}, 422, "Write it on one line."),
    ],
)
def test_what_cannot_be_a_course_is_refused_beside_its_field_and_nothing_typed_is_lost(
    client, cast, change, status, sentence
):
    client.force_login(cast.helen)
    answer = client.post("/new-course/", {**CMU, **change, "do": "show"})
    assert answer.status_code == status
    assert sentence in words(answer)
    kept = {**CMU, **change}
    assert f'value="{kept["slug"]}"' in answer.content.decode() or not kept["slug"]
    assert "On-Device ML" in answer.content.decode() or "title" in change


def test_nothing_is_made_but_what_was_looked_at(client, cast):
    client.force_login(cast.helen)
    seen = seen_in(client.post("/new-course/", {**CMU, "do": "show"}))
    answer = client.post("/new-course/", {**CMU, "title": "Another", "do": "make", "seen": seen})
    assert answer.status_code == 409 and "Nothing is made; look at it again." in words(answer)
    assert not Course.objects.filter(slug="odml-f27").exists()
    assert (
        client.post("/new-course/", {**CMU, "title": "Another", "do": "make", "seen": seen_in(answer)}).status_code
        == 302
    )


def test_a_double_click_makes_one_course(client, cast):
    client.force_login(cast.helen)
    seen = seen_in(client.post("/new-course/", {**CMU, "do": "show"}))
    assert client.post("/new-course/", {**CMU, "do": "make", "seen": seen}).status_code == 302
    again = client.post("/new-course/", {**CMU, "do": "make", "seen": seen})
    assert again.status_code == 409 and "already" in words(again)
    assert Course.objects.filter(slug="odml-f27").count() == 1


def test_the_way_there_is_offered_to_who_may_go_it(client, cast):
    for name, is_offered in (("helen", True), ("olu", True), ("amit", False), ("ruth", False)):
        client.force_login(getattr(cast, name))
        page = client.get(f"/courses/{cast.course.slug}/" if name != "olu" else "/").content.decode()
        assert ('href="/new-course/"' in page) == is_offered, name
    client.force_login(cast.helen)
    assert (
        f"/new-course/?from=course:{cast.course.slug}"
        in client.get(f"/courses/{cast.course.slug}/file/").content.decode()
    )
