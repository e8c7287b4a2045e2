"""Late days on the receipt of a hand-in."""

import pytest
from django.utils import timezone

from courseplatform.teams.models import Membership
from grading.handing_in.receipts import verify
from grading.models import LateVerdict
from grading.selectors.late_words import steps_of
from tests.grading.late_days.pages import OF_TEAM, STRICT, handed_in_late, see
from tests.grading.late_days.test_late_days import make_team, with_policy

pytestmark = pytest.mark.django_db


def test_the_receipt_gives_the_verdict_line_by_line_and_the_signed_block(client, cast, tmp_path):
    with_policy(cast)
    submission = handed_in_late(cast, tmp_path, hours=30)
    page = see(client, cast.ruth, submission.get_absolute_url())
    assert "It is here, 2 late days" in page and "It costs 2 late days." in page
    for step in steps_of(LateVerdict.objects.get()):
        assert f"<li>{step}</li>" in page
    block = page[page.index("-----BEGIN RECEIPT-----") : page.index("</textarea>")]
    assert verify(block)["receipt"] == submission.receipt
    assert "If you hand in again" in page


def test_a_teams_receipt_says_who_handed_in_for_whom(client, cast, tmp_path):
    with_policy(cast, OF_TEAM)
    make_team(cast, cast.ruth, cast.daniel)
    cast.lab.is_individual = False
    submission = handed_in_late(cast, tmp_path, hours=30)
    page = see(client, cast.daniel, submission.get_absolute_url())
    assert "handed in by Ruth for team Magpie, attempt 1" in page and "It costs 2 late days of team Magpie." in page


def test_who_has_left_the_team_still_reads_its_receipt(client, cast, tmp_path):
    with_policy(cast, OF_TEAM)
    make_team(cast, cast.ruth, cast.daniel)
    cast.lab.is_individual = False
    submission = handed_in_late(cast, tmp_path, hours=30)
    Membership.objects.filter(person=cast.daniel).update(until_at=timezone.now())
    assert "for team Magpie" in see(client, cast.daniel, submission.get_absolute_url())


def test_a_refused_hand_in_is_here_all_the_same(client, cast, tmp_path):
    with_policy(cast, STRICT)
    submission = handed_in_late(cast, tmp_path, hours=40)
    page = see(client, cast.ruth, submission.get_absolute_url())
    assert "It is here, too late, not accepted" in page and "the staff can still extend yours" in page


def test_without_a_policy_the_receipt_compares_the_two_times(client, cast, tmp_path):
    submission = handed_in_late(cast, tmp_path, hours=5)
    page = see(client, cast.ruth, submission.get_absolute_url())
    assert "It is here, 5" in page and "after the due time." in page
