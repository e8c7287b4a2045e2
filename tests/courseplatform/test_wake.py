"""Wake-ups: a broker that is away costs a request one try, and not one for each worker."""

import pytest
from kombu.exceptions import OperationalError

from courseplatform.core import wake


class App:
    """Counts the posts; the first one fails."""

    def __init__(self):
        self.posted = []

    def send_task(self, task, **how):
        self.posted.append(task)
        if len(self.posted) == 1:
            raise OperationalError("away")


@pytest.fixture
def app(monkeypatch):
    app = App()
    monkeypatch.setattr(wake, "current_app", app)
    monkeypatch.setattr(wake._Broker, "quiet_until", 0.0)
    return app


def test_after_a_post_that_failed_none_is_tried_for_a_while(app, monkeypatch):
    for task in ("one", "two", "three"):
        wake.post(task, "ordinary")
    assert app.posted == ["one"]
    monkeypatch.setattr(wake._Broker, "quiet_until", 0.0)  # the pause is over
    wake.post("four", "ordinary")
    wake.post("five", "ordinary")
    assert app.posted == ["one", "four", "five"]
