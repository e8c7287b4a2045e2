"""Which of a result's numbers a board measured. Pure."""

from collections.abc import Mapping
from typing import Any


def measured_board(environment: Mapping[str, Any], device: str) -> Mapping[str, Any] | None:
    """What a board of this device measured, as a result keeps it; None where none did."""
    found = environment.get("on_board")
    return found if isinstance(found, Mapping) and found.get("device") == device else None
