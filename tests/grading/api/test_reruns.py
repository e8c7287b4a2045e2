"""Re-runs in the API: for the staff, as the pages show them."""

import pytest

from tests.grading.reruns.reruns import REASON, begin, change_rules, measured

pytestmark = pytest.mark.django_db
LIST = "courses/odml/assignments/lab1/reruns"


@pytest.fixture
def rerun(cast, tmp_path):
    measured(cast, cast.daniel, tmp_path)
    change_rules(cast)
    return begin(cast)


def test_the_list_says_what_was_run_again_and_why(cast, api, rerun):
    (found,) = api(cast.amit).read(LIST)["results"]
    assert (found["id"], found["kind"], found["status"], found["reason"], found["made_by"]) == (
        rerun.pk,
        "points",
        "ready",
        REASON,
        "Helen",
    )


def test_one_of_them_has_each_grade_before_and_then(cast, api, rerun):
    (row,) = api(cast.helen).read(f"{LIST}/{rerun.pk}")["rows"]
    assert (row["name"], row["now"], row["then"], row["lines"][0]["title"]) == ("Daniel", "4.21", "2.00", "Accuracy")


def test_students_read_none_of_it(cast, api, rerun):
    assert api(cast.daniel).get(LIST).status_code == 403
    assert api(cast.daniel).get(f"{LIST}/{rerun.pk}").status_code == 403
