"""The demo labs' data: scikit-learn's bundled handwritten digits, split once and for all.

1797 pictures of 8 x 8 with values 0 to 16 (UCI "Optical recognition of handwritten digits", test part). The hidden part
is made from the package when the demo course is loaded: it is not in the repository, and its labels never enter the
sandbox. Anybody who has the package has the data, so these labs are a demonstration and no examination.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SEED, HIDDEN = 20230829, 360
Split = tuple[NDArray[np.float32], NDArray[np.int64]]


def hidden_split() -> Split:
    """What models are measured on: inputs float32 (360, 1, 8, 8), labels int64 (360,)."""
    inputs, labels = _all()
    chosen = _order(len(labels))[:HIDDEN]
    return inputs[chosen], labels[chosen]


def public_split() -> Split:
    """What students train on: inputs float32 (1437, 1, 8, 8), labels int64 (1437,)."""
    inputs, labels = _all()
    chosen = _order(len(labels))[HIDDEN:]
    return inputs[chosen], labels[chosen]


def averaged(pictures: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """(n, 1, 8, 8) -> (n, 1, side, side), each pixel the mean of a whole block."""
    block = pictures.shape[-1] // side
    cut = pictures.reshape(len(pictures), 1, side, block, side, block)
    return np.asarray(cut.mean(axis=(3, 5)), dtype=np.float32)


def write_hidden(split: Split, inputs_path: Path, labels_path: Path) -> int:
    """Write both as .npy, readable by their owner only, and return the number of pictures. Raises OSError."""
    _write(inputs_path, split[0])
    _write(labels_path, split[1])
    return len(split[1])


def _write(path: Path, array: NDArray[Any]) -> None:
    # The mode is set at creation: a file that is readable for a moment has been readable.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        np.save(file, array, allow_pickle=False)


def _all() -> Split:
    from sklearn.datasets import load_digits  # takes a second: only where the data is needed

    found = load_digits()
    return found.images.astype(np.float32)[:, None, :, :], found.target.astype(np.int64)


def _order(count: int) -> NDArray[np.int64]:
    return np.random.default_rng(SEED).permutation(count)
