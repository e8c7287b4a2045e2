"""The proof of tests/load/two_hosts.py in small: one cut."""

import pytest

from tests.load import two_hosts
from tests.load.outages import machines

pytestmark = [pytest.mark.part("postgresql"), pytest.mark.part("redis")]


def test_two_hosts_share_the_work_and_one_takes_over_what_the_other_was_cut_off_from(tmp_path, capsys):
    if why := machines.why_not():
        pytest.skip(why)
    wrong, told = two_hosts.play(24, 1, tmp_path)
    with capsys.disabled():
        print(f"\n{told}")
    assert wrong == []
