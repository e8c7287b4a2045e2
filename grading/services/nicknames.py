"""Nicknames: chosen by a person or a team, taken away by them or taken down by the staff."""

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import Conflict, Forbidden, NotHere
from courseplatform.core.markdown import quoted
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Enrolment, Role
from courseplatform.notices.services.notifications import notification_send
from courseplatform.teams.selectors.membership import members_at
from grading.models.class_points import Nickname, NicknameQuerySet
from grading.models.owners import Owner
from grading.ranks.nicknames import key_of, nickname_of
from grading.services.grade_writing import check_text

REASON_LETTERS = (3, 300)
ASKED = "Say why: whoever chose this nickname reads it."


def nickname_choose(*, visit: Visit, owner: Owner, text: str) -> Nickname:
    """The visitor's own name on the leaderboards of the course, or that of their team. Choosing the same again changes nothing.

    Raises:
        Forbidden: `students_only`. BadInput: as grading/ranks/nicknames.py says. Conflict: `nickname_taken`, also where it was taken down;
            `nickname_of_another`, where it is the name of somebody else in the course.
    """
    if visit.role != Role.STUDENT:
        said = "Leaderboards rank the students of the course; the staff are on none, so they need no nickname."
        raise Forbidden(said, code="students_only")
    name, key = nickname_of(text)
    taken = Conflict(
        f"{name} is taken in this course, or looks like a name that is. Choose another.", code="nickname_taken"
    )
    if key in _keys_of_others(visit, owner):
        said = f"{name} is the name of somebody else in this course, or looks like it. Choose another."
        raise Conflict(said, code="nickname_of_another")
    mine = _of(visit, owner)
    try:
        with transaction.atomic():
            if Nickname.objects.filter(course=visit.course, key=key).exclude(pk__in=mine.values("pk")).exists():
                raise taken
            found = mine.select_for_update().first() or Nickname(
                course=visit.course, team=owner.team, person=None if owner.team else owner.person
            )
            found.name, found.key = name, key
            found.save()
    except IntegrityError as error:  # the other tab, or somebody else, was faster
        raise taken from error
    return found


def nickname_remove(*, visit: Visit, owner: Owner) -> bool:
    """From now on the owner is counted, not listed. Returns whether there was one."""
    return bool(_of(visit, owner).delete()[0])


def _keys_of_others(visit: Visit, owner: Owner) -> set[str]:
    """Of the names of everybody else in the course: who stands as Helen Castell is taken for her."""
    own = {visit.person.pk} | ({one.pk for one in members_at(owner.team)} if owner.team else set())
    names = Enrolment.objects.filter(course=visit.course, is_active=True).exclude(person__in=own)
    return {key_of(name) for name in names.values_list("person__name", flat=True)}


def _of(visit: Visit, owner: Owner) -> NicknameQuerySet:
    standing = Nickname.objects.standing().filter(course=visit.course)
    return standing.filter(team=owner.team) if owner.team else standing.filter(person=owner.person)


@transaction.atomic
def nickname_take_down(*, visit: Visit, pk: int, reason: str) -> Nickname:
    """Nobody sees it any more, nobody can choose it again, and whoever chose it reads why.

    Raises:
        Forbidden: `staff_only`. NotHere. BadInput: `reason_missing`, `reason_too_short`, `reason_too_long`.
    """
    if not visit.is_staff:
        raise Forbidden("Only the course staff take down a nickname.", code="staff_only")
    said = check_text(reason, "reason", ASKED, least=REASON_LETTERS[0], most=REASON_LETTERS[1])
    found = Nickname.objects.standing().filter(course=visit.course, pk=pk).select_for_update(of=("self",)).first()
    if found is None:
        raise NotHere("There is no such nickname in this course, or it was taken down already.")
    found.taken_down_at, found.taken_down_by, found.reason = timezone.now(), visit.by, said
    found.save(update_fields=["taken_down_at", "taken_down_by", "reason"])
    notification_send(
        course=visit.course, people=_whose(found), kind="people", key=f"nickname-{found.pk}-down",
        title="Your nickname on the leaderboards was taken down by the staff", text=quoted(said),
        path=reverse("grading:assignments", args=[visit.course.slug]),
    )  # fmt: skip
    return found


def _whose(found: Nickname) -> list[User]:
    if found.team is not None:
        return members_at(found.team)
    return [found.person] if found.person is not None else []
