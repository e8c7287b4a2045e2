"""A small lab of each task, as the course file says it."""

from grading.spec import BenchSpec

INPUT = {"shapes": {"NCHW": [1, 1, 4, 4]}}
RUNS = {"key": "runs", "title": "It runs", "points": 1, "rule": {"kind": "pass"}}
OF_TASK = {
    "classification": {"classes": ["a", "b", "c"]},
    "detection": {"classes": ["cat", "dog"], "boxes": 4},
    "sequence": {"vocabulary": ["-", "a", "b", "c", " "], "steps": 8},
    "anomaly": {},
    "regression": {"targets": ["x", "y"]},
    "distillation": {"classes": ["a", "b", "c"]},
    "training_step": {"classes": ["a", "b", "c"], "train": 96, "batch": 8, "steps": 40},
}


def raw(task, criteria=(), **more):
    return {"task": task, "input": INPUT, "criteria": [RUNS, *criteria], **OF_TASK[task], **more}


def spec(task, criteria=(), **more):
    return BenchSpec.parse(raw(task, criteria, **more))


def criterion(metric, kind="at_least", **rule):
    return {
        "key": metric,
        "title": metric,
        "metric": metric,
        "points": 1,
        "rule": {"kind": kind, **(rule or {"value": 0.5})},
    }
