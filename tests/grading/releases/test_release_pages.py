"""The page of the release: what stands before it, the preview, and refusals that lose nothing."""

import pytest
from django.utils import timezone

from grading.models import GradeRelease, GradingSheet
from grading.services.release_news import release_news_send
from tests.courseplatform.teams.builders import make_students
from tests.grading.desk.desks import claimed, essay, many
from tests.grading.grades.grades import give, regrade_of, with_rubric

pytestmark = pytest.mark.django_db
LAB = "/courses/odml/assignments/lab1/"
RELEASE = LAB + "grades/release/"
ESSAY = "/courses/odml/assignments/essay/grades/release/"


def page(client, person, query="", status=200, address=RELEASE):
    client.force_login(person)
    answer = client.get(address + query)
    assert answer.status_code == status
    return " ".join(answer.content.decode().split())


def post(client, person, **sent):
    client.force_login(person)
    return client.post(RELEASE, sent)


def test_students_and_people_of_other_courses_do_not_come_here(client, cast):
    assert [page(client, one, status=code) != "" for one, code in ((cast.ruth, 403), (cast.lena, 404))]


def test_it_says_how_far_the_grading_is(client, cast, tmp_path):
    with_rubric(cast)
    give(cast, cast.ruth, report=2, plot=1)
    give(cast, cast.daniel, report=2)
    text = page(client, cast.helen)
    for said in (
        'Graded</td><td class="num">1',
        'Graded in part</td><td class="num">1',
        'Nothing handed in</td><td class="num">1',
    ):
        assert said in text
    assert "Being graded now" not in text and "Regrade requests that wait" not in text


def test_it_says_which_requests_wait(client, cast):
    regrade_of(cast)
    GradeRelease.objects.create(assignment=cast.lab, is_released=False, by="Helen", at=timezone.now())
    assert 'Regrade requests that wait</a></td><td class="num">1' in page(client, cast.helen)


def test_it_says_who_grades_now(client, cast, tmp_path):
    lab = essay(cast)
    many(cast, lab, tmp_path, 2)
    sheet = GradingSheet.objects.filter(assignment=lab).first()
    claimed(cast, sheet)
    text = page(client, cast.helen, address=ESSAY)
    assert "by Amit; their marks are not grades yet" in text
    assert 'Handed in, not graded</td><td class="num">2' in text


def test_the_preview_is_what_the_student_reads_then(client, cast):
    with_rubric(cast)
    give(cast, cast.ruth, report="2.75", plot=1, reason="Well said.")
    text = page(client, cast.helen, f"?who={cast.ruth.pk}")
    assert "2.75" in text and "Well said." in text and "Ask for a regrade" not in text
    for odd in ("?who=zzz", "?who=-1", "?who=99999999999999999999"):
        assert "What a student will see" in page(client, cast.helen, odd)


def test_where_names_are_hidden_the_page_has_none(client, cast, tmp_path):
    lab = essay(cast, is_anonymous=True)
    people = many(cast, lab, tmp_path, 3)
    for person in people:
        give(cast, person, lab=lab, report=2, why=1)
    text = page(client, cast.helen, address=ESSAY)
    assert "Report 1" in text and "for all at once" in text
    assert not any(f"{person.name}<" in text or person.email in text for person in (*people, cast.ruth))


def test_the_mail_is_shown_with_the_words_that_were_typed(client, cast):
    with_rubric(cast)
    answer = post(client, cast.helen, to="look", words="Item 2 was <b>hard</b>.", mail="1", scope="all")
    text = answer.content.decode()
    assert answer.status_code == 200 and not GradeRelease.objects.exists()
    assert "Grades of Lab 1 are released" in text and "Item 2 was &lt;b&gt;hard&lt;/b&gt;." in text


def test_a_refusal_keeps_what_was_chosen_and_typed(client, cast):
    with_rubric(cast)
    give(cast, cast.ruth, report=2, plot=1)
    answer = post(client, cast.helen, to="release", statistics="1", words="kept words", scope="graded")
    text = answer.content.decode()
    assert answer.status_code == 422 and "too_few_for_statistics" in text and "kept words" in text
    long = post(client, cast.helen, to="release", words="x" * 2001, scope="all")
    assert (long.status_code, "words_too_long" in long.content.decode()) == (422, True)


def test_two_presses_of_one_page_are_one_release_and_no_refusal(client, cast):
    with_rubric(cast)
    key = "5f6d0c2e-0000-4000-8000-000000000001"
    first, second = (post(client, cast.helen, to="release", key=key, mail="1") for _ in range(2))
    assert (first.status_code, second.status_code, GradeRelease.objects.count()) == (302, 302, 1)
    other = post(client, cast.amit, to="release", key="none of ours")
    assert (other.status_code, "Helen released them." in other.content.decode()) == (409, True)


def test_after_the_release_it_says_who_was_told_and_what_taking_back_leaves(client, cast):
    with_rubric(cast)
    post(client, cast.helen, to="release", mail="1")
    assert "0, 3 to go" in page(client, cast.helen)
    release_news_send()
    assert "3 notifications and their mails, and what students have read or saved" in page(client, cast.helen)


def test_the_course_file_chooses_whether_statistics_are_ticked(client, cast):
    with_rubric(cast, statistics_shown=True)
    for person in make_students(cast, 5):
        give(cast, person, report=1, plot=1)
    text = page(client, cast.helen)
    assert 'name="statistics" value="1" checked' in text
    cast.lab.statistics_shown = False
    cast.lab.save()
    assert 'name="statistics" value="1" checked' not in page(client, cast.helen)


def test_a_grader_who_is_far_from_the_others_is_named(client, cast, tmp_path):
    lab = essay(cast)
    many(cast, lab, tmp_path, 6)
    for n, sheet in enumerate(GradingSheet.objects.filter(assignment=lab)):
        by, points = (cast.amit, 3) if n < 3 else (cast.helen, 1)
        GradingSheet.objects.filter(pk=sheet.pk).update(done_at=timezone.now(), done_by=by, points=points)
    text = page(client, cast.helen, address=ESSAY)
    assert "Amit: 3.00 of 3.00 on average over 3 reports, 1.00 above all graders together." in text
    assert "Helen: 1.00 of 3.00 on average over 3 reports, 1.00 below all graders together." in text


@pytest.mark.parametrize("count", [5, 600])
def test_the_page_makes_the_same_queries_for_any_class(client, cast, count, django_assert_max_num_queries):
    with_rubric(cast)
    people = make_students(cast, count)
    give(cast, people[0], report=1, plot=1)
    client.force_login(cast.helen)
    client.get(RELEASE)
    with django_assert_max_num_queries(45):
        assert client.get(RELEASE).status_code == 200
