"""A prepared query gives what the same query gives when it is built anew, in every thread, with its relations and prefetches."""

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection

from courseplatform.core.prepared import Prepared
from courseplatform.courses.models import Enrolment
from courseplatform.teams.models import Membership
from grading.models.submissions import Submission

MINE = Prepared(
    lambda slug, person: Enrolment.objects.select_related("course").filter(course__slug=slug, person=person),
    slug=str, person=int,
)  # fmt: skip


def test_it_gives_the_rows_that_the_query_gives_and_their_relations(cast, django_assert_num_queries):
    for person in (cast.ruth, cast.helen, cast.ruth):
        want = Enrolment.objects.get(course=cast.course, person=person)
        with django_assert_num_queries(1):
            (found,) = MINE(slug=cast.course.slug, person=person.pk)
            assert (found, found.role, found.course.title) == (want, want.role, cast.course.title)
    assert list(MINE(slug="elsewhere", person=cast.ruth.pk)) == []


def test_the_sql_is_built_once(cast, monkeypatch):
    built = []
    own = Prepared(lambda person: built.append(person) or Enrolment.objects.filter(person=person), person=int)
    for person in (cast.ruth, cast.helen):
        assert {row.person_id for row in own(person=person.pk)} == {person.pk}
    assert len(built) == 2  # the database that is asked, and the SQL


def test_prefetched_rows_deferred_fields_and_slices_come_along(cast, django_assert_num_queries):
    own = Prepared(
        lambda course: Enrolment.objects.filter(course=course).select_related("person").prefetch_related("course").order_by("pk").only("person", "course")[:2],
        course=int,
    )  # fmt: skip
    with django_assert_num_queries(2):
        rows = list(own(course=cast.course.pk))
        assert len(rows) == 2 and {row.course for row in rows} == {cast.course}
    with django_assert_num_queries(1):
        assert rows[0].role


def test_instants_are_values_too(cast):
    at = Prepared(lambda now: Membership.objects.at(now).order_by("pk"), now=datetime)
    for now in (datetime.now(UTC), datetime.now(UTC) - timedelta(days=4000)):
        assert list(at(now=now)) == list(Membership.objects.at(now).order_by("pk"))


def test_a_list_of_keys_gives_the_same_rows_whatever_its_length(cast):
    built = []

    def build(course, people):
        built.append(len(people))
        return Enrolment.objects.filter(course=course, person__in=people).order_by("pk")

    of, every = Prepared(build, course=int, people=list), list(Enrolment.objects.order_by("pk"))
    keys = sorted({row.person_id for row in every})
    for many in (*range(len(keys) + 1), 3, 2, 0):
        for course in (cast.course, cast.other_course):
            want = [row for row in every if row.course_id == course.pk and row.person_id in keys[:many]]
            assert list(of(course=course.pk, people=keys[:many])) == want
    assert built == [1, 1, 2, 4, 8]  # the database that is asked, then once for each power of two


def test_two_lists_are_not_mixed_up(cast):
    of = Prepared(
        lambda people, others: Enrolment.objects.filter(person__in=people).exclude(person__in=others).order_by("pk"),
        people=list, others=list,
    )  # fmt: skip
    people, others = [cast.ruth.pk, cast.daniel.pk, cast.helen.pk], [cast.daniel.pk]
    assert {row.person_id for row in of(people=people, others=others)} == {cast.ruth.pk, cast.helen.pk}
    assert {row.person_id for row in of(others=people, people=others)} == set()
    assert {row.person_id for row in of(others=[], people=others)} == {cast.daniel.pk}


def test_a_tuple_is_no_list(cast):
    with pytest.raises(TypeError, match="people"):
        Prepared(lambda people: Enrolment.objects.filter(person__in=people), people=list)(people=(1,))


@pytest.mark.parametrize("value", [None, "7", 7.0])
def test_a_value_of_another_type_is_refused_for_it_would_be_another_query(cast, value):
    with pytest.raises(TypeError, match="person"):
        MINE(slug="odml", person=value)


def test_a_value_that_the_query_does_not_hold_is_refused(db):
    with pytest.raises(ValueError, match="other"):
        Prepared(lambda person, other: Enrolment.objects.filter(person=person), person=int, other=int)(
            person=1, other=2
        )


@pytest.mark.real_database
def test_threads_share_what_is_built_and_nothing_else(transactional_db):
    from tests.people import make_cast

    cast = make_cast()
    people, wrong = [cast.ruth.pk, cast.helen.pk, cast.amit.pk], []

    def ask(person):
        try:
            for _ in range(50):
                wrong.extend(row for row in MINE(slug=cast.course.slug, person=person) if row.person_id != person)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=(person,)) for person in people * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_keys_that_are_no_numbers_come_in_lists_too(cast):
    now = datetime.now(UTC)
    sent = [
        Submission.objects.create(assignment=cast.lab, person=cast.ruth, number=n, received_at=now, upload_key=uuid4(), receipt=f"R{n}")
        for n in (1, 2, 3)
    ]  # fmt: skip
    of = Prepared(lambda keys: Submission.objects.filter(pk__in=keys).order_by("number"), keys=list[UUID])
    assert [list(of(keys=[one.pk for one in sent[:many]])) for many in range(4)] == [sent[:many] for many in range(4)]
    with pytest.raises(TypeError):
        of(keys=tuple(one.pk for one in sent))
