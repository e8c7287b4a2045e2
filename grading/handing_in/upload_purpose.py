"""What the uploads room asks before it takes the first byte of a model or of a part, and again before it hands the file over."""

from courseplatform.accounts.models import User
from courseplatform.core.clock import shared_now
from courseplatform.core.errors import NotHere
from courseplatform.courses.closing import check_not_closed
from courseplatform.uploads.purposes import Limit
from grading.handing_in import hand_in_rules
from grading.handing_in.piece_reading import most_bytes_of, part_endings, too_large_words, wrong_ending_words
from grading.models.assignments import Assignment
from grading.parts import Part

HAND_IN, PART = "hand_in", "part"


def target_of(assignment: Assignment) -> str:
    return str(assignment.pk)


def part_target_of(assignment: Assignment, part: Part) -> str:
    return f"{assignment.pk}:{part.key}"


def spelled(target: str) -> str:
    """`odml/lab1`, as addresses and programs name an assignment, is its key; anything else stays as it is."""
    course, slash, slug = target.partition("/")
    if not slash:
        return target
    keys = Assignment.objects.filter(course__slug=course, slug=slug, is_withdrawn=False, is_draft=False).values_list(
        "pk", flat=True
    )
    return next((str(key) for key in keys), target)


def hand_in(person: User, target: str) -> Limit:
    """Raises what `check_may_hand_in` raises."""
    found, now = _assignment(target), shared_now()
    owner = hand_in_rules.owner_of(person=person, assignment=found, now=now)
    check_not_closed(found.course)
    hand_in_rules.check_may_hand_in(owner=owner, assignment=found, now=now)
    return Limit(
        max_bytes=hand_in_rules.most_bytes(found),
        endings=hand_in_rules.endings(found),
        too_large=lambda size: hand_in_rules.too_large_sentence(found, size),
        wrong_ending=lambda name: hand_in_rules.wrong_ending_sentence(found, name),
    )


def part(person: User, target: str) -> Limit:
    """`<assignment>:<part>`. Raises what `check_is_open` raises, NotHere also for a part that takes no file."""
    pk, _, key = target.partition(":")
    found = _assignment(pk)
    wanted = next((one for one in found.all_parts if one.key == key and one.is_file), None)
    if wanted is None:
        raise NotHere("There is no such part, or it takes no file.")
    now = shared_now()
    owner = hand_in_rules.owner_of(person=person, assignment=found, now=now)
    check_not_closed(found.course)
    hand_in_rules.check_is_open(owner=owner, assignment=found, now=now)
    return Limit(
        max_bytes=most_bytes_of(found, wanted),
        endings=part_endings(found, wanted),
        too_large=lambda size: too_large_words(found, wanted, size),
        wrong_ending=lambda name: wrong_ending_words(found, wanted, name),
    )


def part_spelled(target: str) -> str:
    """`odml/lab1/report` is `<assignment>:report`."""
    assignment, slash, key = target.rpartition("/")
    return f"{spelled(assignment)}:{key}" if slash else target


def _assignment(target: str) -> Assignment:
    known = target.isascii() and target.isdecimal() and len(target) < 19
    rows = Assignment.objects.select_related("course").filter(is_withdrawn=False, is_draft=False)
    found = rows.filter(pk=target).first() if known else None
    if found is None:
        raise NotHere("There is no such assignment, or it is not yours.")
    return found
