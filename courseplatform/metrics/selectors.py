"""What the web served, as read by the status page."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime

from courseplatform.metrics.durations import percentile_ms
from courseplatform.metrics.minutes import Tally
from courseplatform.metrics.models import RequestMinute


@dataclass(frozen=True)
class Minute:
    """One minute and kind of request, over all web processes.

    Attributes:
        at: when it began.
        kind: page, hand_in, poll, api or file. Of a hand-in the time counts from its last byte.
        errors: answers of 500 and above.
        p50_ms, p95_ms: within a fifth (durations.py).
    """

    at: datetime
    kind: str
    requests: int
    errors: int
    p50_ms: float
    p95_ms: float


def request_minutes(*, since: datetime) -> list[Minute]:
    """The minutes that began at `since` or later and are written, by time and kind. A minute without requests is not among them.

    A minute is complete some seconds after its end. One query.
    """
    found: dict[tuple[datetime, str], Tally] = defaultdict(Tally)
    rows = RequestMinute.objects.filter(at__gte=since)
    for at, kind, requests, errors, durations in rows.values_list("at", "kind", "requests", "errors", "durations"):
        tally = found[at, kind]
        tally.requests += requests
        tally.errors += errors
        tally.durations += Counter({int(index): number for index, number in durations.items()})
    return [
        Minute(at, kind, tally.requests, tally.errors, percentile_ms(tally.durations, 0.5), percentile_ms(tally.durations, 0.95))
        for (at, kind), tally in sorted(found.items())
    ]  # fmt: skip
