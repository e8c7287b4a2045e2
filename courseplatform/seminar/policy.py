"""What the course file says about presentations: who, how many, how long, for how many points.

Key `presentations`: {"presenters": {"most": 3}, "reviewers": {"least": 2, "most": 3}, "points": 15, "parts": [{"title", "minutes": [5, 7],
"per": "team" | "student"}]}. Each may be left out.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from courseplatform.courses.models import Course


@dataclass(frozen=True)
class Part:
    """minutes: (5, 7), (1.5,) or () where the course does not say. per: `team`, `student`, or empty."""

    title: str
    minutes: tuple[float, ...] = ()
    per: str = ""

    @property
    def length(self) -> str:
        """5 to 7 min for the team; 1.5 min each."""
        if not self.minutes:
            return ""
        words = " to ".join(f"{minutes:g}" for minutes in self.minutes)
        return f"{words} min {'each' if self.per == 'student' else 'as a team'}" if self.per else f"{words} min"


@dataclass(frozen=True)
class Policy:
    presenters_most: int
    reviewers_least: int
    reviewers_most: int
    points: Decimal
    parts: tuple[Part, ...]

    def minutes(self, presenters: int) -> int:
        """Minutes that the parts take with this many presenters, rounded up; 15 where the course gives none."""
        total = sum(
            max(part.minutes) * (presenters if part.per == "student" else 1) for part in self.parts if part.minutes
        )
        return int(-(-total // 1)) or 15


def policy_of(course: Course) -> Policy:
    def fact(*path: str, default: Any) -> Any:
        return course.fact("presentations", *path, default=default)

    return Policy(
        presenters_most=int(fact("presenters", "most", default=3)),
        reviewers_least=int(fact("reviewers", "least", default=2)),
        reviewers_most=int(fact("reviewers", "most", default=3)),
        points=Decimal(str(fact("points", default=10))),
        parts=tuple(_part(item) for item in fact("parts", default=[])),
    )


def _part(item: dict[str, Any]) -> Part:
    minutes = item.get("minutes") or []
    return Part(
        title=str(item.get("title", "")),
        minutes=tuple(minutes) if isinstance(minutes, list) else (minutes,),
        per=str(item.get("per", "")),
    )
