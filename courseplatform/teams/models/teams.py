"""A team and who was in it when."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.urls import reverse

from courseplatform.core.append_only import AppendOnly
from courseplatform.core.states import MoveRow, Moves
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course


class TeamStatus(models.TextChoices):
    FORMING = "forming", "forming"
    CONFIRMED = "confirmed", "confirmed"
    DISSOLVED = "dissolved", "dissolved"


OPEN_TEAMS = frozenset({TeamStatus.FORMING, TeamStatus.CONFIRMED})
TEAM_MOVES: Moves = {
    TeamStatus.FORMING: frozenset({TeamStatus.CONFIRMED, TeamStatus.DISSOLVED}),
    TeamStatus.CONFIRMED: frozenset({TeamStatus.FORMING, TeamStatus.DISSOLVED}),
}


class TeamQuerySet(models.QuerySet["Team"]):
    def standing(self) -> "TeamQuerySet":
        """Teams that work: not dissolved."""
        return self.filter(status__in=OPEN_TEAMS)

    def visible_to(self, visit: Visit) -> "TeamQuerySet":
        """Staff see every team of the course; students those that stand, and a dissolved one that they were in."""
        here = self.filter(course=visit.course)
        if visit.is_staff:
            return here
        was_in = Membership.objects.filter(person=visit.person, course=visit.course).values("team")
        return here.filter(Q(status__in=OPEN_TEAMS) | Q(pk__in=was_in))


class Team(models.Model):
    """A group of students with one project. Its members are `Membership` rows; nothing here says who they are.

    While it is forming, students come and go by themselves; once it is confirmed, the staff change its members.
    """

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="teams")
    name = models.CharField(max_length=60)
    slug = models.SlugField(max_length=70)
    project_title = models.CharField(max_length=160, blank=True)
    summary = models.CharField(max_length=240, blank=True, help_text="the project in one line")
    board_choice = models.CharField(max_length=80, blank=True)
    wants_members = models.BooleanField(default=True, help_text="shown to students who look for a team")
    status = models.CharField(max_length=12, choices=TeamStatus.choices, default=TeamStatus.FORMING)
    size_exception = models.CharField(
        max_length=200, blank=True, help_text="why it may be smaller or larger than the rule"
    )
    made_at = models.DateTimeField(auto_now_add=True)

    objects = TeamQuerySet.as_manager()

    class Meta:
        ordering = ("name", "pk")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["course", "slug"], name="team_slug_once"),
            models.UniqueConstraint("course", Lower("name"), name="team_name_once"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("teams:team", kwargs={"course": self.course.slug, "team": self.slug})


class TeamMove(MoveRow):
    subject = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="moves")

    def __str__(self) -> str:
        return f"{self.subject_id}: {self.moved_from} to {self.moved_to}"


class TeamEvent(AppendOnly):
    """What happened to a team, in a sentence without an e-mail address; `by` outlives the account."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="events")
    by = models.CharField(max_length=120)
    sentence = models.CharField(max_length=300)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return self.sentence


class MembershipQuerySet(models.QuerySet["Membership"]):
    def at(self, moment: datetime) -> "MembershipQuerySet":
        """Who was a member at this instant: `since_at` included, `until_at` excluded."""
        return self.filter(since_at__lte=moment).filter(Q(until_at=None) | Q(until_at__gt=moment))

    def from_on(self, moment: datetime) -> "MembershipQuerySet":
        """Memberships that last beyond this instant, those that only begin later included."""
        return self.filter(Q(until_at=None) | Q(until_at__gt=moment))


class Membership(models.Model):
    """A person in a team from one instant until another. A change ends one row and begins the next; none is rewritten.

    `course` repeats the team's, so that the database itself refuses a person in two teams of a course.
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="memberships")
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="memberships")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    since_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True, blank=True)
    part = models.CharField(max_length=80, blank=True, help_text="what this person does in the project")
    begun_by = models.CharField(max_length=120)
    ended_by = models.CharField(max_length=120, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ("since_at", "pk")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["course", "person"], condition=Q(until_at=None), name="one_open_membership_per_course"
            ),
            models.CheckConstraint(condition=Q(until_at=None) | Q(until_at__gt=F("since_at")), name="membership_lasts"),
        ]
        indexes: ClassVar = [models.Index(fields=["course", "person", "since_at"], name="membership_of_person")]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.team_id}"
