"""A change of late days is tried and undone; two at a time are one after the other."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection, connections

from courseplatform.notices.models.notifications import Notification
from grading.models import LateEntry, LateStale
from grading.services.late_favours import grant_give, owners_in
from grading.services.late_trial import late_change_try
from tests.grading.late_days.staff import handed_in, late_cast


@pytest.fixture
def cast(data_dir):
    return late_cast()


def give(cast, seen="", values="one"):
    def act():
        grant_give(visit=cast.visit(cast.helen), owners=owners_in(cast.course, [cast.ruth]), days=1, reason="ill")

    return late_change_try(course=cast.course, act=act, values=values, people={cast.ruth.pk}, seen=seen)


@pytest.mark.django_db
def test_a_trial_leaves_nothing_behind(cast):
    handed_in(cast, cast.ruth, ago=-timedelta(hours=70))
    trial = give(cast)
    assert [change.words for change in trial.changes] == [
        "3 of the bank, at most 80 %, then 4 of the bank, at most 90 %"
    ]
    assert (trial.is_done, trial.is_other) == (False, False)
    assert not LateEntry.objects.filter(kind="grant").exists()
    assert not Notification.objects.exists()
    assert not LateStale.objects.exists()


@pytest.mark.django_db
def test_the_digest_names_the_values(cast):
    assert give(cast).digest == give(cast).digest
    assert give(cast).digest != give(cast, values="another").digest


@pytest.mark.django_db(transaction=True)
@pytest.mark.real_database
def test_two_clicks_at_once_give_once(cast):
    seen, start, done = give(cast).digest, Barrier(2), []

    def click():
        try:
            start.wait(timeout=10)
            done.append(give(cast, seen=seen).is_done)
        finally:
            connections.close_all()

    threads = [Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    connection.close()
    assert sorted(done) == [False, True]
    assert LateEntry.objects.filter(kind="grant").count() == 1
