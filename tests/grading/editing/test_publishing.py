"""A new assignment is a draft; it is published, taken back, copied, deleted or withdrawn by instructors."""

from datetime import timedelta

import pytest

from courseplatform.core.errors import Conflict
from courseplatform.courses.models import Enrolment, Role, Session
from courseplatform.notices.models.notifications import Notification
from grading.course_file.assignment_starts import STARTS
from grading.models import Assignment, HiddenSet
from grading.models.assignments import AssignmentKind
from grading.services.assignment_editing import assignment_unpublish
from tests.grading.late_days.staff import handed_in
from tests.people import make_lab

pytestmark = pytest.mark.django_db
NEW = "/courses/odml/assignments/new/"


@pytest.fixture
def helen(client, cast, data_dir):
    client.force_login(cast.helen)
    return client


def at(rest, slug="lab1"):
    return f"/courses/odml/assignments/{slug}/{rest}"


@pytest.mark.parametrize("start", STARTS, ids=lambda start: start.key)
def test_every_kind_begins_as_a_draft_that_the_course_file_takes(helen, cast, start):
    answer = helen.post(NEW, {"start": start.key, "short": "Thing 7", "title": "Seven"})
    assert answer.status_code == 302 and answer["Location"] == at("edit/", "thing-7")
    row = Assignment.objects.get(slug="thing-7")
    assert row.is_draft and row.kind == start.more["kind"] and row.title == "Seven"
    assert helen.get(answer["Location"]).status_code == 200


def test_every_kind_of_the_courses_can_be_begun():
    assert {start.more["kind"] for start in STARTS} == set(AssignmentKind.values)


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        ({"short": ""}, "short", "required"),
        ({"slug": "lab1"}, "slug", "twice"),
        ({"short": "New"}, "slug", "reserved_name"),
        ({"slug": "Not a slug"}, "slug", "wrong_form"),
        ({"start": "nonsense"}, "start", "invalid_choice"),
        ({"start": "copy", "source": ""}, "source", "missing"),
        ({"start": "copy", "source": "999999"}, "source", "invalid_choice"),
        ({"short": "…"}, "slug", "wrong_form"),
    ],
    ids=str,
)  # fmt: skip
def test_a_refusal_keeps_what_was_typed(helen, cast, values, field, code):
    page = helen.post(NEW, {"start": "notebook", "short": "Thing", "title": "Kept title"} | values)
    assert page.status_code == 422 and "Kept title" in page.content.decode()
    assert code in [error.code for error in page.context["form"].errors.as_data()[field]]
    assert Assignment.objects.count() == 1


def test_a_copy_from_last_term_moves_by_whole_weeks_and_says_what_it_had_to_leave(helen, cast):
    Enrolment.objects.create(course=cast.other_course, person=cast.helen, role=Role.INSTRUCTOR)
    cast.other_course.starts_on = cast.course.starts_on - timedelta(days=364 + 2)
    cast.other_course.save()
    old = make_lab(cast.other_course, slug="old", short="Lab 9", title="Old")
    old.set_dates(released="2023-09-05", due="2023-09-15 23:59")
    old.listed_under = Session.objects.create(
        course=cast.other_course, held_on="2023-09-05", column="lecture", title="x", position=1
    ).held_on
    old.save()
    answer = helen.post(NEW, {"start": "copy", "source": str(old.pk), "dates": "weeks", "short": "Lab 5"}, follow=True)
    row = Assignment.objects.get(slug="lab-5")
    assert (row.released_wall, row.due_wall, row.listed_under) == ("2024-09-03", "2024-09-13 23:59", None)
    assert (row.title, row.bench_spec, row.hidden_set) == ("Old", old.bench_spec, old.hidden_set)
    assert "the session beside which it stands" in answer.content.decode()


def test_a_copy_can_be_made_without_dates(helen, cast):
    cast.lab.set_dates(due="2030-09-15 23:59")
    cast.lab.save()
    helen.post(NEW, {"start": "copy", "source": str(cast.lab.pk), "dates": "empty", "short": "Lab 5"})
    assert Assignment.objects.get(slug="lab-5").due_at is None


def test_a_copy_of_a_course_without_days_says_that_its_dates_are_empty(helen, cast):
    Enrolment.objects.create(course=cast.other_course, person=cast.helen, role=Role.INSTRUCTOR)
    cast.other_course.starts_on = None
    cast.other_course.save()
    old = make_lab(cast.other_course, slug="old", short="Lab 9")
    old.set_dates(due="2023-09-15 23:59")
    old.save()
    values = {"start": "copy", "source": str(old.pk), "dates": "weeks", "short": "Lab 5"}
    assert "no first day to count from" in helen.post(NEW, values, follow=True).content.decode()
    assert Assignment.objects.get(slug="lab-5").due_at is None


def test_nothing_of_a_course_that_one_does_not_teach_can_be_copied(helen, cast):
    theirs = make_lab(cast.other_course, slug="theirs", short="Their lab")
    assert "Their lab" not in helen.get(NEW).content.decode()
    assert helen.post(NEW, {"start": "copy", "source": str(theirs.pk), "short": "Mine"}).status_code == 422


def test_publishing_shows_what_goes_out_and_tells_members(helen, cast, client):
    Assignment.objects.filter(pk=cast.lab.pk).update(is_draft=True)
    page = helen.get(at("publish/")).content.decode()
    assert "Publish now" in page and "Basics" in page
    assert helen.post(at("publish/")).status_code == 302
    assert not Assignment.objects.get(pk=cast.lab.pk).is_draft
    assert Notification.objects.filter(person=cast.ruth, title__contains="Lab 1: Basics was published").exists()
    assert helen.post(at("publish/")).status_code == 409
    client.force_login(cast.ruth)
    assert client.get(at("")).status_code == 200


def test_what_cannot_be_measured_is_not_published(helen, cast):
    Assignment.objects.filter(pk=cast.lab.pk).update(is_draft=True, hidden_set=None)
    page = helen.post(at("publish/"))
    assert page.status_code == 409 and "not_ready" in page.content.decode()
    hidden = HiddenSet.objects.get(slug="test")
    hidden.facts = {"count": 16, "shape": [3, 8, 8], "low": 0, "high": 16, "classes": 10}
    hidden.save()
    Assignment.objects.filter(pk=cast.lab.pk).update(hidden_set=hidden)
    assert "3×8×8" in helen.post(at("publish/")).content.decode()
    assert Assignment.objects.get(pk=cast.lab.pk).is_draft


def test_it_is_taken_back_only_while_nobody_has_handed_in(helen, cast):
    helen.post(at("unpublish/"))
    assert Assignment.objects.get(pk=cast.lab.pk).is_draft
    Assignment.objects.filter(pk=cast.lab.pk).update(is_draft=False)
    handed_in(cast, cast.ruth)
    with pytest.raises(Conflict) as error:
        assignment_unpublish(visit=cast.visit(cast.helen), slug="lab1")
    assert error.value.code == "work_handed_in"
    assert "stays published" in helen.post(at("unpublish/"), follow=True).content.decode()


def test_what_nobody_began_is_deleted(helen, cast):
    assert "deleted for good" in helen.get(at("remove/")).content.decode()
    assert helen.post(at("remove/")).status_code == 302
    assert not Assignment.objects.exists()


def test_what_somebody_handed_in_is_withdrawn_and_comes_back(helen, cast):
    handed_in(cast, cast.ruth)
    assert helen.post(at("remove/")).status_code == 302
    assert Assignment.objects.get().is_withdrawn
    assert helen.get(at("")).status_code == 404
    assert "Bring back" in helen.get("/courses/odml/assignments/").content.decode()
    assert helen.post(at("restore/")).status_code == 302
    assert not Assignment.objects.get().is_withdrawn


def test_what_the_late_policy_names_is_not_taken_away(helen, cast):
    cast.course.facts = {"late_policy": {"title": "x", "policy": {"pass": {"turned_in": 1, "of": ["lab1"]}}}}
    cast.course.save()
    page = helen.post(at("remove/"))
    assert page.status_code == 409 and "named_elsewhere" in page.content.decode()
    assert Assignment.objects.exists()


@pytest.mark.parametrize(("name", "status"), [("amit", 403), ("ruth", 403), ("lena", 404)])
def test_only_instructors_make_and_unmake(client, cast, data_dir, name, status):
    client.force_login(getattr(cast, name))
    for rest in ("unpublish/", "remove/", "restore/"):
        assert client.post(at(rest)).status_code == status
    assert client.post(NEW, {"start": "notebook", "short": "x"}).status_code == status
    page = client.get("/courses/odml/assignments/")
    assert page.status_code == 404 or "New assignment" not in page.content.decode()


def test_an_assignment_without_a_due_time_says_nothing_false_about_the_late_rule(helen, cast):
    type(cast.course).objects.filter(pk=cast.course.pk).update(late_rule="")
    helen.post(NEW, {"start": "notebook", "short": "Thing"})
    said = helen.get("/courses/odml/assignments/thing/").content.decode()
    assert "Nothing is late while no due time is stated." in said and "stated no late rule" not in said
    listed = helen.get("/courses/odml/assignments/").content.decode()
    row = listed[listed.index(">Thing</a>") :].partition("</tr>")[0]
    assert "only-phone-inline" not in row
