"""All services of docker/compose.yml on this machine: our images from its Debian base, stand-ins for the public ones from Debian's packages.

The S3-compatible store is moto, which keeps everything in memory: what it held is gone when it stops. That suits a restore.
"""

import functools
import http.client
import json
import os
import secrets
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psycopg2

from tests.journeys.world import free_port, wait_for
from tests.load.doors import Door
from tests.parts import ROOT

BASE = "milliamp-base"
SITE, CONTENT = "milliamp.test", "files.milliamp.test"
OURS = ("web", "bench", "backup")
STAND_INS = {
    "POSTGRES_IMAGE": "postgres",
    "REDIS_IMAGE": "redis",
    "CADDY_IMAGE": "proxy",
    "ENGINE_IMAGE": "engine",
    "S3_IMAGE": "s3",
}
PART_OF = {
    "worker": "ordinary",
    "beat": "ordinary",
    "engine": "models",
    "db": "database",
    "redis": "broker",
    "s3": "store",
}
DIGESTS = """
import hashlib, json
from django.core.files.storage import default_storage
print(json.dumps({{name: hashlib.sha256(default_storage.open(name).read()).hexdigest() for name in {names}}}))
"""
BUILD = ("docker", "build", "-q", "--network", "host", "--build-arg", f"BASE_IMAGE={BASE}")
LASTING = ("proxy", "web", "worker", "beat", "bench", "engine", "db", "redis", "s3")


def run(*words: str, **env: str) -> str:
    # docker-compose gives up after a minute, which is short for nine services on a busy machine.
    env = {"COMPOSE_HTTP_TIMEOUT": "300"} | env
    done = subprocess.run(words, cwd=ROOT, env=os.environ | env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (words, (done.stdout + done.stderr)[-4000:])
    return done.stdout.strip()


def built(target: str, *more: str, tag: str = "") -> str:
    """Our image of this target of docker/web.Dockerfile; seconds where its layers are there."""
    run(str(ROOT / ".ci" / "base-image"), BASE)
    tag = tag or f"milliamp-{target}-test"
    run(*BUILD, *more, "-f", "docker/web.Dockerfile", "--target", target, "-t", tag, ".")
    return tag


def build_images() -> None:
    """Of all services. The first time takes minutes."""
    for target in OURS:
        built(target)
    for target in STAND_INS.values():
        run(*BUILD, "--target", target, "-t", f"milliamp-ci-{target}", "docker/ci")


class Stack:
    """One project of docker-compose with secrets, ports and volumes of its own. A world of tests/load too (rush_server.py)."""

    name = "all services of docker/compose.yml"

    def __init__(self, folder: Path) -> None:
        self.folder, self.project = folder, f"milliamp-test-{uuid.uuid4().hex[:8]}"
        self.port, self.backups, self.data_dir = free_port(), folder / "backups", folder / "data"
        self.data_dir.mkdir()
        self.seen: dict[str, str] = {}  # address -> heading, of what must still be there in the end
        self.backups.mkdir(mode=0o777)
        self.backups.chmod(0o777)  # for user 10001 of the images
        self.given = {
            "SITE_HOST": SITE, "CONTENT_HOST": CONTENT, "TLS": "internal", "SECRET_KEY": secrets.token_hex(32), "POSTGRES_PASSWORD": secrets.token_hex(16),
            "REDIS_PASSWORD": secrets.token_hex(16), "S3_KEY_ID": secrets.token_hex(8), "S3_SECRET": secrets.token_hex(16), "EMAIL_URL": "dummymail://",
            "DEFAULT_FROM_EMAIL": f"milliamp@{SITE}", "HTTP_PORT": str(free_port()), "HTTPS_PORT": str(self.port), "DEMO": "1",
            "BACKUPS": str(self.backups), "ENV_FILE": str(folder / "env"),
            **{f"{target.upper()}_IMAGE": f"milliamp-{target}-test" for target in OURS},
            **{name: f"milliamp-ci-{target}" for name, target in STAND_INS.items()},
        }  # fmt: skip
        (folder / "env").write_text("".join(f"{key}={value}\n" for key, value in self.given.items()))

    def compose(self, *words: str) -> str:
        files = [word for file in ("compose.yml", "ci/compose.yml") for word in ("-f", f"docker/{file}")]
        return run("docker-compose", "-p", self.project, "--env-file", str(self.folder / "env"), *files, *words)

    def containers(self) -> dict[str, tuple[str, str]]:
        """service -> (id, state in words), also of what has ended; asked of the engine, which is quicker than docker-compose."""
        words = [f"label=com.docker.compose.project={self.project}", "label=com.docker.compose.oneoff=False"]
        filters = [word for one in words for word in ("--filter", one)]
        said = run(
            "docker",
            "ps",
            "-a",
            "--no-trunc",
            *filters,
            "--format",
            '{{.Label "com.docker.compose.service"}}\t{{.ID}}\t{{.Status}}',
        )
        rows = [line.split("\t") for line in said.splitlines()]
        return {service: (container, status) for service, container, status in rows}

    def container(self, service: str) -> str:
        return self.containers()[service][0]

    def health(self) -> dict[str, str]:
        """Of each service that lasts: healthy, or what it is instead."""
        found = self.containers()
        states = {service: found.get(service, ("", "not there"))[1] for service in LASTING}
        return {service: "healthy" if state.endswith("(healthy)") else state for service, state in states.items()}

    def up(self) -> None:
        self.compose("up", "-d")
        wait_for(lambda: set(self.health().values()) == {"healthy"}, 240, f"health of all services: {self.health()}")

    def bring_up(self) -> None:
        """With the demo. The images travel while the tables are made."""
        with ThreadPoolExecutor(1) as beside:
            started = beside.submit(self.up)
            wait_for(
                lambda: self.health()["engine"] == "healthy" or (started.done() and started.result()), 240, "the engine"
            )
            self.send_bench_images()
            started.result()
        self.load_demo()

    def send_bench_images(self) -> None:
        """As docker/README.md says; the images themselves are those of the other tests."""
        run(
            sys.executable,
            "docker/bench-runner/build",
            "--base",
            BASE,
            "--send-to",
            self.container("engine"),
            DATA_DIR=str(self.folder),
        )

    def address(self, service: str) -> str:
        networks = run("docker", "inspect", "-f", "{{json .NetworkSettings.Networks}}", self.container(service))
        return str(json.loads(networks)[f"{self.project}_back"]["IPAddress"])

    @property
    def database_url(self) -> str:
        return f"postgres://milliamp:{self.given['POSTGRES_PASSWORD']}@{self.address('db')}:5432/milliamp"

    def rows(self, sql: str, *values: object) -> list[Any]:
        with closing(psycopg2.connect(self.database_url)) as connection, connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return cursor.fetchall()

    @property
    def env(self) -> dict[str, str]:
        """The settings of this deployment for a program on this machine: the images do without what test data is made with."""
        given = self.given
        return {
            "DATABASE_URL": self.database_url, "SECRET_KEY": given["SECRET_KEY"], "ALLOWED_HOSTS": SITE, "SITE_URL": f"https://{SITE}", "DEMO": "1",
            "BROKER_URL": f"redis://:{given['REDIS_PASSWORD']}@{self.address('redis')}:6379/0",
            "S3_ENDPOINT": f"http://{self.address('s3')}:7070", "S3_BUCKET": "milliamp", "S3_KEY_ID": given["S3_KEY_ID"], "S3_SECRET": given["S3_SECRET"],
            "DATA_DIR": str(self.data_dir), "DJANGO_SETTINGS_MODULE": "courseplatform.settings",
            "EMAIL_URL": "dummymail://", "NO_PROXY": "*", "no_proxy": "*",
        }  # fmt: skip

    @functools.cached_property
    def door(self) -> Door:
        """Through the proxy, whose own CA is believed and no other."""
        root = self.compose("exec", "-T", "proxy", "cat", "/data/caddy/pki/authorities/local/root.crt")
        return Door(self.port, SITE, root)

    def is_idle(self) -> bool:
        return not self.rows(
            "select 1 from hardware_job where kind <> 'board_demo' and status not in ('finished', 'parked')"
        )

    def answers(self, path: str) -> bool:
        """Whether the proxy gives this page now."""
        try:
            with closing(self.door.line(5)) as line:
                line.request("GET", path, headers=self.door.headers)
                return line.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False

    def is_well(self) -> bool:
        """As the monitor asks, about all parts."""
        return self.answers("/healthz")

    def shell(self, lines: str) -> str:
        """The last line that Python says in the web container."""
        return (
            self.compose("exec", "-T", "web", "python", "manage.py", "shell", "-v", "0", "-c", lines)
            .splitlines()[-1]
            .strip()
        )

    def load_demo(self) -> None:
        """From this machine: the images do without what the demo's test data is made with."""
        run(sys.executable, "manage.py", "load_demo", "-v0", **self.env)

    def digests(self, names: list[str]) -> dict[str, str]:
        """The SHA-256 of each of these files, as the web reads it from the store."""
        return dict(json.loads(self.shell(DIGESTS.format(names=names))))

    def pids(self) -> dict[int, str]:
        """Who works on this machine for which part. An engine's containers are its own."""
        parts = {container: PART_OF.get(service, service) for service, (container, _) in self.containers().items()}
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError):
                    where = (entry / "cgroup").read_text()
                    found |= {int(entry.name): part for container, part in parts.items() if container in where}
        return found

    def down(self) -> None:
        self.compose("down", "-v", "--remove-orphans", "-t", "5")


if __name__ == "__main__":
    build_images()
