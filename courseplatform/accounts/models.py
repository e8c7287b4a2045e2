"""The person: signs in by e-mail address, lives in a time zone; and where they are signed in, with a browser or a token."""

from datetime import datetime
from functools import cache
from typing import Any, ClassVar
from zoneinfo import available_timezones

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from courseplatform.core.append_only import AppendOnly

NO_PLACES = {"Factory", "localtime", "posixrules"}  # files beside the time zones that are none


@cache
def time_zones() -> frozenset[str]:
    """Looked for once: 600 files of the system are walked through."""
    return frozenset(available_timezones() - NO_PLACES)


def validate_zone(name: str) -> None:
    """Raises ValidationError (code `unknown_zone`) unless `name` is an IANA time zone of this machine, or empty."""
    if name and name not in time_zones():
        shown = name if len(name) <= 40 else f"{name[:40]}..."
        raise ValidationError(
            _(
                "There is no time zone with the name %(name)s. Choose one from the list, or write continent and city as in America/New_York."
            ),
            code="unknown_zone",
            params={"name": shown},
        )


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        person = self.model(email=self.normalize_email(email).lower(), **fields)
        person.set_password(password)  # None makes the password unusable
        person.full_clean(exclude=["password"])
        person.save()
        return person

    def get_by_natural_key(self, username: str | None) -> "User":
        """By e-mail address, in whatever case it was typed."""
        return self.get(email=(username or "").strip().lower())

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_superuser=True, is_operator=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """One account. What a person may do in a course is an enrolment, never a flag here.

    `is_operator` opens the status of the machine room (queue, workers), and no grades.
    """

    email = models.EmailField("e-mail address", unique=True)
    name = models.CharField(max_length=120)
    zone = models.CharField(max_length=64, blank=True, validators=[validate_zone], help_text="empty: the course's zone")
    is_active = models.BooleanField(default=True)
    is_operator = models.BooleanField(default=False)
    is_demo = models.BooleanField(default=False)
    demo_role = models.CharField(max_length=24, blank=True, help_text="what the sign-in page calls this demo account")
    demo_note = models.CharField(
        max_length=160, blank=True, help_text="what one will see as this demo account; empty: not offered"
    )
    joined_at = models.DateTimeField(default=timezone.now, editable=False)
    tours_seen = models.JSONField(
        default=list, editable=False, help_text="tours that are not offered again: student, staff"
    )
    session_epoch = models.PositiveIntegerField(
        default=0, editable=False, help_text="raised to sign the person out of every browser at once"
    )

    # Of the copy of a student as whom staff look at a course (audit/view_as/): who looks, the slug of the one course that it opens, and
    # whether it stands for any student. Never stored.
    seen_by: "User | None" = None
    seen_in: str = ""
    is_any_student: bool = False

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(Lower("email"), name="user_email_case_insensitive")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What each session repeats and each request compares: another password or another epoch, and it opens nothing any more.

        Django's own words with the epoch behind the password; without one they are Django's to the letter.
        """
        salt = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"
        epoch = f":{self.session_epoch}" if self.session_epoch else ""
        return salted_hmac(salt, self.password + epoch, secret=secret, algorithm="sha256").hexdigest()


class AccountMerge(AppendOnly):
    """Two accounts of one person became one. The loser stays, inactive, as an alias: its address with the winner's password signs in.

    `moved` says in words what was moved and what stayed with the alias.
    """

    winner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="merged_in")
    loser = models.OneToOneField(User, on_delete=models.PROTECT, related_name="merged_into")
    by = models.CharField(max_length=120)
    why = models.CharField(max_length=300, blank=True)
    moved = models.JSONField(default=list)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.loser_id} is now {self.winner_id}"


class Scope(models.TextChoices):
    """What a program may do in the name of its person, at most. What the person may not do, no scope opens."""

    READ = "read", "Read"
    HAND_IN = "hand_in", "Hand in"
    HARDWARE = "hardware", "Write about hardware"


class AccessTokenQuerySet(models.QuerySet["AccessToken"]):
    def live(self, now: datetime) -> "AccessTokenQuerySet":
        return self.filter(revoked_at__isnull=True, expires_at__gt=now)


class AccessToken(models.Model):
    """A key with which a program acts for one person at the API, until it expires or is revoked.

    Of the secret only the SHA-256 is kept: it is 256 random bits, so nothing slower is needed. `prefix` is what the pages show of it.
    """

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="access_tokens")
    name = models.CharField(max_length=60, help_text="where it is used, in the person's words")
    prefix = models.CharField(max_length=8)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list, help_text="values of Scope")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="to the minute")
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = AccessTokenQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-pk")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "name"], condition=models.Q(revoked_at__isnull=True), name="one_token_of_a_name"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    @property
    def scope_words(self) -> list[str]:
        return [str(scope.label) for scope in Scope if scope in self.scopes]

    def is_live(self, now: datetime) -> bool:
        return self.revoked_at is None and self.expires_at > now


class SignedIn(models.Model):
    """A browser in which a person is signed in. It follows Django's session by its key, and goes with it.

    browser: its name and system in words. No address is kept: nobody could tell a place from it for sure.
    """

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="signed_in")
    session_key = models.CharField(max_length=40, unique=True)
    browser = models.CharField(max_length=60)
    begun_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now, help_text="to five minutes")

    class Meta:
        ordering = ("-seen_at", "-pk")

    def __str__(self) -> str:
        return self.browser


class OutsideIdentity(models.Model):
    """Who a person is at a provider of single sign-on: bound once, and from then on known by the provider's own id and by nothing else.

    So an address that changes at the provider keeps the account, and an address that is given to somebody else opens none.
    """

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="outside_identities")
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    email = models.EmailField(help_text="the address by which the account was found")
    made_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("pk",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="one_account_of_an_identity"),
            models.UniqueConstraint(fields=["issuer", "person"], name="one_identity_of_an_account"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} of {self.issuer}"


class SecurityKind(models.TextChoices):
    """What is told to the person whose account it is, always by mail."""

    NEW_BROWSER = "new_browser", "Signed in from a new browser"
    SSO_BOUND = "sso_bound", "Single sign-on was connected"
    SSO_RELEASED = "sso_released", "Single sign-on was disconnected"
    FACTOR_ADDED = "factor_added", "A second factor was added"
    FACTOR_REMOVED = "factor_removed", "A second factor was removed"
    FACTOR_RESET = "factor_reset", "An operator removed your second factor"
    CODES_MADE = "codes_made", "New recovery codes were made"
    CODE_USED = "code_used", "A recovery code was used"
    PASSWORD = "password", "The password was changed"
    ADDRESS = "address", "The e-mail address was changed"
    OPERATOR = "operator", "The right of an operator was changed"


class SecurityEvent(AppendOnly):
    """Something about the safety of an account. `by`: who did it, "" is the person; `why`: the reason that an operator gave."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="security_events")
    kind = models.CharField(max_length=16, choices=SecurityKind.choices)
    says = models.CharField(max_length=300, blank=True)
    browser = models.CharField(max_length=60, blank=True)
    by = models.CharField(max_length=254, blank=True)
    why = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-at", "-pk")
        indexes: ClassVar = [models.Index(fields=["person", "-at"], name="security_events_of_person")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.person_id}"
