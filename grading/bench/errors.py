"""How the engine says that something is wrong: a code for programs, a sentence for people, and what it means for the run."""

from typing import Any

OUTCOMES = frozenset({"refused", "crashed", "timed_out", "out_of_memory", "misbehaved", "infrastructure"})


class BenchError(Exception):
    """A model that cannot be measured, or a fault of ours.

    Attributes:
        code: snake_case and stable.
        message: what is wrong, where, and what to do.
        outcome: one of OUTCOMES. `refused`: the check found it unfit, no attempt is used. `infrastructure`: ours, never the student's.
        details: JSON-ready facts beside the sentence.
    """

    def __init__(
        self, code: str, message: str, outcome: str = "refused", details: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        if outcome not in OUTCOMES:
            raise ValueError(f"unknown outcome {outcome}")
        self.code, self.message, self.outcome, self.details = code, message, outcome, details or {}

    def to_json(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message, "outcome": self.outcome, "details": self.details}

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> "BenchError":
        return cls(
            str(raw["code"]), str(raw["message"]), str(raw.get("outcome", "refused")), dict(raw.get("details", {}))
        )
