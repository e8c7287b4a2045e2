"""What is kept in the process is never older than the rows: whoever writes them, wherever, and whatever becomes of the transaction."""

import threading

import pytest
from django.core.signals import request_started
from django.db import connection, transaction
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core import kept as module
from courseplatform.core.kept import kept, kept_rows, plan_changes_prune
from courseplatform.core.models import Heartbeat, PlanChange
from courseplatform.courses.models import Course
from tests.people import make_course

pytestmark = pytest.mark.real_database


@pytest.fixture
def course(transactional_db):
    return make_course("kept")


def titles():
    return kept("titles", 0, lambda: sorted(Course.objects.values_list("title", flat=True)))


def elsewhere(do):
    """In another thread, with a connection of its own, as another request."""

    def done():
        try:
            do()
        finally:
            connection.close()

    thread = threading.Thread(target=done)
    thread.start()
    thread.join()


def test_it_is_read_once_and_again_after_each_kind_of_write(course, django_assert_num_queries):
    titles()
    with django_assert_num_queries(1):  # the stamp
        assert titles() == [course.title]
    Course.objects.filter(pk=course.pk).update(title="By update")
    assert titles() == ["By update"]
    course.title = "By save"
    course.save()
    assert titles() == ["By save"]
    Course.objects.bulk_update([Course(pk=course.pk, title="By bulk_update")], ["title"])
    assert titles() == ["By bulk_update"]
    with connection.cursor() as cursor:
        cursor.execute('UPDATE "courses_course" SET "title" = %s', ["By hand"])
    assert titles() == ["By hand"]
    Course.objects.all().delete()
    assert titles() == []


def test_a_write_of_another_connection_is_seen(course):
    titles()
    elsewhere(lambda: Course.objects.update(title="From elsewhere"))
    assert titles() == ["From elsewhere"]


def test_a_connection_that_was_opened_within_a_wrapper_tells_of_later_writes_too(course):
    """As the first request of a thread does, where something times its queries."""
    seen = []

    def first_and_later():
        with connection.execute_wrapper(lambda execute, *asked: execute(*asked)):
            titles()
        seen.append(len(connection.execute_wrappers))
        Course.objects.update(title="Later")
        seen.append(titles())

    elsewhere(first_and_later)
    assert seen == [1, ["Later"]]


def test_within_a_request_the_stamp_is_asked_for_once_and_again_after_a_write_of_its_own(
    course, django_assert_num_queries
):
    request_started.send(sender=None)
    try:
        titles()
        with django_assert_num_queries(0):
            titles()
        Course.objects.update(title="Mine")
        assert titles() == ["Mine"]
    finally:
        module._end()


def test_what_is_not_committed_is_kept_for_nobody(course):
    titles()
    with transaction.atomic():
        Course.objects.update(title="Never")
        assert titles() == ["Never"]  # its own writer sees it
        transaction.set_rollback(True)
    assert titles() == [course.title]


def test_one_row_tells_of_all_writes_of_a_transaction(course):
    before = PlanChange.objects.count()
    with transaction.atomic():
        for title in ("One", "Two", "Three"):
            Course.objects.update(title=title)
    assert titles() == ["Three"] and PlanChange.objects.count() == before + 1
    Course.objects.update(title="Four")
    assert titles() == ["Four"] and PlanChange.objects.count() == before + 2


def test_a_write_after_a_savepoint_that_was_rolled_back_is_told(course):
    titles()
    with transaction.atomic():
        with transaction.atomic():
            Course.objects.update(title="Taken back")
            transaction.set_rollback(True)
        Course.objects.update(title="After it")
    assert titles() == ["After it"]


def test_a_write_after_a_transaction_that_was_rolled_back_is_told(course):
    titles()
    with transaction.atomic():
        Course.objects.update(title="Never")
        transaction.set_rollback(True)
    with transaction.atomic():
        Course.objects.update(title="For good")
    assert titles() == ["For good"]


def test_two_changes_that_end_in_the_other_order_are_both_seen(course):
    """The first to begin ends last: under a counter that only grows it would be hidden."""
    if connection.vendor != "postgresql":
        pytest.skip("asked on PostgreSQL")
    other, begun, may_end = make_course("other"), threading.Event(), threading.Event()

    def slow():
        with transaction.atomic():
            Course.objects.filter(pk=other.pk).update(title="A slow one")
            begun.set()
            may_end.wait(30)

    thread = threading.Thread(target=lambda: (slow(), connection.close()))
    thread.start()
    begun.wait(30)
    elsewhere(lambda: Course.objects.filter(pk=course.pk).update(title="A quick one"))
    assert "A quick one" in titles() and "A slow one" not in titles()
    may_end.set()
    thread.join()
    assert titles() == ["A quick one", "A slow one"]


def test_rows_are_new_objects_and_what_they_brought_along_is_shared(course):
    ask = lambda: kept_rows("courses", 0, Course.objects.all)  # noqa: E731
    first = ask()[0]
    first.title = "Changed on a page"
    first.extra = 1
    second = ask()[0]
    assert second.title == course.title and not hasattr(second, "extra")
    second.title = "Saved"
    second.save()
    assert ask()[0].title == "Saved"


def test_what_reads_other_tables_is_not_kept_and_says_so(course):
    read = lambda: kept("beats", 0, lambda: list(Heartbeat.objects.all()))  # noqa: E731
    assert read() == []
    Heartbeat.objects.create(name="ordinary", at=timezone.now())
    assert len(read()) == 1
    assert module.strangers == {"beats": {"core_heartbeat"}}
    module.strangers.clear()


def test_a_sign_in_is_no_change_and_another_name_is(course):
    person = User.objects.create(email="kim@example.org", name="Kim")
    stamp = module.stamp_now()
    person.last_login = timezone.now()
    person.save(update_fields=["last_login"])
    assert module.stamp_now() == stamp
    person.name = "Kim Lee"
    person.save(update_fields=["name"])
    assert module.stamp_now() != stamp


def test_old_changes_leave_and_the_rows_are_read_anew(course):
    PlanChange.objects.update(at=timezone.now() - module.PRUNED_AFTER * 2)
    before, known = module.stamp_now(), titles()
    assert plan_changes_prune() > 0
    assert module.stamp_now() != before and titles() == known


def test_no_more_is_kept_than_there_is_room_for(course, monkeypatch):
    monkeypatch.setattr(module, "MOST_KEPT", 3)
    for n in range(5):
        kept("many", n, lambda: 1)
    assert len(module._values) == 3
