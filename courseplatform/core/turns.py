"""How many pages one web process makes at the same time."""

import threading

from django.http import HttpRequest, HttpResponse

from courseplatform.core.middleware import Middleware

AT_ONCE, LONGEST_WAIT_S = 2, 1.0


class Turns(Middleware):
    """A page waits for its turn rather than for Python's lock.

    Threads are many, so that slow lines and stalled uploads take none from anybody. Only one of them runs Python at a time, and each gives that
    up at every row that a database hands over: with thirty that all want it, a page takes twice the processor time that it takes alone, and none of
    them is ready early. One goes on while another waits for its database. What somebody sends has no turn, it may come slowly; and
    a turn that does not come for LONGEST_WAIT_S is not waited for, whatever holds the others.
    """

    _turns = threading.BoundedSemaphore(AT_ONCE)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in ("GET", "HEAD") or not self._turns.acquire(timeout=LONGEST_WAIT_S):
            return self.get_response(request)
        try:
            return self.get_response(request)
        finally:
            self._turns.release()
