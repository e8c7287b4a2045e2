"""What notices registers with the rooms below it when the app is ready."""

from courseplatform.accounts.exporting import add_export_section
from courseplatform.accounts.hooks import on_token_made
from courseplatform.accounts.merging import decide, stay
from courseplatform.courses.access import MEMBERS
from courseplatform.courses.sections import NavLink, Section, registry
from courseplatform.notices import auditing, exporting
from courseplatform.notices.selectors import sections
from courseplatform.notices.services.accounts import token_made_tell
from courseplatform.notices.services.schedule import schedule_change_tell


def register_all() -> None:
    auditing.register()
    add_export_section(exporting.SECTION)
    registry.add_section(
        Section("announcements", 5, "main", "notices/_section_announcements.html", sections.announcements)
    )
    registry.add_section(Section("surveys", 6, "main", "notices/_section_surveys.html", sections.surveys))
    decide("notices.MailPreference.person", stay("the remaining account's own choice holds"))
    decide("notices.Completion.person", stay("a survey is answered once"))
    registry.add_change_listener(schedule_change_tell)
    on_token_made(token_made_tell)
    registry.add_nav(
        NavLink("Announcements", "notices:announcements", 65, MEMBERS, key="m", owns=("notices:",), in_more=True)
    )
