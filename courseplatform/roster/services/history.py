"""One row for each change of somebody in a course, in the transaction of the change."""

from courseplatform.courses.models import Enrolment
from courseplatform.roster.models import RosterChange


def change(enrolment: Enrolment, what: str, old: str, new: str, *, by: str, why: str = "") -> RosterChange:
    """A row that is not saved yet, cut to what its columns hold."""
    return RosterChange(enrolment=enrolment, what=what, changed_from=old[:254], changed_to=new[:254], by=by[:120], why=why[:300])  # fmt: skip


def change_record(enrolment: Enrolment, what: str, old: str, new: str, *, by: str, why: str = "") -> RosterChange:
    row = change(enrolment, what, old, new, by=by, why=why)
    row.save()
    return row
