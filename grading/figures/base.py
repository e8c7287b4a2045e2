"""What the figures are made from. Pure: a stored result and the lab's spec in, a figure (grading/figure.py) out."""

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from functools import cached_property

from grading.bench.cost.coefficients import Calibrations
from grading.bench.report import Report
from grading.figure import QUIET, Figure, Json, Rows, axis, label
from grading.figures.costs import Costs, costs_of, report_of
from grading.figures.measured import Measured, measured_of
from grading.ranks.class_front import ClassPicture
from grading.spec import BenchSpec
from hardware.profiles import DeviceProfile

__all__ = ["QUIET", "Attempt", "Figure", "Given", "Json", "Rows", "axis", "label"]


@dataclass(frozen=True)
class Attempt:
    """One measured attempt of the same owner.

    interval_ms: of a modelled latency 90 %, of a measured one the range of the windows' medians; None where an older result has none. on: the
    board that measured it; "" where it is modelled.
    """

    number: int
    is_this: bool
    latency_ms: float | None
    interval_ms: tuple[float, float] | None = None
    on: str = ""


@dataclass(frozen=True)
class Given:
    """What a figure is made from.

    attempts: the owner's measured attempts at the lab, newest first. board: the device that the reader chose, "" for the lab's first.
    instructions: counted for one inference, None where nobody counted. grams_per_kwh: CO2 of the course's grid, 0 where it says nothing.
    class_of: reads the class around the attempt, where a figure wants it; None: nobody is there. calibrations: of the course; None: those in
    the tree.
    """

    result: Json
    spec: BenchSpec
    profiles: Mapping[str, DeviceProfile]
    class_of: Callable[[], ClassPicture] | None = None
    attempts: tuple[Attempt, ...] = ()
    board: str = ""
    instructions: float | None = None
    grams_per_kwh: float = 0.0
    calibrations: Calibrations | None = None

    def with_class(self, picture: ClassPicture | None) -> "Given":
        """The same with a class that is known already; None: with nobody."""
        found = copy(self)
        object.__setattr__(found, "class_of", None if picture is None else lambda: picture)
        return found

    @property
    def of_steps(self) -> bool:
        """Whether what is measured is a training step and no inference."""
        return self.spec.kind.trains

    @property
    def runs_words(self) -> tuple[str, str]:
        """What one timed run is called, and several."""
        return ("step", "steps") if self.of_steps else ("inference", "inferences")

    @cached_property
    def report(self) -> Report | None:
        """The graph as the cost model reads it; None where an older result lacks what that takes."""
        return report_of(self.result)

    @cached_property
    def costs(self) -> Costs:
        """What the cost model says of the board that is asked for."""
        found = self.calibrations
        return costs_of(self.result, self.report, self.profiles, self.board, found) if self.board else self.lab_costs

    @cached_property
    def lab_costs(self) -> Costs:
        """The same of the lab's first board, on which points may rest."""
        return costs_of(self.result, self.report, self.profiles, self.spec.device, self.calibrations)

    @cached_property
    def measured(self) -> Measured | None:
        """What a board measured in the place of the lab's first device; None where all there is of it is modelled."""
        return measured_of(self.result.get("environment", {}), self.spec.device) if self.spec.device else None

    @cached_property
    def measured_here(self) -> Measured | None:
        """The same, where it is that board that is asked for."""
        return self.measured if self.board in ("", self.spec.device) else None

    @property
    def timed_on(self) -> str:
        """Where the times under `host` were taken: this machine, or a board where nothing else ran the model."""
        environment = self.result.get("environment", {})
        is_board = (environment.get("graded_by") or {}).get("on") == "board"
        return self.measured.runner if is_board and self.measured is not None else "the host"

    @cached_property
    def host(self) -> Json | None:
        """Times of this machine; None where only a board ran the model."""
        kept: Json | None = self.result.get("environment", {}).get("on_host")
        return kept or (self.result["host"] if self.timed_on == "the host" else None)
