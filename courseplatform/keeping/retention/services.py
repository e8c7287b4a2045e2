"""What an instructor decides: how long each kind is kept, and that nothing leaves for a while."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from courseplatform.audit.models import Act
from courseplatform.audit.recording import audit_record
from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course
from courseplatform.courses.retention_kinds import KINDS
from courseplatform.keeping.models import Leaving, RetentionPolicy


@transaction.atomic
def policy_set(*, visit: Visit, days: dict[str, int]) -> bool:
    """Keep each named kind so many days. Whether anything changed. Raises BadInput (`days_out_of_bounds`)."""
    row = _locked(visit.course)
    before = {key: row.days_of(key) for key in KINDS}
    for key, value in days.items():
        kind = KINDS[key]
        if not kind.least <= value <= kind.most:
            raise BadInput(
                f"{kind.title}: the operators of this site allow {kind.least} to {kind.most} days.",
                code="days_out_of_bounds",
            )
    changed = {key: value for key, value in days.items() if value != before[key]}
    if not changed:
        return False
    row.days = {key: (before | changed)[key] for key in KINDS if key in row.days or key in changed}
    row.save(update_fields=["days"])
    said = ", ".join(f"{KINDS[key].title.lower()} {before[key]} to {value} days" for key, value in changed.items())
    _record(visit, f"Changed what is kept how long: {said}")
    return True


@transaction.atomic
def hold_begin(*, visit: Visit, reason: str, now: datetime | None = None) -> None:
    """From now on nothing leaves. Raises BadInput (`reason_missing`), Conflict (`held_already`)."""
    reason = " ".join(reason.split())
    if not reason:
        raise BadInput("Say why everything is to be kept: who lifts this later needs to know.", code="reason_missing")
    row = _locked(visit.course)
    if row.is_held:
        raise Conflict("Everything of this course is kept already.", code="held_already")
    row.held_at, row.held_by, row.hold_reason = now or timezone.now(), visit.by, reason[:300]
    row.save(update_fields=["held_at", "held_by", "hold_reason"])
    _record(visit, f"Kept everything until further notice: {row.hold_reason}")


@transaction.atomic
def hold_end(*, visit: Visit) -> None:
    """The policy holds again. What was announced before is announced anew, so nothing leaves within thirty days. Raises Conflict (`not_held`)."""
    row = _locked(visit.course)
    if not row.is_held:
        raise Conflict("Nothing holds the policy of this course back.", code="not_held")
    row.held_at, row.held_by, row.hold_reason = None, "", ""
    row.save(update_fields=["held_at", "held_by", "hold_reason"])
    Leaving.objects.filter(course=visit.course).delete()
    _record(visit, "Let the retention policy hold again")


def _locked(course: Course) -> RetentionPolicy:
    """The row that the sweep asks before each batch."""
    RetentionPolicy.objects.get_or_create(course=course)
    return RetentionPolicy.objects.select_for_update().get(course=course)


def _record(visit: Visit, what: str) -> None:
    path = f"{visit.course.get_absolute_url()}retention/"
    audit_record(course=visit.course, person=visit.person, act=Act.CHANGED, what=what, path=path)
