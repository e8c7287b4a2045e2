"""Which workers live: each process that takes jobs says so every few seconds, also while it has nothing to do.

A process holds one slot, so their number is how many jobs are worked on at once. It is for forecasts, for the status page and for the staff:
nothing is leased or given back by it. Each has a number, and a process that takes the place of a killed one takes its number: rows of a
page keep their place, and `lost_at` says that one was lost.
"""

import os
import socket
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from courseplatform.core.clock import shared_now
from courseplatform.core.health import FRESH
from hardware.models import HELD, Job, WorkerSign

SIGN_EVERY_S = 10.0
FORGET_AFTER = timedelta(days=1)
TRIES = 5


def sign_on(name: str, *, isolation: str = "", is_new: bool = False, now: datetime | None = None) -> None:
    """This worker lives. isolation: name of its sandbox, once it is known. is_new: the first sign of this process, also where another of the
    same name (a container that was started again) was here before."""
    name, now = name[:120], now or shared_now()
    said = {"at": now, "isolation": isolation[:24]}
    mine = WorkerSign.objects.filter(name=name)
    if is_new and (last := mine.values_list("at", flat=True).first()):
        mine.update(**said, since=now, lost_at=last, leave_asked_at=None)
    elif not mine.update(**said):
        _take_number(name, said, now)


def _take_number(name: str, said: dict[str, object], now: datetime) -> None:
    """The row of a process that is gone, else a row with the lowest number that is free."""
    for _ in range(TRIES):
        rows = list(WorkerSign.objects.order_by("number"))
        for row in rows:
            if now - row.at < FRESH and not _is_gone(row.name):
                continue
            theirs = WorkerSign.objects.filter(pk=row.pk, name=row.name, at=row.at)
            if theirs.update(name=name, since=now, lost_at=row.at, leave_asked_at=None, **said):
                return
        taken = {row.number for row in rows}
        number = next(n for n in range(1, len(taken) + 2) if n not in taken)
        try:
            with transaction.atomic():
                WorkerSign.objects.create(name=name, number=number, since=now, **said)
            return
        except IntegrityError:
            continue  # another process was faster with this number


def _is_gone(name: str) -> bool:
    """Whether this was a process of our own machine (bench@host:pid) that has ended."""
    host, _, pid = name.partition("@")[2].rpartition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def sign_off(name: str) -> None:
    """It stops, and takes nothing any more."""
    WorkerSign.objects.filter(name=name[:120]).delete()


def leave_ask(number: int, *, now: datetime | None = None) -> bool:
    """Ask the worker of this number to end after its run; whoever keeps it alive starts it again. Returns whether it lives."""
    now = now or shared_now()
    return bool(WorkerSign.objects.filter(number=number, at__gt=now - FRESH).update(leave_asked_at=now))


def is_asked_to_leave(name: str) -> bool:
    return WorkerSign.objects.filter(name=name[:120], leave_asked_at__isnull=False).exists()


def living(now: datetime | None = None) -> list[WorkerSign]:
    """Workers that said so within `FRESH`, by name."""
    return list(WorkerSign.objects.filter(at__gt=(now or shared_now()) - FRESH).order_by("name"))


def silent(now: datetime | None = None) -> list[WorkerSign]:
    """Workers that have said nothing for longer than `FRESH`, did not sign off, and whose place nobody took."""
    return list(WorkerSign.objects.filter(at__lte=(now or shared_now()) - FRESH).order_by("number"))


def slots(now: datetime | None = None) -> int:
    """How many jobs can be worked on at once: the workers that live, and at least those that hold one. Two queries."""
    return max(len(living(now)), Job.objects.filter(status__in=HELD).count())


def forget_silent(now: datetime | None = None) -> None:
    """Rows of processes that were killed. Called by the sweep."""
    WorkerSign.objects.filter(at__lt=(now or shared_now()) - FORGET_AFTER).delete()
