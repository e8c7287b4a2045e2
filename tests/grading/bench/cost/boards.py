"""Boards that are made up: known coefficients, and what they would measure."""

import numpy as np

from grading.bench.cost.features import steps_of
from grading.bench.cost.form import PARTS, PROCESSOR, features
from grading.bench.cost.published import Row, network_of
from grading.bench.cost.sweep import networks
from grading.bench.report import report_of

COEFFICIENTS = tuple(np.random.default_rng(5).normal(-1.0, 0.5, len(PARTS)).tolist())


def milliseconds(name):
    """Of a network of the sweep on the made-up board, without noise."""
    work = features(steps_of(report_of(networks()[name].graph(), size=0, sha256="")), "fp32", PROCESSOR)
    return float(np.array(work) @ np.exp(COEFFICIENTS))


def made_rows(noise=0.03, seed=7, board="laptop"):
    drawn = np.random.default_rng(seed)
    return [made_row(name, milliseconds(name) * float(np.exp(drawn.normal(0, noise))), board) for name in networks()]


def made_row(name, latency_ms, board="laptop"):
    family, architecture, parameters = network_of(name)
    return Row(
        line=1, device=board, board=board, model=name, family=family, architecture=architecture, parameters=tuple(sorted(parameters.items())),
        runtime="onnxruntime", version="1.31.1", precision="fp32", threads="1", threads_said="1", latency_ms=latency_ms, energy_mj=None,
        statistic="p50", fan="", meter="", source="stat=p50",
    )  # fmt: skip
