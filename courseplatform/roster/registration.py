"""What roster registers with the rooms below it when the app is ready."""

from typing import Any

from django.contrib.auth.signals import user_logged_in

from courseplatform.accounts.models import User
from courseplatform.courses.archive_parts import add_archive_part, page_files
from courseplatform.courses.models import STAFF
from courseplatform.courses.sections import NavLink, registry
from courseplatform.roster import auditing, retention
from courseplatform.roster.services.invitations import invitations_end_for
from courseplatform.roster.services.merging import register_decisions


def register_all() -> None:
    add_archive_part(
        page_files(
            "people",
            20,
            {
                "people/roster.csv": (
                    "roster:people_csv",
                    "who was in the course, as what, in which section, since when",
                )
            },
        )
    )
    auditing.register()
    retention.register()
    registry.add_nav(NavLink("People", "roster:people", 70, STAFF, key="p", owns=("roster:",), in_more=True))
    register_decisions()
    user_logged_in.connect(_signed_in, dispatch_uid="roster.signed_in")


def _signed_in(sender: Any, user: Any, **_: Any) -> None:
    if isinstance(user, User):
        invitations_end_for(person=user)
