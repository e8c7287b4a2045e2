"""Who was there."""

from datetime import date, timedelta

import pytest

from courseplatform.core.errors import BadInput
from courseplatform.participation.models import Attendance
from courseplatform.participation.selectors.people import PeopleFilter, person_rows
from courseplatform.participation.services.attendance import attendance_fill, attendance_record
from tests.courseplatform.participation.builders import many_students, session_of, with_scheme

pytestmark = pytest.mark.django_db
RECORD = "/courses/odml/participation/attendance/record/"


@pytest.fixture
def session(cast):
    return session_of(cast.course)


def modes(session):
    return dict(session.attendance.values_list("person__name", "mode"))


def test_everybody_is_here_then_the_exceptions(client, cast, session):
    client.force_login(cast.amit)
    client.post(RECORD, {"session": session.pk, f"mode-{cast.sofia.pk}": "absent"})
    client.post(RECORD, {"session": session.pk, "everybody": "in_person"})
    assert modes(session) == {"Ruth": "in_person", "Daniel": "in_person", "Sofia": "absent"}
    client.post(RECORD, {"session": session.pk, f"mode-{cast.daniel.pk}": "virtual", f"mode-{cast.ruth.pk}": "excused"})
    assert modes(session) == {"Ruth": "excused", "Daniel": "virtual", "Sofia": "absent"}


def test_one_choice_from_the_phone_is_answered_as_json(client, cast, session):
    client.force_login(cast.amit)
    for changed in (1, 0):  # the same again changes nothing
        answer = client.post(
            RECORD,
            {"session": session.pk, f"mode-{cast.ruth.pk}": "virtual", "age_ms": 5},
            headers={"Accept": "application/json"},
        )
        assert answer.json() == {"changed": changed}
    assert Attendance.objects.get().by == "Amit"


@pytest.mark.parametrize(
    ("name", "mode", "status"), [("ruth", "asleep", 422), ("lena", "in_person", 404), ("amit", "absent", 404)]
)
def test_nonsense_and_strangers_are_refused(client, cast, session, name, mode, status):
    client.force_login(cast.amit)
    body = {"session": session.pk, f"mode-{getattr(cast, name).pk}": mode, "mode-x": "absent", "mode-": "absent"}
    assert client.post(RECORD, body).status_code == status
    assert not Attendance.objects.exists()


def test_a_day_without_class_records_nobody(cast):
    off = session_of(cast.course, is_cancelled=True)
    with pytest.raises(BadInput) as refused:
        attendance_fill(visit=cast.visit(cast.amit), session=off, mode="in_person")
    assert refused.value.code == "not_a_class"


def test_another_courses_session_is_not_there(client, cast):
    client.force_login(cast.amit)
    other = session_of(cast.other_course)
    assert client.post(RECORD, {"session": other.pk, "everybody": "in_person"}).status_code == 404
    assert client.get("/courses/odml/participation/attendance/", {"session": other.pk}).status_code == 404


def test_in_person_virtual_and_excused_count_alike(cast):
    with_scheme(cast.course)
    visit = cast.visit(cast.amit)
    for n, mode in enumerate(["in_person", "virtual", "excused", "absent"]):
        session = session_of(cast.course, held_on=date.today() - timedelta(days=n))
        attendance_record(visit=visit, session=session, modes={cast.ruth.pk: mode})
    row = next(row for row in person_rows(visit, PeopleFilter()) if row.person == cast.ruth)
    assert (row.present, row.recorded, row.rate) == (3, 4, 0.75)


@pytest.mark.parametrize("count", [5, 600])
def test_six_hundred_people_are_recorded_and_shown_in_a_fixed_number_of_queries(
    client, cast, session, count, django_assert_max_num_queries
):
    many_students(cast.course, count)
    assert attendance_fill(visit=cast.visit(cast.amit), session=session, mode="in_person") == count + 3
    client.force_login(cast.amit)
    with django_assert_max_num_queries(12):
        page = client.get("/courses/odml/participation/attendance/", {"session": session.pk})
    assert page.context["counts"]["in_person"] == count + 3
    assert len(page.context["rows"]) == min(count + 3, 100)


def test_of_six_hundred_anybody_is_found_and_recorded_by_a_plain_form(client, cast, session):
    last = many_students(cast.course, 600)[-1]
    client.force_login(cast.amit)
    page = client.get("/courses/odml/participation/attendance/", {"session": session.pk, "q": last.name})
    assert [row.person for row in page.context["rows"]] == [last]
    back = client.post(RECORD, {"session": session.pk, f"mode-{last.pk}": "excused", "q": last.name})
    assert client.get(back.url).context["rows"][0].mode == "excused"
