"""What the stages of a project add to other pages: to that of a team, and to the calendars."""

from datetime import timedelta
from typing import Any

from django.urls import reverse

from courseplatform.accounts.models import User
from courseplatform.core import numbers
from courseplatform.courses import sections as course_sections
from courseplatform.courses.models import Course
from courseplatform.courses.sections import CalendarEntry
from courseplatform.courses.stages import dated_stages
from courseplatform.teams.models.proposals import ProposalStatus
from courseplatform.teams.models.teams import TeamStatus
from courseplatform.teams.sections import Action, Step, TeamVisit, Verdict
from courseplatform.teams.selectors.team_page import proposal_of
from grading.energy.standing import sum_sentence, title_of
from grading.selectors.team_energy import energy_section, team_energy

MINUTE = timedelta(minutes=1)


def section(at: TeamVisit) -> dict[str, Any] | None:
    found = team_energy(at.visit, at.team, at.now)
    return None if found is None else {"at": at, **energy_section(found, at.visit)}


def verdict(at: TeamVisit) -> Verdict | None:
    """What is left, once the proposal is through: until then that is what the team has to do."""
    if not at.is_inside or at.team.status == TeamStatus.DISSOLVED:
        return None
    found = team_energy(at.visit, at.team, at.now)
    if found is None:
        return None
    proposal = proposal_of(at.team)
    if proposal.status != ProposalStatus.APPROVED if proposal else not any(use.readings for use in found.uses):
        return None
    use = found.use_now or next((use for use in reversed(found.uses) if use.readings), None)
    said = [sum_sentence(use)] if use else []
    return Verdict(title_of(found.uses, at.now), " ".join([*said, *_next_due(at)]))


def _next_due(at: TeamVisit) -> list[str]:
    """What a member has to hand in next; the staff have nothing to."""
    if not at.is_member or at.visit.is_staff:
        return []
    mark = next((mark for mark in course_sections.due_marks(at.visit, at.now) if mark.due_at > at.now), None)
    if mark is None:
        return []
    due = mark.due_at.astimezone(at.visit.course.tz)
    return [f"Next is due: {mark.label}, {due:%a %b %-d, %H:%M %Z}, in {numbers.span(mark.due_at - at.now)}."]


def steps(at: TeamVisit) -> list[Step]:
    if not at.is_inside:
        return []
    return [
        Step(stage.ends_at - MINUTE, f"{stage.name.capitalize()} ends: {stage.title}", state="done" if stage.ends_at <= at.now else "todo")
        for stage in dated_stages(at.visit.course)
    ]  # fmt: skip


def add_action(at: TeamVisit) -> Action | None:
    """The team's button; the staff add a reading from the list of readings."""
    stages = dated_stages(at.visit.course)
    if not at.is_member or not stages or at.now < stages[0].begins_at or at.team.status == TeamStatus.DISSOLVED:
        return None
    where = {"course": at.visit.course.slug, "team": at.team.slug}
    return Action("Add a power reading", reverse("grading:power_reading_add", kwargs=where))


def calendar_entries(course: Course, person: User | None) -> list[CalendarEntry]:
    """The end of every stage, for everybody: the course file says it. No query."""
    path = reverse("courses:projects", args=[course.slug])
    return [
        CalendarEntry(
            uid=f"stage-{stage.key}", title=f"{stage.name.capitalize()} ends: {stage.title}", starts=stage.ends_at - MINUTE, path=path,
            sequence=course.sequence,
        )
        for stage in dated_stages(course)
    ]  # fmt: skip
