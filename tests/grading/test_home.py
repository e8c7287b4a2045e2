"""The course home with everything on it: each part asks for itself, and nothing is asked twice."""

from collections import Counter

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from courseplatform.courses.access import asked_once
from tests.courseplatform.seminar.builders import make_slot, open_round, put_in
from tests.courseplatform.teams.builders import make_team
from tests.grading.api.results import measured
from tests.grading.grades.grades import regrade_of
from tests.grading.late_days.staff import PERSONAL, state

pytestmark = pytest.mark.django_db
MOST = 34


@pytest.mark.parametrize("who", ["ruth", "amit"])
def test_the_home_asks_nothing_twice(client, cast, tmp_path, who):
    state(cast, PERSONAL)
    make_team(cast, "Magpie", cast.ruth, cast.daniel)
    result = measured(cast, cast.ruth, tmp_path).result
    result.metrics = result.metrics | {"peak_activation_bytes": 4096, "model_bytes": 2048}
    result.save()
    regrade_of(cast)
    put_in(make_slot(cast.course), cast.daniel)
    make_slot(cast.course, 20, "Another")
    open_round(cast)
    client.force_login(getattr(cast, who))
    with CaptureQueriesContext(
        connection,
    ) as asked:
        page = client.get(cast.course.get_absolute_url())
    assert page.status_code == 200 and (who == "amit" or "Order of papers" in page.content.decode())
    assert len(asked) <= MOST
    assert [sql for sql, times in Counter(query["sql"] for query in asked).items() if times > 1] == []


def test_a_visit_reads_once_for_the_same_arguments_and_another_visit_anew(cast):
    read = []

    @asked_once
    def name(visit, more=""):
        read.append(visit.person)
        return f"{visit.person.name}{more}"

    ruth, daniel = cast.visit(cast.ruth), cast.visit(cast.daniel)
    assert [name(ruth), name(ruth), name(ruth, "!"), name(daniel), name(cast.visit(cast.ruth))] == [
        "Ruth", "Ruth", "Ruth!", "Daniel", "Ruth"
    ]  # fmt: skip
    assert read == [cast.ruth, cast.ruth, cast.daniel, cast.ruth]
