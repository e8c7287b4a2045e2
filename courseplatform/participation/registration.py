"""What participation registers with the rooms below it when the app is ready."""

from courseplatform.courses.models import STAFF, Role
from courseplatform.courses.sections import NavLink, Section, registry
from courseplatform.participation.selectors.people import home_section


def register_all() -> None:
    registry.add_section(Section("participation", 40, "side", "participation/_section_home.html", home_section))
    registry.add_nav(
        NavLink(
            "Participation",
            "participation:mine",
            55,
            frozenset({Role.STUDENT}),
            key="r",
            owns=("participation:",),
            in_more=True,
        ),
        NavLink("Participation", "participation:entry", 45, STAFF, key="r", owns=("participation:",)),
    )
