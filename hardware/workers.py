"""Which workers live: each process that takes jobs says so every few seconds, also while it has nothing to do.

A process holds one slot, so their number is how many jobs are worked on at once. It is for forecasts and for the staff: nothing is leased or
given back by it.
"""

from datetime import datetime, timedelta

from django.utils import timezone

from courseplatform.core.health import FRESH
from hardware.models import HELD, Job, WorkerSign

SIGN_EVERY_S = 10.0
FORGET_AFTER = timedelta(days=1)


def sign_on(name: str, *, isolation: str = "", now: datetime | None = None) -> None:
    """This worker lives. isolation: name of its sandbox, once it is known."""
    WorkerSign.objects.update_or_create(
        name=name[:120], defaults={"at": now or timezone.now(), "isolation": isolation[:24]}
    )


def sign_off(name: str) -> None:
    """It stops, and takes nothing any more."""
    WorkerSign.objects.filter(name=name[:120]).delete()


def living(now: datetime | None = None) -> list[WorkerSign]:
    """Workers that said so within `FRESH`, by name."""
    return list(WorkerSign.objects.filter(at__gt=(now or timezone.now()) - FRESH).order_by("name"))


def slots(now: datetime | None = None) -> int:
    """How many jobs can be worked on at once: the workers that live, and at least those that hold one. Two queries."""
    return max(len(living(now)), Job.objects.filter(status__in=HELD).count())


def forget_silent(now: datetime | None = None) -> None:
    """Rows of processes that were killed. Called by the sweep."""
    WorkerSign.objects.filter(at__lt=(now or timezone.now()) - FORGET_AFTER).delete()
