"""The line as it is now: what is kept of ended runs is that of this moment."""

from django.utils import timezone

from grading.selectors.line_now import line_read
from tests.grading.queue.line_builders import measured_before


def test_a_run_that_has_just_ended_is_among_the_times_at_once(cast):
    measured_before(cast, [10, 11])
    before = line_read(timezone.now(), [cast.lab.pk])
    measured_before(cast, [9, 9, 50])
    after = line_read(timezone.now(), [cast.lab.pk])
    assert [len(one.took("run", cast.lab.pk)) for one in (before, after)] == [2, 5]


def test_the_times_of_ended_runs_are_read_once_until_another_ends(cast, django_assert_num_queries):
    measured_before(cast, [10, 11])
    line_read(timezone.now(), [cast.lab.pk])
    with django_assert_num_queries(4):
        line_read(timezone.now(), [cast.lab.pk])
