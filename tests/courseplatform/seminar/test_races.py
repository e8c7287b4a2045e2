"""Two tabs, two people, at once: real threads on a real database."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from courseplatform.core.errors import AppError
from courseplatform.seminar.models import Duty, Highlight, MatchingRun, PreferenceRound, SlotPerson, Swap
from courseplatform.seminar.services.highlights import highlight_assign, highlight_save
from courseplatform.seminar.services.rounds import matching_publish, matching_run
from courseplatform.seminar.services.slots import duty_give
from courseplatform.seminar.services.swaps import swap_answer, swap_ask
from tests.courseplatform.seminar.builders import after_due, make_slot, make_students, open_round, put_in
from tests.people import make_cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_database]


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.fail("threads need a database file; see tests/settings.py")
    return make_cast()


def at_once(*acts):
    """Each act in a thread of its own, started together. Returns what they returned, errors by their code, in the order of the acts."""
    start, found = threading.Barrier(len(acts)), [None] * len(acts)

    def body(place, act):
        start.wait()
        try:
            found[place] = act()
        except AppError as error:
            found[place] = error.code
        finally:
            connection.close()

    threads = [threading.Thread(target=body, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert None not in found
    return found


def holders():
    return {duty.slot_id: duty.person_id for duty in SlotPerson.objects.all()}


def ask(cast, mine, theirs):
    day = timezone.localdate(timezone=cast.course.tz) + timedelta(days=3)
    return swap_ask(visit=cast.visit(mine.person), mine=mine, theirs=theirs, answer_by=day)


def test_two_swaps_for_the_same_place_confirmed_at_once_are_one(cast):
    """Ruth and Sofia both asked for Daniel's place, and he confirms both in two tabs."""
    ruth, daniel, sofia = (
        put_in(make_slot(cast.course, 14 + n, f"P{n}"), person)
        for n, person in enumerate((cast.ruth, cast.daniel, cast.sofia))
    )
    one, two = ask(cast, ruth, daniel), ask(cast, sofia, daniel)
    visit = cast.visit(cast.daniel)
    found = at_once(*[lambda swap=swap: swap_answer(visit=visit, swap=swap, is_yes=True).status for swap in (one, two)])
    assert sorted(found) == ["confirmed", "swap_over"]
    assert sorted(Swap.objects.values_list("status", flat=True)) == ["confirmed", "overtaken"]
    assert sorted(holders().values()) == sorted(
        [cast.ruth.pk, cast.daniel.pk, cast.sofia.pk]
    )  # nobody lost a place, nobody has two


def test_a_chain_of_swaps_confirmed_at_once_loses_nobody(cast):
    """Ruth asks Daniel while Daniel asked Sofia; both are confirmed together, so that the two transactions want one slot in common."""
    ruth, daniel, sofia = (
        put_in(make_slot(cast.course, 14 + n, f"P{n}"), person)
        for n, person in enumerate((cast.ruth, cast.daniel, cast.sofia))
    )
    one, two = ask(cast, ruth, daniel), ask(cast, daniel, sofia)
    acts = [(one, cast.visit(cast.daniel)), (two, cast.visit(cast.sofia))]
    found = at_once(
        *[
            lambda swap=swap, visit=visit: swap_answer(visit=visit, swap=swap, is_yes=True).status
            for swap, visit in acts
        ]
    )
    assert sorted(found) == ["confirmed", "swap_over"]
    assert sorted(holders().values()) == sorted([cast.ruth.pk, cast.daniel.pk, cast.sofia.pk])


def test_a_double_click_on_confirm_swaps_once(cast):
    ruth, daniel = (
        put_in(make_slot(cast.course, 14 + n, f"P{n}"), person) for n, person in enumerate((cast.ruth, cast.daniel))
    )
    swap, visit = ask(cast, ruth, daniel), cast.visit(cast.daniel)
    found = at_once(*[lambda: swap_answer(visit=visit, swap=swap, is_yes=True).status] * 4)
    assert sorted(found) == ["confirmed"] + ["swap_over"] * 3
    assert holders() == {ruth.slot_id: cast.daniel.pk, daniel.slot_id: cast.ruth.pk}


def test_two_questions_at_once_are_one_open_swap(cast):
    ruth, daniel, sofia = (
        put_in(make_slot(cast.course, 14 + n, f"P{n}"), person)
        for n, person in enumerate((cast.ruth, cast.daniel, cast.sofia))
    )
    found = at_once(lambda: ask(cast, ruth, daniel).status, lambda: ask(cast, ruth, sofia).status)
    assert sorted(found) == ["asked", "one_swap_at_a_time"]


def test_the_last_place_goes_to_one(cast):
    slot, visit = make_slot(cast.course, presenter_places=1), cast.visit(cast.helen)
    people = make_students(cast.course, 5)
    found = at_once(
        *[
            lambda person=person: duty_give(visit=visit, slot=slot, person=person, role=Duty.PRESENTER).role
            for person in people
        ]
    )
    assert sorted(found) == ["presenter"] + ["slot_full"] * 4
    assert slot.people.count() == 1


def test_a_matching_published_in_two_tabs_is_published_once(cast):
    for number in range(3):
        make_slot(cast.course, 20 + number, f"P{number}", reviewer_places=1)
    found_round, visit = open_round(cast), cast.visit(cast.helen)
    late = after_due(found_round)
    runs = [matching_run(visit=visit, found=found_round, now=late) for _ in range(2)]
    found = at_once(
        *[
            lambda run=run: matching_publish(visit=visit, run=MatchingRun.objects.get(pk=run.pk), now=late).status
            for run in [runs[0], *runs]
        ]
    )
    assert found.count("published") == 1
    assert set(found) <= {"published", "stale_preview", "illegal_move", "lost_race"}
    assert SlotPerson.objects.count() == 3
    assert PreferenceRound.objects.get().status == "matched"


def test_two_writers_of_a_highlight_lose_nothing_silently(cast):
    slot = make_slot(cast.course)
    highlight = highlight_assign(visit=cast.visit(cast.helen), session=slot.session, people=[cast.ruth, cast.daniel])
    acts = [(cast.ruth, "Ruth's words"), (cast.daniel, "Daniel's words")]
    found = at_once(
        *[lambda person=person, text=text: highlight_save(visit=cast.visit(person), highlight=Highlight.objects.get(pk=highlight.pk), text=text, version=0).text
          for person, text in acts]
    )  # fmt: skip
    assert found.count("changed_meanwhile") == 1
    assert Highlight.objects.get().text in found
