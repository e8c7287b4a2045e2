"""What the site stands on, all of it one's own: a PostgreSQL cluster, a Redis, an object store, a disk. The first three answer at an address."""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import boto3
import psycopg2
import redis
from celery import Celery
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from tests.journeys.world import free_port, wait_for
from tests.load import network

BIN = Path("/usr/lib/postgresql/15/bin")
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
# libfaketime lets no program sleep until a moment of the clock that it leaves alone, as Python does: EINVAL. So this one waits otherwise.
SLEEPS = "import select, time\ntime.sleep = lambda seconds: select.select((), (), (), seconds)[0] and None\n"


def why_not() -> str:
    """What this machine lacks; "" where it can show all of it."""
    if os.geteuid():
        return "only root may mount a disk and act as postgres"
    missing = [
        name
        for name, there in (
            (f"PostgreSQL's programs in {BIN}", (BIN / "initdb").exists()),
            ("redis-server", shutil.which("redis-server")),
            ("faketime", FAKETIME.exists()),
        )
        if not there
    ]
    return f"{', '.join(missing)} is not installed" if missing else network.why_not()


class Cluster:
    """A PostgreSQL of one's own. It keeps what it was told also after kill -9: nothing here is told to be fast."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.address = address
        self.folder, self.port = Path(tempfile.mkdtemp(prefix="milliamp-cluster-", dir="/tmp")), free_port()
        shutil.chown(self.folder, "postgres")
        self.process: subprocess.Popen[bytes] | None = None
        data = self.folder / "data"
        words = [str(BIN / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale"]
        subprocess.run(words, user="postgres", cwd="/", check=True, capture_output=True)
        with (data / "pg_hba.conf").open("a") as doors:
            doors.write(f"host all all {address}/24 trust\n")
        self.start()

    @property
    def url(self) -> str:
        return f"postgresql://postgres@{self.address}:{self.port}/postgres"

    def start(self) -> None:
        words = [str(BIN / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port), "-k", str(self.folder)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*words, "-c", f"listen_addresses={self.address}"], user="postgres", cwd="/", stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        wait_for(self.answers, 60, "PostgreSQL")

    def answers(self) -> bool:
        try:
            psycopg2.connect(self.url, connect_timeout=2).close()
        except psycopg2.Error:
            return False
        return True

    def stop_fast(self) -> None:
        """As an upgrade does: whoever is connected is thrown out, and all is written down."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=60)

    def kill(self) -> None:
        """As a power cut does: all of its processes at once."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        for pid in children_of(self.process.pid):  # each has a group of its own
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(timeout=20)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def children_of(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(entry.name))
    return found


class Broker:
    """A Redis of one's own, which writes down what it holds as a deployment's does."""

    def __init__(self, folder: Path, address: str = "127.0.0.1") -> None:
        self.folder, self.port, self.address = folder, free_port(), address
        folder.mkdir()
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"redis://{self.address}:{self.port}/0"

    @property
    def lists(self) -> redis.Redis:
        return redis.Redis(self.address, self.port, socket_timeout=5)

    def start(self) -> None:
        words = ["redis-server", "--port", str(self.port), "--bind", self.address, "--dir", str(self.folder)]
        words += ["--protected-mode", "no"]  # nobody else is on this address
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*words, "--appendonly", "yes", "--save", ""], stdout=log, stderr=log, start_new_session=True
            )
        wait_for(self.answers, 20, "Redis")

    def answers(self) -> bool:
        try:
            return bool(self.lists.ping())
        except redis.RedisError:
            return False

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(timeout=10)

    def empty(self) -> None:
        self.lists.flushall()

    def dropped(self) -> int:
        """Every message that waits is lost, those too that somebody has and has not acknowledged."""
        lists = self.lists
        lost = sum(lists.llen(name) for name in ("bench", "ordinary")) + lists.hlen("unacked")
        lists.delete("bench", "ordinary", "unacked", "unacked_index")
        return int(lost)

    def wake(self, task: str) -> None:
        """The ordinary workers, whatever their clocks say: a wake-up of the site's own ends, and for a clock that is ahead it has ended."""
        with Celery(broker=self.url) as sender:
            sender.send_task(task, queue="ordinary")

    def doubled(self, times: int) -> int:
        """Every message that waits, so many times more; and as many that say that there is a run. Returns how many there are more."""
        lists, more = self.lists, 0
        for name in ("bench", "ordinary"):
            for message in lists.lrange(name, 0, -1):
                lists.rpush(name, *[message] * times)
                more += times
        return more

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()


class Disk:
    """A small disk of its own in memory, which can be filled to the last byte."""

    def __init__(self, folder: Path, mib: int) -> None:
        self.folder = folder
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=700", "tmpfs", str(folder)], check=True)

    def fill(self) -> None:
        ballast = self.folder / "ballast"
        for size in (1 << 20, 512):
            with suppress(OSError), ballast.open("ab", buffering=0) as file:
                while True:
                    file.write(bytes(size))

    def free(self) -> None:
        (self.folder / "ballast").unlink(missing_ok=True)

    def close(self) -> None:
        subprocess.run(["umount", "-l", str(self.folder)], check=False, capture_output=True)


class Silent(WSGIRequestHandler):
    timeout = 10.0  # of a caller whose line was cut in the middle of what it sends

    def log(self, *_: object) -> None:
        """Nothing: there are thousands of requests."""


class Store:
    """An S3-compatible store of one's own (moto's, in memory), which can be away: then nobody listens at its door."""

    BUCKET, KEY, SECRET = "milliamp", "key", "secret"

    def __init__(self, address: str) -> None:
        self.address, self.port = address, free_port()
        self.kept, self.one_by_one = DomainDispatcherApplication(create_backend_app), threading.Lock()
        self.server: BaseWSGIServer | None = None
        self.start()

    @property
    def env(self) -> dict[str, str]:
        """The settings of a site that keeps its files here."""
        return {
            "S3_ENDPOINT": f"http://{self.address}:{self.port}", "S3_BUCKET": self.BUCKET, "S3_KEY_ID": self.KEY, "S3_SECRET": self.SECRET,
        }  # fmt: skip

    def answer(self, environ, start_response):
        """Moto trips where a file goes while it lists them. What is sent is read before, so that a slow line holds up nobody."""
        if length := int(environ.get("CONTENT_LENGTH") or 0):
            environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read(length))
        with self.one_by_one:
            return list(self.kept(environ, start_response))

    def start(self) -> None:
        self.server = make_server(self.address, self.port, self.answer, threaded=True, request_handler=Silent)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        assert self.server is not None
        self.server.shutdown()
        self.server.server_close()
        self.server = None

    def files(self, prefix: str) -> dict[str, bytes]:
        """What lies below the prefix, by name; of a file that has not come whole its name alone."""
        s3 = boto3.client(
            "s3", endpoint_url=self.env["S3_ENDPOINT"], region_name="us-east-1", aws_access_key_id=self.KEY, aws_secret_access_key=self.SECRET,
        )  # fmt: skip
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=self.BUCKET, Prefix=prefix)
        names = [found["Key"] for page in pages for found in page.get("Contents", [])]
        begun = s3.list_multipart_uploads(Bucket=self.BUCKET, Prefix=prefix).get("Uploads", [])
        return {found["Key"]: b"" for found in begun} | {
            name: s3.get_object(Bucket=self.BUCKET, Key=name)["Body"].read() for name in names
        }

    def close(self) -> None:
        if self.server is not None:
            self.stop()
