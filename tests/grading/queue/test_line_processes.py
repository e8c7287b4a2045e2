"""Real worker processes share the line, small: the full forms are tests/load/queue_fairness.py and tests/load/killed_workers.py."""

import pytest
from django.db import connection

from grading.measuring import worker
from grading.models import Run
from hardware.models import Status
from tests.grading.queue.line_builders import waiting
from tests.load.killed_workers import killing
from tests.load.queue_fairness import measure
from tests.people import make_cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_database]


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.fail("processes need a database file; see tests/settings.py")
    return make_cast()


def test_many_files_of_one_are_not_taken_before_the_first_of_another(cast, tmp_path):
    found = measure(cast, 2, tmp_path, takes_s=0.1, many=14, others=3)
    assert found["passed"] <= 2  # what the two workers had begun


def test_workers_that_are_killed_lose_nothing_and_grade_nothing_twice(cast, tmp_path):
    found = killing(cast, tmp_path, people_many=4, each=2, workers=2, takes_s=0.3, every_s=0.6, most_kills=4)
    assert found["killed"] >= 2 and found["measured"] + found["given up as ours"] == 8


def test_a_process_that_measures_takes_no_second_run(cast, tmp_path):
    waiting(cast, tmp_path, cast.ruth)
    with worker.slot:
        assert not worker.work_once("bench@test")
    assert Run.objects.get().status == Status.QUEUED
