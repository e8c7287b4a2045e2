"""How good the answers are: each task draws its own figure, in its module of grading/ml_tasks/."""

from grading.figures.base import Figure, Given
from grading.ml_tasks.registry import task_of


def accuracy(given: Given) -> Figure:
    """That of the task by which the result was scored; results of before there were several name none, and are of classification."""
    quality = given.result["quality"]
    return task_of(quality).figure(quality)
