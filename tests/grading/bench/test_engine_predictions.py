"""Predictions come out of a process that may lie about them."""

import base64
import struct

import numpy as np
import pytest

from grading.bench.predictions import PredictionsError, assemble, npy_count
from hardware.ondevice.prediction import order


def piece(start, *rows):
    data = b"".join(struct.pack(f"<{len(row)}f", *row) for row in rows)
    return {"start": start, "count": len(rows), "size": len(rows[0]), "data": base64.b64encode(data).decode()}


def test_the_order_is_a_permutation_that_follows_from_the_seed():
    assert sorted(order(50, 3)) == list(range(50))
    assert order(50, 3) == order(50, 3)
    assert order(50, 3) != order(50, 4)


def test_pieces_are_put_back_into_the_order_of_the_file():
    sent = [[float(index), 0.0] for index in order(3, 9)]
    assert assemble([piece(0, *sent[:2]), piece(2, *sent[2:])], 3, 9) == [[0, 0], [1, 0], [2, 0]]


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [piece(0, [1.0])],
        [piece(0, [1.0], [2.0], [3.0])],
        [piece(1, [1.0], [2.0])],
        [piece(0, [1.0]), piece(0, [1.0])],
        [piece(0, [1.0]), piece(1, [1.0, 2.0])],
        [piece(0, [1.0], [float("nan")])],
        [piece(0, [1.0], [2.0]) | {"data": "####"}],
        [piece(0, [1.0], [2.0]) | {"data": ""}],
        [piece(0, [1.0], [2.0]) | {"count": True}],
        [piece(0, [1.0], [2.0]) | {"size": -1}],
        [{"start": 0}],
    ],
)
def test_pieces_that_are_not_what_was_asked_for_are_refused(pieces):
    with pytest.raises(PredictionsError):
        assemble(pieces, 2, 0)


@pytest.mark.parametrize("shape", [(5, 2), (1, 3, 4), (7,)])
def test_the_header_tells_how_many_inputs_there_are(tmp_path, shape):
    np.save(tmp_path / "a.npy", np.zeros(shape, dtype=np.float32))
    assert npy_count(tmp_path / "a.npy") == shape[0]
