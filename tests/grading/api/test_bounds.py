"""Lists stay bounded: the same few queries for 5 and for 600 hand-ins, and pages that meet without a gap."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.courses.models import Enrolment
from grading.models import Run, Submission
from grading.queue.wake import RUN_KIND
from tests.people import hand_in, make_lab, onnx_like

pytestmark = pytest.mark.django_db
LIST = "courses/odml/assignments/lab1/submissions"


def many(cast, count, *, same_instant=False):
    """Hand-ins of a large class, written straight into the tables."""
    people = User.objects.bulk_create([User(email=f"s{n}@example.edu", name=f"S {n}") for n in range(count)])
    Enrolment.objects.bulk_create([Enrolment(course=cast.course, person=one, role="student") for one in people])
    now = timezone.now()
    made = [
        Submission(assignment=cast.lab, person=one, number=1, received_at=now - timedelta(seconds=0 if same_instant else n),
                   file_name="m.onnx", format="onnx", size_bytes=1, sha256="0" * 64, upload_key=uuid4(), receipt=f"L1-1-{n}")
        for n, one in enumerate(people)
    ]  # fmt: skip
    Submission.objects.bulk_create(made)
    for submission in made:
        Run.objects.create(kind=RUN_KIND, owner_key="x", submission=submission, requested_by="x")
    return {str(one.pk) for one in made}


@pytest.mark.parametrize("count", [5, 600])
def test_a_page_of_hand_ins_makes_the_same_queries(cast, api, count, django_assert_max_num_queries):
    many(cast, count)
    helen = api(cast.helen)
    with django_assert_max_num_queries(
        9
    ):  # token, its use, course, assignment, hand-ins, verdicts, parts, runs, the look
        found = helen.read(LIST, {"page_size": "200"})
    assert len(found["results"]) == min(count, 200)


@pytest.mark.parametrize("same_instant", [False, True])
def test_pages_meet_without_a_gap_or_a_repeat(cast, api, same_instant):
    made, seen, helen = many(cast, 130, same_instant=same_instant), [], api(cast.helen)
    found = helen.read(LIST)
    seen += [one["id"] for one in found["results"]]
    while found["next"]:
        found = helen.read(found["next"].partition("/api/v1/")[2])
        seen += [one["id"] for one in found["results"]]
    assert len(seen) == len(set(seen)) and set(seen) == made


def test_a_page_turned_back_is_the_one_before(cast, api):
    many(cast, 70)
    helen = api(cast.helen)
    first = helen.read(LIST)
    second = helen.read(first["next"].partition("/api/v1/")[2])
    back = helen.read(second["previous"].partition("/api/v1/")[2])
    assert [one["id"] for one in back["results"]] == [one["id"] for one in first["results"]]


@pytest.mark.parametrize("count", [5, 200])
def test_a_page_of_assignments_makes_the_same_queries(cast, api, count, django_assert_max_num_queries):
    for n in range(count):
        make_lab(cast.course, f"x{n}", bench_spec={}, position=n)
    ruth = api(cast.ruth)
    with django_assert_max_num_queries(12):  # eight of them for what each is for Ruth
        ruth.read("courses/odml/assignments", {"page_size": "200"})


@pytest.mark.parametrize(
    ("address", "most"), [("me", 5), ("courses", 5), ("courses/odml", 5), ("courses/odml/assignments/lab1", 13)]
)
def test_a_document_makes_few_queries(cast, api, address, most, django_assert_max_num_queries):
    ruth = api(cast.ruth)
    with django_assert_max_num_queries(most):
        ruth.read(address)


@pytest.mark.parametrize(
    ("address", "most"), [("submissions/{0}", 8), ("submissions/{0}/file", 8), ("runs/{1}", 14)]
)  # of an open run: six for its place in line
def test_an_object_by_its_key_makes_few_queries(cast, api, tmp_path, address, most, django_assert_max_num_queries):
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    ruth, where = api(cast.ruth), address.format(submission.pk, submission.runs.get().pk)
    with django_assert_max_num_queries(most):
        answer = ruth.get(where)
    assert answer.status_code == 200


def test_a_list_does_not_read_the_documents_of_results(cast, api, tmp_path):
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    ruth = api(cast.ruth)
    with CaptureQueriesContext(connection) as asked:
        ruth.read(LIST)
    assert not [query["sql"] for query in asked if "environment" in query["sql"]]
