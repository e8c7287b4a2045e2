"""Two clicks and two members at once: real threads on a real database."""

from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from grading.models import PowerReading, PowerReadingTakenBack
from grading.services.power_readings import power_reading_add, power_reading_take_back
from tests.courseplatform.teams.builders import make_team
from tests.grading.energy.builders import facts_of, reading_of, total, with_stages
from tests.grading.handing_in.test_hand_in_races import AT_ONCE, at_once
from tests.people import make_cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_database]


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.fail("threads need a database file; see tests/settings.py")
    found = make_cast()
    with_stages(found.course)
    return found


def add(cast, team, key):
    return power_reading_add(
        visit=cast.visit(cast.ruth), team=team, facts=facts_of(), entry_key=key, now=timezone.now()
    )[1]


def test_one_form_sent_several_times_at_once_counts_once(cast):
    team, key = make_team(cast, "Magpie", cast.ruth), uuid4()
    assert sorted(at_once(lambda: add(cast, team, key))) == [False] * (AT_ONCE - 1) + [True]
    assert (PowerReading.objects.count(), total(team)) == (1, 420)


def test_several_forms_at_once_all_count(cast):
    team = make_team(cast, "Magpie", cast.ruth)
    assert at_once(lambda: add(cast, team, uuid4())) == [True] * AT_ONCE
    assert total(team) == 420 * AT_ONCE


def test_a_reading_that_several_take_back_at_once_is_taken_back_once(cast):
    team = make_team(cast, "Magpie", cast.ruth)
    row, visit = reading_of(cast, cast.ruth, team), cast.visit(cast.ruth)

    def take():
        return power_reading_take_back(visit=visit, reading=row, reason="typed twice", now=timezone.now()).reason

    assert sorted(at_once(take)) == ["taken_back_already"] * (AT_ONCE - 1) + ["typed twice"]
    assert PowerReadingTakenBack.objects.count() == 1
