"""Whether students see the leaderboard of a lab. The same stands in its course file and in its form."""

from django.db import transaction

from courseplatform.core.errors import Conflict, Forbidden
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Role
from grading.models.assignments import Assignment
from grading.services.assignment_editing import assignment_locked
from grading.services.course_log import change_log


@transaction.atomic
def leaderboard_switch(*, visit: Visit, slug: str, shown: bool) -> Assignment:
    """Show it to students, or hide it. Switching to what holds changes nothing.

    Raises:
        Forbidden: `instructors_only`. NotHere. Conflict: `no_model_taken`.
    """
    if visit.role != Role.INSTRUCTOR:
        raise Forbidden("An instructor of the course says whether students see a leaderboard.", code="instructors_only")
    row = assignment_locked(visit, slug)
    if not row.takes_model:
        raise Conflict(f"No model is measured in {row.short}, so there is nothing to rank.", code="no_model_taken")
    if bool(row.leaderboard.get("shown")) != shown:
        rest = {key: value for key, value in row.leaderboard.items() if key != "shown"}
        row.leaderboard = rest | ({"shown": True} if shown else {})
        row.save(update_fields=["leaderboard"])
        said = f"{row.short}: students {'see' if shown else 'no longer see'} the leaderboard."
        change_log(visit=visit, sentence=said, is_told=False)
    return row
