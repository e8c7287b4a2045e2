"""What lti registers with the rooms below it when the app is ready."""

from courseplatform.accounts.exporting import add_export_section
from courseplatform.courses.models import Role
from courseplatform.courses.sections import NavLink, registry
from courseplatform.lti import exporting


def register_all() -> None:
    add_export_section(exporting.SECTION)
    instructors = frozenset({Role.INSTRUCTOR})
    registry.add_nav(NavLink("LMS", "lti:course", 94, instructors, owns=("lti:",), in_more=True))
