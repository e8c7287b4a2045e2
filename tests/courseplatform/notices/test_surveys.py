"""Surveys: one answer each, without a name; results only when they show nobody."""

import random
from datetime import timedelta

import pytest
from django.db import connection, models
from django.utils import timezone

from courseplatform.core.errors import AppError
from courseplatform.notices import hooks, sweep
from courseplatform.notices.models import Answer, Completion, Notification, Survey
from courseplatform.notices.selectors.surveys import completions, credited, csv_rows, results
from courseplatform.notices.services.answers import survey_answer
from courseplatform.notices.services.survey_clock import survey_end, surveys_end_due, surveys_tell_due
from courseplatform.notices.services.surveys import (
    QuestionDraft,
    question_add,
    question_delete,
    question_edit,
    question_move,
    survey_close,
    survey_publish,
    survey_unpublish,
)
from tests.courseplatform.notices.builders import answers, make_survey, students

pytestmark = pytest.mark.django_db


def answer(cast, survey, person, *values):
    survey_answer(visit=cast.visit(person), survey=survey, values=answers(survey, *(values or ("3", "few", ""))))


def refused(act):
    with pytest.raises(AppError) as found:
        act()
    return found.value.code


def test_no_row_of_an_answer_can_hold_a_person_or_a_time():
    fields = {field.name: field for field in Answer._meta.get_fields()}
    assert set(fields) == {"id", "question", "value"}
    assert isinstance(fields["id"], models.UUIDField)
    assert not [f for f in Completion._meta.get_fields() if isinstance(f, models.DateField | models.TimeField)]
    assert {f.name for f in Completion._meta.get_fields()} == {"id", "survey", "person"}


def on_disk():
    """The persons in the order in which the database keeps the rows."""
    place = "ctid" if connection.vendor == "postgresql" else "rowid"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT person_id FROM {Completion._meta.db_table} ORDER BY {place}")
        return [person for (person,) in cursor.fetchall()]


@pytest.mark.real_database
def test_the_order_of_completions_on_disk_says_nothing_about_the_order_of_answers(cast):
    people, survey = students(cast, 20), make_survey(cast)
    orders = []
    for person in people:
        answer(cast, survey, person)
        orders.append(on_disk())
    before = set(Completion.objects.values_list("pk", flat=True))
    answer(cast, survey, cast.ruth)
    assert orders[-1] != [person.pk for person in people] and set(orders[-1]) == {p.pk for p in people}
    assert not before & set(Completion.objects.values_list("pk", flat=True))  # all written anew


def test_answers_of_one_form_are_stored_apart_and_empty_ones_not_at_all(cast):
    survey = make_survey(cast)
    answer(cast, survey, cast.ruth, "4", "many", "")
    assert sorted(Answer.objects.values_list("value", flat=True)) == ["4", "many"]
    assert completions(survey) == {cast.ruth.pk}


def test_everybody_answers_once(client, cast):
    survey = make_survey(cast)
    answer(cast, survey, cast.ruth)
    assert refused(lambda: answer(cast, survey, cast.ruth, "5", "many", "twice")) == "already_answered"
    assert Answer.objects.count() == 2
    client.force_login(cast.ruth)
    form = {f"q{q.pk}": v for q, v in zip(survey.questions.all(), ("1", "few", "x"), strict=True)}
    response = client.post(survey.get_absolute_url() + "answer/", form)
    assert response.status_code == 409 and "those answers stand" in response.content.decode()


def test_staff_do_not_answer(cast):
    survey = make_survey(cast)
    assert refused(lambda: answer(cast, survey, cast.amit)) == "students_only"


@pytest.mark.parametrize(("opens", "closes"), [(1, 2), (-2, -1)])
def test_outside_its_hours_nothing_is_recorded(cast, opens, closes):
    now = timezone.now()
    survey = make_survey(cast, opens=now + timedelta(days=opens), closes=now + timedelta(days=closes))
    assert refused(lambda: answer(cast, survey, cast.ruth)) == "survey_not_open"
    assert not Answer.objects.exists() and not Completion.objects.exists()


def test_a_missing_answer_is_named_and_nothing_typed_is_lost(client, cast):
    survey = make_survey(cast)
    scale, _, text = survey.questions.all()
    client.force_login(cast.ruth)
    response = client.post(
        survey.get_absolute_url() + "answer/", {f"q{scale.pk}": "9", f"q{text.pk}": "A long thought"}
    )
    html = response.content.decode()
    assert response.status_code == 422 and "A long thought" in html
    assert "Choose one of those that are offered" in html and "Choose one.<" in html
    assert not Completion.objects.exists()


def test_the_answer_page_of_a_student_in_the_browsers_words(client, cast):
    survey = make_survey(cast)
    client.force_login(cast.ruth)
    form = {f"q{q.pk}": v for q, v in zip(survey.questions.all(), ("5", "many", "<b>hi</b>"), strict=True)}
    assert client.post(survey.get_absolute_url() + "answer/", form, follow=True).status_code == 200
    assert "You have answered" in client.get(survey.get_absolute_url()).content.decode()


def ended(cast, count, **facts):
    survey = make_survey(cast, **facts)
    for n, person in enumerate(students(cast, count)):
        answer(cast, survey, person, str(n % 5 + 1), ("few", "many")[n % 2], f"text {n}")
    survey_close(visit=cast.visit(cast.helen), survey=survey)
    survey.refresh_from_db()
    return survey


def test_results_are_not_shown_while_it_is_open(client, cast):
    survey = make_survey(cast)
    for person in students(cast, 8):
        answer(cast, survey, person, "5", "many", "secret thought")
    assert results(survey, timezone.now()).withheld == "open"
    client.force_login(cast.helen)
    html = client.get(survey.get_absolute_url() + "results/").content.decode()
    assert "8 of 11 answered" in html and "secret thought" not in html
    assert client.get(survey.get_absolute_url() + "results.csv").status_code == 409
    assert client.get(survey.get_absolute_url() + "answered.csv").status_code == 409


@pytest.mark.parametrize(("count", "withheld"), [(4, "few"), (5, "")])
def test_results_need_five_answers(cast, count, withheld):
    found = results(ended(cast, count), timezone.now())
    assert found.withheld == withheld and bool(found.questions) == (withheld == "")


def test_results_count_and_average(client, cast):
    survey = ended(cast, 10)
    scale, choice, text = results(survey, timezone.now()).questions
    assert [bar["count"] for bar in scale.bars] == [2] * 5 and scale.mean == 3.0
    assert [(bar["word"], bar["count"]) for bar in choice.bars] == [("few", 5), ("many", 5)]
    assert sorted(text.texts) == [f"text {n}" for n in range(10)]
    client.force_login(cast.helen)
    assert "Mean 3.0" in client.get(survey.get_absolute_url() + "results/").content.decode()


def test_texts_come_in_an_order_that_is_not_that_of_answering(cast):
    shown = [row[2] for row in csv_rows(ended(cast, 30), timezone.now()) if row[1] == "text"]
    assert sorted(shown) == sorted(f"text {n}" for n in range(30)) and shown != [f"text {n}" for n in range(30)]


def test_the_csv_guards_against_formulas(client, cast):
    survey = make_survey(cast)
    for person in students(cast, 5):
        answer(cast, survey, person, "1", "few", "=cmd|'/c calc'!A0")
    survey_close(visit=cast.visit(cast.helen), survey=survey)
    client.force_login(cast.helen)
    text = client.get(survey.get_absolute_url() + "results.csv").content.decode()
    assert "'=cmd" in text and "\n=cmd" not in text and ",=cmd" not in text


def test_an_ended_survey_never_opens_again(client, cast):
    survey = ended(cast, 5)
    client.force_login(cast.helen)
    form = {"title": "Again", "closes_on": "2099-01-01", "closes_at": "10:00"}
    assert client.post(survey.get_absolute_url() + "edit/", form).status_code == 422
    assert refused(lambda: answer(cast, survey, cast.ruth)) == "survey_not_open"
    assert refused(lambda: survey_close(visit=cast.visit(cast.helen), survey=survey)) == "not_open"
    Survey.objects.filter(pk=survey.pk).update(
        closes_on="2099-01-01"
    )  # not even if its hour were moved behind our back
    assert refused(lambda: answer(cast, survey, cast.ruth)) == "survey_not_open"


def test_credit_is_given_once_at_the_end_to_those_who_answered(cast, monkeypatch):
    heard = []
    monkeypatch.setattr(hooks, "survey_ended", [])
    hooks.on_survey_ended(lambda survey, people: heard.append((survey.pk, people)))
    survey = make_survey(cast)
    answer(cast, survey, cast.ruth)
    assert credited(cast.course) == [] and heard == []
    end = survey.closes + timedelta(minutes=1)
    surveys_end_due(now=end)
    surveys_end_due(now=end)
    assert survey_end(survey=survey) is False
    assert heard == [(survey.pk, {cast.ruth.pk})]
    assert credited(cast.course) == [(survey, {cast.ruth.pk})]


def test_a_survey_without_credit_is_heard_of_by_nobody(cast, monkeypatch):
    heard = []
    monkeypatch.setattr(hooks, "survey_ended", [lambda *facts: heard.append(facts)])
    survey_end(survey=make_survey(cast, gives_credit=False))
    assert heard == [] and credited(cast.course) == []


def test_students_are_told_once_and_reminded_once_unless_they_answered(cast):
    survey = make_survey(cast)
    answer(cast, survey, cast.ruth)
    for now in (timezone.now(), survey.closes - timedelta(hours=2)):
        surveys_tell_due(now=now)
        surveys_tell_due(now=now)
    keys = Notification.objects.values_list("person__email", "key")
    assert sorted(key for email, key in keys if email == "ruth@example.edu") == [f"survey-{survey.pk}-open"]
    assert sorted(key for email, key in keys if email == "sofia@example.edu") == [
        f"survey-{survey.pk}-open", f"survey-{survey.pk}-reminder",
    ]  # fmt: skip
    assert not [email for email, _ in keys if email.startswith("amit")]


def test_the_sweep_runs_over_everything_twice(cast):
    make_survey(cast)
    sweep.run()
    told = Notification.objects.count()
    sweep.run()
    assert told == Notification.objects.count() == 3


def test_a_draft_is_the_staffs_alone(client, cast):
    survey = make_survey(cast, publish=False)
    client.force_login(cast.ruth)
    assert client.get(survey.get_absolute_url()).status_code == 404
    client.force_login(cast.amit)
    assert client.get(survey.get_absolute_url()).status_code == 200


def test_questions_of_a_published_survey_stay(cast):
    survey = make_survey(cast)
    question = survey.questions.first()
    draft = QuestionDraft("text", "Sneaky?")
    assert refused(lambda: question_add(survey=survey, draft=draft)) == "survey_published"
    assert refused(lambda: question_edit(survey=survey, question=question, draft=draft)) == "survey_published"
    assert refused(lambda: question_delete(survey=survey, question=question)) == "survey_published"
    assert refused(lambda: question_move(survey=survey, question=question, up=False)) == "survey_published"


def test_questions_of_a_draft_move_and_go(cast):
    survey = make_survey(cast, publish=False)
    first, second, third = survey.questions.all()
    question_move(survey=survey, question=third, up=True)
    question_move(survey=survey, question=first, up=True)
    question_delete(survey=survey, question=second)
    assert [q.pk for q in survey.questions.all()] == [first.pk, third.pk]


def test_an_empty_survey_is_not_published(cast):
    survey = make_survey(cast, publish=False)
    survey.questions.all().delete()
    assert refused(lambda: survey_publish(visit=cast.visit(cast.helen), survey=survey)) == "no_questions"


def test_an_open_survey_cannot_go_back_to_a_draft_and_a_coming_one_can(cast):
    visit, now = cast.visit(cast.helen), timezone.now()
    assert refused(lambda: survey_unpublish(visit=visit, survey=make_survey(cast))) == "survey_opened"
    coming = make_survey(cast, opens=now + timedelta(days=1), closes=now + timedelta(days=2))
    survey_unpublish(visit=visit, survey=coming)
    coming.refresh_from_db()
    assert coming.status == "draft"


def test_the_pages_of_the_staff_make_a_survey(client, cast):
    client.force_login(cast.amit)
    base = f"/courses/{cast.course.slug}/surveys/"
    form = {"title": "Mid-term", "opens_on": "2026-11-01", "opens_at": "09:00", "closes_on": "2099-11-08", "closes_at": "23:59",
            "usual_questions": "on"}  # fmt: skip
    url = client.post(base + "new/", form).url
    survey = Survey.objects.get()
    assert survey.questions.count() == 6
    bad = client.post(f"{base}{survey.pk}/questions/", {"kind": "choice", "text": "Which?", "options": "one"})
    assert bad.status_code == 422 and "2 to 12 different choices" in bad.content.decode()
    client.post(f"{base}{survey.pk}/questions/", {"kind": "choice", "text": "Which?", "options": "one\ntwo\none\n"})
    added = survey.questions.last()
    assert added.options == ["one", "two"]
    client.post(f"{base}{survey.pk}/questions/{added.pk}/", {"kind": "scale", "text": "How?", "low": "a", "high": "b"})
    assert survey.questions.last().kind == "scale"
    client.post(f"{base}{survey.pk}/questions/{added.pk}/move/", {"way": "up"})
    client.post(f"{base}{survey.pk}/questions/{added.pk}/delete/")
    assert survey.questions.count() == 6
    assert client.get(url).status_code == 200
    client.post(f"{base}{survey.pk}/publish/")
    survey.refresh_from_db()
    assert survey.status == "published"


def test_hours_that_end_before_they_begin_are_refused(client, cast):
    client.force_login(cast.amit)
    form = {
        "title": "x",
        "opens_on": "2026-11-08",
        "opens_at": "09:00",
        "closes_on": "2026-11-08",
        "closes_at": "09:00",
    }
    response = client.post(f"/courses/{cast.course.slug}/surveys/new/", form)
    assert response.status_code == 422 and "close after it opens" in response.content.decode()


def test_an_open_survey_can_be_given_more_time(client, cast):
    survey = make_survey(cast)
    client.force_login(cast.helen)
    form = {"title": "Longer", "intro": "", "closes_on": "2099-01-01", "closes_at": "10:00"}
    assert client.post(survey.get_absolute_url() + "edit/", form).status_code == 302
    survey.refresh_from_db()
    assert survey.closes.year == 2099 and survey.title == "Longer"


def test_another_courses_survey_is_not_there(client, cast):
    survey = make_survey(cast)
    client.force_login(cast.lena)
    assert client.get(f"/courses/{cast.other_course.slug}/surveys/{survey.pk}/").status_code == 404


def test_the_home_asks_until_one_has_answered(client, cast):
    survey = make_survey(cast)
    client.force_login(cast.ruth)
    home = f"/courses/{cast.course.slug}/"
    assert "Mid-term survey" in client.get(home).content.decode()
    answer(cast, survey, cast.ruth)
    assert "Mid-term survey" not in client.get(home).content.decode()


@pytest.mark.parametrize("page", ["surveys/", "surveys/{pk}/", "surveys/{pk}/results/"])
def test_pages_make_the_same_queries_for_six_hundred(client, cast, django_assert_max_num_queries, page):
    survey = make_survey(cast)
    client.force_login(cast.helen)
    url = f"/courses/{cast.course.slug}/{page.format(pk=survey.pk)}"
    survey_end(survey=survey)
    with django_assert_max_num_queries(14) as few:
        client.get(url)
    people = students(cast, 600)
    Completion.objects.bulk_create(Completion(survey=survey, person=person) for person in people)
    first, _, last = survey.questions.all()
    Answer.objects.bulk_create(Answer(question=first, value=str(random.randint(1, 5))) for _ in people)
    Answer.objects.bulk_create(Answer(question=last, value="A thought of some length. " * 20) for _ in people)
    with django_assert_max_num_queries(len(few) + 2):  # a result has its answers and questions besides
        response = client.get(url)
    assert response.status_code == 200 and len(response.content) < 150_000
