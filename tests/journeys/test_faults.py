"""The proof of tests/load/faults.py in small: fifty hand-ins, and each fault once."""

import pytest

from tests.load import faults
from tests.load.outages import machines

pytestmark = [pytest.mark.part("postgresql"), pytest.mark.part("redis")]


def test_fifty_hand_ins_are_graded_once_each_while_everything_fails(tmp_path, capsys):
    if why := machines.why_not():
        pytest.skip(why)
    wrong, told = faults.play(50, tmp_path)
    with capsys.disabled():
        print(f"\n{told}")
    assert wrong == []
