"""HEAD is answered wherever GET is: monitors, link checkers and download tools ask that way first."""

import pytest

from grading.models import Run
from tests.people import hand_in, onnx_like

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "page", ["", "schedule/", "assignments/", "assignments/lab1/", "submissions/", "submissions.csv"]
)
def test_a_page_of_a_course_answers_head(client, cast, page):
    client.force_login(cast.helen)
    answer = client.head(f"/courses/{cast.course.slug}/{page}")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("address", ["/", "/style/", "/docs/glossary/", "/accounts/login/"])
def test_a_public_page_answers_head(client, address):
    assert client.head(address).status_code == 200


def test_a_receipt_and_a_run_answer_head(client, cast, tmp_path):
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    client.force_login(cast.ruth)
    for address in (submission.get_absolute_url(), Run.objects.get(submission=submission).get_absolute_url()):
        assert client.head(address).status_code == 200
