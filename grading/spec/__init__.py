"""The benchmark spec of an assignment: how a model is checked, measured and turned into points.

It is stored as JSON and written by people, so parsing is strict: an unknown key, a wrong type or a rule that cannot be computed is a
SpecError that names the place. No database, no Django.
"""

from grading.spec.bench_spec import FORMATS, BenchSpec, wait_of
from grading.spec.criteria import METRICS, MODELLED, Criterion
from grading.spec.inputs import InputSpec
from grading.spec.pipeline import Stage
from grading.spec.reader import SpecError
from grading.spec.rules import KINDS, Condition, Rule

__all__ = [
    "FORMATS",
    "KINDS",
    "METRICS",
    "MODELLED",
    "BenchSpec",
    "Condition",
    "Criterion",
    "InputSpec",
    "Rule",
    "SpecError",
    "Stage",
    "wait_of",
]
