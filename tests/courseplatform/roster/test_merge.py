"""Two accounts become one: nothing is forgotten, nothing is lost, nobody takes what is not theirs."""

from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from courseplatform.accounts import merging
from courseplatform.accounts.merging import account_merge, account_merge_preview, is_link_table, label_of, references
from courseplatform.accounts.models import AccountMerge, User
from courseplatform.core.errors import AppError, Forbidden
from courseplatform.courses.models import Enrolment
from courseplatform.notices.models.notifications import Notification
from courseplatform.notices.services.notifications import notification_send
from courseplatform.roster.models import RosterEntry
from courseplatform.roster.services.members import member_add, member_sections_change
from courseplatform.roster.services.merging import course_accounts_merge, sort_out
from grading.models import Piece, Submission
from tests.courseplatform.roster.builders import PEOPLE, enrolment_of
from tests.grading.handing_in.parts import NOTES, put_text
from tests.people import hand_in, make_lab, make_user, onnx_like

pytestmark = pytest.mark.django_db
MERGE = "/accounts/merge/"
MORE = NOTES | {"key": "more"}
PEOPLE_TARGETS = (User, Enrolment)


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet():
    cache.clear()


@pytest.fixture
def second(cast):
    """Ruth's other account, which the course made and nobody used."""
    return member_add(visit=cast.visit(cast.helen), email="ruth2@example.edu", name="Ruth A", role="student")


def all_references():
    return [found for target in PEOPLE_TARGETS for found in references(target)]


@pytest.mark.parametrize("reference", all_references(), ids=label_of)
def test_every_reference_to_a_person_that_may_collide_has_a_decision(reference):
    """A new model lands here by itself. Say in its app's registration what becomes of colliding rows, with `merging.decide`:
    `stay("why")`, or a function like those of roster/services/merging.py and grading/merging.py."""
    label = label_of(reference)
    if label == "accounts.AccountMerge.loser":
        return  # the record of the merge itself: it names the alias for ever
    if merging.uniques_of(reference) and not is_link_table(reference):
        assert label in merging.DECISIONS, f"decide({label!r}, ...) is missing"


@pytest.mark.parametrize("target", PEOPLE_TARGETS)
def test_the_walk_finds_what_the_models_declare(target):
    declared = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.local_fields
        if field.is_relation and field.related_model is target
    }
    assert {label_of(found) for found in references(target)} == declared


def test_every_decision_names_a_reference_that_exists():
    assert set(merging.DECISIONS) <= {label_of(found) for found in all_references()} | {
        label_of(found) for found in references(Enrolment)
    }


def test_after_a_merge_no_row_of_a_model_without_a_collision_points_to_the_loser(cast, second, tmp_path):
    lone, kim = second.person, make_user("Kim")
    Enrolment.objects.create(course=cast.other_course, person=kim, role="student")
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    notification_send(course=cast.course, people=[kim, cast.ruth], kind="people", key="same", title="Both")
    notification_send(course=cast.course, people=[kim], kind="people", key="only", title="Kim")
    EmailAddress.objects.create(user=kim, email="kim@example.edu")
    account_merge(winner=lone, loser=kim, by="test")
    left = {
        label_of(found) for found in references(User) if found.model._base_manager.filter(**{found.name: kim}).exists()
    }
    assert left == {"accounts.AccountMerge.loser"}
    account_merge(winner=lone, loser=cast.ruth, by="test")
    left = {
        label_of(found)
        for found in references(User)
        if found.model._base_manager.filter(**{found.name: cast.ruth}).exists()
    }
    # both were told the same, and both are in the course: those two rows stay with the alias
    assert left == {"accounts.AccountMerge.loser", "notices.Notification.person", "courses.Enrolment.person"}
    assert Submission.objects.get().person == lone


def test_attempts_of_both_are_kept_renumbered_and_one_is_active(cast, second, tmp_path):
    one, two = (hand_in(cast, cast.ruth, onnx_like(tmp_path, more=bytes([n]))) for n in (1, 2))
    other = hand_in(cast, second.person, onnx_like(tmp_path, more=b"\x03"))
    Submission.objects.filter(pk__in=[one.pk, other.pk]).update(is_active=True)
    merge = account_merge(winner=cast.ruth, loser=second.person, by="test")
    mine = Submission.objects.filter(person=cast.ruth).order_by("number")
    assert list(mine.values_list("pk", "number")) == [(one.pk, 1), (two.pk, 2), (other.pk, 3)]
    assert mine.filter(is_active=True).count() == 1
    assert any("becomes attempt 3" in line for line in merge.moved)


def test_two_enrolments_in_one_course_become_one_with_id_and_sections(cast, second):
    visit = cast.visit(cast.helen)
    member_sections_change(visit=visit, enrolment=second, sections=["B"])
    member_sections_change(visit=visit, enrolment=enrolment_of(cast, cast.ruth), sections=["A"])
    RosterEntry.objects.filter(enrolment=second).update(sis_id="0042", login="ra")
    account_merge(winner=cast.ruth, loser=second.person, by="test")
    kept = enrolment_of(cast, cast.ruth)
    assert (kept.roster_entry.sis_id, kept.roster_entry.login) == ("0042", "ra")
    assert set(kept.roster_entry.sections.values_list("name", flat=True)) == {"A", "B"}
    second.refresh_from_db()
    assert (second.is_active, second.left_at is not None) == (False, True)
    assert "merged" in {row.what for row in kept.roster_changes.all()}
    assert kept.roster_changes.filter(what="enrolled").exists()  # the other's history came along


def test_the_role_of_the_remaining_account_holds(cast, second):
    Enrolment.objects.filter(pk=second.pk).update(role="instructor")
    account_merge(winner=cast.ruth, loser=second.person, by="test")
    assert enrolment_of(cast, cast.ruth).role == "student"


def test_an_enrolment_that_slept_wakes_with_the_role_of_the_active_one(cast, second):
    Enrolment.objects.filter(course=cast.course, person=cast.ruth).update(is_active=False, left_at=timezone.now())
    account_merge(winner=cast.ruth, loser=second.person, by="test")
    ruth = enrolment_of(cast, cast.ruth)
    assert (ruth.is_active, ruth.left_at) == (True, None)


def test_the_preview_says_what_happens_and_changes_nothing(cast, second, tmp_path):
    hand_in(cast, second.person, onnx_like(tmp_path))
    before = (
        list(Enrolment.objects.order_by("pk").values()),
        list(Submission.objects.values()),
        list(User.objects.order_by("pk").values()),
    )
    report = account_merge_preview(winner=cast.ruth, loser=second.person)
    assert before == (
        list(Enrolment.objects.order_by("pk").values()),
        list(Submission.objects.values()),
        list(User.objects.order_by("pk").values()),
    )
    assert not AccountMerge.objects.exists()
    assert (report.moved + report.decided) == account_merge(winner=cast.ruth, loser=second.person, by="test").moved


def test_the_alias_signs_in_to_the_remaining_account_with_its_password_only(cast, second):
    second.person.set_password("of the second 1")
    second.person.save()
    account_merge(winner=cast.ruth, loser=second.person, by="test")
    client = Client()
    assert client.login(email="RUTH2@example.edu", password="correct horse")
    assert int(client.session["_auth_user_id"]) == cast.ruth.pk
    assert not Client().login(email="ruth2@example.edu", password="of the second 1")
    assert (
        Client().post("/accounts/login/", {"login": "ruth2@example.edu", "password": "correct horse"}).status_code
        == 302
    )


def test_the_alias_gets_no_mail_with_which_a_password_of_the_other_could_be_chosen(cast, second, mailoutbox):
    account_merge(winner=cast.ruth, loser=second.person, by="test")
    Client().post("/accounts/password/reset/", {"email": "ruth2@example.edu"})
    assert mailoutbox == []


def test_sessions_of_the_alias_end(cast, second):
    client = Client()
    client.force_login(second.person)
    account_merge(winner=cast.ruth, loser=second.person, by="test")
    assert client.get("/accounts/profile/").status_code == 302


def test_a_chain_of_merges_leads_to_the_last(cast, second):
    account_merge(winner=second.person, loser=make_user("Kim"), by="test")
    account_merge(winner=cast.ruth, loser=second.person, by="test")
    assert {merge.winner for merge in AccountMerge.objects.all()} == {cast.ruth}
    assert Client().login(email="kim@example.edu", password="correct horse")


@pytest.mark.parametrize("code", ["same_account", "account_inactive", "demo_and_real"])
def test_what_cannot_be_joined(cast, second, code):
    loser = {
        "same_account": cast.ruth,
        "account_inactive": make_user("Gone", is_active=False),
        "demo_and_real": make_user("Demo", is_demo=True),
    }[code]
    with pytest.raises(AppError) as caught:
        account_merge(winner=cast.ruth, loser=loser, by="test")
    assert caught.value.code == code
    assert not AccountMerge.objects.exists()


def used(*people):
    User.objects.filter(pk__in=[person.pk for person in people]).update(last_login=timezone.now())
    for person in people:
        person.refresh_from_db()


def test_an_instructor_joins_an_unused_account_and_the_used_one_always_remains(cast, second):
    used(cast.ruth)
    for one, other in ((cast.ruth, second.person), (second.person, cast.ruth)):
        assert sort_out(cast.visit(cast.helen), one, other) == (cast.ruth, second.person)


def test_an_instructor_does_not_join_two_accounts_in_use(cast, second):
    used(cast.ruth, second.person)
    with pytest.raises(Forbidden):
        course_accounts_merge(visit=cast.visit(cast.helen), one=cast.ruth, other=second.person)


def test_an_instructor_does_not_reach_into_a_course_of_others(cast, second):
    used(cast.ruth)
    Enrolment.objects.create(course=cast.other_course, person=second.person, role="instructor")
    with pytest.raises(Forbidden):
        course_accounts_merge(visit=cast.visit(cast.helen), one=cast.ruth, other=second.person)


def test_an_operators_account_is_not_joined_by_an_instructor(cast, second):
    User.objects.filter(pk=second.person.pk).update(is_operator=True)
    second.person.refresh_from_db()
    with pytest.raises(Forbidden):
        course_accounts_merge(visit=cast.visit(cast.helen), one=cast.ruth, other=second.person)


def test_a_ta_joins_nobody(cast, second, client):
    client.force_login(cast.amit)
    assert client.post(f"{PEOPLE}{second.pk}/merge/", {"other": "ruth@example.edu"}).status_code == 403
    assert not AccountMerge.objects.exists()


def test_the_page_of_the_course_shows_first_and_joins_then(cast, second, client):
    used(cast.ruth)
    client.force_login(cast.helen)
    address = f"{PEOPLE}{second.pk}/merge/"
    page = client.get(f"{address}?other=ruth@example.edu").content.decode()
    assert "stays Student" in page and not AccountMerge.objects.exists()
    answer = client.post(address, {"other": "ruth@example.edu", "why": "two addresses"})
    assert answer["Location"] == f"{PEOPLE}{enrolment_of(cast, cast.ruth).pk}/"
    assert (AccountMerge.objects.get().by, AccountMerge.objects.get().why) == ("helen@example.edu", "two addresses")


def test_the_page_names_nobody_outside_the_course(cast, second, client):
    client.force_login(cast.helen)
    answer = client.get(f"{PEOPLE}{second.pk}/merge/?other=oscar@example.edu")
    assert (answer.status_code, "Nobody in this course" in answer.content.decode()) == (404, True)


def test_the_owner_joins_two_accounts_by_signing_in_to_both(cast, client):
    kim = make_user("Kim")
    Enrolment.objects.create(course=cast.other_course, person=kim, role="student")
    client.force_login(cast.ruth)
    page = client.post(
        MERGE, {"step": "prove", "email": "KIM@example.edu", "password": "correct horse"}
    ).content.decode()
    assert "1 enrolment" in page and not AccountMerge.objects.exists()
    assert client.post(MERGE, {"step": "join"})["Location"] == "/accounts/profile/"
    assert (AccountMerge.objects.get().winner, AccountMerge.objects.get().loser) == (cast.ruth, kim)
    assert Enrolment.objects.get(course=cast.other_course, person=cast.ruth).is_active


def test_a_wrong_password_proves_nothing(cast, client):
    make_user("Kim")
    client.force_login(cast.ruth)
    assert client.post(MERGE, {"step": "prove", "email": "kim@example.edu", "password": "wrong"}).status_code == 422
    assert client.post(MERGE, {"step": "join"}).status_code == 409
    assert not AccountMerge.objects.exists()


def test_guessing_passwords_here_is_slowed_down_like_signing_in(cast, client):
    make_user("Kim")
    client.force_login(cast.ruth)
    pages = [
        client.post(MERGE, {"step": "prove", "email": "kim@example.edu", "password": "wrong"}).content.decode()
        for _ in range(7)
    ]
    assert "Too many tries" in pages[-1]


def test_a_proof_is_good_for_one_merge_and_ten_minutes(cast, client, monkeypatch):
    make_user("Kim")
    client.force_login(cast.ruth)
    client.post(MERGE, {"step": "prove", "email": "kim@example.edu", "password": "correct horse"})
    monkeypatch.setattr("courseplatform.accounts.merge_views.GOOD_FOR_S", -1)
    assert client.post(MERGE, {"step": "join"}).status_code == 409
    assert not AccountMerge.objects.exists()


def test_an_operator_joins_any_two_with_a_reason(cast, client):
    client.force_login(cast.olu)
    both = {"keep": "ruth@example.edu", "other": "oscar@example.edu"}
    assert client.post(MERGE, {"step": "look", **both}).status_code == 422
    assert "oscar@example.edu" in client.post(MERGE, {"step": "look", "why": "asked by mail", **both}).content.decode()
    client.post(MERGE, {"step": "operator", "why": "asked by mail", **both})
    assert (AccountMerge.objects.get().by, AccountMerge.objects.get().loser) == ("olu@example.edu", cast.oscar)


def test_nobody_else_joins_accounts_of_others(cast, client):
    client.force_login(cast.helen)
    answer = client.post(
        MERGE, {"step": "operator", "keep": "helen@example.edu", "other": "ruth@example.edu", "why": "mine"}
    )
    assert answer.status_code == 403
    assert not AccountMerge.objects.exists()


def test_a_notification_that_both_had_is_shown_once(cast, second):
    notification_send(course=cast.course, people=[cast.ruth, second.person], kind="people", key="k", title="T")
    account_merge(winner=cast.ruth, loser=second.person, by="test")
    assert Notification.objects.filter(person=cast.ruth, key="k").count() == 1


def test_of_two_desks_only_what_lies_on_both_is_taken_away(cast, second, tmp_path):
    """The same key under both accounts says nothing about the desks; it must not stop the merge either."""
    lab = make_lab(cast.course, "essay", bench_spec={}, short="Essay", parts=[NOTES, MORE])
    key = uuid4()
    mine = put_text(cast.ruth, lab, "Mine.", upload_key=key)
    twice = put_text(second.person, lab, "The other account's.")
    other = put_text(second.person, lab, "More.", raw=MORE, upload_key=key)
    report = account_merge_preview(winner=cast.ruth, loser=second.person)
    assert [said for said in report.decided if "desk" in said] == [
        "The other account's. is taken from the desk: the remaining account has this part already."
    ]
    account_merge(winner=cast.ruth, loser=second.person, by="helen")
    found = {(one.pk, one.upload_key, one.removed_at is None) for one in Piece.objects.filter(person=cast.ruth)}
    assert found == {(mine.pk, key, True), (other.pk, None, True), (twice.pk, None, False)}
