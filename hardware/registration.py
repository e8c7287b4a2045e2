"""What the hardware room adds to a course when Django is ready."""

from typing import Any

from courseplatform.accounts.exporting import add_export_section
from courseplatform.core.kept import quiet
from courseplatform.courses.access import MEMBERS
from courseplatform.courses.archive_parts import add_archive_part, page_files
from courseplatform.courses.course_file.registry import file_parts
from courseplatform.courses.models import STAFF, Role
from courseplatform.courses.sections import NavLink, Section, registry
from courseplatform.keeping.after import add_after_restore
from courseplatform.metrics.kinds import POLL, RUNNER, mark_app, mark_routes
from courseplatform.teams.sections import TeamSection
from courseplatform.teams.sections import registry as team_page
from hardware import auditing, demo_runners, exporting, leases, metrics, retention, status_parts, term
from hardware.after_restore import jobs_given_back
from hardware.hooks import add_block_source, add_service_listener
from hardware.inventory.lending.course_file import LENDING_PART
from hardware.inventory.lending.words import lending_effects
from hardware.inventory.selectors import dates
from hardware.lease_ends import add_end_listener
from hardware.models import DEMO_KIND
from hardware.models.devices import CourseDevice
from hardware.runners import calibrating, health, leasing, own, own_views, spells
from hardware.runners.selectors import fleet

ARCHIVED = {
    "hardware/stock.csv": ("stock:csv", "what the stockroom of the course held"),
    "hardware/history.csv": ("stock:history_csv", "what happened to each thing of the stockroom"),
    "hardware/loans.csv": ("stock:loans_csv", "who had what, since when, until when"),
    "hardware/kits.csv": ("stock:kits_csv", "kits and what belonged to them"),
}


def no_wake() -> None:
    """Runners ask by themselves, every few seconds."""


def register_all() -> None:
    add_archive_part(page_files("hardware", 30, ARCHIVED))
    quiet(CourseDevice)
    add_after_restore("jobs", jobs_given_back)
    auditing.register()
    metrics.register()
    status_parts.register()
    mark_app(RUNNER, "runner_protocol")
    mark_routes(POLL, "runners:now")
    add_export_section(exporting.SECTION)
    retention.register()
    term.register()
    lives: Any = {"wake": no_wake, "ttl_s": leasing.TTL_S, "start_within_s": leasing.START_WITHIN_S}
    leases.register_kind(leases.JobKind(name=health.KIND, ended=health.check_ended, **lives))
    leases.register_kind(leases.JobKind(name=DEMO_KIND, ended=demo_runners.ended, **lives))
    add_end_listener(spells.spell_ended)
    leases.register_kind(leases.JobKind(name=calibrating.KIND, ended=calibrating.part_ended, **lives))
    add_block_source(fleet.block)
    add_service_listener(own.loan_ended)
    team_page.add_section(TeamSection("runner", 45, "side", "hardware/runners/_section_own.html", own_views.section))
    file_parts.add(LENDING_PART)
    file_parts.effects.append(lending_effects)
    registry.add_due_source(dates.due_marks)
    registry.add_calendar_source(dates.calendar_entries)
    registry.add_section(Section("hardware", 25, "side", "hardware/_section_mine.html", dates.home_section))
    registry.add_nav(
        NavLink("Hardware", "stock:index", 55, STAFF, key="w", owns=("stock:", "runners:")),
        NavLink("Hardware", "stock:index", 62, frozenset({Role.STUDENT}), key="w", owns=("stock:",), in_more=True),
        NavLink(
            "Hardware", "stock:index", 45, None, owns=("stock:",), has_content=lambda course: "devices" in course.facts
        ),
    )
    registry.add_nav(NavLink("Device profiles", "hardware:index", 92, MEMBERS, in_more=True, owns=("hardware:",)))
