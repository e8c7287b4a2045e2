"""The web image, built for real from a base of this machine's own making, and run on PostgreSQL and Redis."""

import json
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from contextlib import closing

import psycopg2
import pytest

from tests import parts
from tests.docker.stack import built
from tests.journeys.world import free_port, wait_for
from tests.parts import ROOT

pytestmark = [pytest.mark.part("docker"), pytest.mark.part("postgresql"), pytest.mark.part("redis")]
MOST_BYTES = (
    700 << 20
)  # 90 MB are matplotlib with numpy, which draws plots in a process of its own; 30 are LTI's signatures and pdf.js


def docker(*arguments: str, check: bool = True) -> str:
    done = subprocess.run(["docker", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return (done.stdout + done.stderr).strip()


@pytest.fixture(scope="module")
def image():
    return built("web")


@pytest.fixture(scope="module")
def environment():
    """Variables of a deployment with a database of its own."""
    name = f"milliamp_docker_{uuid.uuid4().hex[:12]}"
    with closing(psycopg2.connect(parts.POSTGRES)) as connection:
        connection.autocommit = True
        connection.cursor().execute(f'CREATE DATABASE "{name}"')
        yield {
            "DATABASE_URL": f"{parts.POSTGRES.rsplit('/', 1)[0]}/{name}", "BROKER_URL": parts.REDIS, "SECRET_KEY": uuid.uuid4().hex * 2,
            "ALLOWED_HOSTS": "127.0.0.1", "BEHIND_TLS": "0",
        }  # fmt: skip
        connection.cursor().execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def volume():
    name = f"milliamp-test-{uuid.uuid4().hex[:8]}"
    docker("volume", "create", name)
    yield name
    docker("volume", "rm", "-f", name)


def options(environment):
    return [word for key, value in environment.items() for word in ("-e", f"{key}={value}")]


def test_the_image_is_small_unprivileged_and_holds_nothing_that_opens_models(image):
    assert int(docker("image", "inspect", "-f", "{{.Size}}", image)) < MOST_BYTES
    assert docker("run", "--rm", image, "id", "-u") == "10001"
    for package in ("torch", "onnx", "onnxruntime", "ai_edge_litert", "flatbuffers"):
        assert "ModuleNotFoundError" in docker("run", "--rm", image, "python", "-c", f"import {package}", check=False)


def test_without_a_secret_the_start_is_refused_in_one_sentence(image):
    said = docker(
        "run",
        "--rm",
        "-e",
        "DATABASE_URL=postgres://nobody@127.0.0.1/none",
        image,
        "python",
        "manage.py",
        "check",
        check=False,
    )
    assert "SECRET_KEY is not set" in said


def test_web_and_worker_of_the_image_answer_on_a_read_only_disk(image, environment, volume):
    port, started = free_port(), []
    common = ["--network", "host", "-v", f"{volume}:/data", "--read-only", "--tmpfs", "/tmp", *options(environment)]
    docker("run", "--rm", *common, image, "python", "manage.py", "migrate", "-v0")
    try:
        started.append(docker("run", "-d", *common, image, "gunicorn", "courseplatform.wsgi", "--bind", f"127.0.0.1:{port}",
                              "--worker-tmp-dir", "/dev/shm", "--no-control-socket"))  # fmt: skip
        started.append(docker("run", "-d", *common, image, "celery", "-A", "courseplatform.celery", "worker", "--pool", "solo", "-Q",
                              "ordinary", "-n", f"{volume}@%h", "-B", "-s", "/data/beat"))  # fmt: skip
        wait_for(lambda: healthy(port), 60, "health of the containers")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/accounts/login/", timeout=5) as page:
            assert b"Sign in" in page.read()
    finally:
        for container in started:
            docker("rm", "-f", container, check=False)


def healthy(port):
    """Database, broker, storage and the ordinary worker are well; the bench worker lives on another machine, and is waited for."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5)
    except urllib.error.HTTPError as error:
        checks = json.loads(error.read())["checks"]
        is_well = {checks[name] for name in ("database", "broker", "storage")} == {"ok"}
        return is_well and checks["worker"] == "waiting for the first task of worker bench"
    except OSError:
        time.sleep(0.5)
    return False


def test_the_backup_image_makes_a_set_that_is_verified(image, environment, volume):
    backup = built("backup")
    scratch = ["--read-only", "--tmpfs", "/tmp", "--tmpfs", "/backups:uid=10001,mode=700"]
    script = "python manage.py migrate -v0 && python manage.py backup --to /backups && python manage.py backup_verify /backups/20*"
    common = ["--rm", "--network", "host", "-v", f"{volume}:/data", *scratch, *options(environment)]
    said = docker("run", *common, backup, "sh", "-c", script)
    assert "is whole:" in said, said
