"""How gunicorn serves the site, embedded and in the image: `gunicorn --config python:courseplatform.web_server`.

Two processes: one alone runs Python on one core, however many threads it has. The first loads the site and becomes two by forking, so
that most of what they hold is in memory once.
"""

from typing import Any

wsgi_app = "courseplatform.wsgi"
worker_class = "courseplatform.core.web_worker.PatientWorker"
workers, threads = 2, 32
preload_app = True
control_socket_disable = True


def when_ready(server: Any) -> None:
    """In the first process, which serves nobody: the site is loaded, and nothing has been forked."""
    from django.db import connections

    from courseplatform.core.web_worker import keep_what_is_loaded

    connections.close_all()
    keep_what_is_loaded()


def post_fork(server: Any, worker: Any) -> None:
    """In a process that serves: threads are not forked, so what it writes in the background begins here."""
    from courseplatform.metrics.minutes import start_writing

    start_writing()
