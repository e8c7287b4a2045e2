"""What `manage.py check --deploy` says beyond Django: each of our checks fires for what it is about, and is silent for a good deployment."""

import re
from pathlib import Path

import pytest
from django.core import checks

from courseplatform import deployment_checks

GOOD = {
    "EMBEDDED": False, "SITE_URL": "https://milliamp.uni.edu", "ALLOWED_HOSTS": ["milliamp.uni.edu", "files.uni.edu", "web"],
    "CONTENT_URL": "https://files.uni.edu", "SECRET_KEY": "k" * 64, "DATABASE_URL": "postgres://milliamp:word@db:5432/milliamp",
    "BROKER_URL": "redis://:word@redis:6379/0", "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
    "EMAIL_HOST": "mail.uni.edu", "DEFAULT_FROM_EMAIL": "Milliamp <milliamp@uni.edu>", "S3": {"bucket": "milliamp"},
}  # fmt: skip
OURS = (
    deployment_checks.addresses,
    deployment_checks.secrets,
    deployment_checks.reaching_people,
    deployment_checks.files,
)
# id, what is set wrongly
WRONG = [
    ("E010", {"SITE_URL": "http://milliamp.uni.edu"}),
    ("E011", {"ALLOWED_HOSTS": ["*"]}),
    ("E012", {"ALLOWED_HOSTS": ["www.uni.edu"]}),
    ("E012", {"ALLOWED_HOSTS": ["amp.uni.edu"]}),  # the ending of a name is not a name above it
    ("W012", {"SITE_URL": "https://milliamp.example.edu", "ALLOWED_HOSTS": [".example.edu"]}),
    ("E013", {"SECRET_KEY": "k" * 31}),
    ("E013", {"SECRET_KEY": "ChangeMe" * 8}),
    ("E014", {"CONTENT_URL": "https://milliamp.uni.edu:8443"}),  # cookies know no ports
    ("W013", {"DATABASE_URL": "postgres://milliamp@db/milliamp"}),
    ("W014", {"BROKER_URL": "redis://redis:6379/0"}),
    ("W015", {"DEFAULT_FROM_EMAIL": "Milliamp <milliamp@example.edu>"}),
    ("W016", {"EMAIL_HOST": "localhost"}),
    ("W017", {"S3": None}),
]
# What looks like the wrong one and is right.
RIGHT = [
    {"ALLOWED_HOSTS": [".uni.edu"]},
    {"SITE_URL": "https://uni.edu", "ALLOWED_HOSTS": [".uni.edu"]},
    {"SECRET_KEY": "k" * 32},
    {"CONTENT_URL": ""},
    {"DATABASE_URL": "postgres://milliamp@127.0.0.1/milliamp", "BROKER_URL": "redis://localhost:6379/0"},
    {"DATABASE_URL": "postgres:///milliamp", "BROKER_URL": ""},
    {"EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend", "EMAIL_HOST": "localhost"},
    {"EMBEDDED": True, "S3": None},
]


def said(settings, **changed):
    """What all four say in such a deployment."""
    for name, value in (GOOD | changed).items():
        setattr(settings, name, value)
    return [message for check in OURS for message in check(None)]


@pytest.mark.parametrize(("code", "changed"), WRONG)
def test_what_is_set_wrongly_is_named_with_what_to_set(settings, code, changed):
    (found,) = said(settings, **changed)
    assert found.id == f"milliamp.{code}" and found.hint
    assert isinstance(found, checks.Error if code[0] == "E" else checks.Warning)


@pytest.mark.parametrize("changed", [{}, *RIGHT])
def test_a_good_deployment_hears_nothing(settings, changed):
    assert said(settings, **changed) == []


def test_every_check_is_asked_in_a_deployment_and_only_there():
    every = checks.registry.registry.get_checks(include_deployment_checks=True)
    always = checks.registry.registry.get_checks(include_deployment_checks=False)
    assert all(check in every and check not in always for check in OURS)


def test_every_id_is_fired_here():
    written = Path(deployment_checks.__file__).read_text()
    assert {code for code, _ in WRONG} == set(re.findall(r"milliamp\.([EW]\d{3})", written))
