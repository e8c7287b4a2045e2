"""iCalendar feeds of a course and of a person."""

import secrets
from typing import ClassVar

from django.conf import settings
from django.db import models

SECRET_BYTES = 16  # 128 bits: nobody finds one by trying


def new_secret() -> str:
    return secrets.token_urlsafe(SECRET_BYTES)


def new_site_id() -> str:
    return secrets.token_hex(6)


class CalendarSite(models.Model):
    """The one row that names this installation in the UIDs of all events, for ever: host names and keys may change, it does not."""

    site_id = models.CharField(max_length=12, default=new_site_id, editable=False)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(pk=1), name="one_calendar_site")]

    def __str__(self) -> str:
        return self.site_id


class PersonalFeed(models.Model):
    """The secret behind a person's calendar address.

    The address holds it with a signature (tokens.py), so that it can be shown again, and a copy of this table alone opens no calendar.
    A new secret makes the old address worthless at once.
    """

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_feed")
    secret = models.CharField(max_length=32, unique=True, default=new_secret, editable=False)
    renewed_at = models.DateTimeField(null=True, blank=True)
    made_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"calendar of {self.person_id}"
