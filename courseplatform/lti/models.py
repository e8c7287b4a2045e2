"""Which LMS is believed, which of its courses is ours, who is who, and what is on its way between the two."""

from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import urlsplit
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone

from courseplatform.courses.models import Course

GOOD_FOR = timedelta(minutes=10)  # from the click in the LMS to the page of ours


class ToolKey(models.Model):
    """A key pair of this site. The newest one that is not retired signs; a retired one stays in the key set for a while.

    `private` is sealed (services/keys.py): the table alone gives no key.
    """

    kid = models.CharField(max_length=64, unique=True)
    public = models.TextField()
    private = models.TextField()
    made_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-made_at", "-pk")

    def __str__(self) -> str:
        return self.kid


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else ""


class Platform(models.Model):
    """An LMS that operators have decided to believe, as one client of it.

    `site_url` is where its people work: only that site may show pages of ours in a frame, and services are asked there.
    `vouches_for_addresses`: nobody there can choose the own e-mail address, so it may be taken as proven.
    """

    name = models.CharField(max_length=80)
    issuer = models.CharField(max_length=255)
    client_id = models.CharField(max_length=255)
    site_url = models.URLField(max_length=300)
    auth_login_url = models.URLField(max_length=500)
    auth_token_url = models.URLField(max_length=500)
    key_set_url = models.URLField(max_length=500)
    auth_audience = models.CharField(max_length=500, blank=True)
    vouches_for_addresses = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    made_by = models.CharField(max_length=120)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("name", "pk")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["issuer", "client_id"], name="one_platform_per_client")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def hosts(self) -> frozenset[str]:
        """Where our keys and tokens may be sent: nowhere else, whatever a message names."""
        urls = (self.site_url, self.issuer, self.auth_login_url, self.auth_token_url, self.key_set_url)
        return frozenset(host for url in urls if (host := urlsplit(url).netloc))

    @property
    def is_canvas(self) -> bool:
        return "canvas" in f"{self.issuer} {self.auth_token_url} {self.name}".lower() or "instructure" in self.issuer


class Deployment(models.Model):
    """One installation of our tool in a platform. Messages of an installation that is not listed are refused."""

    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="deployments")
    deployment_id = models.CharField(max_length=255)
    is_active = models.BooleanField(default=True)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("pk",)
        constraints: ClassVar = [models.UniqueConstraint(fields=["platform", "deployment_id"], name="deployment_once")]

    def __str__(self) -> str:
        return self.deployment_id


class CourseLink(models.Model):
    """A course of the LMS is this course of ours. The addresses of its services are those of the newest launch."""

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="links")
    context_id = models.CharField(max_length=255)
    context_title = models.CharField(max_length=255, blank=True)
    course = models.OneToOneField(Course, on_delete=models.CASCADE, related_name="lti_link")
    linked_by = models.CharField(max_length=120)
    linked_at = models.DateTimeField(default=timezone.now)
    nrps_url = models.CharField(max_length=1000, blank=True)
    lineitems_url = models.CharField(max_length=1000, blank=True)
    scopes = models.JSONField(default=list)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["deployment", "context_id"], name="context_linked_once")
        ]

    def __str__(self) -> str:
        return f"{self.context_title or self.context_id}: {self.course_id}"

    @property
    def platform(self) -> Platform:
        return self.deployment.platform


class Identity(models.Model):
    """Who of a platform is which account here: the way in. Made with a new account, or confirmed by signing in to an old one."""

    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="identities")
    sub = models.CharField(max_length=255)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="lti_identities")
    how = models.CharField(max_length=60, help_text="why this was believed")
    made_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "identities"
        constraints: ClassVar = [models.UniqueConstraint(fields=["platform", "sub"], name="lti_sub_once")]

    def __str__(self) -> str:
        return f"{self.sub}: {self.person_id}"


class ListedMember(models.Model):
    """Somebody of the LMS's course, as its list named them: whom a score is for. No way in follows from it."""

    link = models.ForeignKey(CourseLink, on_delete=models.CASCADE, related_name="members")
    sub = models.CharField(max_length=255)
    email = models.EmailField(blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["link", "sub"], name="listed_once")]

    def __str__(self) -> str:
        return self.sub


class ResourceLink(models.Model):
    """A place in the LMS that opens something of ours (`key`), with the column of its gradebook, where it has one."""

    link = models.ForeignKey(CourseLink, on_delete=models.CASCADE, related_name="resources")
    resource_link_id = models.CharField(max_length=255)
    key = models.CharField(max_length=120, blank=True)
    lineitem_url = models.CharField(max_length=1000, blank=True)
    seen_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("-seen_at", "-pk")
        constraints: ClassVar = [models.UniqueConstraint(fields=["link", "resource_link_id"], name="resource_once")]

    def __str__(self) -> str:
        return f"{self.resource_link_id}: {self.key}"


class LoginAttempt(models.Model):
    """A sign-in that has begun. State and nonce work once, here and not in a cache: a message sent again opens nothing."""

    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="attempts")
    state = models.CharField(max_length=80, unique=True)
    nonce = models.CharField(max_length=80, unique=True)
    asked = models.JSONField(default=dict, help_text="what the LMS sent, to begin again in a window of its own")
    made_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.state

    def is_open(self, now: datetime) -> bool:
        return self.used_at is None and self.made_at > now - GOOD_FOR


class Launch(models.Model):
    """A message that was checked, until its person has arrived. Deleted a day later: what it tells of a person is not kept.

    role: of courses.Role, or empty where the LMS names none that we know. proves_address: the e-mail address may be believed.
    entered_at: somebody was signed in with it. finished_at: what was to be done with it is done.
    """

    id = models.UUIDField(primary_key=True, default=uuid4)
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="launches")
    state = models.CharField(max_length=80)
    sub = models.CharField(max_length=255)
    name = models.CharField(max_length=120, blank=True)
    email = models.EmailField(blank=True)
    proves_address = models.BooleanField(default=False)
    role = models.CharField(max_length=12, blank=True)
    context_id = models.CharField(max_length=255, blank=True)
    context_title = models.CharField(max_length=255, blank=True)
    key = models.CharField(max_length=120, blank=True)
    resource_link_id = models.CharField(max_length=255, blank=True)
    services = models.JSONField(default=dict)
    deep_link = models.JSONField(default=dict)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    entered_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def platform(self) -> Platform:
        return self.deployment.platform


class RegistrationInvite(models.Model):
    """A link with which an LMS may register itself, once. The link stands nowhere; here is its SHA-256."""

    digest = models.CharField(max_length=64, unique=True)
    made_by = models.CharField(max_length=120)
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"by {self.made_by}"
