"""The end of a lease, for whoever keeps a history of who had which job; and when a job that fails again and again is given up."""

from collections.abc import Callable
from datetime import datetime

from hardware.models import Job

MAX_FAULTS = 4
GIVEN_UP = (
    "Our machine failed {faults} times on this run, so it was ended. This is not the model's fault and costs no "
    'attempt. Staff find it among the submissions under "our fault"; you or they can run it again.'
)
# Told, in the transaction that ends it, that nobody holds this job any more: (job as it is now, the holder's fault, why, when).
EndListener = Callable[[Job, bool, str, datetime], None]
_listeners: list[EndListener] = []


def add_end_listener(listener: EndListener) -> None:
    if listener not in _listeners:
        _listeners.append(listener)


def tell_end(job: Job, fault: bool, why: str, now: datetime) -> None:
    """May tell of a job that nobody held: it was ended while it waited."""
    for listener in _listeners:
        listener(job, fault, why, now)
