"""A moment at an end of the calendar is a refusal, not a fault: in another zone it is not there. Found by tests/hostile/test_over_http.py."""

import pytest

from grading.api.power_readings import NewReadingShape


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-23:59", "0202-11-26T10:00:00+00:00"])
def test_a_moment_that_no_course_has_is_refused(at):
    sent = NewReadingShape(data={"at": at, "label": "A run", "used_mah": "420"})
    assert not sent.is_valid() and "at" in sent.errors
