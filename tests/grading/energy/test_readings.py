"""A reading is added once, counts in the stage of its time, is taken back once, and is nobody else's."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from courseplatform.core.errors import AppError, BadInput, Conflict, Forbidden
from courseplatform.courses.stages import dated_stages
from grading.energy.amounts import Amount, amount_of
from grading.energy.entering import DAYS_AFTER
from grading.models import PowerReading, PowerReadingTakenBack
from grading.selectors.team_energy import handed_in, team_energy
from grading.services.power_readings import power_reading_add, power_reading_take_back
from tests.courseplatform.teams.builders import make_team
from tests.grading.energy.builders import facts_of, reading_of, total, with_stages
from tests.people import hand_in, make_lab, onnx_like

pytestmark = pytest.mark.django_db


@pytest.fixture
def magpie(cast):
    with_stages(cast.course)
    return make_team(cast, "Magpie", cast.ruth, cast.daniel, since=timezone.now() - timedelta(days=40))


def added(cast, person, team, facts, key=None, now=None):
    return power_reading_add(
        visit=cast.visit(person), team=team, facts=facts, entry_key=key or uuid4(), now=now or timezone.now()
    )


def refused(act):
    with pytest.raises(AppError) as caught:
        act()
    return caught.value.code


def test_readings_count_in_the_stage_in_which_they_were_taken(cast, magpie):
    for mah, days_ago in ((640, 25), (820, 12), (120, 8), (380, 2)):
        reading_of(cast, cast.ruth, magpie, mah, days_ago=days_ago)
    found = team_energy(cast.visit(cast.daniel), magpie, timezone.now())
    assert [(use.used_mah, use.left_mah, use.state.value) for use in found.uses] == [
        (1460, 2540, "ended"), (500, 3500, "running"), (0, 4000, "not begun"),
    ]  # fmt: skip


def test_the_same_form_twice_is_one_reading(cast, magpie):
    key = uuid4()
    first, again = added(cast, cast.ruth, magpie, facts_of(), key), added(cast, cast.ruth, magpie, facts_of(900), key)
    assert (first[1], again[1], first[0].pk) == (True, False, again[0].pk)
    assert total(magpie) == 420


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"days_ago": -0.01}, "in_the_future"),
        ({"days_ago": 60}, "no_stage"),
        ({"days_ago": 20}, "stage_closed"),
        ({"mah": "4000.001"}, "more_than_a_charge"),
        ({"label": "  "}, "label_missing"),
    ],
)
def test_a_member_cannot_add_what_does_not_fit(cast, magpie, facts, code):
    assert refused(lambda: added(cast, cast.ruth, magpie, facts_of(**facts))) == code
    assert not PowerReading.objects.exists()


def test_a_team_has_a_few_days_after_a_stage_and_then_the_staff_need_a_reason(cast, magpie):
    stage = dated_stages(cast.course)[0]
    facts = facts_of(days_ago=12)
    last = stage.ends_at + timedelta(days=DAYS_AFTER)
    added(cast, cast.ruth, magpie, facts, now=last - timedelta(seconds=1))
    assert refused(lambda: added(cast, cast.ruth, magpie, facts, now=last)) == "stage_closed"
    assert refused(lambda: added(cast, cast.amit, magpie, facts, now=last)) == "reason_missing"
    row, _ = added(cast, cast.amit, magpie, facts_of(days_ago=12, reason="the meter was with us"), now=last)
    assert row.reason == "the meter was with us" and total(magpie) == 840


def test_a_reading_is_taken_back_once_and_stays_in_the_list(cast, magpie):
    row = reading_of(cast, cast.ruth, magpie)
    visit, now = cast.visit(cast.daniel), timezone.now()
    assert refused(lambda: power_reading_take_back(visit=visit, reading=row, reason=" ", now=now)) == "reason_missing"
    power_reading_take_back(visit=visit, reading=row, reason="the camera was off", now=now)
    with pytest.raises(Conflict) as again:
        power_reading_take_back(visit=visit, reading=row, reason="once more", now=now)
    assert again.value.code == "taken_back_already"
    assert PowerReadingTakenBack.objects.get().reason == "the camera was off"
    assert (total(magpie), PowerReading.objects.count()) == (0, 1)


def test_a_closed_stage_is_changed_by_the_staff_alone(cast, magpie):
    row = reading_of(cast, cast.ruth, magpie, days_ago=20)
    now = timezone.now()
    act = {"reading": row, "reason": "typed twice", "now": now}
    assert refused(lambda: power_reading_take_back(visit=cast.visit(cast.ruth), **act)) == "stage_closed"
    power_reading_take_back(visit=cast.visit(cast.helen), **act)
    assert total(magpie) == 0


def test_another_team_neither_adds_nor_takes_back(cast, magpie):
    row = reading_of(cast, cast.ruth, magpie)
    make_team(cast, "Heron", cast.sofia)
    visit = cast.visit(cast.sofia)
    with pytest.raises(Forbidden):
        added(cast, cast.sofia, magpie, facts_of())
    with pytest.raises(Forbidden):
        power_reading_take_back(visit=visit, reading=row, reason="mine", now=timezone.now())


def test_a_meters_file_counts_once_until_it_is_taken_back(cast, magpie):
    made = Amount(Decimal(540), "meter_file", Decimal(54), Decimal(600), "ab" * 32, 3241, ((0.0, 600.0),))
    facts = facts_of()
    facts = type(facts)(facts.at, "last layer", made)
    row, _ = added(cast, cast.ruth, magpie, facts)
    assert refused(lambda: added(cast, cast.daniel, magpie, facts)) == "file_counted_already"
    power_reading_take_back(visit=cast.visit(cast.ruth), reading=row, reason="another label", now=timezone.now())
    added(cast, cast.daniel, magpie, facts)
    assert total(magpie) == 540


def test_a_dissolved_team_takes_no_more(cast, magpie):
    magpie.status = "dissolved"
    magpie.save()
    assert refused(lambda: added(cast, cast.helen, magpie, facts_of())) == "team_dissolved"


def test_a_course_without_days_for_its_stages_takes_no_reading(cast, magpie):
    cast.course.facts = {"project": {"stages": ["inference"]}}
    cast.course.save()
    assert refused(lambda: added(cast, cast.ruth, magpie, facts_of())) == "no_stages"


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ({"used_mah": Decimal("420.5")}, ("420.500", "meter")),
        ({"mean_ma": Decimal(608), "minutes": Decimal(75)}, ("760.000", "current")),
        ({"mean_ma": Decimal("0.1"), "minutes": Decimal(1)}, ("0.002", "current")),
    ],
)
def test_a_charge_is_typed_or_current_times_time(said, wanted):
    made = amount_of(**{"used_mah": None, "mean_ma": None, "minutes": None, "metered": None} | said)
    assert (str(made.used_mah), made.known_by) == wanted


@pytest.mark.parametrize(
    ("said", "code", "field"),
    [
        ({}, "no_amount", "used_mah"),
        ({"used_mah": Decimal(-1)}, "not_positive", "used_mah"),
        ({"used_mah": Decimal("0.0001")}, "not_positive", "used_mah"),
        ({"used_mah": Decimal(1), "mean_ma": Decimal(1)}, "two_amounts", "used_mah"),
        ({"mean_ma": Decimal(600)}, "no_amount", "minutes"),
        ({"mean_ma": Decimal(-600), "minutes": Decimal(1)}, "not_positive", "mean_ma"),
        ({"mean_ma": Decimal(600), "minutes": Decimal(0)}, "not_positive", "minutes"),
        ({"mean_ma": Decimal(20_001), "minutes": Decimal(1)}, "too_much", "mean_ma"),
        ({"used_mah": Decimal(1), "metered": Amount(Decimal(1), "meter_file")}, "two_amounts", "used_mah"),
    ],
)
def test_what_is_no_charge_is_refused_at_its_field(said, code, field):
    with pytest.raises(BadInput) as caught:
        amount_of(**{"used_mah": None, "mean_ma": None, "minutes": None, "metered": None} | said)
    assert (caught.value.code, caught.value.details["field"]) == (code, field)


def test_a_stage_is_handed_in_with_its_assignment(cast, magpie, tmp_path):
    lab = make_lab(cast.course, "sharing", short="Sharing", is_individual=True)
    with_stages(cast.course, inference={"assignment": "sharing"})

    def is_handed_in():
        return "sharing" in handed_in(cast.course, dated_stages(cast.course), [magpie], timezone.now())[magpie.pk]

    hand_in(cast, cast.ruth, onnx_like(tmp_path), lab=lab)
    assert not is_handed_in()  # each member hands it in for themselves
    hand_in(cast, cast.daniel, onnx_like(tmp_path, more=b"d"), lab=lab)
    assert is_handed_in()
    hand_in(cast, cast.sofia, onnx_like(tmp_path, more=b"s"), lab=lab)
    other = make_team(cast, "Heron", cast.sofia)
    assert other.pk not in handed_in(cast.course, [], [other], timezone.now())


def test_team_work_that_one_member_handed_in_ends_the_stage(cast, magpie, tmp_path):
    lab = make_lab(cast.course, "sharing", short="Sharing", is_individual=False)
    with_stages(cast.course, inference={"assignment": "sharing"})
    hand_in(cast, cast.ruth, onnx_like(tmp_path), lab=lab)
    uses = team_energy(cast.visit(cast.ruth), magpie, timezone.now()).uses
    assert [use.state.value for use in uses] == ["handed in", "running", "not begun"]
