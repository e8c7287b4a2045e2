"""A lab that asks for a family, and one that is measured."""

import pytest

from tests.grading.families.builders import (
    family_lab,
    measured,
    put_net,
)
from tests.people import make_cast

# name, macs, right of 10, ms
THREE = (("d1_w8_8.onnx", 100, 5, 0.01), ("d2_w8_8.onnx", 400, 8, 0.02), ("d3_w8_8.onnx", 6400, 9, 0.05))


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    return make_cast()


@pytest.fixture
def lab(cast):
    return family_lab(cast)


@pytest.fixture
def family(cast, lab, tmp_path):
    """Three measured variants of Ruth's; the middle one is the knee: 0.75 - log 4 / log 64 = 0.417 above the chord."""
    pieces = []
    for seed, (name, macs, correct, ms) in enumerate(THREE):
        pieces.append(put_net(cast.ruth, lab, tmp_path, name, seed=seed))
        measured(pieces[-1], macs=macs, correct=correct, ms=ms)
    return pieces
