"""While no bench worker gives a sign of life, the page of a run that waits says that measuring stands still, and promises no time."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courseplatform.core.models import Heartbeat
from grading.models import Run
from hardware.models import Job
from tests.people import hand_in, onnx_like

pytestmark = pytest.mark.django_db
SAID = "Measuring stands still on our machine"


@pytest.fixture
def waiting(cast, tmp_path):
    """waiting(beat, since) -> the page of Ruth's run, the second in line; ages in seconds, a beat of None never came."""
    hand_in(cast, cast.daniel, onnx_like(tmp_path))
    hand_in(cast, cast.ruth, onnx_like(tmp_path))

    def page(client, person, *, beat, since=1):
        now = timezone.now()
        if beat is not None:
            Heartbeat.objects.create(name="bench", at=now - timedelta(seconds=beat))
        Job.objects.update(queued_at=now - timedelta(seconds=since))
        client.force_login(person)
        run = Run.objects.get(submission__person=cast.ruth)
        return client.get(f"{run.get_absolute_url()}live/").content.decode()

    return page


@pytest.mark.parametrize(("beat", "since"), [(5, 1), (5, 900), (None, 5)])
def test_while_the_worker_lives_or_a_run_came_only_now_nothing_is_said(client, cast, waiting, beat, since):
    page = waiting(client, cast.ruth, beat=beat, since=since)
    assert "in line" in page and SAID not in page


@pytest.mark.parametrize(("beat", "since"), [(600, 1), (600, 900), (None, 600)])
def test_while_the_worker_is_silent_the_page_says_that_nothing_moves_and_what_it_costs(
    client, cast, waiting, beat, since
):
    page = waiting(client, cast.ruth, beat=beat, since=since)
    assert SAID in page
    assert "keeps its place" in page and "The wait uses no attempt." in page
    assert "The result is here in" not in page and "range; most small models" not in page and " left<" not in page
    assert "/healthz" not in page


def test_the_staff_are_told_where_to_look(client, cast, waiting):
    assert "/healthz says which part is missing" in waiting(client, cast.amit, beat=600)
