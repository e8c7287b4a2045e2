"""Text that the database does not take is the sender's mistake, wherever it was written."""

import pytest
from django.db import connection, transaction
from django.db.utils import DataError
from django.test import RequestFactory

from courseplatform.audit.models import AuditRow
from courseplatform.core.middleware import Refusals, cannot_be_kept
from courseplatform.lti.models import LoginAttempt
from tests.lti.launching import platform_of_tests

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]


@pytest.mark.parametrize("text", ["a\x00", "\ud800"], ids=ascii)
@pytest.mark.parametrize("where", ["words", "json"])
def test_it_is_refused_with_a_code(text, where):
    platform, error = platform_of_tests(), None
    try:
        with transaction.atomic():
            if where == "json":
                LoginAttempt.objects.create(platform=platform, state="s", nonce="n", asked={"hint": text})
            else:
                AuditRow.objects.create(actor=text, act="saw", what="x")
    except (ValueError, DataError) as refused:
        error = refused
    if error is None:
        assert connection.vendor == "sqlite"  # it keeps NUL, and an escape in JSON
        return
    assert cannot_be_kept(error)
    answer = Refusals(lambda request: None).process_exception(RequestFactory().post("/courses/x/"), error)
    assert answer.status_code == 422 and b"nul_character" in answer.content


@pytest.mark.parametrize(
    "error", [ValueError("bad"), DataError("numeric field overflow"), UnicodeDecodeError("utf-8", b"x", 0, 1, "y")]
)
def test_any_other_fault_stays_a_fault(error):
    assert not cannot_be_kept(error)
