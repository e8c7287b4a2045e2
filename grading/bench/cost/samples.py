"""Rows of one group as arrays, with the work of each network counted once."""

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from grading.bench.cost.coverage import Coverage, Facts, coverage_of, facts_of
from grading.bench.cost.features import Step, steps_of
from grading.bench.cost.form import ACCELERATOR, MICROCONTROLLER, PROCESSOR, features
from grading.bench.cost.intervals import FEW_ROWS
from grading.bench.cost.published import UNKNOWN, Row
from grading.bench.report import report_of

LEAST_FAMILIES = 3
ACCELERATORS = ("gpu", "tpu")
MICROCONTROLLERS = ("nucleo-", "stm32", "cy8cproto-")


@dataclass(frozen=True)
class Work:
    """A network that was measured: where it belongs, and its steps."""

    family: str
    steps: list[Step]
    facts: Facts


@dataclass
class Group:
    """One board, runtime and version, precision and threads.

    works: of each row. x: (rows, parts) generic ms. y: measured ms. mj: measured mJ, nan where there is none.
    """

    rows: list[Row]
    works: list[Work]
    x: Any = field(init=False)
    y: Any = field(init=False)
    mj: Any = field(init=False)

    def __post_init__(self) -> None:
        self.x = np.array([features(work.steps, self.precision, self.kind) for work in self.works])
        self.y = np.array([row.latency_ms for row in self.rows])
        self.mj = np.array([np.nan if row.energy_mj is None else row.energy_mj for row in self.rows])

    @property
    def name(self) -> str:
        return self.rows[0].group

    @property
    def precision(self) -> str:
        return self.rows[0].precision

    @property
    def kind(self) -> str:
        return kind_of(self.rows[0].board, self.rows[0].threads)

    @property
    def pool(self) -> tuple[str, str, str, bool]:
        """Groups that share a shape: one engine at one precision on one kind of device.

        A group without a stated thread count teaches no other one.
        """
        first = self.rows[0]
        return first.runtime, first.precision, self.kind, first.threads != UNKNOWN

    @cached_property
    def networks(self) -> list[Any]:
        return [row.network for row in self.rows]

    @cached_property
    def families(self) -> list[str]:
        return [row.family for row in self.rows]

    @property
    def graded(self) -> bool:
        """Enough rows and families, a stated thread count, and an ordinary processor."""
        enough = len(self.rows) >= FEW_ROWS and len(set(self.families)) >= LEAST_FAMILIES
        return enough and self.rows[0].threads not in (UNKNOWN, *ACCELERATORS)

    def coverage(self, keep: Any) -> Coverage:
        """Of the rows that are kept (a mask)."""
        met = {self.networks[i]: (work.family, work.facts) for i, work in enumerate(self.works) if keep[i]}
        return coverage_of(list(met.values()))


def kind_of(board: str, threads: str) -> str:
    if threads in ACCELERATORS:
        return ACCELERATOR
    return MICROCONTROLLER if board.startswith(MICROCONTROLLERS) else PROCESSOR


def groups_of(rows: list[Row]) -> dict[str, Group]:
    """The usable rows by group, in the order of their names."""
    works: dict[Any, Work] = {}
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.unused:
            continue
        if row.network not in works:
            steps = steps_of(report_of(row.graph(), size=0, sha256=""))
            works[row.network] = Work(row.family, steps, facts_of(steps))
        found[row.group].append(row)
    return {name: Group(found[name], [works[row.network] for row in found[name]]) for name in sorted(found)}
