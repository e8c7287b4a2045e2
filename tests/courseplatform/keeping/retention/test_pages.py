"""The page Retention, and what somebody sees who asks for a file that was deleted."""

import pytest

from courseplatform.audit.models import AuditRow
from courseplatform.core.gone import BY_POLICY, files_go
from courseplatform.keeping.models import RetentionPolicy
from courseplatform.keeping.retention.services import hold_begin
from tests.courseplatform.accounts.builders import headers_of
from tests.courseplatform.keeping.retention.builders import days, ended_course
from tests.people import make_cast

pytestmark = pytest.mark.django_db
PAGE = "/courses/odml/retention/"


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def gone(cast, tmp_path):
    """Ruth's report and model, both deleted on the ninth of May 2027."""
    submission, piece = ended_course(cast, tmp_path)
    files_go([piece], "file", why=BY_POLICY, now=days(366))
    files_go([submission], "model_file", why=BY_POLICY, now=days(366))
    return submission, piece


def form(**more):
    return {
        "models": 365,
        "reports": 730,
        "measurements": 730,
        "logs": 180,
        "mail": 365,
        "audit": 400,
        "profile": 365,
    } | more


def test_the_page_says_what_leaves_when(client, cast, tmp_path):
    ended_course(cast, tmp_path)
    client.force_login(cast.helen)
    said = client.get(PAGE).content.decode()
    assert "The last day of this course is 8 May 2026" in said
    assert "1 file," in said


def test_days_are_saved_and_stand_in_the_audit(client, cast):
    client.force_login(cast.helen)
    assert client.post(PAGE, form(models=400)).status_code == 302
    assert RetentionPolicy.objects.get(course=cast.course).days == {"models": 400}
    assert "models 365 to 400 days" in AuditRow.objects.get(course=cast.course, act="changed").what


def test_days_out_of_bounds_are_said_beside_the_field(client, cast):
    client.force_login(cast.helen)
    answer = client.post(PAGE, form(models=5))
    assert answer.status_code == 422
    assert "greater than or equal to 90" in answer.content.decode()


def test_a_hold_wants_a_reason_and_names_who_holds(client, cast):
    client.force_login(cast.helen)
    assert client.post(f"{PAGE}hold/", {"reason": " "}).status_code == 422
    assert client.post(f"{PAGE}hold/", {"reason": "an appeal"}).status_code == 302
    said = client.get(PAGE).content.decode()
    assert "helen@example.edu wrote: an appeal" in said
    assert client.post(f"{PAGE}release/").status_code == 302
    assert not RetentionPolicy.objects.get().is_held


def test_the_page_makes_the_same_queries_for_any_course(client, cast, tmp_path, django_assert_max_num_queries):
    ended_course(cast, tmp_path)
    hold_begin(visit=cast.visit(cast.helen), reason="an appeal")
    client.force_login(cast.helen)
    client.get(PAGE)
    with django_assert_max_num_queries(45):
        client.get(PAGE)


def test_a_file_that_was_deleted_says_when_and_why(client, cast, gone):
    _, piece = gone
    client.force_login(cast.ruth)
    for end in ("file/", "pdf/", "report/"):
        answer = client.get(f"/courses/odml/pieces/{piece.pk}/{end}")
        assert answer.status_code == 410, end
        assert "This file was deleted on 9 May 2027 under the retention policy of the course" in answer.content.decode()


def test_its_page_stays_and_says_the_same(client, cast, gone):
    _, piece = gone
    for person in (cast.ruth, cast.amit):
        client.force_login(person)
        answer = client.get(f"/courses/odml/pieces/{piece.pk}/")
        assert answer.status_code == 200
        assert "This file was deleted on 9 May 2027" in answer.content.decode()
        assert "data-report-pages" not in answer.content.decode()


def test_the_api_says_so_with_a_code(client, cast, gone):
    submission, piece = gone
    key = headers_of(cast.ruth)
    for path in (f"/api/v1/submissions/{submission.pk}/file", f"/api/v1/pieces/{piece.pk}/file"):
        answer = client.get(path, **key)
        assert answer.status_code == 410
        assert answer.json()["error"]["code"] == "file_gone"


def test_the_pages_of_an_attempt_stay_without_its_model(client, cast, gone):
    submission, _ = gone
    client.force_login(cast.ruth)
    assert client.get(submission.get_absolute_url()).status_code == 200
    assert client.get(submission.runs.get().get_absolute_url()).status_code == 200
    assert client.get("/courses/odml/assignments/lab1/").status_code == 200
