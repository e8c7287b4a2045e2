"""Ranking, matching, publishing, and checking it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courseplatform.courses.models import Enrolment
from courseplatform.notices.models import Notification
from courseplatform.seminar.models import Duty, MatchingRun, PreferenceRound, Ranking, SlotPerson
from courseplatform.seminar.offers import snapshot_of
from courseplatform.seminar.services.rounds import matching_publish, matching_run, ranking_save, round_extend
from courseplatform.seminar.snapshots import compute
from tests.courseplatform.seminar.builders import after_due, code_of, make_slot, open_round, put_in

pytestmark = pytest.mark.django_db
PAPERS = "/courses/odml/papers/"


@pytest.fixture
def slots(cast):
    return [make_slot(cast.course, 20 + number, f"Paper {number}", reviewer_places=1) for number in range(4)]


def rank(cast, found, person, *slots, **more):
    return ranking_save(visit=cast.visit(person), found=found, order=[slot.pk for slot in slots], **more)


def test_a_round_needs_slots_and_is_open_once(cast, slots):
    found = open_round(cast)
    assert code_of(lambda: open_round(cast)) == "round_open"
    assert open_round(cast, Duty.PRESENTER).pk != found.pk
    assert {row.person for row in Notification.objects.filter(key=f"round-{found.pk}-opened")} == {
        cast.ruth,
        cast.daniel,
        cast.sofia,
    }


def test_a_round_without_slots_or_with_a_past_end_is_not_opened(cast):
    assert code_of(lambda: open_round(cast)) == "no_slots"
    make_slot(cast.course, 20)
    assert code_of(lambda: open_round(cast, days=-1)) == "due_is_past"


def test_papers_to_review_need_a_paper_papers_to_present_do_not(cast, slots):
    empty = make_slot(cast.course, 30, None)
    review, present = open_round(cast), open_round(cast, Duty.PRESENTER)
    now = timezone.now()
    assert empty.pk not in {row["key"] for row in snapshot_of(review, now)["slots"]}
    assert empty.pk in {row["key"] for row in snapshot_of(present, now)["slots"]}


def test_an_order_replaces_the_one_before(cast, slots):
    found = open_round(cast)
    rank(cast, found, cast.ruth, slots[0], slots[1])
    rank(cast, found, cast.ruth, slots[2])
    assert Ranking.objects.get().order == [slots[2].pk]


def test_an_order_is_refused_late_twice_or_with_an_unknown_slot(cast, slots):
    found = open_round(cast)
    assert code_of(lambda: rank(cast, found, cast.ruth, slots[0], slots[0])) == "ranked_twice"
    assert code_of(lambda: rank(cast, found, cast.ruth, make_slot(cast.other_course))) == "unknown_slot"
    assert rank(cast, found, cast.ruth, slots[0], now=found.due_at - timedelta(seconds=1))
    assert code_of(lambda: rank(cast, found, cast.ruth, slots[0], now=found.due_at)) == "round_over"


def test_the_last_moment_is_a_wall_time_of_the_course(cast, slots):
    found = open_round(cast)
    local = timezone.localtime(found.due_at, cast.course.tz)
    assert (local.hour, local.minute) == (23, 59)
    moved = round_extend(
        visit=cast.visit(cast.helen), found=found, due_on=found.due_on + timedelta(days=120), due_time=found.due_time
    )
    later = timezone.localtime(moved.due_at, cast.course.tz)
    assert (later.hour, later.minute) == (23, 59)  # also over a change of the clocks


def publish(cast, found, **more):
    late = after_due(found)
    run = matching_run(visit=cast.visit(cast.helen), found=found, now=late, **more)
    return matching_publish(visit=cast.visit(cast.helen), run=run, now=late)


def test_publishing_gives_the_duties_and_tells_everybody(cast, slots):
    found = open_round(cast)
    rank(cast, found, cast.ruth, slots[0], slots[1])
    rank(cast, found, cast.daniel, slots[1])
    run = publish(cast, found)
    duties = {duty.person: duty.slot for duty in SlotPerson.objects.select_related("slot", "person")}
    assert duties[cast.ruth] == slots[0]
    assert duties[cast.daniel] == slots[1]
    assert duties[cast.sofia] in slots[2:]
    assert run.counts == {"1": 2, "0": 1}
    found.refresh_from_db()
    assert found.status == "matched"
    assert Notification.objects.filter(person=cast.ruth, title="You review Paper 0").count() == 1


def test_a_preview_changes_nothing_and_is_not_published_before_the_end(cast, slots):
    found = open_round(cast)
    run = matching_run(visit=cast.visit(cast.helen), found=found)
    assert SlotPerson.objects.count() == 0
    assert code_of(lambda: matching_publish(visit=cast.visit(cast.helen), run=run)) == "round_still_open"


def test_a_preview_that_is_out_of_date_is_not_published(cast, slots):
    found, helen = open_round(cast), cast.visit(cast.helen)
    late = after_due(found)
    run = matching_run(visit=helen, found=found, now=late)
    put_in(slots[0], cast.ruth, Duty.REVIEWER)
    assert code_of(lambda: matching_publish(visit=helen, run=run, now=late)) == "stale_preview"
    assert SlotPerson.objects.count() == 1


def test_a_second_run_only_places_who_came_since_and_touches_no_duty(cast, slots):
    found = open_round(cast)
    Enrolment.objects.filter(person=cast.sofia).update(is_active=False)
    publish(cast, found)
    before = {duty.pk: (duty.person_id, duty.slot_id) for duty in SlotPerson.objects.all()}
    Enrolment.objects.filter(person=cast.sofia).update(is_active=True)
    publish(cast, PreferenceRound.objects.select_related("course").get(pk=found.pk))
    after = {duty.pk: (duty.person_id, duty.slot_id) for duty in SlotPerson.objects.all()}
    assert before.items() <= after.items()
    assert len(after) == len(before) + 1
    late = after_due(found)
    assert code_of(lambda: matching_run(visit=cast.visit(cast.helen), found=found, now=late)) == "nobody_to_match"


def test_own_sessions_are_not_given(cast):
    """Ruth presents in the only session but one."""
    own = make_slot(cast.course, 20, "Own", reviewer_places=3)
    other = make_slot(cast.course, 20, "Same session", session=own.session, reviewer_places=3)
    away = make_slot(cast.course, 25, "Away", reviewer_places=3)
    put_in(own, cast.ruth)
    found = open_round(cast)
    rank(cast, found, cast.ruth, other)  # saved by hand: the page does not offer it
    publish(cast, found)
    assert SlotPerson.objects.get(person=cast.ruth, role=Duty.REVIEWER).slot == away


def test_more_students_than_places_are_said_on_the_page(client, cast):
    make_slot(cast.course, 20, "Only one", reviewer_places=1)
    found = open_round(cast)
    run = matching_run(visit=cast.visit(cast.helen), found=found, now=after_due(found))
    client.force_login(cast.helen)
    page = client.get(run.get_absolute_url()).content.decode()
    assert "2 students without a place: 1 place for 3 students" in page
    matching_publish(visit=cast.visit(cast.helen), run=run, now=after_due(found))
    assert Notification.objects.filter(title__contains="no place was left").count() == 2


def test_a_stored_run_can_be_computed_again(cast, slots):
    found = open_round(cast)
    rank(cast, found, cast.ruth, *slots)
    run = publish(cast, found)
    stored = MatchingRun.objects.get(pk=run.pk)
    assert compute(stored.snapshot, stored.seed) == {"result": stored.result, "counts": stored.counts}


def test_a_student_checks_the_own_line_and_sees_no_names(client, cast, slots):
    found = open_round(cast)
    rank(cast, found, cast.ruth, slots[3])
    run = publish(cast, found)
    client.force_login(cast.ruth)
    page = client.get(run.get_absolute_url()).content.decode()
    assert "You got your first choice" in page
    assert "Daniel" not in page
    assert "the same, and no exchange improves it" in page
    table = client.get(f"{run.get_absolute_url()}matching.csv").content.decode()
    assert table.count("yes") == 1
    assert "Daniel" not in table
    client.force_login(cast.helen)
    assert "Daniel" in client.get(run.get_absolute_url()).content.decode()


def test_previews_are_for_staff_only(client, cast, slots):
    run = matching_run(visit=cast.visit(cast.helen), found=open_round(cast))
    client.force_login(cast.ruth)
    assert client.get(run.get_absolute_url()).status_code == 404
    assert client.post(f"{run.get_absolute_url()}act/", {"do": "publish"}).status_code == 403


def test_a_tampered_result_is_seen(client, cast, slots):
    run = publish(cast, open_round(cast))
    run.result["places"][0][1] = slots[3].pk if run.result["places"][0][1] != slots[3].pk else slots[2].pk
    run.save()
    client.force_login(cast.ruth)
    assert "it differs. Tell the staff" in client.get(run.get_absolute_url()).content.decode()


def test_staff_open_match_publish_and_cancel_from_the_desk(client, cast, slots):
    client.force_login(cast.helen)
    day = timezone.localdate(timezone=cast.course.tz) + timedelta(days=2)
    form = {"role": "reviewer", "due_on": day.isoformat(), "due_time": "23:59", "least": "0"}
    assert client.post(f"{PAPERS}manage/rounds/", form | {"due_on": "soon"}).status_code == 422
    assert client.post(f"{PAPERS}manage/rounds/", form).status_code == 302
    found = PreferenceRound.objects.get()
    address = f"{PAPERS}manage/rounds/{found.pk}/"
    assert client.post(address, {"do": "dance"}).status_code == 422
    assert client.post(address, {"do": "extend", "due_on": "", "due_time": "x"}).status_code == 422
    preview = client.post(address, {"do": "match"})
    assert client.get(preview["Location"]).status_code == 200
    assert client.post(f"{preview['Location']}act/", {"do": "publish"}).status_code == 409  # students may still rank
    PreferenceRound.objects.update(due_on=day - timedelta(days=5))
    assert client.post(f"{preview['Location']}act/", {"do": "publish"}).status_code == 302
    assert client.post(f"{preview['Location']}act/", {"do": "publish"}).status_code == 409
    assert SlotPerson.objects.count() == 3
    assert client.post(address, {"do": "cancel"}).status_code == 409


def test_the_order_is_a_draft_in_the_address_until_it_is_saved(client, cast, slots):
    found = open_round(cast)
    client.force_login(cast.ruth)
    page = client.get(PAPERS).content.decode()
    assert "Nothing ranked yet" in page
    draft = f"order{found.pk}={slots[2].pk}.{slots[0].pk}"
    page = client.get(f"{PAPERS}?{draft}").content.decode()
    assert "Two ranked; the order is not saved." in page
    assert "comes after your second, all equal" in page
    assert f"?order{found.pk}={slots[0].pk}.{slots[2].pk}" in page  # one step up or down
    assert Ranking.objects.count() == 0
    client.post(f"{PAPERS}order/", {"round": found.pk, "order": f"{slots[2].pk}.{slots[0].pk}"})
    assert Ranking.objects.get().order == [slots[2].pk, slots[0].pk]
    assert "Two ranked; the order is saved." in client.get(PAPERS).content.decode()
    assert "the order is not saved." in client.get(f"{PAPERS}?order{found.pk}={slots[0].pk}").content.decode()


@pytest.mark.parametrize("draft", ["", "x", "1.2.3.99999", "..", "-1", "9" * 400, "1" * 11])
def test_a_draft_that_makes_no_sense_breaks_nothing(client, cast, slots, draft):
    found = open_round(cast)
    client.force_login(cast.ruth)
    assert client.get(f"{PAPERS}?order{found.pk}={draft}").status_code == 200


@pytest.mark.parametrize("order", ["1.2.x", "drop table", "1..2", "1." * 300, "99999"])
def test_an_order_that_makes_no_sense_is_refused(client, cast, slots, order):
    found = open_round(cast)
    client.force_login(cast.ruth)
    assert client.post(f"{PAPERS}order/", {"round": found.pk, "order": order}).status_code == 422
    assert Ranking.objects.count() == 0


def test_a_step_with_htmx_returns_the_section_alone(client, cast, slots):
    found = open_round(cast)
    client.force_login(cast.ruth)
    headers = {"HX-Request": "true", "HX-Target": f"round-{found.pk}"}
    page = client.get(f"{PAPERS}?order{found.pk}={slots[0].pk}", headers=headers).content.decode()
    assert "One ranked" in page
    assert "<html" not in page


def test_who_has_such_a_duty_is_not_asked_staff_neither(client, cast, slots):
    put_in(slots[0], cast.ruth, Duty.REVIEWER)
    found = open_round(cast)
    for person, shown in ((cast.ruth, False), (cast.helen, False), (cast.daniel, True)):
        client.force_login(person)
        assert (f'id="round-{found.pk}"' in client.get(PAPERS).content.decode()) == shown
    client.force_login(cast.helen)
    assert client.post(f"{PAPERS}order/", {"round": found.pk, "order": ""}).status_code == 403


def test_a_duty_of_an_earlier_time_does_not_count(cast, slots):
    put_in(make_slot(cast.course, -10, "Long ago"), cast.ruth, Duty.REVIEWER)
    found = open_round(cast)
    assert cast.ruth.pk in [row["key"] for row in snapshot_of(found, timezone.now())["students"]]


def test_a_round_of_another_course_is_not_there(client, cast, slots):
    make_slot(cast.other_course, 20, "There")
    day = timezone.localdate() + timedelta(days=3)
    found = PreferenceRound.objects.create(course=cast.other_course, role="reviewer", opened_on=day, due_on=day)
    client.force_login(cast.helen)
    assert client.post(f"{PAPERS}manage/rounds/{found.pk}/", {"do": "cancel"}).status_code == 404
    client.force_login(cast.ruth)
    assert client.post(f"{PAPERS}order/", {"round": found.pk, "order": ""}).status_code == 422
