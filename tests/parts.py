"""The real parts that tests use where they are there: each is found by asking it, and says its version or why it is missing."""

import functools
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg2
import redis

ROOT = Path(__file__).resolve().parent.parent
REFERENCE_MODELS = ROOT.parent / "shared" / "data" / "mlperf-tiny"
POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/9")


class Missing(Exception):
    """The part is not on this machine; the text says why."""


def _postgresql() -> str:
    try:
        with psycopg2.connect(POSTGRES, connect_timeout=3) as connection, connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            return str(cursor.fetchone()[0])
    except psycopg2.Error as error:
        raise Missing(f"no PostgreSQL answers on 127.0.0.1:5432 ({type(error).__name__})") from error


def _redis() -> str:
    try:
        return str(redis.Redis.from_url(REDIS, socket_connect_timeout=3).info("server")["redis_version"])
    except redis.RedisError as error:
        raise Missing(f"no Redis answers on 127.0.0.1:6379 ({type(error).__name__})") from error


def _program(name: str, *arguments: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise Missing(f"{name} is not installed")
    done = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=30, check=False)
    if done.returncode:
        raise Missing(f"{name} does not work here: {(done.stderr or done.stdout).strip().splitlines()[-1:]}")
    return next(iter((done.stdout or done.stderr).strip().splitlines()), "")


def _docker() -> str:
    return _program("docker", "version", "--format", "{{.Server.Version}}")


def _compose() -> str:
    return _program("docker-compose", "version", "--short")


def chromium_path() -> str | None:
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def _chromium() -> str:
    path = chromium_path()
    if path is None:
        raise Missing("chromium is not installed")
    return _program(path, "--version")


def _bubblewrap() -> str:
    version = _program("bwrap", "--version")
    _program("bwrap", "--ro-bind", "/", "/", "--unshare-all", "true")
    return version


def _curl() -> str:
    return _program("curl", "--version").split(" (")[0]


def _valgrind() -> str:
    return _program("valgrind", "--version")


def _promtool() -> str:
    return _program("promtool", "--version").split(" (")[0]


def _reference_models() -> str:
    if not REFERENCE_MODELS.is_dir():
        raise Missing("../shared/data/mlperf-tiny is not beside this checkout")
    return f"{len(list(REFERENCE_MODELS.glob('*.tflite')))} files"


def _arm64() -> str:
    """The arm64 images and an emulator to run them."""
    status = Path("/proc/sys/fs/binfmt_misc/qemu-aarch64")
    if not status.exists():
        raise Missing("no emulator for arm64 is registered (qemu-user-static, binfmt-support)")
    image = "milliamp-bench-litert:arm64"
    return _program("docker", "image", "inspect", "-f", "{{.Id}}", image).removeprefix("sha256:")[:12]


def _stack() -> str:
    """Whether the images of all services can be made here. What they hold stands in STACK."""
    if subprocess.run(["docker", "image", "inspect", "milliamp-base"], capture_output=True, check=False).returncode:
        _program("debootstrap", "--version")
    return "all services of docker/compose.yml"


FINDERS: dict[str, Callable[[], str]] = {
    "postgresql": _postgresql,
    "redis": _redis,
    "docker": _docker,
    "compose": _compose,
    "arm64": _arm64,
    "chromium": _chromium,
    "bubblewrap": _bubblewrap,
    "curl": _curl,
    "valgrind": _valgrind,
    "promtool": _promtool,
    "reference_models": _reference_models,
    "stack": _stack,
}

# The stack's parts that are not ours: how each says its version in its image, and what it is.
STACK = {
    "postgresql": (
        "milliamp-ci-postgres",
        ("dpkg-query", "-W", "-f", "${Version}", "postgresql-15"),
        "Debian's package",
    ),
    "redis": ("milliamp-ci-redis", ("dpkg-query", "-W", "-f", "${Version}", "redis-server"), "Debian's package"),
    "proxy": ("milliamp-ci-proxy", ("dpkg-query", "-W", "-f", "${Version}", "caddy"), "Caddy, Debian's package"),
    "s3": (
        "milliamp-ci-s3",
        ("/venv/bin/python", "-c", "import moto; print(moto.__version__)"),
        "moto: a stand-in for S3",
    ),
}


def in_stack(name: str) -> str:
    """What stood for this part in the stack; "" where its image is not there."""
    image, (program, *words), what = STACK[name]
    try:
        version = _program("docker", "run", "--rm", "--network", "none", "--entrypoint", program, image, *words)
    except (Missing, OSError, subprocess.SubprocessError):
        return ""
    return f"{version}, {what}"


MADE_BY_FIGURES = (
    "arm64",
)  # ten minutes of packages: what needs it is skipped where it is missing, also with REQUIRE=all


@functools.cache
def find(name: str) -> tuple[str, str]:
    """(version, "") when the part answers, ("", why not) when it does not."""
    try:
        return FINDERS[name](), ""
    except (Missing, OSError, subprocess.SubprocessError) as error:
        return "", str(error)
