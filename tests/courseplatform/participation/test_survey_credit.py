"""A survey that was completed becomes a credit when it ends: for everybody who answered, once, and with nobody's answer."""

import pytest

from courseplatform.notices.services.answers import survey_answer
from courseplatform.notices.services.survey_clock import survey_end
from courseplatform.participation.models import Credit
from tests.courseplatform.notices.builders import answers, make_survey

pytestmark = pytest.mark.django_db
BONUS = {
    "bonus": True, "cap_percent": 4,
    "parts": [{"key": "evaluation", "title": "Completing mid-semester evaluation", "percent": 1}],
}  # fmt: skip


@pytest.fixture
def answered(cast):
    cast.course.facts = {"participation": BONUS}
    cast.course.save()
    survey = make_survey(cast)
    for person in (cast.ruth, cast.daniel):
        survey_answer(visit=cast.visit(person), survey=survey, values=answers(survey, "3", "few"))
    return survey


def test_who_answered_gets_the_credit_when_the_survey_ends_and_only_once(cast, answered):
    assert not Credit.objects.exists()
    assert survey_end(survey=answered)
    assert not survey_end(survey=answered)
    assert set(Credit.objects.values_list("person", "kind")) == {
        (cast.ruth.pk, "evaluation"),
        (cast.daniel.pk, "evaluation"),
    }


def test_all_credits_of_a_survey_have_one_moment(cast, answered):
    survey_end(survey=answered)
    times = [credit.at for credit in Credit.objects.all()]
    assert len(times) == 2
    assert len(set(times)) == 1
