"""A baseline row filled with the numbers of a measured run: the spec then holds plain numbers, and says where they are from."""

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from grading.forms.editing.rows import MOST, count_of, free_key

TAKE, CHOSEN = "baselines:take:", "take-run"


def with_taken(data: QueryDict, source: str, metrics: Mapping[str, Any]) -> QueryDict:
    """The same form with one baseline more; at MOST rows as it was. metrics: name -> value."""
    n, found = count_of(data, "baselines"), data.copy()
    if n >= MOST:
        return found
    used = {str(data.get(f"baselines-{one}-key", "")) for one in range(n)}
    row = {
        "kind": "baseline", "key": free_key("measured", used), "title": "the measured model", "source": source,
        "metrics": ", ".join(f"{name} {value}" for name, value in metrics.items()),
    }  # fmt: skip
    for field, value in row.items():
        found[f"baselines-{n}-{field}"] = value
    found["baselines-count"] = str(n + 1)
    return found
