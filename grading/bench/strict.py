"""JSON that comes out of the sandbox, read back with nothing believed: every kind, bound and key is checked."""

from dataclasses import fields
from typing import Any

from grading.bench.bounds import LARGEST, MOST_RANK
from grading.bench.errors import BenchError

MOST_TEXT = 400


class Strict:
    """Readers of single values. Each raises BenchError (`bad_report`, misbehaved), which names the place."""

    def fail(self, place: str) -> BenchError:
        return BenchError("bad_report", f"The inspection did not answer as it should ({place}).", outcome="misbehaved")

    def number(self, value: Any, place: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < LARGEST:
            raise self.fail(place)
        return value

    def share(self, value: Any, place: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise self.fail(place)
        return float(value)

    def text(self, value: Any, place: str) -> str:
        if not isinstance(value, str) or len(value) > MOST_TEXT:
            raise self.fail(place)
        return value

    def items(self, value: Any, place: str, most: int) -> list[Any]:
        if not isinstance(value, list | tuple) or len(value) > most:
            raise self.fail(place)
        return list(value)

    def mapping(self, value: Any, kind: type, place: str) -> dict[str, Any]:
        if not isinstance(value, dict) or set(value) != {f.name for f in fields(kind)}:
            raise self.fail(place)
        return value

    def shape(self, value: Any, place: str) -> tuple[int, ...]:
        return tuple(self.number(n, place) for n in self.items(value, place, MOST_RANK))

    def plain_name(self, value: Any) -> str:
        """Of a file beside the model: it is looked for, so it may not lead anywhere else."""
        name = self.text(value, "absent_files")
        if not name.strip(". ") or any(sign in "/\\:" or not sign.isprintable() for sign in name):
            raise self.fail("absent_files")
        return name
