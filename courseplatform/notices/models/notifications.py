"""What a person was told, once: the row is the truth, the mail a copy of it."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from courseplatform.courses.models import Course
from courseplatform.notices.kinds import MailChoice


class NotificationQuerySet(models.QuerySet["Notification"]):
    def unread(self) -> "NotificationQuerySet":
        return self.filter(read_at__isnull=True)

    def waiting_for_mail(self) -> "NotificationQuerySet":
        """Still to be mailed, now or later."""
        return self.filter(mailed_at__isnull=True, mail_after__isnull=False)


class Notification(models.Model):
    """One message to one person. `key` makes it once: the same event told again adds nothing.

    `mail_after` says when its mail is due next: now, at seven in the morning, after a fault a while later; none: no mail, or done. A
    worker that takes the row moves it ahead by a lease, in one conditional update, so that no two mail it and none is lost with a worker.
    """

    course = models.ForeignKey(Course, null=True, on_delete=models.CASCADE, related_name="notifications")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=32)
    key = models.CharField(max_length=160)
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True, help_text="Markdown")
    path = models.CharField(max_length=300, blank=True, help_text="the page it is about")
    made_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True, blank=True)
    mail = models.CharField(max_length=8, choices=MailChoice.choices, default=MailChoice.SITE)
    mail_after = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)
    mail_tries = models.PositiveSmallIntegerField(default=0)
    mail_problem = models.CharField(max_length=200, blank=True, help_text="what the mail server said last")

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ("-made_at", "-pk")
        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "key"], name="one_notification_per_event")]
        indexes: ClassVar = [
            models.Index(
                fields=["mail_after"],
                name="notification_mail_due",
                condition=Q(mailed_at__isnull=True, mail_after__isnull=False),
            ),
            models.Index(fields=["person", "made_at"], name="notification_of_person"),
            models.Index(fields=["key"], name="notification_of_event"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.title}"


class MailPreference(models.Model):
    """What a person chose for one kind; without a row the kind's default holds."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mail_preferences")
    kind = models.CharField(max_length=32)
    choice = models.CharField(max_length=8, choices=MailChoice.choices)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "kind"], name="one_preference_per_kind")]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.kind} {self.choice}"
