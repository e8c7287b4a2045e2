"""The proof of tests/load/faults.py in small: each fault once that the whole deployment (tests/docker/test_stack.py) cannot show.

A host of workers with a network namespace of its own loses its link here; how two hosts share the work is measured by tests/load/two_hosts.py.
"""

import pytest

from tests.load import faults
from tests.load.outages import machines
from tests.load.outages.director import FAULTS

pytestmark = [pytest.mark.part("postgresql"), pytest.mark.part("redis")]
IN_THE_DEPLOYMENT = (
    "kill beat", "restart Redis (kill -9)", "flush Redis", "drop all messages", "each message 21 times", "restart PostgreSQL (fast)",
    "kill PostgreSQL (-9)",
)  # fmt: skip


def test_every_hand_in_is_graded_once_while_everything_fails(tmp_path, capsys):
    if why := machines.why_not():
        pytest.skip(why)
    here = {what: fault for what, fault in FAULTS.items() if what not in IN_THE_DEPLOYMENT}
    assert len(here) == len(FAULTS) - len(IN_THE_DEPLOYMENT)
    wrong, told = faults.play(30, tmp_path, faults=here)
    with capsys.disabled():
        print(f"\n{told}")
    assert wrong == []
