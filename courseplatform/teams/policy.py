"""What the course file says about teams, with what holds where it says nothing."""

from dataclasses import dataclass
from typing import Any

from courseplatform.courses.models import Course

INVITATION_DAYS = 7


@dataclass(frozen=True)
class Sizes:
    """The least and the most members of a team."""

    least: int
    most: int

    @property
    def words(self) -> str:
        return f"{self.least}" if self.least == self.most else f"{self.least} to {self.most}"

    def fits(self, count: int) -> bool:
        return self.least <= count <= self.most


@dataclass(frozen=True)
class Suggestion:
    """A project of the course's list. `task` names it; several inputs are possible."""

    task: str
    inputs: str
    output: str

    @property
    def words(self) -> str:
        return f"{self.task} ({self.inputs} in, {self.output} out)" if self.inputs and self.output else self.task


def sizes(course: Course) -> Sizes:
    """1 to 4 where the course file is silent."""
    least = int(course.fact("project", "teams", "least", default=1))
    return Sizes(least, max(least, int(course.fact("project", "teams", "most", default=max(4, least)))))


def suggestions(course: Course) -> list[Suggestion]:
    """The course's list of suggested projects, in its order."""
    return [
        Suggestion(str(item["task"]), _joined(item.get("input")), _joined(item.get("output")))
        for item in course.fact("example_projects", default=[])
        if isinstance(item, dict) and item.get("task")
    ]


def _joined(value: Any) -> str:
    return ", ".join(str(part) for part in value) if isinstance(value, list) else str(value or "")


def boards(course: Course) -> list[str]:
    """The boards that the course lends, as one chooses them, each size by itself: Raspberry Pi 4, 8GB."""
    lent = [item for item in course.fact("devices", default=[]) if item.get("lent", True)]
    return [
        f"{item['name']}, {size}" if size else str(item["name"]) for item in lent for size in item.get("memory", [""])
    ]


# (kind, text, what 1 means, what 5 means): what a round asks unless the staff change it.
DEFAULT_QUESTIONS = (
    ("scale", "The goal is clear", "not at all", "fully"),
    ("scale", "Numbers support what is said", "not at all", "fully"),
    ("scale", "The plan fits the time left", "not at all", "fully"),
    ("text", "What should the team do next, or look at again?", "", ""),
)
