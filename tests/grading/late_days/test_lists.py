"""Late days in the lists of others, and the due time of each person wherever one is named."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courseplatform.teams.models import Membership
from grading.course_file.late.policy import policy_of
from grading.late_rows.facts import dates_of
from grading.models import Submission
from grading.selectors.calendar import due_dates
from grading.selectors.late_words import policy_line
from grading.services.late_days import late_days_count
from grading.services.late_favours import accommodation_give, excuse_give, extension_give, owners_in
from tests.grading.late_days.pages import MIDNIGHT, STRICT, handed_in_late, see
from tests.grading.late_days.test_late_days import PERSONAL, balance, due_ago, make_team, with_policy
from tests.people import hand_in, onnx_like

pytestmark = pytest.mark.django_db


def staff_list(client, cast, query=""):
    return see(client, cast.helen, f"/courses/odml/submissions/{query}")


def test_the_staff_list_says_what_the_policy_says(client, cast, tmp_path):
    with_policy(cast)
    handed_in_late(cast, tmp_path, hours=24 * 3 + 2)
    assert "4 late days, −10\u202f%" in staff_list(client, cast)
    assert "4 late days" in staff_list(client, cast, "?state=late")


def test_the_filter_late_follows_the_extension(client, cast, tmp_path):
    with_policy(cast)
    handed_in_late(cast, tmp_path, hours=20)
    extension_give(
        visit=cast.visit(cast.helen),
        assignment=cast.lab,
        owners=owners_in(cast.course, [cast.ruth]),
        reason="ill",
        units=1,
    )
    late_days_count(course=cast.course, people={cast.ruth.pk})
    assert "on time" in staff_list(client, cast)
    assert "0 shown" in staff_list(client, cast, "?state=late")


def test_an_attempt_that_is_not_judged_says_so(client, cast, tmp_path):
    with_policy(cast)
    first = handed_in_late(cast, tmp_path, hours=20)
    second = hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"x"))
    Submission.objects.filter(pk=second.pk).update(is_active=True)
    late_days_count(course=cast.course, people={cast.ruth.pk})
    assert "another attempt counts" in staff_list(client, cast)
    assert "Another attempt is the one that counts." in see(client, cast.ruth, first.get_absolute_url())


def test_without_a_policy_the_filter_compares_with_the_due_time(client, cast, tmp_path):
    handed_in_late(cast, tmp_path, hours=5)
    assert "5\u00a0h late" in staff_list(client, cast, "?state=late")


def test_every_list_of_due_times_says_the_persons_own(client, cast, django_assert_num_queries):
    with_policy(cast)
    due_ago(cast.lab, hours=5)
    accommodation_give(visit=cast.visit(cast.helen), person=cast.ruth, extra_days=2, reason="rule")
    assert cast.lab.course
    with django_assert_num_queries(4):
        mine = dates_of(cast.course, cast.ruth).due_of(cast.lab)
    assert mine - cast.lab.due_at >= timedelta(hours=47)
    assert [entry.starts for entry in due_dates(cast.course, cast.ruth)] == [mine]
    assert [entry.starts for entry in due_dates(cast.course, None)] == [cast.lab.due_at]
    assert "extended for you" in see(client, cast.ruth, "/courses/odml/assignments/")
    home, daniels = see(client, cast.ruth, "/courses/odml/"), see(client, cast.daniel, "/courses/odml/")
    assert "overdue" not in home and "overdue" in daniels


def test_an_extension_of_the_team_holds_for_who_is_in_it(cast):
    team = make_team(cast, cast.ruth, cast.daniel)
    local = (cast.lab.due_at + timedelta(days=2)).astimezone(cast.course.tz)
    extension_give(
        visit=cast.visit(cast.helen),
        assignment=cast.lab,
        owners=owners_in(cast.course, teams=[team]),
        reason="x",
        until=f"{local:%Y-%m-%d %H:%M}",
    )
    Membership.objects.filter(person=cast.daniel).update(until_at=timezone.now())
    assert dates_of(cast.course, cast.ruth).due_of(cast.lab) > cast.lab.due_at
    assert dates_of(cast.course, cast.daniel).due_of(cast.lab) == cast.lab.due_at


def test_who_is_excused_is_not_overdue(client, cast):
    due_ago(cast.lab, hours=5)
    excuse_give(visit=cast.visit(cast.helen), assignment=cast.lab, person=cast.ruth, reason="ill")
    page = see(client, cast.ruth, "/courses/odml/assignments/")
    assert "excused" in page and "overdue" not in page
    assert "overdue" not in see(client, cast.ruth, "/courses/odml/")


def test_the_course_home_says_what_is_left(client, cast, tmp_path):
    with_policy(cast)
    handed_in_late(cast, tmp_path, hours=30)
    assert balance(cast.course, person=cast.ruth) == 1
    assert "<b>1</b> of 3 left" in see(client, cast.ruth, "/courses/odml/")


@pytest.mark.parametrize(
    ("tree", "said"),
    [(PERSONAL, "3 late days for each person, in units of 24 h; after them 10 % off the maximum for each further one"),
     (MIDNIGHT, "3 late days for each person, counted at midnight New York time; after them 2 % off the maximum for each further one"),
     (STRICT | {"unit": {"kind": "hours", "hours": 1 / 60}}, "1 unit of 1 min for each person, in units of 1 min; after them nothing is taken"),
     (STRICT | {"cap": 1}, "1 late day for each person, in units of 24 h, at most 1 on one assignment; after them nothing is taken")],
)  # fmt: skip
def test_the_policy_in_one_line(cast, tree, said):
    assert policy_line(policy_of(tree, cast.course.tz)) == said
