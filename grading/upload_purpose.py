"""What the uploads room asks before it takes the first byte of a model, and again before it hands the model over."""

from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import NotHere
from courseplatform.uploads.purposes import Limit
from grading import hand_in_rules
from grading.models.assignments import Assignment

HAND_IN = "hand_in"


def target_of(assignment: Assignment) -> str:
    return str(assignment.pk)


def spelled(target: str) -> str:
    """`odml/lab1`, as addresses and programs name an assignment, is its key; anything else stays as it is."""
    course, slash, slug = target.partition("/")
    if not slash:
        return target
    keys = Assignment.objects.filter(course__slug=course, slug=slug, is_withdrawn=False).values_list("pk", flat=True)
    return next((str(key) for key in keys), target)


def hand_in(person: User, target: str) -> Limit:
    """Raises what `check_may_hand_in` raises."""
    known = target.isascii() and target.isdecimal() and len(target) < 19
    found = Assignment.objects.select_related("course").filter(pk=target, is_withdrawn=False).first() if known else None
    if found is None:
        raise NotHere("There is no such assignment, or it is not yours.")
    now = timezone.now()
    owner = hand_in_rules.owner_of(person=person, assignment=found, now=now)
    hand_in_rules.check_may_hand_in(owner=owner, assignment=found, now=now)
    return Limit(
        max_bytes=hand_in_rules.most_bytes(found),
        endings=hand_in_rules.endings(found),
        too_large=lambda size: hand_in_rules.too_large_sentence(found, size),
        wrong_ending=lambda name: hand_in_rules.wrong_ending_sentence(found, name),
    )
