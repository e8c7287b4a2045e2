"""What tests of reservations share: asking for something, and a day of return."""

from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

from django.utils import timezone

from hardware import hooks
from hardware.inventory.lending.eligibility import Borrower
from hardware.inventory.services.reservations import reservation_make


def in_days(number):
    return timezone.now() + timedelta(days=number)


def ask(cast, person, product=None, first=1, last=8, **more):
    """A student asks for themself; `team=` for the team. last None: for the term."""
    team = more.pop("team", None)
    return reservation_make(
        visit=cast.visit(more.pop("by", person)), borrower=Borrower(cast.course, team=team) if team else Borrower(cast.course, person=person),
        product=product, from_at=in_days(first), until_at=None if last is None else in_days(last), key=more.pop("key", None) or uuid4(), **more,
    )  # fmt: skip


@contextmanager
def coming_back(at):
    """The course has a day on which everything comes back."""

    def source(course, person, team):
        return hooks.ReturnDay("hardware-return", "Hardware return", at, "/")

    before = list(hooks.return_sources)
    hooks.return_sources[:] = [source]
    try:
        yield
    finally:
        hooks.return_sources[:] = before


def lend_by(cast, **rules):
    cast.course.facts = cast.course.facts | {"lending": rules}
    cast.course.save()
