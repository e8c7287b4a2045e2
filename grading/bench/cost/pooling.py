"""Fits the groups of one engine together: they share a shape, each has its own speed and refines the shape."""

from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np

from grading.bench.cost.fitting import Fit, fit
from grading.bench.cost.form import PARTS, spreads
from grading.bench.cost.samples import Group

# Standard deviations of a log latency: what the form cannot explain, and how much a group's whole speed may differ.
UNEXPLAINED, SPEED = 0.04, 3.0
# Of log coefficients between the groups of one engine, and of the speed of a group around what its rows say on average.
BETWEEN, SPEED_BETWEEN = 0.35, 0.3
# From that belief on a part may differ between groups as far as any.
LOOSE = 0.7
ROUNDS = 2


class Pool:
    """Groups of one engine and precision, fitted without any set of networks; each fit is made once.

    target: "y" for latency in ms, "mj" for energy in mJ.
    """

    def __init__(self, groups: Iterable[Group], target: str = "y") -> None:
        self.groups = list(groups)
        self.target = {group.name: getattr(group, target) for group in self.groups}
        self._fits: dict[frozenset[Hashable], dict[str, Fit]] = {}
        self._start: dict[str, Any] = {}
        shape = np.array(spreads(self.groups[0].kind))
        self.belief = np.diag(shape**2) + SPEED**2
        self.refined = np.diag((BETWEEN * np.minimum(1.0, shape / LOOSE)) ** 2) + SPEED_BETWEEN**2

    @property
    def networks(self) -> list[Any]:
        return sorted({network for group in self.groups for network in group.networks}, key=str)

    @property
    def families(self) -> dict[str, frozenset[Any]]:
        """Family -> its networks."""
        found: dict[str, set[Any]] = {}
        for group in self.groups:
            for family, network in zip(group.families, group.networks, strict=True):
                found.setdefault(family, set()).add(network)
        return {family: frozenset(networks) for family, networks in sorted(found.items())}

    def keep(self, group: Group, without: frozenset[Hashable]) -> Any:
        known = np.isfinite(self.target[group.name])
        return known & np.array([network not in without for network in group.networks], dtype=bool)

    def fits(self, without: frozenset[Hashable] = frozenset()) -> dict[str, Fit]:
        """Group -> its fit to all rows of other networks than these. A group without any other row follows its pool."""
        if without not in self._fits:
            self._fits[without] = self._fit(without)
        return self._fits[without]

    def _fit(self, without: frozenset[Hashable]) -> dict[str, Fit]:
        data = [(g, g.x[k], self.target[g.name][k]) for g in self.groups for k in [self.keep(g, without)]]
        used = [item for item in data if len(item[2])]
        if not used:
            return {group.name: Fit(np.zeros(len(PARTS)), self.belief, UNEXPLAINED) for group in self.groups}
        speed = {group.name: 0.0 for group in self.groups}
        x = np.concatenate([rows for _, rows, _ in used])
        shared = Fit(np.zeros(len(PARTS)), self.belief, UNEXPLAINED)
        for _ in range(ROUNDS if len(used) > 1 else 1):
            y = np.concatenate([target * np.exp(-speed[group.name]) for group, _, target in used])
            shared = fit(x, y, np.zeros(len(PARTS)), self.belief, sigma=UNEXPLAINED, start=self._start.get(""))
            for group, rows, target in used:
                speed[group.name] = float(np.median(np.log(target / shared.predict(rows))))
        found = {
            group.name: self._refine(group.name, shared, speed[group.name], rows, target)
            for group, rows, target in data
        }
        if not without:
            # Most of what follows leaves out little: it is found fastest from here.
            self._start = {"": shared.theta, **{name: own.theta for name, own in found.items()}}
        return found

    def _refine(self, name: str, shared: Fit, speed: float, rows: Any, target: Any) -> Fit:
        if len(self.groups) == 1:
            return shared
        if not len(target):
            return Fit(shared.theta, shared.spread + SPEED**2, shared.sigma)
        start = self._start.get(name)
        return fit(rows, target, shared.theta + speed, self.refined + shared.spread, sigma=UNEXPLAINED, start=start)
