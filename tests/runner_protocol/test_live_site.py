"""This site keeps to the protocol as an agent of anybody's would find it."""

from hardware.models import Job
from tests.hardware.runners.boards import add_board
from tests.runner_protocol import live_site


def test_this_site_keeps_to_the_protocol(cast, live_server):
    _, _, code = add_board(cast, enrolled=False)
    said = []
    assert live_site.look(live_server.url, code, "onnx", said.append) == 0, "\n".join(said)
    assert len(said) > 35 and said[-1].endswith(" 0 wrong")
    job = Job.objects.get()
    assert (job.faults, job.status) == (1, "queued")


def test_a_site_that_does_not_know_the_code_is_said_to_be_wrong(cast, live_server):
    add_board(cast, enrolled=False)
    said = []
    assert live_site.look(live_server.url, "AAAA-AAAA-AAAA", "onnx", said.append) == 1
    assert any(line.startswith("FAILED") for line in said)
