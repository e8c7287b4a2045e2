"""Who of the LMS is whom here. Known by the platform's own id; by an address only where that is proven, and its owner agrees."""

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import Conflict
from courseplatform.courses.closing import check_not_closed
from courseplatform.courses.models import Course, Enrolment, Role
from courseplatform.lti.errors import LaunchRefused
from courseplatform.lti.models import CourseLink, Identity, Launch
from courseplatform.lti.services.launches import launch_use
from courseplatform.roster.models import RosterChange
from courseplatform.roster.services.history import change_record
from courseplatform.roster.services.locks import course_lock
from courseplatform.roster.services.members import account_of


@dataclass(frozen=True)
class Arrival:
    """person: who is signed in now; None: the owner of the account with the launch's address has to say yes first."""

    person: User | None


@transaction.atomic
def launch_enter(*, launch: Launch) -> Arrival:
    """Find or make the account of a launch, and use the launch up.

    Raises:
        LaunchRefused: `no_address`, `address_not_proven`, `account_inactive`, `operator_account`, `demo_account`. LinkOver.
    """
    person = _known(launch)
    if person is None:
        _check_address(launch)
        owner = account_of(launch.email)
        if owner is not None:
            _check_may_come(owner)
        if owner is not None and not _is_untouched(owner, launch):
            launch_use(launch, "entered_at")
            return Arrival(None)
        person = owner or _account_make(launch)
        _identity_make(launch, person, "made with the account" if owner is None else "account not used before")
    launch_use(launch, "entered_at")
    Launch.objects.filter(pk=launch.pk).update(person=person)
    launch.person = person
    return Arrival(person)


def _known(launch: Launch) -> User | None:
    """The account of the platform's own id."""
    found = Identity.objects.filter(platform=launch.platform, sub=launch.sub).select_related("person").first()
    if found is None:
        return None
    _check_may_come(found.person)
    Identity.objects.filter(pk=found.pk).update(used_at=timezone.now())
    return found.person


def _check_may_come(person: User) -> None:
    if not person.is_active:
        raise LaunchRefused("Your account here is switched off. Ask an operator of this site.", code="account_inactive")
    if person.is_operator or person.is_superuser:
        said = "Accounts of operators are not opened by an LMS. Sign in with your address and password."
        raise LaunchRefused(said, code="operator_account")
    if person.is_demo:
        raise LaunchRefused("Accounts of the demonstration are not opened by an LMS.", code="demo_account")


def _check_address(launch: Launch) -> None:
    """A new account, like an old one, belongs to whoever owns its address: so the LMS has to know that address, and stand for it."""
    if not launch.email:
        said = (
            "The LMS does not tell your e-mail address, and without one there is no account here. "
            "Its administrator sets the privacy of the tool to public."
        )
        raise LaunchRefused(said, code="no_address")
    if not launch.proves_address:
        said = (
            f"The LMS says that your address is {launch.email}, and does not stand for it. Nobody was signed in. "
            "Ask an operator of this site, or sign in with your password."
        )
        raise LaunchRefused(said, code="address_not_proven")


def _is_untouched(person: User, launch: Launch) -> bool:
    """An account that a list has made and nobody has used, and that is a student of the linked course and nothing else.

    The LMS could have that person enrolled anyway, so nothing is taken over. Any other account is asked for by its own sign-in.
    """
    if person.last_login is not None or person.has_usable_password():
        return False
    link = link_of(launch)
    mine = list(Enrolment.objects.filter(person=person))
    return (
        link is not None
        and bool(mine)
        and all(row.course_id == link.course_id and row.role == Role.STUDENT for row in mine)
    )


def _account_make(launch: Launch) -> User:
    try:
        with transaction.atomic():
            return User.objects.create_user(email=launch.email, name=launch.name or launch.email.partition("@")[0])
    except (ValidationError, IntegrityError) as error:
        if User.objects.filter(email=launch.email).exists():  # two tabs at once: the other has made it
            said = "Your account was made a moment ago, in another tab. Open Milliamp from the LMS again."
            raise LaunchRefused(said, code="opened_twice") from error
        raise LaunchRefused("No account can be made from what the LMS tells.", code="bad_person") from error


def _identity_make(launch: Launch, person: User, how: str) -> None:
    now = timezone.now()
    Identity.objects.get_or_create(
        platform=launch.platform, sub=launch.sub, defaults={"person": person, "how": how, "used_at": now}
    )


@transaction.atomic
def identity_confirm(*, launch: Launch, person: User) -> None:
    """The owner of the address, signed in with the own password, says yes: from now on the LMS opens this account.

    Raises LaunchRefused (`other_account`, and as `launch_enter`).
    """
    _check_may_come(person)
    _check_address(launch)
    if account_of(launch.email) != person:
        said = f"You are signed in as {person.email}, and the LMS speaks of {launch.email}. Sign out, and open Milliamp from the LMS again."
        raise LaunchRefused(said, code="other_account")
    found = Identity.objects.select_for_update().filter(platform=launch.platform, sub=launch.sub).first()
    if found is not None and found.person_id != person.pk:
        raise LaunchRefused("This person of the LMS has another account here already.", code="other_account")
    _identity_make(launch, person, "confirmed by signing in")
    Launch.objects.filter(pk=launch.pk).update(person=person)
    launch.person = person


def link_of(launch: Launch) -> CourseLink | None:
    """The course of ours that the launch's course of the LMS is."""
    found = CourseLink.objects.filter(deployment=launch.deployment_id, context_id=launch.context_id)
    return found.exclude(context_id="").select_related("course", "deployment__platform").first()


@transaction.atomic
def member_ensure(*, link: CourseLink, launch: Launch, person: User) -> Enrolment:
    """Enrol whoever opens the course from the LMS, with the role there. Who is a member already keeps the role of here.

    Raises LaunchRefused: `no_role`, `dropped_here`.
    """
    course: Course = link.course
    course_lock(course)
    found = Enrolment.objects.filter(course=course, person=person).first()
    if found is not None:
        if not found.is_active:
            raise LaunchRefused(f"You were taken off {course.name}. Ask its staff.", code="dropped_here")
        return found
    check_not_closed(course)
    if not launch.role:
        said = f"You are neither student nor staff of the course in the LMS, so there is nothing of {course.name} to show you."
        raise LaunchRefused(said, code="no_role")
    enrolment = Enrolment.objects.create(course=course, person=person, role=launch.role)
    by = f"LMS: {launch.platform.name}"
    change_record(
        enrolment, RosterChange.What.ENROLLED, "", enrolment.get_role_display(), by=by, why="opened from the LMS"
    )
    return enrolment


def check_may_link(launch: Launch) -> None:
    if launch.role != Role.INSTRUCTOR:
        said = "This course of the LMS is not connected with a course here yet. Its instructor opens Milliamp from the LMS once, and chooses it."
        raise Conflict(said, code="context_not_linked")
