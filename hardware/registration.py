"""What the hardware room adds to a course when Django is ready."""

from courseplatform.courses.access import MEMBERS
from courseplatform.courses.sections import NavLink, registry


def register_all() -> None:
    registry.add_nav(
        NavLink("Hardware", "stock:index", 62, MEMBERS, key="w", owns=("stock:",), in_more=True),
        NavLink(
            "Hardware", "stock:index", 45, None, owns=("stock:",), has_content=lambda course: "devices" in course.facts
        ),
    )
    registry.add_nav(NavLink("Device profiles", "hardware:index", 92, MEMBERS, in_more=True, owns=("hardware:",)))
