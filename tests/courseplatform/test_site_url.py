"""The address of the site in links that leave it."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from courseplatform import env
from courseplatform.core.addresses import absolute, site_host


@pytest.mark.parametrize(
    ("value", "hosts", "plain", "expected"),
    [
        ("https://ml.example.edu/", ["x"], False, "https://ml.example.edu"),
        ("", ["ml.example.edu", "other"], False, "https://ml.example.edu"),
        ("", ["*", ".example.edu"], False, "https://example.edu"),
        ("", ["*"], False, "https://localhost"),
        ("", ["localhost"], True, "http://localhost:8000"),
    ],
)
def test_it_is_what_was_set_or_follows_from_the_first_host(monkeypatch, value, hosts, plain, expected):
    monkeypatch.setenv("SITE_URL", value)
    assert env.site_url("SITE_URL", hosts, plain=plain) == expected


def test_one_without_a_scheme_is_refused(monkeypatch):
    monkeypatch.setenv("SITE_URL", "ml.example.edu")
    with pytest.raises(ImproperlyConfigured, match="https://"):
        env.site_url("SITE_URL", [], plain=False)


def test_links_that_leave_the_site_are_absolute(settings):
    settings.SITE_URL = "https://ml.example.edu:8443"
    assert absolute("/courses/odml/") == "https://ml.example.edu:8443/courses/odml/" and site_host() == "ml.example.edu"
