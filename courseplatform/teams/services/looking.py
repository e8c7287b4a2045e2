"""Speed dating: what a student who looks for a team says of themselves."""

from django.db import transaction

from courseplatform.core.errors import Conflict
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Role
from courseplatform.teams.models.looking import LookingProfile


@transaction.atomic
def looking_profile_save(
    *, visit: Visit, interests: str, skills: str = "", hours: str = "", board: str = "", is_shown: bool = True
) -> LookingProfile:
    """Write one's profile, or write it anew. Raises Conflict `not_a_student`."""
    if visit.role != Role.STUDENT:
        raise Conflict("Only students look for a team.", code="not_a_student")
    found, _ = LookingProfile.objects.update_or_create(
        course=visit.course, person=visit.person,
        defaults={"interests": interests, "skills": skills, "hours": hours, "board": board, "is_shown": is_shown},
    )  # fmt: skip
    return found
