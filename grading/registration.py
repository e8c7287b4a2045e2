"""What grading registers with the rooms below it when the app is ready."""

from typing import Any

from django.db import transaction
from django.db.models.signals import post_save

from courseplatform.accounts.exporting import add_export_section
from courseplatform.core.file_places import add_place
from courseplatform.core.kept import quiet
from courseplatform.courses.access import MEMBERS
from courseplatform.courses.course_file.registry import file_parts
from courseplatform.courses.models import STAFF, Role
from courseplatform.courses.sections import NavLink, Section, registry
from courseplatform.lti.hooks import add_offers
from courseplatform.metrics.kinds import HAND_IN, mark_routes
from courseplatform.metrics.sources import add_source
from courseplatform.teams.hooks import add_membership_listener, add_run_source
from courseplatform.teams.sections import TeamSection
from courseplatform.teams.sections import registry as team_page
from courseplatform.uploads.purposes import register_purpose
from grading import archiving, auditing, erasing, exporting, merging, retention, status_parts, term
from grading.book.scheme import has_scheme
from grading.calibrating.networks import networks
from grading.calibration_rows import calibration_rows
from grading.course_file import assignments as course_file
from grading.course_file.late.course_part import LATE_PART
from grading.course_file.late_import import cost_effects
from grading.course_file.rubric_import import rubric_effects
from grading.course_file.stages_import import moved_readings
from grading.device_uses import device_use
from grading.handing_in import upload_purpose
from grading.hidden_sets.kept import PLACE as HIDDEN_PLACE
from grading.measuring import ask_end, run_end
from grading.models.assignments import Assignment, HiddenSet
from grading.models.grades import GradeRelease, RubricItem, RubricOption
from grading.models.late_days import Accommodation, Excuse, Extension
from grading.models.passback import Passback
from grading.models.refits import Refit
from grading.passback import metrics as passback_metrics
from grading.passback import placing
from grading.queue.wake import ASK_KIND, COUNT_KIND, RERUN_KIND, RUN_KIND, VARIANT_KIND, wake, wake_passback
from grading.returns.changes import return_changed
from grading.returns.dues import return_day_of, return_dues
from grading.selectors import class_energy, late_mine, meter_readings, sections, stages
from grading.selectors import parked as parked_runs
from grading.selectors.calendar import due_dates
from grading.selectors.refits import refit_outcomes
from grading.selectors.regrades import waiting_section
from grading.selectors.team_runs import team_runs
from grading.services import board_runs
from grading.services.counts import count_ended
from grading.services.late_days import team_changed
from grading.services.parked import result_park
from grading.services.refits import refit_begin
from grading.services.reruns import rerun_job_ended
from grading.services.variants import variant_ended
from hardware.hooks import (
    add_calibration_source,
    add_return_dues_source,
    add_return_listener,
    add_return_source,
    add_use_source,
)
from hardware.leases import JobKind, register_kind
from hardware.registration import no_wake
from hardware.runners import calibrating
from hardware.runners.leasing import MOST_FAULTS, START_WITHIN_S, TTL_S


def _released(sender: Any, instance: GradeRelease, created: bool, **_: Any) -> None:
    """Released grades go to the LMS at once, where they go at all; changes later are found by the sweep."""
    if created and Passback.objects.filter(assignment=instance.assignment_id, is_on=True).exists():
        transaction.on_commit(wake_passback)


LATE_PAGES = (
    "grading:late_person", "grading:late_team", "grading:late_grant", "grading:late_extension", "grading:late_accommodation", "grading:late_excuse",
    "grading:extension_withdraw", "grading:accommodation_withdraw", "grading:excuse_withdraw", "grading:late_policy", "grading:late_try",
)  # fmt: skip


POWER_PAGES = (
    "courses:stages", "grading:power_readings", "grading:power_reading_add", "grading:power_reading_take_back",
)  # fmt: skip


def register_all() -> None:
    quiet(Assignment, HiddenSet, Extension, Excuse, Accommodation, GradeRelease, RubricItem, RubricOption, Refit)
    auditing.register()
    add_source("passback", passback_metrics.scores, keep_s=60)
    status_parts.register()
    mark_routes(HAND_IN, "grading:hand_in", "api:submissions")
    add_export_section(exporting.SECTION)
    retention.register()
    term.register()
    archiving.register()
    erasing.register()
    add_place(HIDDEN_PLACE)
    merging.register_decisions()
    add_use_source(device_use)
    add_return_source(return_day_of)
    add_return_dues_source(return_dues)
    add_return_listener(return_changed)
    add_calibration_source(calibration_rows)
    _kinds()
    register_purpose(upload_purpose.HAND_IN, upload_purpose.hand_in, upload_purpose.spelled)
    register_purpose(upload_purpose.PART, upload_purpose.part, upload_purpose.part_spelled)
    registry.add_due_source(sections.due_marks)
    registry.add_public_due_source(sections.public_due_marks)
    registry.add_schedule_source(sections.schedule_lines)
    registry.add_mover(sections.move_release)
    file_parts.add(course_file.ASSIGNMENTS_PART, LATE_PART)
    file_parts.used_by.append(course_file.is_used)
    file_parts.effects += [cost_effects, rubric_effects, moved_readings]
    add_run_source(team_runs)
    add_membership_listener(team_changed)
    post_save.connect(_released, sender=GradeRelease, dispatch_uid="grading.passback_released")
    add_offers(placing.offers, placing.address)
    registry.add_calendar_source(due_dates)
    registry.add_calendar_source(stages.calendar_entries)
    team_page.add_verdict(50, stages.verdict)
    team_page.add_step_source(stages.steps)
    team_page.add_action(stages.add_action)
    team_page.add_section(TeamSection("energy", 10, "main", "grading/_section_energy.html", stages.section))
    team_page.add_section(
        TeamSection("late_days", 25, "main", "grading/_section_team_late_days.html", late_mine.team_section)
    )
    _sections()
    registry.add_nav(*_links())


def _kinds() -> None:
    """What workers and boards carry out."""
    register_kind(JobKind(name=RUN_KIND, ended=run_end.run_ended, wake=wake, parked=result_park))
    register_kind(
        JobKind(board_runs.KIND, board_runs.board_run_ended, no_wake, ttl_s=TTL_S, start_within_s=START_WITHIN_S, max_faults=MOST_FAULTS)
    )  # fmt: skip
    register_kind(JobKind(ASK_KIND, ask_end.board_ask_ended, wake, parked=ask_end.board_ask_parked))
    calibrating.register(networks=networks, ended=refit_begin, outcomes=refit_outcomes)
    register_kind(JobKind(name=COUNT_KIND, ended=count_ended, wake=wake))
    register_kind(JobKind(name=VARIANT_KIND, ended=variant_ended, wake=wake))
    register_kind(JobKind(name=RERUN_KIND, ended=rerun_job_ended, wake=wake))


def _sections() -> None:
    """Of the course's home."""
    registry.add_section(Section("due_next", 20, "main", "grading/_section_due_next.html", sections.due_next))
    # In place of the section of the same name, which knows the rule in words alone.
    registry.add_section(Section("late_days", 10, "side", "grading/_section_late_days.html", late_mine.home_section))
    registry.add_section(Section("desk", 10, "main", "grading/_section_desk.html", sections.desk))
    registry.add_section(
        Section("latest_result", 30, "side", "grading/_section_latest_result.html", sections.latest_result)
    )
    registry.add_section(Section("meters", 12, "side", "grading/_section_meters.html", meter_readings.waiting_section))
    registry.add_section(Section("parked", 11, "side", "grading/_section_parked.html", parked_runs.waiting_section))
    registry.add_section(Section("regrades", 12, "side", "grading/_section_regrades.html", waiting_section))


def _links() -> list[NavLink]:
    work = (
        "grading:assignment", "grading:assignment_dates", "grading:assignment_new", "grading:assignment_edit", "grading:assignment_publish",
        "grading:assignment_remove", "grading:hidden_sets", "grading:family", "grading:receipt", "grading:run", "grading:run_decide",
        "grading:hand_in", "grading:grade", "grading:leaderboard", "grading:compare",
        "grading:grades", "grading:grades_person", "grading:passback", "grading:reruns", "grading:rerun", "grading:rubric",
    )  # fmt: skip
    students = frozenset({Role.STUDENT})
    return [
        NavLink("Assignments", "grading:assignments", 30, MEMBERS, key="a", owns=work),
        NavLink("Grades", "grading:book", 41, students, has_content=has_scheme),
        NavLink("Late days", "grading:late_days", 42, students, key="l", has_content=late_mine.has_policy),
        NavLink("Desk", "grading:desk", 32, STAFF, key="d",
                owns=("grading:desk_report", "grading:desk_snippets", "grading:desk_samples", "grading:lab_analytics")),
        NavLink("Submissions", "grading:submissions", 35, STAFF, key="u", owns=("grading:parked", "grading:line", "grading:meter_readings"), in_more=True),
        NavLink("Gradebook", "grading:book", 34, STAFF, key="o", owns=("grading:book_person", "grading:book_cell", "grading:canvas", "grading:canvas_file")),
        NavLink("Analytics", "grading:analytics_course", 35, STAFF, in_more=True),
        NavLink("Late days", "grading:late_balances", 36, STAFF, key="l", owns=LATE_PAGES, in_more=True),
        NavLink("Energy", "grading:energy", 51, STAFF, in_more=True, has_content=class_energy.has_stages, owns=POWER_PAGES),
        NavLink("Calibrations", "grading:calibrations", 93, STAFF, owns=("grading:calibration",), in_more=True),
        NavLink("Research", "grading:research", 95, MEMBERS, owns=("grading:research_rule",), in_more=True),
        NavLink("Regrades", "grading:regrades", 36, STAFF, owns=("grading:regrade",), in_more=True),
    ]  # fmt: skip
