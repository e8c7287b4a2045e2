"""The list of people and what staff do with one of them."""

import pytest
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import Conflict, Forbidden
from courseplatform.courses.models import Enrolment
from courseplatform.notices.models.notifications import Notification
from courseplatform.roster.models import RosterEntry
from courseplatform.roster.services.members import (
    member_add,
    member_drop,
    member_return,
    member_role_change,
    member_sections_change,
)
from grading.models import Submission
from tests.courseplatform.roster.builders import PEOPLE, enrolment_of
from tests.people import hand_in, make_user, onnx_like

pytestmark = pytest.mark.django_db


def page_of(cast, person):
    return f"{PEOPLE}{enrolment_of(cast, person).pk}/"


def many(cast, count):
    people = User.objects.bulk_create(
        User(email=f"p{n}@example.edu", name=f"Person {n}", password="!x") for n in range(count)
    )
    rows = Enrolment.objects.bulk_create(Enrolment(course=cast.course, person=p, role="student") for p in people)
    RosterEntry.objects.bulk_create(
        RosterEntry(enrolment=row, course=cast.course, sis_id=f"{n:06}") for n, row in enumerate(rows)
    )


@pytest.mark.parametrize("count", [5, 600])
@pytest.mark.parametrize("address", [PEOPLE, f"{PEOPLE}?sort=role&state=all", "/courses/odml/people.csv"])
def test_the_list_takes_the_same_queries_for_600_people(cast, client, count, address, django_assert_max_num_queries):
    many(cast, count)
    client.force_login(cast.helen)
    with django_assert_max_num_queries(16):
        assert client.get(address).status_code == 200


def test_six_hundred_people_come_in_pages_that_keep_the_filters(cast, client):
    many(cast, 600)
    client.force_login(cast.helen)
    page = client.get(f"{PEOPLE}?role=student&page=2").content.decode()
    assert "101 to 200 of 603" in page
    assert "?role=student&amp;page=3" in page
    assert len(page) < 150_000


@pytest.mark.parametrize(
    ("query", "found"),
    [("q=adeyemi", set()), ("q=RUTH", {"Ruth"}), ("q=daniel@example", {"Daniel"}), ("role=ta", {"Amit"}), ("q=0042", {"Sofia"}),
     ("state=dropped", {"Daniel"}), ("role=nonsense&state=bad&section=x&sort=y&page=z", {"Ruth", "Daniel"})],
)  # fmt: skip
def test_filters_stand_in_the_url(cast, client, query, found):
    RosterEntry.objects.create(enrolment=enrolment_of(cast, cast.sofia), course=cast.course, sis_id="0042")
    if "dropped" in query:
        member_drop(visit=cast.visit(cast.helen), enrolment=enrolment_of(cast, cast.daniel))
    client.force_login(cast.helen)
    names = {row.enrolment.person.name for row in client.get(f"{PEOPLE}?{query}").context["rows"]}
    assert names >= found if "nonsense" in query else names == found


def test_a_section_filters(cast, client):
    member_sections_change(visit=cast.visit(cast.helen), enrolment=enrolment_of(cast, cast.ruth), sections=["A"])
    section = cast.course.course_sections.get()
    client.force_login(cast.helen)
    rows = client.get(f"{PEOPLE}?section={section.pk}").context["rows"]
    assert [row.enrolment.person for row in rows] == [cast.ruth]


def test_the_csv_guards_against_formulas(cast, client):
    User.objects.filter(pk=cast.ruth.pk).update(name="=cmd")
    client.force_login(cast.helen)
    assert "\n'=cmd," in client.get("/courses/odml/people.csv").content.decode()


def test_dropping_leaves_all_work_and_taking_back_brings_everything(cast, client, tmp_path):
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    client.force_login(cast.helen)
    client.post(f"{page_of(cast, cast.ruth)}drop/", {"why": "left the programme"})
    ruth = enrolment_of(cast, cast.ruth)
    assert (ruth.is_active, ruth.left_at is not None, Submission.objects.count()) == (False, True, 1)
    client.force_login(cast.ruth)
    assert client.get("/courses/odml/").status_code == 404
    client.force_login(cast.helen)
    client.post(f"{page_of(cast, cast.ruth)}take-back/")
    client.force_login(cast.ruth)
    assert client.get("/courses/odml/").status_code == 200
    assert [row.what for row in ruth.roster_changes.all()] == ["returned", "dropped"]
    assert ruth.roster_changes.last().why == "left the programme"


def test_dropping_twice_is_dropping_once(cast):
    for _ in range(2):
        member_drop(visit=cast.visit(cast.helen), enrolment=enrolment_of(cast, cast.ruth))
    assert enrolment_of(cast, cast.ruth).roster_changes.count() == 1


def test_a_role_changes_with_history_and_the_person_is_told(cast, client):
    client.force_login(cast.helen)
    client.post(f"{page_of(cast, cast.ruth)}role/", {"role": "ta", "why": "teaches labs"})
    row = enrolment_of(cast, cast.ruth).roster_changes.get()
    assert (row.changed_from, row.changed_to, row.by, row.why) == ("Student", "TA", "helen@example.edu", "teaches labs")
    assert Notification.objects.get(person=cast.ruth).kind == "people"


def test_a_role_here_changes_nothing_elsewhere(cast):
    member_role_change(visit=cast.visit(cast.helen), enrolment=enrolment_of(cast, cast.amit), role="instructor")
    assert Enrolment.objects.get(course=cast.other_course, person=cast.amit).role == "student"


def test_the_last_instructor_neither_leaves_nor_steps_down(cast, client):
    member_drop(visit=cast.visit(cast.helen), enrolment=enrolment_of(cast, cast.ines))
    client.force_login(cast.helen)
    for act, data in (("role", {"role": "student"}), ("drop", {})):
        answer = client.post(f"{page_of(cast, cast.helen)}{act}/", data)
        assert (answer.status_code, "last instructor" in answer.content.decode()) == (409, True)
    helen = enrolment_of(cast, cast.helen)
    assert (helen.role, helen.is_active) == ("instructor", True)


def test_an_instructor_whose_account_is_off_does_not_count_as_one(cast):
    User.objects.filter(pk=cast.ines.pk).update(is_active=False)
    with pytest.raises(Conflict):
        member_drop(visit=cast.visit(cast.helen), enrolment=enrolment_of(cast, cast.helen))


def test_ones_own_page_says_that_another_instructor_has_to_undo_it(cast, client):
    client.force_login(cast.ines)
    own, other = (client.get(page_of(cast, person)).content.decode() for person in (cast.ines, cast.ruth))
    assert own.count("This is you") == 2 and "This is you" not in other


def test_an_instructor_may_step_down_while_another_stays(cast, client):
    client.force_login(cast.ines)
    client.post(f"{page_of(cast, cast.ines)}role/", {"role": "ta"})
    assert enrolment_of(cast, cast.ines).role == "ta"


@pytest.mark.parametrize(("act", "data"), [("drop", {}), ("sections", {"more": "Z"}), ("invite", {}), ("withdraw", {})])
def test_a_ta_changes_no_staff(cast, client, act, data):
    client.force_login(cast.amit)
    assert client.post(f"{page_of(cast, cast.helen)}{act}/", data).status_code == 403
    assert enrolment_of(cast, cast.helen).is_active


def test_a_ta_changes_no_role_at_all(cast, client):
    client.force_login(cast.amit)
    assert client.post(f"{page_of(cast, cast.ruth)}role/", {"role": "ta"}).status_code == 403
    assert enrolment_of(cast, cast.ruth).role == "student"
    with pytest.raises(Forbidden):
        member_role_change(visit=cast.visit(cast.amit), enrolment=enrolment_of(cast, cast.ruth), role="student")


def test_a_ta_adds_students_and_no_staff(cast, client):
    client.force_login(cast.amit)
    client.post(f"{PEOPLE}add/", {"name": "Ana Silva", "email": "ana@example.edu", "role": "student"})
    assert Enrolment.objects.filter(person__email="ana@example.edu").exists()
    answer = client.post(f"{PEOPLE}add/", {"name": "Eve", "email": "eve@example.edu", "role": "instructor"})
    assert answer.status_code == 422 and not User.objects.filter(email="eve@example.edu").exists()


def test_adding_by_hand_with_sections_and_id(cast, client):
    client.force_login(cast.helen)
    client.post(
        f"{PEOPLE}add/", {"name": "Ana", "email": "Ana@Example.edu", "role": "ta", "sections": "A, B", "sis_id": "007"}
    )
    ana = Enrolment.objects.get(person__email="ana@example.edu")
    assert (ana.role, ana.roster_entry.sis_id) == ("ta", "007")
    assert {section.name for section in ana.roster_entry.sections.all()} == {"A", "B"}


@pytest.mark.parametrize(
    ("data", "said"),
    [({"name": "", "email": "ana@example.edu"}, "Write the name"), ({"name": "Ana", "email": "ana"}, "valid email"),
     ({"name": "\u202eAna", "email": "ana@example.edu"}, "cannot be seen"), ({"name": "Ana", "email": "ruth@example.edu"}, "is here already"),
     ({"name": "Ana", "email": "ana@example.edu", "sis_id": "=1"}, "An ID has"),
     ({"name": "Ana", "email": "ana@example.edu", "sis_id": "0042"}, "Somebody else")],
)  # fmt: skip
def test_a_mistake_in_adding_is_said_and_nothing_typed_is_lost(cast, client, data, said):
    RosterEntry.objects.create(enrolment=enrolment_of(cast, cast.sofia), course=cast.course, sis_id="0042")
    client.force_login(cast.helen)
    answer = client.post(f"{PEOPLE}add/", {"role": "student", "sections": "Lab C", **data})
    assert (answer.status_code, said in answer.content.decode(), "Lab C" in answer.content.decode()) == (
        422,
        True,
        True,
    )
    assert not User.objects.filter(email="ana@example.edu").exists()


def test_somebody_who_was_dropped_is_not_added_a_second_time(cast):
    member_drop(visit=cast.visit(cast.helen), enrolment=enrolment_of(cast, cast.ruth))
    with pytest.raises(Conflict) as caught:
        member_add(visit=cast.visit(cast.helen), email="ruth@example.edu", name="R", role="student")
    assert caught.value.code == "already_here"


def test_sections_are_ticked_and_named(cast, client):
    client.force_login(cast.amit)
    client.post(f"{page_of(cast, cast.ruth)}sections/", {"more": "A, C"})
    client.post(f"{page_of(cast, cast.ruth)}sections/", {"chosen": ["A"], "more": "B"})
    names = enrolment_of(cast, cast.ruth).roster_entry.sections.values_list("name", flat=True)
    assert set(names) == {"A", "B"}
    assert client.post(f"{page_of(cast, cast.ruth)}sections/", {"chosen": ["nowhere"]}).status_code == 409


def test_a_person_of_another_course_is_not_there(cast, client):
    lena = Enrolment.objects.get(course=cast.other_course, person=cast.lena)
    client.force_login(cast.helen)
    assert client.get(f"{PEOPLE}{lena.pk}/").status_code == 404
    for act in ("role", "sections", "drop", "take-back", "invite", "withdraw", "merge"):
        assert client.post(f"{PEOPLE}{lena.pk}/{act}/", {"role": "ta"}).status_code == 404
    lena.refresh_from_db()
    assert (lena.is_active, lena.role) == (True, "student")


def test_a_person_page_takes_the_same_queries_with_a_long_history(cast, client, django_assert_max_num_queries):
    for n in range(30):
        member_sections_change(
            visit=cast.visit(cast.helen), enrolment=enrolment_of(cast, cast.ruth), sections=[f"S{n}"]
        )
    client.force_login(cast.helen)
    with django_assert_max_num_queries(14):
        page = client.get(page_of(cast, cast.ruth)).content.decode()
    assert "S29" in page and f"{timezone.localtime().year}" in page


def test_students_do_not_see_the_list_and_its_link(cast, client):
    client.force_login(cast.ruth)
    assert client.get(PEOPLE).status_code == 403
    assert "/people/" not in client.get("/courses/odml/").content.decode()
    client.force_login(cast.amit)
    assert PEOPLE in client.get("/courses/odml/").content.decode()


def test_returning_invites_whoever_never_came_in(cast):
    made = member_add(visit=cast.visit(cast.helen), email="ana@example.edu", name="Ana", role="student")
    member_drop(visit=cast.visit(cast.helen), enrolment=made)
    member_return(visit=cast.visit(cast.helen), enrolment=made)
    assert sorted(made.invitations.values_list("status", flat=True)) == ["pending", "withdrawn"]


def test_somebody_new_is_called_by_the_name_of_the_form(cast):
    make_user("Kim")
    made = member_add(visit=cast.visit(cast.helen), email="KIM@example.edu", name="Other", role="student")
    assert made.person.name == "Kim"  # the account was there; its owner chose the name
