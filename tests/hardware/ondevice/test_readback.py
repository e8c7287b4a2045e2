"""The limits that a control group tells, from files as kernels write them: version 2, version 1, and both mounted side by side."""

import pytest

from grading.bench.sandbox import container_waiting
from hardware.ondevice import readback

MIB = 1 << 20
V2 = {
    "cgroup.controllers": "cpuset cpu io memory pids\n",
    "memory.max": "536870912\n",
    "memory.swap.max": "0\n",
    "pids.max": "80\n",
}
V1 = {
    "memory/memory.limit_in_bytes": "536870912\n", "memory/memory.memsw.limit_in_bytes": "536870912\n", "pids/pids.max": "80\n",
}  # fmt: skip
NO_LIMIT_V1 = "9223372036854771712\n"
HELD = {"memory_bytes": 512 * MIB, "swap_bytes": 0, "pids": 80}


@pytest.mark.parametrize(
    ("files", "seen"),
    [
        (V2, HELD),
        (V1, HELD),
        (V1 | {"unified/cgroup.controllers": "\n"}, HELD),
        (V2 | {"memory.max": "max\n", "memory.swap.max": "max\n", "pids.max": "max\n"}, dict.fromkeys(HELD)),
        (V2 | {"memory.swap.max": "1048576\n"}, HELD | {"swap_bytes": MIB}),
        # A kernel that does not count swap has no such file: nobody says that there is none.
        ({name: text for name, text in V2.items() if "swap" not in name}, HELD | {"swap_bytes": None}),
        ({name: text for name, text in V1.items() if "memsw" not in name}, HELD | {"swap_bytes": None}),
        (V1 | {"memory/memory.memsw.limit_in_bytes": f"{768 * MIB}\n"}, HELD | {"swap_bytes": 256 * MIB}),
        (V1 | {"memory/memory.memsw.limit_in_bytes": NO_LIMIT_V1}, HELD | {"swap_bytes": None}),
        (V1 | dict.fromkeys(list(V1)[:2], NO_LIMIT_V1), HELD | {"memory_bytes": None, "swap_bytes": None}),
        ({}, dict.fromkeys(HELD)),
    ],
)
def test_a_control_group_says_which_limits_hold(tmp_path, monkeypatch, files, seen):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(readback, "CGROUP", tmp_path)
    assert readback._cgroup() == seen


def test_a_container_is_known_by_the_control_group_of_its_process(tmp_path, monkeypatch):
    """As /proc/PID/cgroup reads under version 2 with systemd, version 2 without it, and version 1."""
    name = "4f1c" * 16
    texts = [f"0::/system.slice/docker-{name}.scope\n", f"0::/docker/{name}\n", f"8:memory:/docker/{name}\n0::/\n"]
    monkeypatch.setattr(container_waiting, "Path", lambda place: tmp_path / "cgroup")
    for text in texts:
        (tmp_path / "cgroup").write_text(text)
        assert container_waiting._is_seen(7, name)
    (tmp_path / "cgroup").write_text("0::/user.slice\n")
    assert not container_waiting._is_seen(7, name)
