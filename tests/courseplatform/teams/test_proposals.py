"""Proposals and own hardware, from handing in to the answer."""

import pytest

from courseplatform.core.errors import BadInput, Conflict, Forbidden, IllegalMove
from courseplatform.notices.models import Notification
from courseplatform.teams.models import ProposalMove, Team
from courseplatform.teams.services.boards import (
    board_request_create,
    board_request_decide,
    board_request_verify,
    board_request_withdraw,
)
from courseplatform.teams.services.proposals import proposal_decide, proposal_submit
from tests.courseplatform.teams.builders import make_team

pytestmark = pytest.mark.django_db


@pytest.fixture
def team(cast):
    return make_team(cast, "Magpie", cast.ruth, cast.daniel)


def submit(cast, team, seen=0, who=None, **facts):
    return proposal_submit(
        visit=cast.visit(who or cast.ruth),
        team=team,
        seen_revision=seen,
        **{"title": "Signs", "text": "We read signs."} | facts,
    )


def decide(cast, team, decision, comment="", seen=1):
    return proposal_decide(
        visit=cast.visit(cast.helen), team=team, decision=decision, comment=comment, seen_revision=seen
    )


def test_a_proposal_goes_from_question_to_approval_and_every_step_is_dated(cast, team):
    submit(cast, team)
    decide(cast, team, "counter", "Which number?")
    submit(cast, team, seen=1, who=cast.daniel, title="Ten signs")
    decide(cast, team, "approve", "Good", seen=2)
    team.refresh_from_db()
    assert team.project_title == "Ten signs"
    rows = list(ProposalMove.objects.values_list("moved_to", "why"))
    assert rows == [
        ("submitted", "revision 1"),
        ("countered", "Which number?"),
        ("submitted", "revision 2"),
        ("approved", "Good"),
    ]


def test_staff_and_members_learn_of_it(cast, team):
    submit(cast, team)
    assert set(Notification.objects.values_list("person__name", flat=True)) == {"Helen", "Ines", "Amit"}
    decide(cast, team, "counter", "Which number?")
    told = Notification.objects.filter(person__in=[cast.ruth, cast.daniel])
    assert {(row.kind, row.text) for row in told} == {("team", "> Which number?")}


def test_a_text_written_over_an_older_revision_is_refused(cast, team):
    submit(cast, team)
    with pytest.raises(Conflict) as caught:
        submit(cast, team, seen=0, who=cast.daniel)
    assert caught.value.code == "newer_revision"


def test_staff_do_not_approve_a_revision_they_have_not_read(cast, team):
    submit(cast, team)
    submit(cast, team, seen=1)
    with pytest.raises(Conflict) as caught:
        decide(cast, team, "approve", seen=1)
    assert caught.value.code == "newer_revision"
    assert team.proposal.status == "submitted"


@pytest.mark.parametrize("decision", ["counter", "reject"])
def test_a_question_and_a_rejection_need_words(cast, team, decision):
    submit(cast, team)
    with pytest.raises(BadInput) as caught:
        decide(cast, team, decision, "   ")
    assert caught.value.code == "comment_needed"


def test_an_approved_proposal_changes_only_after_staff_open_it(cast, team):
    submit(cast, team)
    decide(cast, team, "approve")
    with pytest.raises(Conflict) as caught:
        submit(cast, team, seen=1)
    assert caught.value.code == "already_approved"
    decide(cast, team, "counter", "The board is gone; which one now?")
    assert submit(cast, team, seen=1).number == 2


def test_another_team_cannot_hand_in_for_this_one(cast, team):
    with pytest.raises(Forbidden):
        submit(cast, team, who=cast.sofia)


def test_the_page_keeps_what_was_typed_when_a_newer_revision_exists(cast, team, client):
    submit(cast, team)
    client.force_login(cast.daniel)
    path = f"/courses/{cast.course.slug}/team/{team.slug}/proposal/"
    sent = {"title": "Other signs", "text": "What I wrote all night", "seen_revision": "0", "suggestion": ""}
    answer = client.post(path, sent)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "What I wrote all night" in text
    assert 'name="seen_revision" value="1"' in text  # both stand on the page: the next click is knowing
    assert client.post(path, sent | {"seen_revision": "1"}).status_code == 302
    assert team.proposal.revisions.count() == 2


def test_a_script_in_a_proposal_is_text(cast, team, client):
    submit(cast, team, text="<script>alert(1)</script>\n\n[x](javascript:alert(1))")
    client.force_login(cast.helen)
    text = client.get(f"/courses/{cast.course.slug}/team/{team.slug}/proposal/").content.decode()
    assert "<script>alert" not in text
    assert 'href="javascript' not in text


def test_the_courses_list_is_offered(cast, team, client):
    cast.course.facts = {
        "example_projects": [{"input": ["Speech", "Images"], "output": "Robot Car", "task": "Navigation"}]
    }
    cast.course.save()
    client.force_login(cast.ruth)
    text = client.get(f"/courses/{cast.course.slug}/team/{team.slug}/proposal/").content.decode()
    assert "Navigation (Speech, Images in, Robot Car out)" in text


def test_a_board_is_verified_by_a_run_before_it_is_approved(cast, team):
    visit, helen = cast.visit(cast.ruth), cast.visit(cast.helen)
    request = board_request_create(visit=visit, team=team, board="ESP32-S3", why="Ours")
    with pytest.raises(Conflict) as caught:
        board_request_decide(visit=helen, request=request, approve=True)
    assert caught.value.code == "not_verified"
    board_request_verify(request=request, run_ref="0b7c", by="worker bench@host")
    board_request_decide(visit=helen, request=request, approve=True, comment="Fine")
    assert Team.objects.get().board_choice == "ESP32-S3"
    assert list(request.moves.values_list("moved_to", flat=True)) == ["verified", "approved"]


def test_a_run_must_be_named(cast, team):
    request = board_request_create(visit=cast.visit(cast.ruth), team=team, board="ESP32-S3", why="Ours")
    with pytest.raises(BadInput) as caught:
        board_request_verify(request=request, run_ref=" ", by="x")
    assert caught.value.code == "run_needed"


def test_one_board_request_at_a_time(cast, team):
    visit = cast.visit(cast.ruth)
    first = board_request_create(visit=visit, team=team, board="ESP32-S3", why="Ours")
    with pytest.raises(Conflict) as caught:
        board_request_create(visit=visit, team=team, board="Pico", why="Small")
    assert caught.value.code == "request_open"
    board_request_withdraw(visit=visit, request=first)
    assert board_request_create(visit=visit, team=team, board="Pico", why="Small")


def test_a_refused_board_is_not_decided_again(cast, team):
    helen = cast.visit(cast.helen)
    request = board_request_create(visit=cast.visit(cast.ruth), team=team, board="ESP32-S3", why="Ours")
    board_request_decide(visit=helen, request=request, approve=False, comment="No runtime for it")
    with pytest.raises(IllegalMove):
        board_request_verify(request=request, run_ref="0b7c", by="x")


def test_staff_answer_a_board_on_its_page(cast, team, client):
    request = board_request_create(visit=cast.visit(cast.ruth), team=team, board="ESP32-S3", why="Ours")
    client.force_login(cast.amit)
    path = f"/courses/{cast.course.slug}/team/{team.slug}/board/"
    assert client.post(f"{path}{request.pk}/answer/", {"answer": "verify"}).status_code == 422
    assert client.post(f"{path}{request.pk}/answer/", {"answer": "verify", "run_ref": "7"}).status_code == 302
    assert client.post(f"{path}{request.pk}/answer/", {"answer": "approve"}).status_code == 302
    request.refresh_from_db()
    assert (request.status, request.run_ref) == ("approved", "7")
