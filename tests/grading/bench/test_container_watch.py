"""How a run in a container ends where the connection to it does not hold. No container is needed: a pair of sockets and an engine that knows
of one container which has ended well."""

import secrets
import socket
from types import SimpleNamespace

import pytest

from grading.bench.sandbox.container_engine import RESULTS
from grading.bench.sandbox.container_waiting import Waiting
from grading.bench.sandbox.container_watch import watch
from hardware.ondevice.frames import encode_frame
from hardware.ondevice.sandbox.request import Limits, SandboxRequest


class EndedWell:
    def state(self, container):
        return SimpleNamespace(status="exited", out_of_memory=False)

    def wait(self, container):
        return 0

    def kill(self, container):
        pass


def piece(data, stream=RESULTS):
    return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


@pytest.fixture
def run():
    """run(data, is_reset) -> SandboxResult of a container that sent the frame `ready` and then these bytes."""

    def running(data, *, is_reset):
        ours, theirs = socket.socketpair()
        nonce = secrets.token_hex(16)
        request = SandboxRequest(entry="", args=(), nonce=nonce, readonly_files={}, limits=Limits())
        waiting = Waiting(EndedWell(), image=None, id="c", user=0, connection=ours)
        if is_reset:
            ours.sendall(b"never read")  # a socket that is closed with something unread in it resets its peer
        theirs.sendall(piece(encode_frame(nonce, "ready", {})) + data)
        theirs.close()
        return watch(waiting, request, "docker", None, None).run()

    return running


def test_a_container_that_ends_without_a_result_is_judged_by_how_it_ended(run):
    assert run(b"", is_reset=False).ended == "ok"


def test_a_connection_that_broke_says_nothing_about_the_model_that_ended_well(run):
    result = run(b"", is_reset=True)
    assert (result.ended, result.code) == ("infrastructure", "sandbox_failed")


def test_a_connection_that_ended_in_the_middle_of_a_piece_was_cut_by_the_engine_and_not_by_the_model(run):
    result = run(piece(b"x" * 40)[:20], is_reset=False)
    assert (result.ended, result.code) == ("infrastructure", "sandbox_failed")
