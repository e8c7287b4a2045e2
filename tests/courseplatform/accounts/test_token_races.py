"""Several tabs at once: real threads on a real database."""

import threading

import pytest
from django.db import connection

from courseplatform.accounts.tokens import MOST_AN_HOUR
from courseplatform.core.errors import AppError
from tests.courseplatform.accounts.builders import make_token
from tests.people import make_cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_database]
AT_ONCE = 6


@pytest.fixture
def cast(settings, tmp_path, monkeypatch):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    monkeypatch.setattr("courseplatform.notices.services.notifications.wake", lambda: None)
    return make_cast()


def at_once(act):
    """`act(n)` in several threads that start together. Returns the codes of the errors, None where there was none."""
    start, found = threading.Barrier(AT_ONCE), []

    def body(number):
        start.wait()
        try:
            act(number)
            found.append(None)
        except AppError as error:
            found.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=body, args=(number,)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(found) == AT_ONCE
    return found


def test_several_tabs_make_one_token_of_a_name(cast):
    assert sorted(at_once(lambda n: make_token(cast.ruth)), key=str) == [None, *["name_taken"] * (AT_ONCE - 1)]
    assert cast.ruth.access_tokens.count() == 1


def test_several_tabs_make_no_more_than_the_hour_allows(cast):
    for n in range(MOST_AN_HOUR - 1):
        make_token(cast.ruth, name=f"before {n}")
    found = at_once(lambda n: make_token(cast.ruth, name=f"at once {n}"))
    assert found.count(None) == 1 and found.count("tokens_too_fast") == AT_ONCE - 1
