"""The devices of a course: the shipped ones and its own. Only its members ever see its own.

Pages, the worker and the course file ask here; the profiles themselves come from hardware/profiles.py.
"""

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from courseplatform.core.errors import BadInput, Conflict, NotHere
from courseplatform.core.kept import kept
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, ScheduleChange
from hardware.hooks import use_words
from hardware.models.devices import CourseDevice, CourseDeviceChange
from hardware.profile_reading import SLUG, ProfileFaults, Values, profile_of, without_defaults
from hardware.profiles import FORMER_SLUGS, DeviceProfile, load_profiles

MOST_DEVICES = 40  # of a course: every run is counted on each
RESERVED = frozenset({"new", "file"})  # addresses of other pages


def profiles_of(course: Course, *, with_retired: bool = False) -> dict[str, DeviceProfile]:
    """Shipped profiles and those of the course, by slug; no query where no device was changed. Retired ones only for what is older."""
    own = kept("devices", course.pk, lambda: list(CourseDevice.objects.filter(course=course)))
    return with_own(one for one in own if with_retired or one.retired_at is None)


def with_own(rows: Iterable[CourseDevice]) -> dict[str, DeviceProfile]:
    """Never raises: a row that an older release wrote and this one cannot read is left out."""
    found = dict(load_profiles())
    for row in rows:
        try:
            found[row.slug] = row.profile
        except ProfileFaults:
            continue
    return found


def device_of(course: Course, slug: str) -> CourseDevice:
    """Raises NotHere."""
    row = CourseDevice.objects.filter(course=course, slug=slug).first()
    if row is None:
        raise NotHere("This course has no device of its own with that name.")
    row.course = course
    return row


def slug_fault(slug: str) -> str:
    """What is wrong with a name in addresses, or ""."""
    if not SLUG.fullmatch(slug):
        return "A name has small letters a to z, digits and hyphens, at most 40, and begins and ends with a letter or a digit."
    if slug in load_profiles() or slug in FORMER_SLUGS:
        return f"{slug} is a device that comes with Milliamp. Give yours another name."
    return f"{slug} is the address of another page. Give it another name." if slug in RESERVED else ""


def device_add(*, visit: Visit, slug: str, values: Values) -> CourseDevice:
    """Raises ProfileFaults, BadInput (`bad_slug`, `too_many`), Conflict (`name_taken`)."""
    if said := slug_fault(slug):
        raise BadInput(said, code="bad_slug")
    profile_of(slug, values)
    values = without_defaults(values)
    with transaction.atomic():
        course = Course.objects.select_for_update().get(pk=visit.course.pk)  # two tabs, one name
        own = CourseDevice.objects.filter(course=course)
        if own.filter(slug=slug).exists():
            raise Conflict(f"This course has a device {slug} already. Give this one another name.", code="name_taken")
        if own.count() >= MOST_DEVICES:
            raise BadInput(f"A course has at most {MOST_DEVICES} devices of its own.", code="too_many")
        row = CourseDevice.objects.create(course=course, slug=slug, facts=values)
        _tell(visit, row, f"The device {row.name} is added.")
    return row


def device_change(*, visit: Visit, slug: str, values: Values, seen: int) -> CourseDevice:
    """Write other facts. What was measured keeps its numbers.

    seen: the last change that the person has looked at (`last_change`).

    Raises ProfileFaults, BadInput (`no_change`), Conflict (`changed_meanwhile`), NotHere.
    """
    profile_of(slug, values)
    values = without_defaults(values)
    with transaction.atomic():
        row = _locked(visit, slug)
        if last_change(row) != seen:
            raise Conflict("Somebody changed this device meanwhile. Look at it again.", code="changed_meanwhile")
        changed = [key for key in sorted({*row.facts, *values}) if row.facts.get(key) != values.get(key)]
        if not changed:
            raise BadInput("The device is so already; nothing is changed.", code="no_change")
        row.facts = values
        row.save(update_fields=["facts"])
        _tell(visit, row, f"The device {row.name} is changed: {', '.join(key.replace('_', ' ') for key in changed)}.")
    return row


def device_retire(*, visit: Visit, slug: str) -> CourseDevice:
    return _retired(visit, slug, "retired: nothing new is counted on it", is_retired=True)


def device_restore(*, visit: Visit, slug: str) -> CourseDevice:
    return _retired(visit, slug, "in use again", is_retired=False)


def device_delete(*, visit: Visit, slug: str) -> None:
    """Raises Conflict (`device_in_use`) where a lab or a result refers to it, NotHere."""
    with transaction.atomic():
        row = _locked(visit, slug)
        if said := use_words(visit.course, slug):
            raise Conflict(f"{row.name} is not deleted: {said}. Retire it instead.", code="device_in_use")
        name = row.name
        row.delete()
        ScheduleChange.objects.create(course=visit.course, by=visit.by, sentence=f"The device {name} is deleted.")


def last_change(row: CourseDevice) -> int:
    return row.changes.values_list("pk", flat=True).first() or 0


def _retired(visit: Visit, slug: str, words: str, *, is_retired: bool) -> CourseDevice:
    with transaction.atomic():
        row = _locked(visit, slug)
        if (row.retired_at is not None) != is_retired:
            row.retired_at = timezone.now() if is_retired else None
            row.save(update_fields=["retired_at"])
            _tell(visit, row, f"The device {row.name} is {words}.")
    return row


def _locked(visit: Visit, slug: str) -> CourseDevice:
    row = CourseDevice.objects.select_for_update().filter(course=visit.course, slug=slug).first()
    if row is None:
        raise NotHere("This course has no device of its own with that name.")
    return row


def _tell(visit: Visit, row: CourseDevice, sentence: str) -> None:
    """Beside its own history the course's log says it; members are not notified."""
    CourseDeviceChange.objects.create(device=row, by=visit.by, sentence=sentence[:400], facts=row.facts)
    ScheduleChange.objects.create(course=visit.course, by=visit.by, sentence=sentence[:400])
