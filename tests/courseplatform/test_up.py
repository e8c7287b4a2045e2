"""`manage.py up`: what its children are told."""

import socket

import pytest

from courseplatform.core.management.commands import up


def hosts_of(bind):
    return up._children(bind, 8000)[0].env["ALLOWED_HOSTS"].split(",")


@pytest.fixture(autouse=True)
def _own_names(settings):
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]


def test_the_children_answer_under_this_machines_own_names():
    assert hosts_of("127.0.0.1") == ["localhost", "127.0.0.1", "[::1]"]


def test_the_address_that_was_asked_for_is_answered_too():
    assert hosts_of("192.0.2.7") == ["localhost", "127.0.0.1", "[::1]", "192.0.2.7"]


def test_on_every_interface_the_machines_name_is_answered_too():
    assert hosts_of("0.0.0.0") == ["localhost", "127.0.0.1", "[::1]", "0.0.0.0", socket.gethostname()]


def test_hosts_that_were_set_are_kept(settings):
    settings.ALLOWED_HOSTS = ["milliamp.example.edu"]
    assert hosts_of("127.0.0.1") == ["milliamp.example.edu", "127.0.0.1"]
