"""The few things that are asked of the container engine. The only file that imports the Docker SDK.

Whoever reaches the engine owns the machine, so only the bench worker imports this, and nothing in here takes a command, a
mount or an image's name from outside this folder.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import docker.errors
import requests

import docker
from grading.bench.sandbox import container_spec as spec
from grading.bench.sandbox.container_images import AMD64, ARM64
from hardware.ondevice.sandbox.layout import APP, PROJECT, TMP_INSIDE, environment
from hardware.ondevice.sandbox.request import SandboxError

PROFILE = PROJECT / "docker" / "bench-runner" / "seccomp.json"
CPUINFO = PROJECT / "docker" / "bench-runner" / "cpuinfo-cortex-a72"
LABEL = "milliamp.bench"
SITE = "/site"
TIMEOUT_S = 30
RESULTS, PRINTS = 1, 2
MACHINES = {"x86_64": AMD64, "amd64": AMD64, "aarch64": ARM64, "arm64": ARM64}
Given = TypeVar("Given")


@dataclass(frozen=True)
class State:
    """A container as the engine sees it. ``pid`` is its init on this machine, 0 where it does not run."""

    status: str
    pid: int
    exit_code: int
    out_of_memory: bool
    image: str


def talk(action: Callable[[], Given]) -> Given:
    """Do ``action``. Raises SandboxError, with the engine's own words, for all that can go wrong on the way to it."""
    try:
        return action()
    except docker.errors.NotFound as error:
        raise SandboxError(f"The container engine does not have it: {error.explanation}.") from error
    except docker.errors.DockerException as error:
        said = getattr(error, "explanation", None) or str(error)
        raise SandboxError(f"The container engine refuses: {said}.") from error
    except (requests.RequestException, OSError) as error:
        raise SandboxError(f"The container engine does not answer: {error}.") from error


class Engine:
    """The engine that DOCKER_HOST names, or the one of this machine. Safe to use from several threads. Raises SandboxError."""

    def __init__(self) -> None:
        made = talk(lambda: docker.from_env(timeout=TIMEOUT_S))
        self._api = made.api
        told = talk(self._api.info)
        self.platform = MACHINES.get(str(told.get("Architecture")), "")
        self._profile = PROFILE.read_text(encoding="utf-8")
        self._lost: set[str] = set()

    def create(self, image: str, asked: spec.Asked, labels: dict[str, str], env: dict[str, str]) -> str:
        """Make a container, not yet started. Returns its id."""
        config = self._api.create_host_config(**spec.host_config(asked, self._profile))
        if asked.emulated:
            # What the kernel tells of processors is this machine's, and crashes a runtime that was built for Arm.
            config["Binds"] = [f"{CPUINFO}:{spec.CPUINFO_INSIDE}:ro"]
            env = env | {"QEMU_CPU": "cortex-a72"}
        config["CgroupnsMode"] = config.get("CgroupnsMode") or "private"
        inside = environment(APP, TMP_INSIDE, env)
        inside["PYTHONPATH"] = f"{APP}:{SITE}"

        def make() -> str:
            made = self._api.create_container(
                image, host_config=config, labels=labels, environment=inside,
                user=f"{asked.user}:{asked.user}", stdin_open=True, tty=False, hostname="bench", network_disabled=True,
            )  # fmt: skip
            return str(made["Id"])

        return talk(make)

    def attach(self, container: str) -> socket.socket:
        """A connection to its three streams. What comes back is in pieces, each with a header; see ``pieces``."""
        streams = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        made = talk(lambda: self._api.attach_socket(container, params=streams))
        found = getattr(made, "_sock", made)
        if not isinstance(found, socket.socket):
            raise SandboxError("The container engine is not reached through a socket.")
        # The SDK's response object closes the connection when it is collected; keep a connection of our own.
        own = found.dup()
        own.settimeout(None)
        return own

    def start(self, container: str) -> None:
        """Start it."""
        talk(lambda: self._api.start(container))

    def limit(self, container: str, asked: spec.Asked) -> None:
        """Give a container that runs the memory and processors of its run."""
        amounts = {
            "mem_limit": asked.memory_bytes,
            "memswap_limit": asked.memory_bytes,
            "cpuset_cpus": spec.cpuset(asked.cpus),
        }
        talk(lambda: self._api.update_container(container, **amounts))

    def state(self, container: str) -> State:
        """How it is."""
        told: dict[str, Any] = talk(lambda: self._api.inspect_container(container))
        state = told["State"]
        return State(
            str(state["Status"]),
            int(state["Pid"]),
            int(state["ExitCode"]),
            bool(state["OOMKilled"]),
            str(told["Image"]),
        )

    def wait(self, container: str) -> int:
        """Its exit status, once it has ended."""
        return int(talk(lambda: self._api.wait(container, timeout=TIMEOUT_S))["StatusCode"])

    def kill(self, container: str) -> None:
        """End it. One that has ended already is fine."""
        with contextlib.suppress(SandboxError):
            talk(lambda: self._api.kill(container, "SIGKILL"))

    def look(self, images: Iterable[str]) -> None:
        """Whether it answers and has these images; and what could not be removed while it was away is removed now."""
        for image in images:
            talk(partial(self._api.inspect_image, image))
        for container in tuple(self._lost):
            self.remove(container)

    def remove(self, container: str) -> None:
        """End it and remove it. One that is gone already is fine."""
        try:
            talk(lambda: self._api.remove_container(container, force=True, v=True))
        except SandboxError as error:
            cause = error.__cause__
            being_removed = isinstance(cause, docker.errors.APIError) and cause.status_code == 409
            if not being_removed and not isinstance(cause, docker.errors.NotFound):
                self._lost.add(container)
                raise
        self._lost.discard(container)

    def ours(self, label: str = LABEL) -> Iterator[tuple[str, dict[str, str], str]]:
        """(id, labels, status) of every container with our label, also of those that have ended."""
        for told in talk(lambda: self._api.containers(all=True, filters={"label": label})):
            yield str(told["Id"]), dict(told["Labels"] or {}), str(told["State"])


def pieces(buffer: bytearray) -> Iterator[tuple[int, bytes]]:
    """(stream, bytes) of every whole piece at the start of ``buffer``, which they are taken from.

    A piece is one byte that names the stream (RESULTS or PRINTS), three zeros, four bytes of length, the content.
    """
    while len(buffer) >= 8:
        size = int.from_bytes(buffer[4:8], "big")
        if len(buffer) < 8 + size:
            return
        piece = bytes(buffer[8 : 8 + size])
        stream = buffer[0]
        del buffer[: 8 + size]
        yield stream, piece
