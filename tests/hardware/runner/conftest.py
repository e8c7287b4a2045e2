import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from hardware.ondevice.runner import settings
from hardware.ondevice.runner.isolation import Isolation
from hardware.ondevice.runner.loop import Agent, Places
from hardware.ondevice.sandbox import choice
from tests.runner_protocol.scripted_site import Site


@pytest.fixture
def site():
    made = Site()
    yield made
    made.close()


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """A tiny ONNX model, as bytes."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    weights = numpy_helper.from_array(np.ones((16, 4), np.float32), "w")
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 16])
    made = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "g", [given], [made], [weights])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


@pytest.fixture
def folder(tmp_path, site):
    """Where an agent that is enrolled keeps its things; its waits are a hundredth."""
    place = tmp_path / "runner"
    settings.prepare(place)
    settings.save(
        place,
        settings.Settings(site.url, "0" * 32, "1", "bench-pi", "demo", "pi", poll_s=0.05, beat_s=0.1, wait_scale=0.01),
    )
    settings.save_token(place, site.token)
    return place


@pytest.fixture
def isolation():
    return Isolation(choice.detect("auto"), None, "not tried in this test")


class Running:
    """An agent in a thread of this process."""

    def __init__(self, folder: Path, isolation: Isolation, root: Path | None = None) -> None:
        self.said: list[str] = []
        self.error: BaseException | None = None
        places = Places(root, root / "sys") if root else Places()
        mine = settings.load(folder)
        self.agent = Agent(folder, mine, settings.load_token(folder), isolation, places, self.said.append)
        self.agent._bench = replace(self.agent._bench, look_s=0.05)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        try:
            self.agent.run()
        except Exception as error:
            self.error = error

    def until(self, condition, within_s=30.0):
        """Wait for it; fails with what the agent has said."""
        deadline = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < deadline, self.said
            time.sleep(0.01)
        return self

    def stop(self, within_s=10.0):
        self.agent.stop()
        self._thread.join(within_s)
        assert not self._thread.is_alive(), self.said
        return self

    @property
    def is_alive(self):
        return self._thread.is_alive()


@pytest.fixture
def start(folder, isolation):
    """Start agents, one after the other; all are stopped in the end."""
    started = []

    def starting(root=None, isolation=isolation):
        started.append(Running(folder, isolation, root))
        return started[-1]

    yield starting
    for each in started:
        each.stop()
