"""Models in a row on a board: what one answers is what the next is given, in the order of the file."""

import base64
import json

import numpy as np
import pytest

from hardware.ondevice.prediction import order
from hardware.ondevice.runner.feeding import NotFed, write_fed
from hardware.ondevice.runner.job import Feed, NotUnderstood, read
from tests.runner_protocol.scripted_site import step

ANSWERS = np.arange(24, dtype=np.float32).reshape(6, 4)  # of six inputs, in the order of the file
SEED = 7


def pieces(rows, size=4):
    """As prediction.py sends them: in the order of the seed, in two frames."""
    mixed = rows[order(len(rows), SEED)]
    halves = [(0, mixed[:4]), (4, mixed[4:])]
    return [
        ("predictions", {"start": start, "count": len(part), "size": size, "data": base64.b64encode(part.tobytes()).decode()})
        for start, part in halves
    ]  # fmt: skip


def test_the_answers_come_out_in_the_order_of_the_file_and_in_the_shape_of_the_next_model(tmp_path):
    write_fed(Feed("a", "inputs.npy", 6, SEED, (12, 2)), [("done", {}), *pieces(ANSWERS)], tmp_path / "fed.npy")
    fed = np.load(tmp_path / "fed.npy", allow_pickle=False)
    assert fed.dtype == np.float32 and np.array_equal(fed, ANSWERS.reshape(12, 2))


@pytest.mark.parametrize(
    ("frames", "shape"),
    [
        ([], (6, 4)),
        (pieces(ANSWERS)[:1], (6, 4)),
        (pieces(ANSWERS), (6, 5)),
        (pieces(ANSWERS, size=3), (6, 4)),
        ([("predictions", {"count": 6, "size": 4, "data": "no base64"})], (6, 4)),
        ([("predictions", {"count": 6, "size": 0, "data": ""})], (6, 4)),
        ([("predictions", {"size": None, "data": ""})], (6, 4)),
    ],
)
def test_answers_that_do_not_fit_are_not_handed_on(tmp_path, frames, shape):
    with pytest.raises(NotFed):
        write_fed(Feed("a", "inputs.npy", 6, SEED, shape), frames, tmp_path / "fed.npy")


def fed_step(source, **feed):
    args = [*step()["args"], "--inputs", "{inputs}/inputs.npy"]
    kept = {"from": source, "name": "inputs.npy", "count": 3, "seed": 0, "shape": [3, 1, 16]}
    return step("second", args=args, files={"model": "model"}, feed=kept | feed)


def test_a_step_that_cannot_be_fed_ends_the_run_and_what_was_before_it_is_the_result(site, start, model):
    lease = site.add(
        model, steps=[step("first"), fed_step("first")]
    )  # the first predicts nothing, for it is given nothing
    start().until(lambda: lease in site.finished)
    assert json.loads(site.finished[lease])["outcome"] == "done"
    assert [one["name"] for one in json.loads(site.kept[lease, "results.json"])["steps"]] == ["first"]
    assert b"second is not run: 0 answers came for 3 inputs." in site.logs[lease]


def test_a_feed_from_nowhere_is_not_understood(site, model):
    def job(**feed):
        lease = site.add(model, steps=[step("first"), fed_step("first") | {"feed": fed_step("first")["feed"] | feed}])
        return read(site.jobs.pop(lease))

    assert job().plan.steps[1].feed == Feed("first", "inputs.npy", 3, 0, (3, 1, 16))
    for wrong in ({"from": "third"}, {"name": "../x"}, {"shape": []}, {"shape": [3, -1]}, {"count": None}):
        with pytest.raises(NotUnderstood):
            job(**wrong)
