"""Peer feedback: filled in by each, read without names, watched by the staff."""

import pytest

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.teams.models import FeedbackAnswer, FeedbackForm, FeedbackRound
from courseplatform.teams.selectors.feedback import progress, received
from courseplatform.teams.services.feedback import feedback_round_change, feedback_submit
from tests.courseplatform.teams.builders import close, make_round, make_student, make_team, scores

pytestmark = pytest.mark.django_db


@pytest.fixture
def magpie(cast):
    return make_team(cast, "Magpie", cast.ruth)


@pytest.fixture
def heron(cast):
    return make_team(cast, "Heron", cast.daniel)


@pytest.fixture
def sharing(cast, magpie, heron):
    return make_round(cast, magpie, heron)


def fill(cast, sharing, who, team, *values, text=""):
    return feedback_submit(
        visit=cast.visit(who), round_=sharing, team=team, answers=scores(sharing, *values, text=text)
    )


def now():
    from django.utils import timezone

    return timezone.now()


def test_a_team_reads_means_and_words_without_names(cast, client, sharing, magpie):
    nora = make_student(cast, "Nora")
    fill(cast, sharing, cast.daniel, magpie, 5, 4, 3, text="Measure the camera too.")
    fill(cast, sharing, cast.sofia, magpie, 4, 4, 2)
    fill(cast, sharing, nora, magpie, 5, 2, 2)
    client.force_login(cast.ruth)
    text = client.get(f"/courses/{cast.course.slug}/team/magpie/").content.decode()
    assert "Measure the camera too." in text
    for mean in ("4.7", "3.3", "2.3"):
        assert f"<b>{mean}</b>" in text
    for name in ("Daniel", "Sofia", "Nora"):
        assert name not in text


def test_the_first_two_forms_wait_so_that_nobody_is_known_by_them(cast, sharing, magpie):
    fill(cast, sharing, cast.daniel, magpie, 5, 4, 3, text="Only me")
    fill(cast, sharing, cast.sofia, magpie, 4, 4, 2)
    found = received(magpie, now())
    assert (found.means, found.texts, found.waiting) == ([], [], 2)
    close(sharing)
    found = received(magpie, now())
    assert [mean.shown for mean in found.means] == ["4.5", "4.0", "2.5"]
    assert [row["text"] for row in found.texts] == ["Only me"]


def test_a_note_of_the_staff_is_signed_and_counts_in_no_mean(cast, sharing, magpie):
    fill(cast, sharing, cast.helen, magpie, 1, 1, 1, text="One method only.")
    close(sharing)
    found = received(magpie, now())
    assert (found.means, found.forms, found.signed) == ([], 0, 1)
    assert found.texts[0]["who"] == "Helen"


def test_a_form_is_changed_not_doubled_while_the_round_is_open(cast, sharing, magpie):
    fill(cast, sharing, cast.daniel, magpie, 5, 4, 3, text="First")
    fill(cast, sharing, cast.daniel, magpie, 1, 4, 3)
    assert FeedbackForm.objects.count() == 1
    assert sorted(FeedbackAnswer.objects.values_list("score", "text")) == [(1, ""), (3, ""), (4, "")]


def test_nobody_speaks_about_their_own_team(cast, sharing, magpie):
    with pytest.raises(Conflict) as caught:
        fill(cast, sharing, cast.ruth, magpie, 5, 5, 5)
    assert caught.value.code == "own_team"


def test_a_closed_round_takes_nothing(cast, sharing, magpie):
    close(sharing)
    with pytest.raises(Conflict) as caught:
        fill(cast, sharing, cast.daniel, magpie, 5, 5, 5)
    assert caught.value.code == "round_closed"
    assert not FeedbackForm.objects.exists()


@pytest.mark.parametrize(
    ("values", "text", "code"),
    [
        ((5, 5, ""), "", "score_missing"),
        ((5, 5, 6), "", "score_off_scale"),
        ((5, 5, "٣"), "", "score_off_scale"),
        ((5, 5, 5), "x" * 2001, "too_long"),
    ],
)
def test_an_answer_off_the_form_is_refused_whole(cast, sharing, magpie, values, text, code):
    with pytest.raises(BadInput) as caught:
        fill(cast, sharing, cast.daniel, magpie, *values, text=text)
    assert caught.value.code == code
    assert not FeedbackForm.objects.exists()


def test_the_page_keeps_what_was_typed_when_an_answer_is_missing(cast, client, sharing, magpie):
    client.force_login(cast.daniel)
    keys = [question.pk for question in sharing.questions.all()]
    path = f"/courses/{cast.course.slug}/teams/feedback/{sharing.pk}/magpie/"
    answer = client.post(path, {f"q{keys[0]}": "4", f"q{keys[3]}": "Typed on the way home"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Typed on the way home" in text
    assert f'name="q{keys[0]}" value="4" checked' in " ".join(text.split())
    good = {f"q{key}": "3" for key in keys[:3]}
    assert client.post(path, good).status_code == 302
    assert FeedbackForm.objects.count() == 1


def test_staff_see_who_still_has_to_fill_in_what(cast, sharing, magpie, heron):
    fill(cast, sharing, cast.sofia, magpie, 5, 4, 3)
    fill(cast, sharing, cast.daniel, magpie, 5, 4, 3)
    found = progress(sharing, now())
    assert [(row["name"], row["done"], row["of"]) for row in found["people"]] == [
        ("Daniel", 1, 1),
        ("Ruth", 0, 1),
        ("Sofia", 1, 2),
    ]
    assert found["complete"] == 1
    assert [(row["team"].name, row["forms"]) for row in found["teams"]] == [("Heron", 0), ("Magpie", 2)]


def test_a_team_with_feedback_stays_in_its_round(cast, sharing, magpie, heron):
    fill(cast, sharing, cast.sofia, magpie, 5, 4, 3)
    change = {
        "visit": cast.visit(cast.helen),
        "round_": sharing,
        "opens_at": sharing.opens_at,
        "closes_at": sharing.closes_at,
    }
    with pytest.raises(BadInput) as caught:
        feedback_round_change(teams=[heron], **change)
    assert caught.value.code == "has_forms"
    feedback_round_change(teams=[magpie], **change)
    assert list(sharing.presents.all()) == [magpie]


def test_staff_set_up_a_round_with_their_own_questions(cast, client, magpie):
    client.force_login(cast.helen)
    path = f"/courses/{cast.course.slug}/teams/feedback/new/"
    sent = {
        "title": "Project sharing 2", "opens_at": "2030-07-01T09:30", "closes_at": "2030-07-02T09:30", "teams": [magpie.pk],
        "questions": "The demo works | never | always\nWhat next?",
    }  # fmt: skip
    assert client.post(path, sent | {"questions": "a | b"}).status_code == 422
    assert client.post(path, sent | {"closes_at": "2030-06-01T09:30"}).status_code == 422
    assert client.post(path, sent | {"opens_at": "2030-03-10T02:30"}).status_code == 422  # the clocks skip it
    assert client.post(path, sent).status_code == 302
    found = FeedbackRound.objects.get()
    assert f"{found.opens_at.astimezone(cast.course.tz):%H:%M %Z}" == "09:30 EDT"
    assert list(found.questions.values_list("kind", "text", "low", "high")) == [
        ("scale", "The demo works", "never", "always"), ("text", "What next?", "", ""),
    ]  # fmt: skip
