"""What the hardware room adds to a course when Django is ready."""

from courseplatform.courses.access import MEMBERS
from courseplatform.courses.course_file.registry import file_parts
from courseplatform.courses.models import STAFF, Role
from courseplatform.courses.sections import NavLink, registry
from hardware.inventory.lending_file import LENDING_PART
from hardware.inventory.lending_words import lending_effects


def register_all() -> None:
    file_parts.add(LENDING_PART)
    file_parts.effects.append(lending_effects)
    registry.add_nav(
        NavLink("Hardware", "stock:index", 55, STAFF, key="w", owns=("stock:",)),
        NavLink("Hardware", "stock:index", 62, frozenset({Role.STUDENT}), key="w", owns=("stock:",), in_more=True),
        NavLink(
            "Hardware", "stock:index", 45, None, owns=("stock:",), has_content=lambda course: "devices" in course.facts
        ),
    )
    registry.add_nav(NavLink("Device profiles", "hardware:index", 92, MEMBERS, in_more=True, owns=("hardware:",)))
