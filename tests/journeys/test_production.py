"""The same code as a deployment: PostgreSQL, Redis, two bench workers. One is killed in the middle of a run."""

import uuid
from collections import Counter

import pytest

from tests.journeys.deployment import BENCH_WORKERS, Deployment
from tests.journeys.visitor import Visitor
from tests.journeys.world import wait_for
from tests.parts import ROOT

# The same is shown by tests/docker/test_stack.py in containers, and by test_faults.py, in every run.
pytestmark = [pytest.mark.whole, pytest.mark.part("postgresql"), pytest.mark.part("redis")]
MODELS = ROOT / "grading" / "demo" / "models"
SOFIA = "sofia.lindgren@example.edu"


@pytest.fixture(scope="module")
def deployment(tmp_path_factory):
    world = Deployment(tmp_path_factory.mktemp("production"))
    try:
        world.bring_up()
        yield world
    finally:
        world.stop()


def hand_in(deployment, lab, file):
    """Through the browser's door. Returns the run's id."""
    visitor = Visitor(deployment.url)
    visitor.sign_in(SOFIA)
    visitor.hand_in(lab, MODELS / file)
    return str(deployment.rows("select id from hardware_job where kind = 'run' order by queued_at desc limit 1")[0][0])


def job(deployment, run):
    return deployment.rows("select status, outcome, leased_by from hardware_job where id = %s", run)[0]


def test_the_demo_hand_ins_are_graded_once_each_by_several_workers(deployment):
    wait_for(deployment.is_idle, 120, "all demo runs")
    assert Counter(deployment.rows("select kind, outcome from hardware_job where kind <> 'board_demo'")) == {
        ("run", "measured"): 14,
        ("board_run", "measured"): 1,
        ("run", "refused"): 1,
        ("run", "cancelled"): 2,
        ("run", ""): 1,  # kept back until the staff decide
        **{("run", word): 1 for word in ("timed_out", "out_of_memory", "crashed", "infrastructure")},
        ("variant", "measured"): 12,
    }
    assert deployment.rows("select count(*), count(distinct run_id) from grading_result") == [(14, 14)]
    leases = deployment.rows(
        """select distinct "by" from hardware_jobmove where moved_to = 'leased' and left("by", 7) <> 'runner ' and "by" <> 'bench@demo'"""
    )
    assert len(leases) == BENCH_WORKERS


def test_a_hand_in_through_the_browser_is_graded(deployment):
    run = hand_in(deployment, "lab1", "digits-middle.onnx")
    wait_for(lambda: job(deployment, run)[0] == "finished", 30, "the run")
    assert job(deployment, run)[1] == "measured"
    visitor = Visitor(deployment.url)
    visitor.sign_in(SOFIA)
    assert "measured points" in visitor.page(f"/courses/demo/runs/{uuid.UUID(run)}/")


def test_another_worker_takes_the_run_of_one_that_was_killed(deployment):
    run = hand_in(deployment, "lab3", "digits-wide.pt")
    wait_for(lambda: job(deployment, run)[0] == "running", 20, "the run")
    holder = job(deployment, run)[2]
    name = next(name for name, process in deployment.processes.items() if holder.endswith(f":{process.pid}"))
    deployment.kill(name)
    wait_for(lambda: job(deployment, run)[0] == "finished", 60, "the run after the kill")
    status, outcome, by = job(deployment, run)
    assert (status, outcome) == ("finished", "measured")
    assert by != holder
    assert deployment.rows("select count(*) from grading_result where run_id = %s", run) == [(1,)]


def test_a_hand_in_while_no_bench_worker_lives_waits_for_the_next_one(deployment):
    """The message is only a wake-up: the row waits, and the sweep wakes whoever comes."""
    for name in [name for name in deployment.processes if name.startswith("bench")]:
        deployment.kill(name)
    run = hand_in(deployment, "lab2", "digits-narrow.tflite")
    assert job(deployment, run)[0] == "queued"
    deployment.start("bench9")
    wait_for(lambda: job(deployment, run)[0] == "finished", 40, "the run after the restart")
    assert job(deployment, run)[1] == "measured"
