"""/metrics of a real web server with two worker processes, whose database is away and whose workers are killed."""

import os
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.journeys.world import free_port, started_by, wait_for
from tests.parts import ROOT

REQUESTS = 'milliamp_request_seconds_count{kind="probe",method="GET",status="2xx"}'


class Server:
    """gunicorn as in the image, with two processes, and a database address where nobody answers."""

    def __init__(self, folder: Path) -> None:
        self.port, self.folder = free_port(), folder / "counts"
        env = {
            "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATABASE_URL": f"postgres://nobody@127.0.0.1:{free_port()}/none",
            "BROKER_URL": f"redis://127.0.0.1:{free_port()}/0", "SECRET_KEY": "x" * 50, "ALLOWED_HOSTS": "127.0.0.1", "BEHIND_TLS": "0",
            "DATA_DIR": str(folder), "STATIC_ROOT": str(folder), "PROMETHEUS_MULTIPROC_DIR": str(self.folder), "METRICS_TOKEN": "t" * 16,
            "LOG_LEVEL": "ERROR",
        }  # fmt: skip
        command = [
            sys.executable, "-m", "gunicorn", "courseplatform.wsgi", "--bind", f"127.0.0.1:{self.port}", "--workers", "2", "--threads", "8",
            "--worker-class", "courseplatform.core.web_worker.PatientWorker", "--no-control-socket",
        ]  # fmt: skip
        self.log = (folder / "web.log").open("wb")
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=env, stdout=self.log, stderr=self.log, start_new_session=True
        )

    def workers(self) -> list[int]:
        return [int(path.name) for path in Path("/proc").glob("[0-9]*") if started_by(int(path.name), self.process.pid)]

    def answers(self) -> bool:
        try:
            return bool(self.metrics())
        except OSError:
            return False

    def metrics(self) -> dict[str, float]:
        """One scrape."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as line:
            line.sendall(
                b"GET /metrics HTTP/1.0\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + b"t" * 16 + b"\r\n\r\n"
            )
            answer = b"".join(iter(lambda: line.recv(1 << 16), b"")).decode()
        return {
            name: float(number)
            for name, number in re.findall(r"^(milliamp_\S+(?:\{.*\})?) (\S+)$", answer, re.MULTILINE)
        }

    def stalled(self) -> socket.socket:
        """A form whose body does not come: its request stays in flight."""
        line = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        line.sendall(
            b"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: csrftoken=" + b"a" * 32 + b"\r\nContent-Length: 1000\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n\r\nlogin="
        )  # fmt: skip
        return line


@pytest.fixture
def server(tmp_path):
    made = Server(tmp_path)
    try:
        wait_for(made.answers, 60, "the first answer")
        wait_for(lambda: len(made.workers()) == 2, 10, "two workers")
        yield made
    finally:
        os.killpg(made.process.pid, signal.SIGKILL)
        made.process.wait()
        made.log.close()


def test_two_processes_count_together_without_a_database_and_outlive_kill_9(server):
    """Each scrape is a request too: it tells of all that were answered before it, whichever process answers."""

    def count():
        return server.metrics().get(REQUESTS, 0)

    with ThreadPoolExecutor(8) as pool:

        def both_have_served():
            list(pool.map(lambda _: server.metrics(), range(8)))
            return len(list(server.folder.glob("histogram_*.db"))) == 2

        wait_for(both_have_served, 60, "requests in both processes")
    first = count()
    assert [count() for _ in range(10)] == [first + number for number in range(1, 11)]

    found = server.metrics()
    assert (found["milliamp_database_up"], found["milliamp_broker_up"]) == (0, 0)
    assert found["milliamp_disk_free_bytes"] > 0

    lines = [server.stalled() for _ in range(6)]
    wait_for(lambda: server.metrics()["milliamp_requests_in_flight"] == 7, 10, "six requests and the scrape in flight")
    before = count()
    one, other = server.workers()
    os.kill(one, signal.SIGKILL)
    wait_for(lambda: one not in server.workers(), 10, "the end of one")
    assert count() == before + 1  # what it had counted stays, and the other tells it
    os.kill(other, signal.SIGKILL)
    wait_for(lambda: other not in server.workers() and server.answers(), 60, "another worker")
    assert server.metrics()["milliamp_requests_in_flight"] == 1  # what they had in flight went
    for line in lines:
        line.close()
    assert count() == before + 4
