"""What people say about research, and the export itself."""

from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from courseplatform.audit.models import Act
from courseplatform.audit.recording import audit_record
from courseplatform.core.errors import BadInput, Conflict, Forbidden
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, Role
from grading.models.research import ResearchConsent, ResearchRule
from grading.research.archive import archive_write
from grading.research.coarse import FEWEST, fit_to_leave
from grading.research.reading import attempts_of


@dataclass(frozen=True)
class Exported:
    attempts: int
    owners: int
    stay: int


@transaction.atomic
def research_consent(*, visit: Visit, is_given: bool) -> None:
    """A student says yes or no; said twice it is one row. Raises Forbidden for the staff."""
    if visit.role != Role.STUDENT:
        raise Forbidden("Only students of the course are asked.")
    Course.objects.select_for_update().get(pk=visit.course.pk)
    said = ResearchConsent.objects.filter(course=visit.course, person=visit.person).last()
    if (said is not None and said.is_given) != is_given or said is None:
        ResearchConsent.objects.create(course=visit.course, person=visit.person, is_given=is_given)


@transaction.atomic
def research_rule_set(*, visit: Visit, asks: bool, reason: str) -> None:
    """Whether students are asked. Not to ask needs a reason, which stands in the audit. Raises BadInput (`no_reason`), Forbidden."""
    if visit.role != Role.INSTRUCTOR:
        raise Forbidden("Only an instructor decides whether students are asked.")
    if not asks and not reason.strip():
        said = "Say why students are not asked: the decision of the review board, with its number."
        raise BadInput(said, code="no_reason", details={"field": "reason"})
    facts = {"asks": asks, "reason": reason.strip()[:300], "changed_by": visit.person.email}
    ResearchRule.objects.update_or_create(course=visit.course, defaults=facts)
    what = "Students are asked about research" if asks else f"Students are not asked about research: {reason.strip()}"
    audit_record(course=visit.course, person=visit.person, act=Act.CHANGED, what=what)


def research_export(*, visit: Visit, to: Path) -> Exported:
    """Write the anonymous export; it is audited before the first byte.

    Raises Forbidden; Conflict: `too_few`, `file_exists`.
    """
    if visit.role != Role.INSTRUCTOR:
        raise Forbidden("Only an instructor of the course exports results for research.")
    if to.exists():
        raise Conflict(f"{to} is there already. Name another file.", code="file_exists")
    attempts, stay = fit_to_leave(attempts_of(visit.course))
    if not attempts:
        said = (
            f"Nothing can leave: in no assignment are there {FEWEST} people or teams who agreed. Nothing was written."
        )
        raise Conflict(said, code="too_few")
    what = f"Anonymous export for research: {len(attempts)} attempts"
    audit_record(course=visit.course, person=visit.person, act=Act.EXPORTED, what=what)
    part = to.with_name(f".{to.name}.part")
    try:
        archive_write(part, attempts, stay)
        part.replace(to)
    finally:
        part.unlink(missing_ok=True)
    return Exported(len(attempts), len({one.owner for one in attempts}), stay)
