"""Placing everybody who has no team: previewed, then applied exactly as previewed or not at all."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import Conflict
from courseplatform.core.markdown import escaped
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, Enrolment, Role
from courseplatform.teams import grouping
from courseplatform.teams.models.teams import Membership, Team, TeamStatus
from courseplatform.teams.policy import sizes
from courseplatform.teams.services.joining import lock_teams, membership_begin, names_of, note
from courseplatform.teams.services.teams import new_team, tell_members


@dataclass
class Preview:
    """Who would go where. `digest` names this very plan, so that applying it later notices any change in between."""

    joins: list[tuple[Team, list[User]]]
    new: list[tuple[str, list[User]]]
    left: list[User]
    seed: int
    digest: str

    @property
    def placed(self) -> int:
        return sum(len(people) for _, people in [*self.joins, *self.new])


def without_team(course: Course, now: datetime) -> list[User]:
    """Active students whom no team of the course has, now or from a later day on."""
    placed = Membership.objects.from_on(now).filter(course=course).values("person")
    return list(
        User.objects.filter(
            enrolments__course=course, enrolments__role=Role.STUDENT, enrolments__is_active=True
        ).exclude(pk__in=placed).order_by("name", "pk")
    )  # fmt: skip


def assignment_preview(*, visit: Visit, seed: int, now: datetime | None = None) -> Preview:
    """The plan for a lot. Teams that the staff confirmed, and teams that look for nobody but are large enough, stay as they are."""
    now, rule = now or timezone.now(), sizes(visit.course)
    people = {person.pk: person for person in without_team(visit.course, now)}
    lasting = Q(memberships__until_at=None) | Q(memberships__until_at__gt=now)
    forming = Team.objects.filter(course=visit.course, status=TeamStatus.FORMING).select_related("course")
    teams = {team.pk: team for team in forming.order_by("pk")}
    counts = dict(forming.annotate(size=Count("memberships", filter=lasting)).values_list("pk", "size"))
    taking = {pk: size for pk, size in counts.items() if teams[pk].wants_members or size < rule.least}
    found = grouping.plan(list(people), taking, least=rule.least, most=rule.most, seed=seed)
    names = _names(visit.course, len(found.new))
    new = [sorted(group) for group in found.new]
    joins = {key: sorted(group) for key, group in sorted(found.joins.items())}
    return Preview(
        joins=[(teams[key], [people[pk] for pk in group]) for key, group in joins.items()],
        new=[(name, [people[pk] for pk in group]) for name, group in zip(names, new, strict=True)],
        left=[people[pk] for pk in found.left], seed=seed,
        digest=hashlib.sha256(repr((joins, new, names, sorted(found.left))).encode()).hexdigest()[:16],
    )  # fmt: skip


def _names(course: Course, count: int) -> list[str]:
    """Group 1, Group 2: names that the team changes itself."""
    used = {name.lower() for name in Team.objects.filter(course=course).values_list("name", flat=True)}
    free = (f"Group {n}" for n in range(1, len(used) + count + 2))
    return [name for name in free if name.lower() not in used][:count]


@transaction.atomic
def assignment_apply(*, visit: Visit, seed: int, digest: str, now: datetime | None = None) -> Preview:
    """Carry out a preview.

    Raises Conflict `plan_changed` when somebody joined, left or founded a team since it was shown; nothing is changed then.
    """
    now = now or timezone.now()
    Course.objects.select_for_update(no_key=True).get(pk=visit.course.pk)
    # Teams and students wait until this is done, so that a plan cannot age while it is carried out.
    lock_teams(*Team.objects.filter(course=visit.course, status=TeamStatus.FORMING))
    list(Enrolment.objects.select_for_update(no_key=True).filter(course=visit.course, role=Role.STUDENT).order_by("pk"))
    found = assignment_preview(visit=visit, seed=seed, now=now)
    if found.digest != digest:
        raise Conflict(
            "Somebody joined, left or founded a team since this plan was drawn, so it was not applied. Here is the new one.",
            code="plan_changed",
        )
    groups = [*found.joins, *((new_team(course=visit.course, name=name), people) for name, people in found.new)]
    for unlocked, people in groups:
        [team] = lock_teams(unlocked)
        for person in people:
            membership_begin(team=team, person=person, at=now, by=visit.by, now=now)
        note(team=team, by=visit.by, sentence=f"{visit.person.name} assigned {names_of(people)} by lot {seed}")
        tell_members(
            team=team, key=f"team-{team.pk}-assigned-{seed}-{digest}", title=f"You are in team {team.name}",
            text=f"With {escaped(names_of(people))} the staff have put together who had no team yet." if len(people) > 1 else "",
            but=visit.person,
        )  # fmt: skip
    return found
