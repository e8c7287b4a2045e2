"""Releasing to all or to some, the statistics, the news, and taking back; told once whatever dies in between."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from courseplatform.notices.kinds import MailChoice
from courseplatform.notices.models import MailPreference, Notification
from courseplatform.notices.services.mail import mail_due
from grading.anonymity import names_hidden
from grading.grade_facts import sees_grade
from grading.models.grades import GradeRelease, ReleasedTo
from grading.passback.collecting import students_of
from grading.releases.choice import ReleaseChoice
from grading.selectors.book_endpoint import my_standing
from grading.services import release_news
from grading.services.release_news import release_news_send
from grading.services.releasing import grades_release, grades_take_back
from tests.courseplatform.teams.builders import make_students, make_team
from tests.grading.grades.grades import ask, give, refused, told, with_rubric

pytestmark = pytest.mark.django_db
SOME = ReleaseChoice(only_graded=True)
SCHEME = {"components": [{"key": "labs", "title": "Labs", "percent": 100, "of": ["lab1"]}]}


def release(cast, **choice):
    return grades_release(visit=cast.visit(cast.helen), assignment=cast.lab, choice=ReleaseChoice(**choice))


def class_of_six(cast):
    """Six more students, graded from 0 to 5 points by hand, of a lab of 5."""
    with_rubric(cast, points=5)
    people = make_students(cast, 6)
    for n, person in enumerate(people):
        give(cast, person, report=min(n, 3), plot=max(n - 3, 0))
    return people


def test_those_who_are_graded_see_it_and_the_others_do_not(cast):
    with_rubric(cast)
    give(cast, cast.ruth, report=2, plot=1)
    give(cast, cast.daniel, report=2)  # the plot is not graded
    row = grades_release(visit=cast.visit(cast.helen), assignment=cast.lab, choice=SOME)
    release_news_send()
    assert row.is_partial
    assert [sees_grade(cast.lab, one) for one in (cast.ruth, cast.daniel, cast.sofia)] == [True, False, False]
    assert [len(told(one)) for one in (cast.ruth, cast.daniel, cast.sofia)] == [1, 0, 0]


def test_the_own_standing_of_who_is_not_graded_says_nothing(cast):
    with_rubric(cast)
    cast.course.facts = {"grading": SCHEME}
    cast.course.save()
    give(cast, cast.ruth, report=2, plot=1)
    give(cast, cast.daniel, report=2)
    grades_release(visit=cast.visit(cast.helen), assignment=cast.lab, choice=SOME)

    def points(person):
        found = my_standing(cast.visit(person), timezone.now())
        return [str(line["points"]) for part in found["parts"] for line in part["lines"] if line["key"] == "lab1"]

    assert (points(cast.ruth), points(cast.daniel)) == (["3.00"], ["None"])


def test_a_second_release_reaches_the_rest_and_tells_nobody_again(cast):
    with_rubric(cast)
    give(cast, cast.ruth, report=2, plot=1)
    grades_release(visit=cast.visit(cast.helen), assignment=cast.lab, choice=SOME)
    release_news_send()
    assert refused(lambda: grades_release(visit=cast.visit(cast.helen), assignment=cast.lab, choice=SOME)) == "nobody_to_release_to"  # fmt: skip
    give(cast, cast.daniel, report=1, plot=1)
    grades_release(visit=cast.visit(cast.helen), assignment=cast.lab, choice=SOME)
    release_news_send()
    release(cast)
    release_news_send()
    assert [len(told(one)) for one in (cast.ruth, cast.daniel, cast.sofia)] == [1, 1, 1]
    assert refused(lambda: release(cast)) == "released_already"


def test_the_time_for_regrades_runs_from_the_own_release(cast):
    with_rubric(cast)
    give(cast, cast.ruth, report=2, plot=1)
    early = timezone.now() - timedelta(days=2)
    grades_release(visit=cast.visit(cast.helen), assignment=cast.lab, choice=SOME, now=early)
    give(cast, cast.daniel, report=1, plot=1)
    grades_release(visit=cast.visit(cast.helen), assignment=cast.lab)
    assert ask(cast, cast.ruth).status == "open"  # the second release does not shut the window that was open
    assert refused(lambda: ask(cast, cast.daniel)) == "too_early"


def test_before_the_own_release_a_change_needs_no_reason_and_tells_nobody(cast):
    with_rubric(cast)
    give(cast, cast.ruth, report=2, plot=1)
    grades_release(visit=cast.visit(cast.helen), assignment=cast.lab, choice=SOME)
    give(cast, cast.daniel, reason="", report=1, plot=1)
    assert told(cast.daniel) == []
    assert refused(lambda: give(cast, cast.ruth, reason="", report=1)) == "reason_missing"


def test_where_names_are_hidden_all_are_released_at_once(cast):
    with_rubric(cast, is_anonymous=True)
    give(cast, cast.ruth, report=2, plot=1)
    assert refused(lambda: grades_release(visit=cast.visit(cast.helen), assignment=cast.lab, choice=SOME)) == "names_hidden"  # fmt: skip
    release(cast)
    assert not names_hidden(cast.visit(cast.amit), cast.lab)


def test_the_same_press_twice_is_one_release(cast):
    with_rubric(cast)
    key = uuid4()
    assert release(cast, made_with=key) == release(cast, made_with=key)
    assert GradeRelease.objects.count() == 1


def test_statistics_of_fewer_than_five_are_refused(cast):
    with_rubric(cast)
    give(cast, cast.ruth, report=2, plot=1)
    assert refused(lambda: release(cast, statistics_shown=True)) == "too_few_for_statistics"
    assert not GradeRelease.objects.exists()


def test_two_teams_of_three_are_two_grades_and_too_few(cast):
    with_rubric(cast, is_individual=False)
    people = make_students(cast, 6)
    for name, three in (("Magpie", people[:3]), ("Wren", people[3:])):
        make_team(cast, name, *three)
    for person in (people[0], people[3]):
        give(cast, person, report=2, plot=1)
    assert refused(lambda: release(cast, statistics_shown=True)) == "too_few_for_statistics"


def test_students_read_the_spread_with_their_own_place(client, cast):
    people = class_of_six(cast)
    release(cast, statistics_shown=True)
    client.force_login(people[5])
    text = client.get("/courses/odml/assignments/lab1/grade/").content.decode()
    assert "Half of the 6 grades lie between 1.25 and 3.75; the median is 2.50 of 5.00." in text
    assert "Yours, 5.00, lies in the highest quarter." in text
    assert "Student 000" not in text


@pytest.mark.parametrize("shown", [True, False])
def test_the_api_says_the_spread_where_students_may_know_it(cast, shown, django_assert_max_num_queries):
    cast.course.facts = {"grading": SCHEME}
    cast.course.save()
    people = class_of_six(cast)
    release(cast, statistics_shown=shown)
    with django_assert_max_num_queries(16):
        found = my_standing(cast.visit(people[0]), timezone.now())
    lines = {line["key"]: line for part in found["parts"] for line in part["lines"]}
    said = lines["lab1"]["statistics"]
    assert (said["count"], said["median"], len(said["steps"])) == (6, 2.5, 10) if shown else said is None


def test_of_a_partial_release_only_those_grades_are_counted(client, cast):
    people = class_of_six(cast)
    grades_release(
        visit=cast.visit(cast.helen), assignment=cast.lab,
        choice=ReleaseChoice(only_graded=True, statistics_shown=True),
    )  # fmt: skip
    give(cast, cast.ruth, report=0, plot=0)
    client.force_login(people[0])
    assert "Half of the 6 grades" in client.get("/courses/odml/assignments/lab1/grade/").content.decode()
    client.force_login(cast.ruth)
    assert "are not released yet" in client.get("/courses/odml/assignments/lab1/grade/").content.decode()


def test_each_gets_one_mail_as_they_have_chosen(cast, mailoutbox):
    with_rubric(cast)
    MailPreference.objects.create(person=cast.daniel, kind="grade", choice=MailChoice.SITE)
    MailPreference.objects.create(person=cast.sofia, kind="grade", choice=MailChoice.DIGEST)
    release(cast, words="Item 2 was **hard**.")
    for _ in range(2):
        release_news_send()
        mail_due()
    assert [mail.to for mail in mailoutbox] == [["ruth@example.edu"]]
    assert "Item 2 was" in mailoutbox[0].body and "Grades of Lab 1 are released" in mailoutbox[0].subject
    assert Notification.objects.filter(kind="grade").count() == 3


def test_without_mail_it_stands_on_the_site_alone(cast, mailoutbox):
    with_rubric(cast)
    release(cast, is_mailed=False)
    release_news_send()
    mail_due()
    assert (len(mailoutbox), told(cast.ruth)) == (0, ["Grades of Lab 1 are released"])


def test_a_worker_that_dies_in_a_batch_has_told_nobody_of_it_and_the_next_tells_all_once(cast, monkeypatch):
    with_rubric(cast)
    make_students(cast, 120)
    release(cast)
    batches, send = [], release_news.notification_send

    def dies_in_the_second(**said):
        send(**said)
        batches.append(len(said["people"]))
        if len(batches) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(release_news, "notification_send", dies_in_the_second)
    with pytest.raises(KeyboardInterrupt):
        release_news_send()
    assert Notification.objects.filter(kind="grade").count() == 50
    assert release_news_send() == (73, False)
    assert Notification.objects.filter(kind="grade").count() == 123
    assert not ReleasedTo.objects.filter(told_at=None).exists()


def test_what_takes_long_is_left_for_the_next_wake_up(cast, monkeypatch):
    with_rubric(cast)
    make_students(cast, 60)
    release(cast)
    monkeypatch.setattr(release_news, "LONGEST_S", -1.0)
    assert release_news_send() == (0, True)
    monkeypatch.undo()
    assert release_news_send() == (63, False)


def test_taking_back_ends_the_news_and_keeps_the_reason(cast):
    with_rubric(cast)
    release(cast)
    visit = cast.visit(cast.helen)
    assert refused(lambda: grades_take_back(visit=visit, assignment=cast.lab, reason=" ")) == "reason_missing"
    row = grades_take_back(visit=visit, assignment=cast.lab, reason="The key of item 2 was wrong.")
    assert (row.reason, row.by) == ("The key of item 2 was wrong.", "Helen")
    assert release_news_send() == (0, False) and told(cast.ruth) == []
    release(cast)
    release_news_send()
    assert len(told(cast.ruth)) == 1


def test_who_left_the_course_is_not_told(cast):
    with_rubric(cast)
    cast.course.enrolments.filter(person=cast.sofia).update(is_active=False)
    release(cast)
    release_news_send()
    assert told(cast.sofia) == [] and cast.sofia not in students_of(cast.lab)
