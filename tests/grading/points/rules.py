"""Specs with a given rule, for the tests of points."""

from grading.points.lines import points_for
from grading.spec import BenchSpec
from tests.people import SPEC

REFERENCE = {
    "reference": {
        "title": "the reference model",
        "source": "MLPerf Tiny v1.0",
        "metrics": {"accuracy": 0.91, "macs": 476_000_000},
    }
}
FIRST = {"devices": ["rpi-4-4gb"]}


def criterion(rule, metric="", points=2, key="one", **more):
    found = {"key": key, "title": key.capitalize(), "points": points, "rule": rule} | more
    return found | ({"metric": metric} if metric else {})


def spec_of(*criteria, **more):
    return BenchSpec.parse(SPEC | {"criteria": list(criteria)} | more)


def one_line(rule, value, metric="macs", points=2, **more):
    """The line that one rule gives for one value."""
    spec = spec_of(criterion(rule, metric, points), **more)
    return points_for(spec, {metric: value}, {}, {}).lines[0]
