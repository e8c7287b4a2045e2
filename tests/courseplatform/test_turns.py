"""A page waits for its turn; what is sent does not, and no turn is waited for without an end."""

import threading

import pytest
from django.http import HttpResponse

from courseplatform.core import turns
from courseplatform.core.turns import AT_ONCE, Turns


class Site:
    """Answers once `go` is set; how many were answered at the same time at most."""

    def __init__(self):
        self.go, self.lock, self.now, self.most = threading.Event(), threading.Lock(), 0, 0

    def __call__(self, request):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        assert self.go.wait(20)
        with self.lock:
            self.now -= 1
        return HttpResponse("here")

    def asked(self, requests):
        """Threads that ask for these, all of them begun."""
        pages = Turns(self)
        threads = [threading.Thread(target=pages, args=(request,)) for request in requests]
        for thread in threads:
            thread.start()
        return threads

    def comes_to(self, many):
        return any(self.now == many or threading.Event().wait(0.01) for _ in range(1000))


@pytest.fixture
def site(monkeypatch):
    monkeypatch.setattr(Turns, "_turns", threading.BoundedSemaphore(AT_ONCE))
    return Site()


def test_so_many_pages_are_made_at_once_and_each_is_made(site, rf):
    threads = site.asked([rf.get("/") for _ in range(4 * AT_ONCE)])
    assert site.comes_to(AT_ONCE)
    site.go.set()
    for thread in threads:
        thread.join(20)
    assert (site.most, site.now) == (AT_ONCE, 0)


def test_what_is_sent_has_no_turn(site, rf):
    threads = site.asked([rf.post("/") for _ in range(4 * AT_ONCE)])
    assert site.comes_to(4 * AT_ONCE)
    site.go.set()
    for thread in threads:
        thread.join(20)


def test_a_turn_that_does_not_come_is_not_waited_for(site, rf, monkeypatch):
    monkeypatch.setattr(turns, "LONGEST_WAIT_S", 0.05)
    threads = site.asked([rf.get("/") for _ in range(AT_ONCE + 1)])
    assert site.comes_to(AT_ONCE + 1)
    site.go.set()
    for thread in threads:
        thread.join(20)


def test_a_page_that_fails_gives_its_turn_back(monkeypatch, rf):
    monkeypatch.setattr(Turns, "_turns", threading.BoundedSemaphore(1))

    def fails(request):
        raise RuntimeError

    for _ in range(3):
        with pytest.raises(RuntimeError):
            Turns(fails)(rf.get("/"))
    assert Turns._turns.acquire(blocking=False)
