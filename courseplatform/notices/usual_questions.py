"""What mid-term surveys usually ask, as a beginning."""

from typing import Any

USUAL: tuple[dict[str, Any], ...] = (
    {"kind": "scale", "text": "How is the pace of the course?", "low": "too slow", "high": "too fast"},
    {"kind": "scale", "text": "How much do you learn from the lectures?", "low": "little", "high": "a lot"},
    {"kind": "scale", "text": "How much do you learn from the labs?", "low": "little", "high": "a lot"},
    {"kind": "choice", "text": "How many hours a week does this course take you?",
     "options": ["fewer than 6", "6 to 9", "10 to 12", "13 to 15", "more than 15"]},
    {"kind": "text", "text": "What helps you to learn, and should stay?", "is_required": False},
    {"kind": "text", "text": "What should change in the second half?", "is_required": False},
)  # fmt: skip
