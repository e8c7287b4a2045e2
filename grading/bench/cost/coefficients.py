"""The coefficients that stand in the tree: what `manage.py calibrate` fitted, read without numpy."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from math import exp, sqrt
from pathlib import Path
from typing import Any

from grading.bench.cost.coverage import Coverage
from grading.bench.cost.form import PARTS

PATH = Path(__file__).resolve().parents[3] / "hardware" / "calibrations" / "published.json"
SCHEMA = 1


@dataclass(frozen=True)
class Coefficients:
    """One group: a board with a runtime and version, precision and thread count.

    kind: see form.py. rows: measurements; statistic: of their latency. coverage: what was measured.
    theta: log coefficients of form.PARTS. spread: lower triangle of their covariance, row by row.
    model_half, family_half: half widths, see intervals.py. *_out_median: error as a share, None where too few were left out.
    watts: median power while it runs, None without; power: how it was metered. energy_theta: log coefficients of mJ, empty
    where latency times watts predicts better.
    source, date: of a calibration that a course has adopted: its name, and the ISO date of its fit. "" for what stands in the tree.
    """

    group: str
    board: str
    runtime: str
    version: str
    precision: str
    threads: str
    kind: str
    rows: int
    graded: bool
    statistic: str
    note: str
    coverage: Coverage
    theta: tuple[float, ...]
    spread: tuple[float, ...]
    model_half: float
    family_half: float
    model_out_median: float | None
    family_out_median: float | None
    watts: float | None = None
    power: str = ""
    energy_theta: tuple[float, ...] = ()
    energy_out_median: float | None = None
    source: str = ""
    date: str = ""

    @property
    def is_adopted(self) -> bool:
        return bool(self.source)

    def latency_ms(self, features: list[float]) -> float:
        """On the group's own board, of generic ms by part (form.features)."""
        return sum(exp(theta) * value for theta, value in zip(self.theta, features, strict=True))

    def posterior(self, features: list[float]) -> float:
        """Standard deviation of the log prediction that the measurements leave open."""
        parts = [exp(theta) * value for theta, value in zip(self.theta, features, strict=True)]
        total = sum(parts)
        share = [part / total for part in parts]
        variance, place = 0.0, 0
        for row in range(len(PARTS)):
            for column in range(row + 1):
                twice = 1.0 if row == column else 2.0
                variance += twice * share[row] * share[column] * self.spread[place]
                place += 1
        return sqrt(max(variance, 0.0))

    def to_json(self) -> dict[str, Any]:
        """What only a board's own calibration has is left out of the others."""
        found = {key: value for key, value in asdict(self).items() if value or key not in ("source", "date")}
        if not self.coverage.weights:
            del found["coverage"]["weights"]
        return found

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> "Coefficients":
        met = raw["coverage"]
        bounds = (met["macs"][0], met["macs"][1])
        coverage = Coverage(tuple(met["networks"]), met["families"], bounds, met.get("weights", 0))
        lists = {name: tuple(raw[name]) for name in ("theta", "spread", "energy_theta")}
        return cls(**{**raw, "coverage": coverage, **lists})


@dataclass(frozen=True)
class Calibrations:
    """All groups by name. date: ISO, of the fit."""

    date: str
    groups: dict[str, Coefficients]

    def to_json(self) -> dict[str, Any]:
        groups = [self.groups[name].to_json() for name in sorted(self.groups)]
        return {"schema": SCHEMA, "date": self.date, "parts": list(PARTS), "groups": groups}

    def with_adopted(self, adopted: Iterable[Coefficients]) -> "Calibrations":
        """The same with those of a course beside them, or in their place where they are of the same group."""
        return Calibrations(self.date, self.groups | {one.group: one for one in adopted})


@cache
def load_calibrations(path: Path = PATH) -> Calibrations:
    """Raises ValueError where the file was made for another form: run `manage.py calibrate`."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    if raw.get("schema") != SCHEMA or tuple(raw.get("parts", ())) != PARTS:
        raise ValueError(f"{path.name} was made for another form of the cost model. Run `manage.py calibrate`.")
    groups = [Coefficients.from_json(item) for item in raw["groups"]]
    return Calibrations(raw["date"], {group.group: group for group in groups})
