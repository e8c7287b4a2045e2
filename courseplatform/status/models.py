"""What is remembered of how the site was: samples, incidents, notices to everybody, and what operators did. Nothing of one person's work."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from courseplatform.core.append_only import AppendOnly
from courseplatform.core.states import MoveRow, Moves


class Sample(models.Model):
    """One measured value at one minute. Each name has one unit, which its last word says (`_s`, `_share`, `_count`).

    is_demo: written by the demo about a night before it existed, and called so on the page.
    """

    name = models.CharField(max_length=60)
    at = models.DateTimeField()
    value = models.FloatField()
    is_demo = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["name", "at"], name="one_sample_a_minute")]
        indexes: ClassVar = [models.Index(fields=["at"], name="sample_by_time")]

    def __str__(self) -> str:
        return f"{self.name} {self.value} at {self.at}"


class Standing(models.Model):
    """Where a rule stands between two looks: since when its value is beyond the line, or back. So a killed worker forgets nothing."""

    rule = models.CharField(max_length=60, unique=True)
    read_at = models.DateTimeField(null=True)
    above_since = models.DateTimeField(null=True)
    below_since = models.DateTimeField(null=True)
    worst = models.FloatField(default=0)
    is_open = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.rule} {'open' if self.is_open else 'closed'}"


class IncidentStatus(models.TextChoices):
    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"


INCIDENT_MOVES: Moves = {IncidentStatus.OPEN: frozenset({IncidentStatus.CLOSED}), IncidentStatus.CLOSED: frozenset()}


class Incident(models.Model):
    """Something that broke: when, for how long, and what it meant.

    rule: the key of the rule that opened it, or "" where an operator wrote it. key: names the event for ever, so that it is kept once.
    is_public: anybody may read it; the others are alerts for the operators. is_down: nobody could work meanwhile; it counts against the time up.
    """

    rule = models.CharField(max_length=60, blank=True)
    key = models.CharField(max_length=120, unique=True)
    status = models.CharField(max_length=6, choices=IncidentStatus.choices, default=IncidentStatus.OPEN, editable=False)
    title = models.CharField(max_length=200)
    says = models.TextField(blank=True, help_text="what it meant, and what was done")
    opened_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)
    is_public = models.BooleanField(default=True)
    is_down = models.BooleanField(default=False)
    is_demo = models.BooleanField(default=False)
    by = models.CharField(max_length=120, default="the rule")

    class Meta:
        ordering = ("-opened_at", "-pk")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["rule"],
                condition=Q(status=IncidentStatus.OPEN) & ~Q(rule=""),
                name="one_open_incident_of_a_rule",
            ),
            models.CheckConstraint(
                condition=Q(status=IncidentStatus.OPEN) ^ Q(closed_at__isnull=False), name="closed_incident_has_an_end"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["opened_at"], name="incident_by_time")]

    def __str__(self) -> str:
        return self.title


class IncidentMove(MoveRow):
    subject = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="moves")


class NoticeStatus(models.TextChoices):
    SHOWN = "shown", "Shown"
    TAKEN_BACK = "taken_back", "Taken back"


NOTICE_MOVES: Moves = {NoticeStatus.SHOWN: frozenset({NoticeStatus.TAKEN_BACK}), NoticeStatus.TAKEN_BACK: frozenset()}


class SiteNotice(models.Model):
    """A sentence of an operator on every page, until `ends_at`.

    closes_site: planned maintenance. From `starts_at` to `ends_at` only the status page, the sign-in and the operators get through; before that
    the notice says when it will be.
    """

    status = models.CharField(max_length=10, choices=NoticeStatus.choices, default=NoticeStatus.SHOWN, editable=False)
    text = models.CharField(max_length=300)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    closes_site = models.BooleanField(default=False)
    made_by = models.CharField(max_length=120)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("starts_at", "pk")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_at__gt=models.F("starts_at")), name="notice_ends_after_it_starts")
        ]

    def __str__(self) -> str:
        return self.text


class NoticeMove(MoveRow):
    subject = models.ForeignKey(SiteNotice, on_delete=models.CASCADE, related_name="moves")


class Deed(AppendOnly):
    """What an operator, or a program of theirs such as the backup, did. The log beside the alerts."""

    at = models.DateTimeField(default=timezone.now)
    by = models.CharField(max_length=120)
    what = models.CharField(max_length=300)
    state = models.CharField(max_length=120, default="done")

    class Meta:
        ordering = ("-at", "-pk")
        indexes: ClassVar = [models.Index(fields=["at"], name="deed_by_time")]

    def __str__(self) -> str:
        return self.what
