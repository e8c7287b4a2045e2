"""What a broker that is not there costs: wake-ups are best effort, so nobody waits for them."""

import time

import pytest
from celery import Celery
from django.conf import settings
from kombu.exceptions import OperationalError


def test_a_wake_up_gives_up_at_once_where_no_broker_is(tmp_path):
    app = Celery(broker=f"redis+socket://{tmp_path}/nowhere.sock", set_as_current=False)
    app.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    began = time.monotonic()
    with pytest.raises(OperationalError):
        app.send_task("notices.mail", retry=False)
    assert time.monotonic() - began < 3  # kombu's own pauses add up to 6 s
