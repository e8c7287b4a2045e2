"""Operators plan the deletion of a closed course at a page; for a week it can be taken back."""

from datetime import timedelta

import pytest

from courseplatform.audit.models import AuditRow
from courseplatform.core.errors import Conflict
from courseplatform.courses.models import Course
from courseplatform.keeping.models import CourseDeletion
from courseplatform.keeping.term.closing import course_close
from courseplatform.keeping.term.planning import deletion_take_back, deletions_sweep
from courseplatform.notices.models import Notification

pytestmark = pytest.mark.django_db
PAGE = "/leaving/courses/odml/"


@pytest.fixture
def closed(cast):
    course_close(course=cast.course, by="test")
    return cast


def planned(client, cast):
    client.force_login(cast.olu)
    assert client.post(PAGE, {"typed": "odml"}).status_code == 302
    return CourseDeletion.objects.get(course=cast.course)


def test_an_operator_plans_it_and_it_goes_after_a_week(client, closed):
    client.force_login(closed.olu)
    assert "/leaving/courses/odml/" in client.get("/leaving/courses/").content.decode()
    page = client.get(PAGE).content.decode()
    assert "Delete it in 7 days" in page
    assert client.post(PAGE, {"typed": "tinyml"}).status_code == 422
    assert not CourseDeletion.objects.exists()
    row = planned(client, closed)
    told = Notification.objects.filter(kind="keeping")
    assert {one.person for one in told} == {closed.helen, closed.ines}
    assert deletions_sweep(now=row.due_at - timedelta(minutes=1)) == 0
    assert Course.objects.filter(slug="odml").exists()
    assert deletions_sweep(now=row.due_at) == 1
    assert not Course.objects.filter(slug="odml").exists()
    assert Course.objects.filter(slug="tinyml").exists()
    assert client.get(PAGE).status_code == 404
    assert AuditRow.objects.filter(
        course=None, what__startswith="Deleted the course odml", actor=closed.olu.email
    ).exists()


@pytest.mark.parametrize(("who", "address"), [("olu", f"{PAGE}keep/"), ("helen", "/courses/odml/term/keep/")])
def test_it_is_taken_back_by_an_operator_or_an_instructor(client, closed, who, address):
    row = planned(client, closed)
    client.force_login(getattr(closed, who))
    assert client.post(address).status_code == 302
    assert deletions_sweep(now=row.due_at + timedelta(days=1)) == 0
    assert Course.objects.filter(slug="odml").exists()
    said = list(AuditRow.objects.filter(course=closed.course).order_by("pk").values_list("what", flat=True))
    assert said[-1] == "Took back that the course is to be deleted"
    planned_again = client.post(address, HTTP_ACCEPT="application/json")
    assert (planned_again.status_code, planned_again.json()["error"]["code"]) == (409, "not_planned")


def test_the_instructors_read_it_on_their_page(client, closed):
    planned(client, closed)
    client.force_login(closed.helen)
    page = client.get("/courses/odml/term/").content.decode()
    assert "It is deleted on" in page
    assert "Do not delete the course" in page
    answer = client.post("/courses/odml/term/open/", HTTP_ACCEPT="application/json")
    assert answer.json()["error"]["code"] == "to_be_deleted"


def test_what_has_begun_is_not_taken_back_and_is_carried_on(client, closed):
    row = planned(client, closed)
    assert deletions_sweep(now=row.due_at, batches=1) == 0
    with pytest.raises(Conflict) as refused:
        deletion_take_back(course=closed.course, person=closed.olu)
    assert refused.value.code == "deletion_begun"
    assert "Its deletion goes on" in client.get(PAGE).content.decode()
    assert deletions_sweep(now=row.due_at) == 1


def test_an_open_course_is_not_planned(client, cast):
    client.force_login(cast.olu)
    assert "This course is open" in client.get(PAGE).content.decode()
    answer = client.post(PAGE, {"typed": "odml"})
    assert (answer.status_code, CourseDeletion.objects.count()) == (409, 0)


def test_what_was_opened_meanwhile_stays(client, closed):
    row = planned(client, closed)
    Course.objects.filter(pk=closed.course.pk).update(closed_at=None)  # as a restored backup may have it
    assert deletions_sweep(now=row.due_at + timedelta(days=30)) == 0
    assert Course.objects.filter(slug="odml").exists()


@pytest.mark.parametrize("who", ["helen", "amit", "ruth"])
def test_these_pages_are_for_operators(client, closed, who):
    client.force_login(getattr(closed, who))
    for address in ("/leaving/courses/", PAGE, "/leaving/person/"):
        assert client.get(address).status_code == 403
    assert client.post(PAGE, {"typed": "odml"}).status_code == 403
