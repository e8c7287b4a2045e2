"""What PostgreSQL prepares gives what the query gives, on every connection, and stands in nobody's way."""

import threading
from contextlib import closing

import pytest
from django.db import connection, transaction
from django.db.models import F, Value
from django.db.models.functions import Repeat

from courseplatform.core import on_server
from courseplatform.core.prepared import Prepared
from courseplatform.courses.models import Course
from tests.people import make_course

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_database]


@pytest.fixture
def courses(settings):
    settings.DATABASE_PREPARE = True
    if connection.vendor != "postgresql":
        pytest.skip("asked on PostgreSQL")
    return [make_course(slug) for slug in ("first", "second")]


@pytest.fixture
def by_slug():
    return Prepared(lambda slug, least: Course.objects.filter(slug=slug, pk__gte=least), slug=str, least=int)


def prepared_here():
    with connection.cursor() as cursor:
        cursor.execute("select name from pg_prepared_statements where name like 'milliamp_%%'")
        return {name for (name,) in cursor.fetchall()}


def test_it_is_prepared_once_and_gives_the_rows_of_each_value(courses, by_slug):
    before = prepared_here()
    for _ in range(8):  # from the sixth time on PostgreSQL may keep the plan
        for course in courses:
            assert list(by_slug(slug=course.slug, least=0)) == [course]
            assert list(by_slug(slug=course.slug, least=course.pk + 1)) == []
    assert list(by_slug(slug="it's \\ 100% not there", least=0)) == []
    assert len(prepared_here() - before) == 1


def test_in_a_transaction_nothing_is_prepared_and_what_is_there_is_used(courses, by_slug):
    before = prepared_here()
    with transaction.atomic():
        assert list(by_slug(slug="first", least=0)) == [courses[0]]
    assert prepared_here() == before
    list(by_slug(slug="first", least=0))
    with transaction.atomic():
        assert list(by_slug(slug="second", least=0)) == [courses[1]]
    assert len(prepared_here() - before) == 1


def test_another_connection_prepares_for_itself(courses, by_slug):
    list(by_slug(slug="first", least=0))
    found = []

    def elsewhere():
        found.append([list(by_slug(slug="second", least=0)) == [courses[1]], len(prepared_here())])
        connection.close()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert found == [[True, 1]]
    connection.close()
    assert list(by_slug(slug="first", least=0)) == [courses[0]], "after the line was lost, too"


def test_a_connection_that_was_cut_off_between_two_requests_is_told_anew(courses, by_slug, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "CONN_HEALTH_CHECKS", True)
    connection.close()
    list(by_slug(slug="first", least=0))
    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        (ours,) = cursor.fetchone()
    with closing(connection.copy()) as other, other.cursor() as cursor:
        cursor.execute("select pg_terminate_backend(%s, 5000)", [ours])
    connection.close_if_unusable_or_obsolete()  # what Django does as a request begins
    assert list(by_slug(slug="second", least=0)) == [courses[1]]


def test_what_cannot_be_prepared_is_asked_as_it_is(courses):
    # repeat() takes an int: a bigint is none, and PostgreSQL refuses to prepare it.
    lines = Prepared(lambda many: Course.objects.annotate(line=Repeat(F("slug"), Value(many))).order_by("pk"), many=int)
    for _ in range(2):
        assert [row.line for row in lines(many=2)] == ["firstfirst", "secondsecond"]


def test_it_can_be_turned_off(courses, by_slug, settings):
    settings.DATABASE_PREPARE = False
    before = prepared_here()
    assert list(by_slug(slug="first", least=0)) == [courses[0]]
    assert prepared_here() == before


def test_every_query_of_a_page_can_be_prepared(courses, monkeypatch, client):
    refused = []
    monkeypatch.setattr(on_server.log, "info", lambda event, **facts: refused.append(facts))
    from tests.people import make_cast, make_lab

    cast = make_cast()
    make_lab(cast.course, "lab9")
    client.force_login(cast.ruth)
    for page in ("", "schedule/", "late-days/", "grades/", "assignments/lab9/"):
        assert client.get(f"/courses/{cast.course.slug}/{page}").status_code == 200
    assert refused == [] and len(prepared_here()) > 10
