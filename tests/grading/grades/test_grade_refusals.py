"""Refused steps on the pages of a grade and of a regrade request: what was typed stays on the page, and nothing else is claimed."""

import pytest
from django.utils import timezone

from grading.models.grades import GradeRelease
from grading.services.regrades import regrade_withdraw
from tests.grading.grades.grades import REASON, answer, ask, escalate, graded, regrade_of, seen

pytestmark = pytest.mark.django_db
BELOW = "What you wrote stands below."


def refused(client, person, address, **fields):
    client.force_login(person)
    page = client.post(address, fields)
    assert page.status_code >= 400
    return page.content.decode()


def test_a_refused_button_claims_no_words_below(client, cast):
    row = regrade_of(cast)
    regrade_withdraw(visit=cast.visit(cast.ruth), row=row)
    for person, act in ((cast.ruth, "accept"), (cast.amit, "reopen"), (cast.amit, "odd")):
        page = refused(client, person, row.get_absolute_url(), act=act)
        assert "error-box" in page and BELOW not in page and "What you wrote" not in page


def test_a_refused_answer_without_words_claims_none(client, cast):
    row = regrade_of(cast)
    fields = {"act": "answer", "points": "3", "text": " ", "seen": seen(cast.lab, cast.ruth)}
    page = refused(client, cast.amit, row.get_absolute_url(), **fields)
    assert "answer_missing" in page and BELOW not in page


def test_a_refused_answer_stays_in_its_field(client, cast):
    row = regrade_of(cast)
    fields = {"act": "answer", "points": "1e-9", "text": "Far better.", "seen": seen(cast.lab, cast.ruth)}
    page = refused(client, cast.amit, row.get_absolute_url(), **fields)
    assert (
        BELOW in page and page.count("Far better.") == 1 and 'value="1e-9"' in page and "at most two decimals" in page
    )


def test_words_whose_field_is_gone_are_shown_for_themselves(client, cast):
    row = regrade_of(cast)
    answer(cast, row)
    escalate(cast, row)
    page = refused(client, cast.ruth, row.get_absolute_url(), act="escalate", reason="A second objection, far longer.")
    assert BELOW in page and "<h2>What you wrote</h2>" in page and "A second objection, far longer." in page


def test_a_refused_request_stays_in_its_field_and_an_empty_one_claims_nothing(client, cast):
    graded(cast)
    address = f"{cast.lab.get_absolute_url()}grade/ask/"
    page = refused(client, cast.ruth, address, item="report", reason="too short")
    assert BELOW in page and page.count("too short") == 1
    assert BELOW not in refused(client, cast.ruth, address, item="report", reason="")


def test_a_request_that_is_no_longer_taken_is_not_lost(client, cast):
    graded(cast)
    ask(cast)
    address = f"{cast.lab.get_absolute_url()}grade/ask/"
    page = refused(client, cast.ruth, address, item="report", reason=f"Again: {REASON}", knows="1")
    assert "asked_already" in page and f"Again: {REASON}" in page
    GradeRelease.objects.create(assignment=cast.lab, is_released=False, by="Helen", at=timezone.now())
    page = refused(client, cast.ruth, address, item="plot", reason=REASON, knows="1")
    assert "not_released" in page and REASON in page
