"""Closing a course and opening it again."""

import pytest
from django.core.management import call_command

from courseplatform.audit.models import AuditRow
from courseplatform.core.errors import Conflict
from courseplatform.courses.closing import unfinished_of
from courseplatform.keeping.term.closing import course_close, course_open
from grading.models import Run
from hardware.models import Job, Outcome, Status
from tests.people import hand_in, make_cast, onnx_like

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


def test_an_instructor_closes_by_typing_the_name_and_opens_again(client, cast):
    client.force_login(cast.helen)
    page = f"/courses/{cast.course.slug}/term/"
    assert "Everything is finished" in client.get(page).content.decode()
    wrong = client.post(f"{page}close/", {"typed": "odm"})
    assert wrong.status_code == 422
    assert "Nothing was changed" in wrong.content.decode()
    assert client.post(f"{page}close/", {"typed": " odml "}).status_code == 302
    cast.course.refresh_from_db()
    assert cast.course.closed_by == cast.helen.email
    assert client.post(f"/courses/{cast.course.slug}/schedule/new/", {}).status_code == 409
    assert client.post(f"{page}open/").status_code == 302
    assert client.post(f"/courses/{cast.course.slug}/schedule/new/", {}).status_code != 409
    said = list(AuditRow.objects.filter(course=cast.course).order_by("pk").values_list("what", flat=True))
    assert said[-2:] == ["Closed the course: nobody changes anything in it", "Opened the course again"]


def test_a_course_is_not_closed_while_a_run_is_open(client, cast, tmp_path):
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    with pytest.raises(Conflict) as refused:
        course_close(course=cast.course, by="test")
    assert refused.value.code == "runs_in_progress"
    assert refused.value.details == {"waits_for": {"Runs in progress": 1}}
    client.force_login(cast.helen)
    assert "Not while work goes on" in client.get(f"/courses/{cast.course.slug}/term/").content.decode()
    Job.objects.filter(pk=Run.objects.get(submission=submission).pk).update(
        status=Status.FINISHED, outcome=Outcome.CANCELLED
    )
    assert course_close(course=cast.course, by="test").is_closed


def test_closed_twice_or_opened_twice_is_refused(cast):
    course_close(course=cast.course, by="test")
    with pytest.raises(Conflict, match="closed already"):
        course_close(course=cast.course, by="test")
    course_open(course=cast.course, by="test")
    with pytest.raises(Conflict, match="is open"):
        course_open(course=cast.course, by="test")


def test_what_is_unfinished_is_counted_in_a_bounded_number_of_queries(cast, django_assert_max_num_queries):
    with django_assert_max_num_queries(16):
        assert unfinished_of(cast.course) == []


def test_the_command_asks_for_the_name(cast, capsys):
    with pytest.raises(SystemExit):
        call_command("course_close", cast.course.slug)
    assert "not_confirmed" in capsys.readouterr().err
    call_command("course_close", cast.course.slug, confirm=cast.course.slug)
    assert "is closed since" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        call_command("enrol", cast.course.slug, "new@example.edu")
    assert "course_closed" in capsys.readouterr().err
    call_command("course_open", cast.course.slug)
    cast.course.refresh_from_db()
    assert not cast.course.is_closed
