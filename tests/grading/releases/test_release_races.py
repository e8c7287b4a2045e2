"""Two presses and two workers at once: one release, each person told once."""

import threading

import pytest
from django.db import connection

from courseplatform.notices.models import Notification
from grading.models.grades import GradeRelease, ReleasedTo
from grading.releases.choice import ReleaseChoice
from grading.services.release_news import release_news_send
from grading.services.releasing import grades_release, grades_take_back
from tests.courseplatform.teams.builders import make_students
from tests.grading.grades.grades import with_rubric
from tests.people import make_cast

pytestmark = [pytest.mark.real_database, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cast(settings, tmp_path, transactional_db):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    found = make_cast()
    with_rubric(found)
    make_students(found, 200)
    return found


def at_once(*acts):
    start, found = threading.Barrier(len(acts)), []

    def one(act):
        start.wait()
        try:
            found.append(act())
        except Exception as error:
            found.append(getattr(error, "code", repr(error)))
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_two_who_press_at_once_make_one_release(cast):
    visits = [cast.visit(cast.helen), cast.visit(cast.ines), cast.visit(cast.amit)]
    found = at_once(*(lambda visit=visit: grades_release(visit=visit, assignment=cast.lab).pk for visit in visits))
    assert found.count("released_already") == 2 and GradeRelease.objects.count() == 1


def test_two_workers_tell_nobody_twice(cast):
    grades_release(visit=cast.visit(cast.helen), assignment=cast.lab, choice=ReleaseChoice())
    found = at_once(release_news_send, release_news_send, release_news_send)
    assert sum(told for told, _ in found) == 203
    assert Notification.objects.filter(kind="grade").count() == 203


def test_taking_back_while_they_are_told_leaves_nobody_to_be_told(cast):
    visit = cast.visit(cast.helen)
    grades_release(visit=visit, assignment=cast.lab)
    found = at_once(release_news_send, lambda: grades_take_back(visit=visit, assignment=cast.lab, reason="wrong"))
    told = next(one[0] for one in found if isinstance(one, tuple))
    assert not ReleasedTo.objects.filter(is_due=True).exists()
    assert Notification.objects.filter(kind="grade").count() == told == ReleasedTo.objects.exclude(told_at=None).count()
